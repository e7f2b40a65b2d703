//! A published key set, read: what of it can be used, and what is refused as a whole.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::jwt::{Algorithm, Jwk, JwkSet, KeySet};

/// Most keys a published set may have.
pub(super) const KEYS_MAX: usize = 1_000;

/// A set before its keys are looked at: one that is malformed is left out, not the set refused (RFC
/// 7517 section 5).
#[derive(Deserialize)]
struct Published<'b> {
    #[serde(borrow)]
    keys: Vec<&'b RawValue>,
}

/// The keys of `body` that verify tokens of the `allowed` algorithms.
///
/// # Errors
/// In one fixed word: not a JWK Set, too many keys, or none that can be used.
pub(super) fn read(body: &[u8], allowed: &[Algorithm]) -> Result<KeySet, &'static str> {
    // The reader would let anything through in a member it skips.
    let text = std::str::from_utf8(body).map_err(|_| "not_a_jwks")?;
    let published: Published<'_> = serde_json::from_str(text).map_err(|_| "not_a_jwks")?;
    if published.keys.len() > KEYS_MAX {
        return Err("too_many_keys");
    }
    let keys = published.keys.into_iter();
    let keys = keys.filter_map(|key| serde_json::from_str::<Jwk>(key.get()).ok());
    let set = JwkSet { keys: keys.collect() };
    // An RSA key that names no algorithm is one for each that is allowed.
    let keys = KeySet::from_remote(&set, allowed).map_err(|_| "too_many_keys")?;
    if keys.is_empty() { Err("no_usable_key") } else { Ok(keys) }
}
