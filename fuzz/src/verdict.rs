//! Whether a token is to be accepted, said plainly.

use ed25519_compact::{KeyPair, Seed};
use hmac_sha256::HMAC;
use portcullis::UnixMs;
use portcullis::jwt::Policy;
use serde_json::{Map, Value};

use crate::{decode, strict_object};

/// The last second of the year 9999.
const NUMERIC_DATE_MAX: f64 = 253_402_300_799.0;

/// The one key there is: `alg`, and its 32 secret bytes.
pub struct Wanted {
    pub alg: &'static str,
    pub kid: &'static str,
    pub secret: [u8; 32],
}

/// The signature of `input` by `alg` with `secret`.
pub fn sign(alg: &str, secret: [u8; 32], input: &str) -> Vec<u8> {
    match alg {
        "EdDSA" => KeyPair::from_seed(Seed::new(secret)).sk.sign(input, None).to_vec(),
        _ => HMAC::mac(input, secret).to_vec(),
    }
}

/// Whether `token`, signed by `key`, holds under `policy` at `now`.
pub fn is_accepted(token: &str, key: &Wanted, policy: &Policy, now: UnixMs) -> bool {
    accepted(token, key, policy, now).is_some()
}

fn accepted(token: &str, key: &Wanted, policy: &Policy, now: UnixMs) -> Option<()> {
    let parts: Vec<_> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { return None };
    must(token.len() <= policy.token_bytes_max && header.len() <= 4096)?;
    let text = |part| String::from_utf8(decode(part)?).ok();
    header_will_do(&strict_object(&text(header)?)?, key, policy)?;
    let input = &token[..header.len() + 1 + payload.len()];
    must(decode(signature)? == sign(key.alg, key.secret, input))?;
    let claims = strict_object(&text(payload)?)?;
    must(claims_fault(&claims).is_none())?;
    claims_will_do(&claims, policy, now)
}

fn header_will_do(header: &Map<String, Value>, key: &Wanted, policy: &Policy) -> Option<()> {
    must(header.get("alg")? == key.alg)?;
    must(header.get("kid").is_none_or(|kid| kid == key.kid))?;
    must(header.get("typ").is_none_or(Value::is_string))?;
    must(header.get("b64").is_none_or(|b64| b64 == true))?;
    must(["crit", "zip", "enc"].iter().all(|name| !header.contains_key(*name)))?;
    if policy.types.is_empty() {
        return Some(());
    }
    let typ = header.get("typ")?.as_str()?.to_ascii_lowercase();
    must(policy.types.iter().any(|t| typ == *t || typ == format!("application/{t}")))
}

fn claims_will_do(claims: &Map<String, Value>, policy: &Policy, now: UnixMs) -> Option<()> {
    let ms = |name| claims.get(name).map(|value| (value.as_f64().unwrap() * 1000.0).floor() as u64);
    must(now.0 < ms("exp")?)?;
    must(ms("nbf").is_none_or(|from| from <= now.0))?;
    must(ms("iat").is_none_or(|issued| issued <= now.0.div_ceil(1000) * 1000))?;
    if let Some(most) = policy.lifetime_ms_max {
        must(ms("exp")?.saturating_sub(ms("iat")?) <= most)?;
    }
    if !policy.issuers.is_empty() {
        must(
            policy
                .issuers
                .iter()
                .any(|accepted| claims.get("iss").is_some_and(|iss| iss == accepted)),
        )?;
    }
    if !policy.audiences.is_empty() {
        let named = |audience: &String| match claims.get("aud") {
            Some(Value::Array(all)) => all.iter().any(|one| one == audience),
            Some(one) => one == audience,
            None => false,
        };
        must(policy.audiences.iter().any(named))?;
    }
    Some(())
}

/// The first claim, by name, that is of the wrong type or out of range.
pub fn claims_fault(claims: &Map<String, Value>) -> Option<&str> {
    let right = |name: &str, value: &Value| match name {
        "iss" | "sub" | "jti" | "sid" | "client_id" | "scope" => value.is_string(),
        "exp" | "nbf" | "iat" => within(value, NUMERIC_DATE_MAX),
        "iat_ms" => within(value, NUMERIC_DATE_MAX * 1000.0),
        "aud" => match value {
            Value::Array(all) => all.iter().all(Value::is_string),
            one => one.is_string(),
        },
        _ => true,
    };
    claims.iter().find(|(name, value)| !right(name, value)).map(|(name, _)| name.as_str())
}

fn within(value: &Value, most: f64) -> bool {
    value.as_f64().is_some_and(|number| (0.0..=most).contains(&number))
}

fn must(condition: bool) -> Option<()> {
    condition.then_some(())
}
