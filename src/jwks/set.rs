//! A published key set, read: what of it can be used, and what is refused as a whole.

use crate::jwt::{Algorithm, JwkSet, KeyError, KeySet, TOO_MANY};

/// The keys of `body` that verify tokens of the `allowed` algorithms.
///
/// # Errors
/// In one fixed word: not a JWK Set, too many keys, or none that can be used.
pub(super) fn read(body: &[u8], allowed: &[Algorithm]) -> Result<KeySet, &'static str> {
    // The reader would let anything through in a member it skips.
    let text = std::str::from_utf8(body).map_err(|_| "not_a_jwks")?;
    let word = |error: KeyError| if error == TOO_MANY { "too_many_keys" } else { "not_a_jwks" };
    let set = JwkSet::from_remote_json(text).map_err(word)?;
    // An RSA key that names no algorithm is one for each that is allowed.
    let keys = KeySet::from_remote(&set, allowed).map_err(word)?;
    if keys.is_empty() { Err("no_usable_key") } else { Ok(keys) }
}
