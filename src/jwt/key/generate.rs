//! New keys.

use super::{Key, KeyPair, Material, Secret, Source};
use crate::jwt::Algorithm;

struct Random;

impl Source for Random {
    fn secret(&self, algorithm: Algorithm) -> Result<Secret, &'static str> {
        Secret::generate(algorithm)
    }

    fn pair<P: KeyPair>(&self, algorithm: Algorithm) -> Result<P, &'static str> {
        P::generate(algorithm)
    }
}

impl Key {
    /// A new random key: an HMAC secret as long as its hash, an RSA key of 2,048 bits (which takes
    /// seconds in WebAssembly), or a pair of the algorithm's one size. [`Key::private_jwk`] keeps it.
    ///
    /// # Errors
    /// In fixed words: a `kid` of another length than 1 to 256 bytes, or no random bytes.
    pub fn generate(kid: &str, algorithm: Algorithm) -> Result<Self, &'static str> {
        Self::named(kid, algorithm, Material::of(&Random, algorithm)?)
    }
}
