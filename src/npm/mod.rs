//! The wasm-bindgen surface of the npm package: the core behind plain values.
//!
//! A token crosses once as text and its payload comes back as text; errors come back as `Error`
//! objects with `code`, and `claim` and `reason` where they apply. `js/npm` takes the
//! short way over a room in this memory, by which nothing but numbers crosses.

mod limiter;
mod options;
mod signer;
mod verifier;

use js_sys::{Error, Reflect};
use wasm_bindgen::{JsCast as _, JsValue};

use crate::UnixMs;
use crate::jwt::{Algorithm, Jwk, JwkSet, JwtError, Key, KeyError, KeySet};

/// A key the runtime holds, as the loader describes it.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Held {
    kid: String,
    alg: String,
    can_sign: bool,
}

impl Held {
    fn key(&self) -> Result<Key, &'static str> {
        let algorithm = Algorithm::from_name(&self.alg).ok_or("alg is not supported")?;
        Key::opaque(&self.kid, algorithm, self.can_sign)
    }
}

/// `jwks`: a JWK Set; `held`: a list of keys the runtime holds, or nothing. Both are JSON text.
fn read_keys(jwks: &str, held: Option<&str>) -> Result<KeySet, JsValue> {
    let malformed = |_| error("ERR_JWKS_INVALID", "not a JWK Set: {\"keys\": [...]}");
    let set: JwkSet = serde_json::from_str(jwks).map_err(malformed)?;
    let held: Vec<Held> = serde_json::from_str(held.unwrap_or("[]")).map_err(malformed)?;
    let refused = |e: KeyError| error(e.code(), &e.to_string());
    if held.is_empty() {
        return KeySet::from_jwks(&set).map_err(refused);
    }
    let made = set.keys.iter().map(Key::from_jwk).chain(held.iter().map(Held::key));
    let keys = made
        .enumerate()
        .map(|(index, key)| key.map_err(|reason| refused(KeyError::JwkInvalid { index, reason })));
    KeySet::from_keys(keys.collect::<Result<_, _>>()?).map_err(refused)
}

/// `jwk`: one JWK as JSON text; or `held`, one key the runtime holds.
fn read_key(jwk: &str, held: Option<&str>) -> Result<Key, JsValue> {
    let invalid = |reason: &str| error("ERR_JWK_INVALID", reason);
    let key = match held {
        Some(held) => {
            let held: Held = serde_json::from_str(held).map_err(|_| invalid("not a key"))?;
            held.key()
        }
        None => {
            let jwk: Jwk = serde_json::from_str(jwk).map_err(|_| invalid("not a JWK"))?;
            Key::from_jwk(&jwk)
        }
    };
    key.map_err(invalid)
}

/// A JavaScript time: `None` for NaN, what is before the epoch, and what no `Date` can hold. A
/// forgotten argument must not become an instant at which expired tokens hold.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
fn unix_ms(ms: f64) -> Option<UnixMs> {
    const DATE_MS_MAX: f64 = 8.64e15;
    (0.0..=DATE_MS_MAX).contains(&ms).then_some(UnixMs(ms as u64))
}

/// A time as JavaScript has it; what lies beyond its dates is never reached.
#[allow(clippy::cast_precision_loss, reason = "dates fit, and the rest is beyond them")]
const fn date(at: UnixMs) -> f64 {
    at.0 as f64
}

fn refusal(refused: &JwtError) -> JsValue {
    let object = error(refused.code(), &refused.to_string());
    if let JwtError::ClaimValidationFailed { claim, reason } = refused {
        set(&object, "claim", claim);
        set(&object, "reason", reason.name());
    }
    object
}

fn error(code: &str, message: &str) -> JsValue {
    let object: JsValue = Error::new(message).unchecked_into();
    set(&object, "code", code);
    object
}

fn set(object: &JsValue, name: &str, value: &str) {
    // A fresh Error takes any property.
    let _ = Reflect::set(object, &name.into(), &value.into());
}
