//! Verifying.

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use super::{date, error, options, read_keys, refusal, unix_ms};
use crate::UnixMs;
use crate::jwt::{
    Algorithm, Engine, JwtError, Key, KeySet, LastHeader, Policy, Selected, Verdict, select_after,
};
use crate::telemetry::{Event, Telemetry};

/// Largest room for a token, in bytes: the default of the longest one. What is longer crosses as a
/// string.
const TOKEN_BYTES_MAX: usize = 16 * 1024;

/// What the runtime's cryptography said, as the loader tells it.
const HOLDS: u32 = 1;
const FAILS: u32 = 0;

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
    /// members are refused. `held`: further keys, which the runtime holds, as a JSON list of
    /// `{kid, alg, canSign}`.
    ///
    /// # Errors
    /// An `Error` with code `ERR_JWKS_INVALID`, `ERR_JWK_INVALID` or `ERR_CONFIG_INVALID`.
    #[wasm_bindgen(constructor)]
    pub fn new(
        jwks: &str,
        options: JsValue,
        held: Option<String>,
    ) -> Result<TokenVerifier, JsValue> {
        let keys = read_keys(jwks, held.as_deref())?;
        let policy = options::read::<options::Verifying>(options)?.policy()?;
        let token_bytes = policy.token_bytes_max.min(TOKEN_BYTES_MAX);
        let room =
            vec![0; token_bytes.saturating_add(Algorithm::SIGNATURE_BYTES_MAX)].into_boxed_slice();
        Ok(Self { rules: Rules::new(keys, policy), room, refused: None })
    }

    /// The payload of `token` as JSON text, exactly as signed, if the token holds at `nowMs`
    /// (milliseconds since the Unix epoch). The signature is checked here, whatever its algorithm.
    ///
    /// # Errors
    /// An `Error` whose `code` is one of [`JwtError::code`], or `ERR_TIME_INVALID`.
    pub fn verify(&mut self, token: &str, now_ms: f64) -> Result<String, JsValue> {
        let now = time(now_ms)?;
        let selected = self.rules.select(token, now);
        selected.and_then(Asked::decide_here).map_err(|e| refusal(&e))
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
    ///
    /// Above 0: it holds; its payload has taken its place, and this is its length in bytes. 0: it is
    /// refused, and [`TokenVerifier::take_refusal`] has why. Below 0: that is up to its signature,
    /// which the runtime may be quicker to check; it stands decoded behind the token, whose key has
    /// the number -(n + 1); the verdict goes to [`TokenVerifier::verify_in_room_by`].
    #[wasm_bindgen(js_name = verifyInRoom)]
    pub fn verify_in_room(&mut self, token_bytes: usize, now_ms: f64) -> f64 {
        let Self { rules, room, .. } = self;
        let (token, rest) = room.split_at_mut(token_bytes.min(room.len()));
        let judged = time(now_ms).and_then(|now| {
            let selected = rules.select(text(token), now).map_err(|e| refusal(&e))?;
            match selected.leave_signature(rest) {
                Ok(number) => Ok(Err(number)),
                Err(selected) => selected.decide_here().map(Ok).map_err(|e| refusal(&e)),
            }
        });
        match judged {
            Ok(Err(number)) => -1.0 - number,
            Ok(Ok(payload)) => self.leave(Ok(payload)),
            Err(refused) => self.leave(Err(refused)),
        }
    }

    /// As [`TokenVerifier::verify_in_room`], with what the runtime says of the token's signature by
    /// the key of this number: 1 it holds, 0 it does not; anything else, it cannot tell, and it is
    /// checked here. The key is chosen anew: a verdict on another key's signature does not count.
    #[wasm_bindgen(js_name = verifyInRoomBy)]
    pub fn verify_in_room_by(
        &mut self,
        token_bytes: usize,
        now_ms: f64,
        number: f64,
        verdict: u32,
    ) -> f64 {
        let token = text(self.room.get(..token_bytes).unwrap_or_default());
        let judged = time(now_ms).and_then(|now| {
            let asked = self.rules.select(token, now).map_err(|e| refusal(&e))?;
            let is_same = asked.number().to_bits() == number.to_bits();
            let judged = match verdict {
                HOLDS if is_same => asked.decide(Verdict::Holds),
                FAILS if is_same => asked.decide(Verdict::Fails),
                _ => asked.decide_here(),
            };
            judged.map_err(|e| refusal(&e))
        });
        self.leave(judged)
    }

    /// Why the last token was refused: an `Error`, as [`TokenVerifier::verify`] throws.
    #[wasm_bindgen(js_name = takeRefusal)]
    pub fn take_refusal(&mut self) -> Option<JsValue> {
        self.refused.take()
    }

    /// From when the last token that held does, in milliseconds since the epoch.
    #[wasm_bindgen(js_name = heldFrom)]
    pub fn held_from(&self) -> f64 {
        date(self.rules.held.0)
    }

    /// Until when, that instant not included: to its end, or to that of its key's grace.
    #[wasm_bindgen(js_name = heldUntil)]
    pub fn held_until(&self) -> f64 {
        date(self.rules.held.1)
    }

    /// The `kid` of the key of this number.
    #[wasm_bindgen(js_name = kidOf)]
    pub fn kid_of(&self, number: f64) -> Option<String> {
        self.rules.key(number).map(|key| key.kid().to_owned())
    }

    /// Notes that the runtime will not take the key of this number.
    #[wasm_bindgen(js_name = noteRefused)]
    pub fn note_refused(&self, number: f64) {
        if let Some(key) = self.rules.key(number) {
            let algorithm = key.algorithm();
            self.rules.telemetry.record(&Event::NativeRefused { algorithm });
            // Nobody reads the lines of a log here: the counter tells.
            drop(self.rules.telemetry.take_lines());
        }
    }

    /// Counters in the Prometheus text format: which engine checked how many signatures.
    pub fn metrics(&self) -> String {
        self.rules.telemetry.prometheus()
    }

    fn leave(&mut self, judged: Result<String, JsValue>) -> f64 {
        match judged {
            // A payload is shorter than its token, so there is a place for it.
            Ok(payload) => match self.room.get_mut(..payload.len()) {
                Some(place) => {
                    place.copy_from_slice(payload.as_bytes());
                    length(payload.len())
                }
                None => 0.0,
            },
            Err(refused) => {
                self.refused = Some(refused);
                0.0
            }
        }
    }
}

struct Rules {
    keys: KeySet,
    policy: Policy,
    last: LastHeader,
    /// When the last token that held does.
    held: (UnixMs, UnixMs),
    telemetry: Telemetry,
}

/// A token whose signature is to be checked, and by what rules it is then judged.
struct Asked<'t, 'r> {
    selected: Selected<'t, 'r>,
    policy: &'r Policy,
    held: &'r mut (UnixMs, UnixMs),
    telemetry: &'r Telemetry,
    now: UnixMs,
}

impl Rules {
    fn new(keys: KeySet, policy: Policy) -> Self {
        let held = (UnixMs(0), UnixMs(0));
        Self { keys, policy, last: LastHeader::default(), held, telemetry: Telemetry::default() }
    }

    fn select<'t, 'r>(
        &'r mut self,
        token: &'t str,
        now: UnixMs,
    ) -> Result<Asked<'t, 'r>, JwtError> {
        let Self { keys, policy, last, held, telemetry } = self;
        let selected = select_after(last, token, keys, policy, now)?;
        Ok(Asked { selected, policy, held, telemetry, now })
    }

    fn key(&self, of: f64) -> Option<&Key> {
        self.keys.iter().find(|key| number(key).to_bits() == of.to_bits())
    }
}

impl Asked<'_, '_> {
    fn number(&self) -> f64 {
        number(self.selected.key())
    }

    /// Leaves the signature in `place`, if the runtime may be quicker to check it or alone can, and
    /// if it fits. Returned is the number of its key.
    fn leave_signature(self, place: &mut [u8]) -> Result<f64, Self> {
        let key = self.selected.key();
        if key.algorithm().is_symmetric() && !key.is_elsewhere() {
            return Err(self);
        }
        let Some(signature) = self.selected.signature_for_runtime() else { return Err(self) };
        match place.get_mut(..signature.len()) {
            Some(place) => place.copy_from_slice(&signature),
            None => return Err(self),
        }
        Ok(self.number())
    }

    fn decide_here(self) -> Result<String, JwtError> {
        self.count(Engine::Wasm);
        let Asked { selected, policy, held, now, .. } = self;
        let until = selected.key().retire_at();
        judge(selected.check_signature()?, until, policy, held, now)
    }

    fn decide(self, verdict: Verdict) -> Result<String, JwtError> {
        self.count(Engine::Native);
        let Asked { selected, policy, held, now, .. } = self;
        let until = selected.key().retire_at();
        judge(selected.judged(verdict)?, until, policy, held, now)
    }

    fn count(&self, engine: Engine) {
        let algorithm = self.selected.key().algorithm();
        self.telemetry.record(&Event::SignatureChecked { engine, algorithm });
    }
}

fn judge(
    signed: crate::jwt::Signed<'_>,
    retire_at: Option<UnixMs>,
    policy: &Policy,
    held: &mut (UnixMs, UnixMs),
    now: UnixMs,
) -> Result<String, JwtError> {
    let claims = signed.claims(policy, now)?;
    let (from, until) = policy.interval(&claims);
    *held = (from, retire_at.map_or(until, |end| until.min(end)));
    Ok(signed.into_payload())
}

fn time(now_ms: f64) -> Result<UnixMs, JsValue> {
    unix_ms(now_ms)
        .ok_or_else(|| error("ERR_TIME_INVALID", "nowMs must be milliseconds since the Unix epoch"))
}

/// No token that is not UTF-8 reaches this through our loader; there is no refusal of its own for it.
fn text(token: &[u8]) -> &str {
    str::from_utf8(token).unwrap_or_default()
}

#[allow(clippy::cast_precision_loss, reason = "a count of keys made, and a length in memory")]
fn number(key: &Key) -> f64 {
    key.id().number() as f64
}

#[allow(clippy::cast_precision_loss, reason = "a length in memory")]
const fn length(bytes: usize) -> f64 {
    bytes as f64
}

#[cfg(test)]
mod tests {
    use js_sys::{Error, Reflect};
    use wasm_bindgen::JsCast as _;
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::jwt::tests::{HS256_HEADER, SECRET, hs256, signed};

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
        TokenVerifier::new(&jwks, js_sys::JSON::parse(options).unwrap(), None)
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
