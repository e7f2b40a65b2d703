//! The rules of token verification, one named test each, and the fixtures they share.
#![allow(clippy::arithmetic_side_effects, clippy::string_slice, reason = "a test may panic")]

mod algorithms;
mod attacks;
mod bits;
mod claims;
mod compact;
mod ec_keys;
mod exports;
#[cfg(not(target_arch = "wasm32"))]
mod fidelity;
mod header;
mod keys;
mod mint;
mod ml_dsa_keys;
mod okp;
mod parties;
mod pem;
#[cfg(not(target_arch = "wasm32"))]
mod properties;
mod remote;
mod rotation;
mod rsa_keys;
mod selection;
mod sizes;
pub(in crate::jwt) mod test_keys;
mod times;
mod types;
mod vector_forms;
mod vectors;

use std::fmt::{Debug, Display};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{
    Jwk, JwkSet, JwtError, KeyError, KeySet, LastHeader, Policy, Selected, select, select_after,
};
use crate::UnixMs;

/// When the tests happen, in seconds and in milliseconds.
const NOW_S: u64 = 1_800_000_000;
const NOW: UnixMs = UnixMs(NOW_S * 1000);

/// 32 bytes.
pub(crate) const SECRET: &str = "c2VjcmV0LWNhbmFyeS1vZi0zMi1ieXRlcy1sZW5ndGg";
/// The key pair of RFC 8032 section 7.1, test 1, as in RFC 8037 appendix A.
const D: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

pub(crate) const HS256_HEADER: &str = r#"{"alg":"HS256"}"#;
const EDDSA_HEADER: &str = r#"{"alg":"EdDSA"}"#;
/// A claims set the default policy accepts for one more minute.
const PAYLOAD: &str = r#"{"sub":"canary-subject","exp":1800000060}"#;

fn jwk(value: Value) -> Jwk {
    serde_json::from_value(value).unwrap()
}

fn secret_jwk(kid: &str) -> Jwk {
    jwk(json!({"kty": "oct", "kid": kid, "alg": "HS256", "k": SECRET}))
}

fn private_jwk(kid: &str) -> Jwk {
    Jwk { d: Some(D.into()), ..public_jwk(kid) }
}

fn public_jwk(kid: &str) -> Jwk {
    jwk(json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "alg": "EdDSA", "x": X}))
}

fn key_set(keys: impl Into<Vec<Jwk>>) -> KeySet {
    KeySet::from_jwks(&JwkSet { keys: keys.into() }).unwrap()
}

/// One HS256 key, `k1`.
pub(crate) fn hs256() -> KeySet {
    key_set([secret_jwk("k1")])
}

/// One Ed25519 key pair, `k1`.
fn eddsa() -> KeySet {
    key_set([private_jwk("k1")])
}

fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token of exactly this header and payload with the signature of the key that signs now.
pub(crate) fn signed(keys: &KeySet, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    signed_as_written(keys, &base64url(header), &base64url(payload))
}

/// As [`signed`], over parts already encoded, canonically or not.
fn signed_as_written(keys: &KeySet, header: &str, payload: &str) -> String {
    let input = format!("{header}.{payload}");
    let signature = keys.signer(NOW).unwrap().sign(input.as_bytes()).unwrap();
    format!("{input}.{}", base64url(signature))
}

/// All three steps at `now`: the payload, or the first refusal. Every refusal the tests meet is
/// searched for parts of the token on its way.
fn verify_at(token: &str, keys: &KeySet, policy: &Policy, now: UnixMs) -> Result<String, JwtError> {
    let outcome = select(token, keys, policy, now)
        .and_then(|selected| selected.check_signature())
        .and_then(|signed| signed.claims(policy, now).map(|_| signed.payload().to_owned()));
    if let Err(error) = &outcome {
        assert_silent(error, token);
    }
    assert_a_header_read_before_selects_alike(token, keys, policy, now);
    outcome
}

fn assert_a_header_read_before_selects_alike(
    token: &str,
    keys: &KeySet,
    policy: &Policy,
    now: UnixMs,
) {
    let kid = |selected: Selected<'_, '_>| selected.key().kid().to_owned();
    let expected = select(token, keys, policy, now).map(kid).map_err(|error| error.code());
    let mut last = LastHeader::default();
    for _ in 0..2 {
        let again = select_after(&mut last, token, keys, policy, now);
        assert_eq!(again.map(kid).map_err(|error| error.code()), expected);
    }
}

fn verify(token: &str, keys: &KeySet, policy: &Policy) -> Result<String, JwtError> {
    verify_at(token, keys, policy, NOW)
}

/// The code of the refusal under the default policy.
fn refusal(token: &str, keys: &KeySet) -> &'static str {
    verify(token, keys, &Policy::default()).unwrap_err().code()
}

/// The code and claim of the refusal of a well-signed claims set.
fn claim_refusal(payload: &str, policy: &Policy) -> (&'static str, Option<&'static str>, String) {
    let keys = hs256();
    let error = verify(&signed(&keys, HS256_HEADER, payload), &keys, policy).unwrap_err();
    let reason = match error {
        JwtError::ClaimValidationFailed { reason, .. } => reason.to_string(),
        _ => String::new(),
    };
    (error.code(), error.claim(), reason)
}

fn accepts(payload: &str, policy: &Policy) -> bool {
    let keys = hs256();
    verify(&signed(&keys, HS256_HEADER, payload), &keys, policy).is_ok()
}

/// Why a key set is refused. Every refusal is searched for key material on its way.
fn set_refusal(keys: impl Into<Vec<Jwk>>) -> String {
    let set = JwkSet { keys: keys.into() };
    let error: KeyError = KeySet::from_jwks(&set).unwrap_err();
    for jwk in &set.keys {
        let Jwk { x, y, n, d, p, q, dp, dq, qi, public, private, k, .. } = jwk;
        for text in [x, y, n, d, p, q, dp, dq, qi, public, private, k].into_iter().flatten() {
            assert_silent(&error, text);
        }
    }
    error.to_string()
}

/// Asserts that neither form of `error` shares eight characters in a row with `confidential`, nor
/// names one of the canaries the fixtures put into tokens and secrets.
fn assert_silent(error: &(impl Display + Debug), confidential: &str) {
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(!text.contains("canary"), "{text}");
        for window in text.as_bytes().windows(8) {
            let found = confidential.as_bytes().windows(8).any(|part| part == window);
            assert!(!found, "{text}");
        }
    }
}
