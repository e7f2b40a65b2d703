//! The wasm-bindgen surface of the npm package: the core behind plain values.
//!
//! A token crosses once as text and its payload comes back as text; errors come back as `Error`
//! objects with `code`, and `claim` and `reason` where they apply. `js/token-verifier` takes the short
//! way over [`TokenVerifier::room_at`], by which nothing but numbers crosses.

use js_sys::{Error, Reflect};
use serde::Deserialize;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};

use crate::UnixMs;
use crate::jwt::{ClockTolerance, JwkSet, JwtError, KeySet, LastHeader, Policy, select_after};

/// Options of a verifier, as a JavaScript object; all are optional.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct Options {
    issuers: Vec<String>,
    audiences: Vec<String>,
    subject: Option<String>,
    types: Vec<String>,
    clock_tolerance_ms: u64,
    lifetime_ms_max: Option<u64>,
    token_bytes_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        let Policy { issuers, audiences, subject, types, lifetime_ms_max, token_bytes_max, .. } =
            Policy::default();
        Self {
            issuers,
            audiences,
            subject,
            types,
            clock_tolerance_ms: 0,
            lifetime_ms_max,
            token_bytes_max,
        }
    }
}

/// Largest room of a verifier, in bytes: the default of the longest token. What is longer crosses
/// as a string.
const ROOM_BYTES_MAX: usize = 16 * 1024;

/// Verifies tokens by a key set and a policy.
#[wasm_bindgen]
pub struct TokenVerifier {
    rules: Rules,
    /// Where JavaScript leaves a token and finds its payload. It never moves.
    room: Box<[u8]>,
    refused: Option<JsValue>,
}

#[wasm_bindgen]
impl TokenVerifier {
    /// `jwks`: a JWK Set as JSON text. `options`: an object with `issuers`, `audiences`, `subject`,
    /// `types`, `clockToleranceMs` (at most 300,000), `lifetimeMsMax`, `tokenBytesMax`; unknown
    /// members are refused.
    ///
    /// # Errors
    /// An `Error` with code `ERR_JWKS_INVALID`, `ERR_JWK_INVALID` or `ERR_CONFIG_INVALID`.
    #[wasm_bindgen(constructor)]
    pub fn new(jwks: &str, options: JsValue) -> Result<TokenVerifier, JsValue> {
        let set: JwkSet = serde_json::from_str(jwks)
            .map_err(|_| error("ERR_JWKS_INVALID", "not a JWK Set: {\"keys\": [...]}"))?;
        let keys = KeySet::from_jwks(&set).map_err(|e| error(e.code(), &e.to_string()))?;
        let options: Options = if options.is_undefined() {
            Options::default()
        } else {
            read_options(options).map_err(|e| error("ERR_CONFIG_INVALID", &e))?
        };
        let clock_tolerance = ClockTolerance::from_ms(options.clock_tolerance_ms)
            .ok_or_else(|| error("ERR_CONFIG_INVALID", "clockToleranceMs: at most 300,000"))?;
        let policy = Policy {
            issuers: options.issuers,
            audiences: options.audiences,
            subject: options.subject,
            types: options.types,
            lifetime_ms_max: options.lifetime_ms_max,
            clock_tolerance,
            token_bytes_max: options.token_bytes_max,
            ..Policy::default()
        };
        let room = vec![0; policy.token_bytes_max.min(ROOM_BYTES_MAX)].into_boxed_slice();
        let rules = Rules { keys, policy, last: LastHeader::default() };
        Ok(Self { rules, room, refused: None })
    }

    /// The payload of `token` as JSON text, exactly as signed, if the token holds at `nowMs`
    /// (milliseconds since the Unix epoch).
    ///
    /// # Errors
    /// An `Error` whose `code` is one of [`JwtError::code`], or `ERR_TIME_INVALID`.
    pub fn verify(&mut self, token: &str, now_ms: f64) -> Result<String, JsValue> {
        self.rules.verify(token, now_ms)
    }

    /// The address of the room: a token written there is verified by
    /// [`TokenVerifier::verify_in_room`].
    #[wasm_bindgen(js_name = roomAt)]
    pub fn room_at(&self) -> *const u8 {
        self.room.as_ptr()
    }

    /// How many bytes the room has.
    #[wasm_bindgen(js_name = roomBytes)]
    pub fn room_bytes(&self) -> usize {
        self.room.len()
    }

    /// As [`TokenVerifier::verify`], of the token that is the first `token_bytes` bytes of the room.
    /// Its payload takes its place there: returned is its length in bytes, or 0 for a refusal, which
    /// [`TokenVerifier::take_refusal`] then has.
    #[wasm_bindgen(js_name = verifyInRoom)]
    pub fn verify_in_room(&mut self, token_bytes: usize, now_ms: f64) -> usize {
        let token = self.room.get(..token_bytes).and_then(|token| str::from_utf8(token).ok());
        // No such token reaches this through our loader; there is no refusal of its own for it.
        match self.rules.verify(token.unwrap_or_default(), now_ms) {
            Ok(payload) => {
                // A payload is shorter than its token.
                self.room.iter_mut().zip(payload.bytes()).for_each(|(byte, new)| *byte = new);
                payload.len()
            }
            Err(refused) => {
                self.refused = Some(refused);
                0
            }
        }
    }

    /// Why the last token was refused: an `Error`, as [`TokenVerifier::verify`] throws.
    #[wasm_bindgen(js_name = takeRefusal)]
    pub fn take_refusal(&mut self) -> Option<JsValue> {
        self.refused.take()
    }
}

struct Rules {
    keys: KeySet,
    policy: Policy,
    last: LastHeader,
}

impl Rules {
    fn verify(&mut self, token: &str, now_ms: f64) -> Result<String, JsValue> {
        let now = unix_ms(now_ms).ok_or_else(|| {
            error("ERR_TIME_INVALID", "nowMs must be milliseconds since the Unix epoch")
        })?;
        let mut verified = || {
            let Self { keys, policy, last } = self;
            let signed = select_after(last, token, keys, policy, now)?.check_signature()?;
            signed.claims(policy, now)?;
            Ok(signed.into_payload())
        };
        verified().map_err(|e| refusal(&e))
    }
}

/// Every member is looked at on the way, so that an unknown one is refused: read straight into
/// the struct, only the known names would be asked for.
fn read_options(options: JsValue) -> Result<Options, String> {
    let members: serde_json::Value =
        serde_wasm_bindgen::from_value(options).map_err(|e| format!("options: {e}"))?;
    serde_json::from_value(members).map_err(|e| format!("options: {e}"))
}

/// A JavaScript time: `None` for NaN, what is before the epoch, and what no `Date` can hold. A
/// forgotten argument must not become an instant at which expired tokens hold.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
fn unix_ms(ms: f64) -> Option<UnixMs> {
    const DATE_MS_MAX: f64 = 8.64e15;
    (0.0..=DATE_MS_MAX).contains(&ms).then_some(UnixMs(ms as u64))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::tests::{HS256_HEADER, SECRET, hs256, signed};
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const NOW_MS: f64 = 1_800_000_000_000.0;

    fn property(object: &JsValue, name: &str) -> Option<String> {
        Reflect::get(object, &name.into()).unwrap().as_string()
    }

    fn token(payload: &str) -> String {
        signed(&hs256(), HS256_HEADER, payload)
    }

    fn verifier(options: &str) -> Result<TokenVerifier, JsValue> {
        let jwks =
            format!(r#"{{"keys":[{{"kty":"oct","kid":"k1","alg":"HS256","k":"{SECRET}"}}]}}"#);
        TokenVerifier::new(&jwks, js_sys::JSON::parse(options).unwrap())
    }

    #[test]
    fn a_payload_comes_back_exactly_as_signed() {
        let payload = r#"{ "exp":1900000000, "n":1.0, "s":"\u00eb" }"#;
        let verified = verifier("{}").unwrap().verify(&token(payload), NOW_MS);
        assert_eq!(verified.unwrap(), payload);
    }

    #[test]
    fn a_refusal_is_an_error_with_code_claim_and_reason() {
        let refused = verifier(r#"{"issuers":["https://a"]}"#)
            .unwrap()
            .verify(&token(r#"{"exp":1900000000,"iss":"https://b"}"#), NOW_MS)
            .unwrap_err();
        assert!(refused.is_instance_of::<Error>());
        let code = "ERR_JWT_CLAIM_VALIDATION_FAILED";
        assert_eq!(property(&refused, "code").as_deref(), Some(code));
        assert_eq!(property(&refused, "claim").as_deref(), Some("iss"));
        assert_eq!(property(&refused, "reason").as_deref(), Some("check_failed"));
    }

    #[test]
    fn an_unknown_option_is_refused_by_name() {
        let refused = verifier(r#"{"audience":"x"}"#).err().unwrap();
        assert_eq!(property(&refused, "code").as_deref(), Some("ERR_CONFIG_INVALID"));
        assert!(property(&refused, "message").unwrap().contains("audience"));
    }

    #[test]
    fn a_time_that_is_none_lets_nothing_in() {
        let token = token(r#"{"exp":1000000000}"#);
        for now_ms in [f64::NAN, -1.0, f64::NEG_INFINITY, f64::INFINITY, 1e300] {
            let refused = verifier("{}").unwrap().verify(&token, now_ms).unwrap_err();
            assert_eq!(property(&refused, "code").as_deref(), Some("ERR_TIME_INVALID"), "{now_ms}");
        }
    }
}
