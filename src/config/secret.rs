//! Secrets of others, kept as their hashes: with 256 random bits a plain hash is enough.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac_sha256::Hash;
use jwt_simple::reexports::ct_codecs;

/// SHA-256 of the secrets that are valid: two while one is being rotated, else the same one twice.
///
/// They are compared by [`Secrets::holds`] and by nothing else: `==`, which stops at the first difference, there
/// is none of.
///
/// ```compile_fail,E0369
/// fn same(one: &portcullis::config::Secrets, other: &portcullis::config::Secrets) -> bool {
///     one == other
/// }
/// ```
#[derive(Clone)]
pub struct Secrets([[u8; 32]; 2]);

impl Secrets {
    /// Of nobody: no secret is any of these.
    pub(super) const NONE: Self = Self([[0; 32]; 2]);

    /// Reads one hash or two, each SHA-256 in base64url. What is wrong, in fixed words.
    pub(super) fn read(hashes: &[String]) -> Result<Self, &'static str> {
        match hashes {
            [only] => Ok(Self([hash(only)?; 2])),
            [old, new] => Ok(Self([hash(old)?, hash(new)?])),
            _ => Err("must have one hash, or two during a rotation"),
        }
    }

    /// Whether `presented` is one of them. Always two hashes are compared, in constant time.
    #[must_use]
    pub fn holds(&self, presented: &[u8]) -> bool {
        let presented = Hash::hash(presented);
        self.0.iter().fold(false, |held, stored| ct_codecs::verify(stored, &presented) | held)
    }
}

/// Shows none of them.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")
    }
}

fn hash(encoded: &str) -> Result<[u8; 32], &'static str> {
    let hash = URL_SAFE_NO_PAD.decode(encoded).ok();
    let hash = hash.and_then(|hash| <[u8; 32]>::try_from(hash).ok());
    let hash = hash.ok_or("must be a SHA-256 hash in base64url")?;
    // What a script writes when the variable with the secret was not set.
    if hash == Hash::hash(b"") {
        return Err("is the hash of nothing: the secret was empty");
    }
    Ok(hash)
}
