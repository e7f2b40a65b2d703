//! Tokens nobody minted.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_compact::{KeyPair, Seed};
use hmac_sha256::HMAC;
use serde_json::{Value, json};

use super::NOW_MS;
use super::setup::{API, ED_D, ISSUER, SUBJECT};

pub fn encode(part: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(part)
}

pub fn decode(part: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(part).unwrap()
}

/// The header of a token of the bench.
pub fn header() -> Value {
    json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "ed"})
}

/// The claims of a good token.
pub fn claims() -> Value {
    let iat = NOW_MS / 1000;
    json!({"iss": ISSUER, "sub": SUBJECT, "aud": [API], "client_id": "web", "jti": "forged",
        "iat": iat, "iat_ms": NOW_MS, "exp": iat + 900})
}

/// Signed with the bench's own EdDSA key, whatever it says.
pub fn signed(header: &str, claims: &str) -> String {
    let seed = Seed::from_slice(&decode(ED_D)).unwrap();
    let input = format!("{}.{}", encode(header), encode(claims));
    let signature = KeyPair::from_seed(seed).sk.sign(&input, None);
    format!("{input}.{}", encode(signature))
}

/// A good token but for these claims; `null` takes one out.
pub fn token(changed: &Value) -> String {
    let mut claims = claims();
    for (name, value) in changed.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    signed(&header().to_string(), &claims.to_string())
}

/// Authenticated by HMAC-SHA256 under `key`.
pub fn maced(header: &Value, claims: &Value, key: &[u8]) -> String {
    let input = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
    let tag = HMAC::mac(&input, key);
    format!("{input}.{}", encode(tag))
}
