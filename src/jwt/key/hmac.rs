//! HMAC (RFC 7518 section 3.2): hash states that have taken the key in, made once.
//!
//! jwt-simple's own keys hash the padded key anew for each token, two of about seven blocks for a
//! token of usual length.

use hmac::{Hmac, KeyInit as _, Mac as _};
use jwt_simple::reexports::zeroize::Zeroizing;
use sha2::{Sha256, Sha384, Sha512};

use super::member::{self, member};
use super::random;
use crate::jwt::{Algorithm, Jwk};

/// Largest key taken, in bytes; more than a block is hashed down anyway.
const SECRET_BYTES_MAX: usize = 512;

pub(super) struct Secret {
    state: State,
    bytes: Zeroizing<Vec<u8>>,
}

enum State {
    Hs256(Hmac<Sha256>),
    Hs384(Hmac<Sha384>),
    Hs512(Hmac<Sha512>),
}

/// The length of the algorithm's hash, which is the least a key must have (RFC 7518 section 3.2),
/// and what is said of a shorter one.
const fn bytes_min(algorithm: Algorithm) -> Option<(usize, &'static str)> {
    match algorithm {
        Algorithm::Hs256 => Some((32, "k is too short: HS256 needs at least 32 bytes")),
        Algorithm::Hs384 => Some((48, "k is too short: HS384 needs at least 48 bytes")),
        Algorithm::Hs512 => Some((64, "k is too short: HS512 needs at least 64 bytes")),
        _ => None,
    }
}

impl Secret {
    pub(super) fn from_jwk(jwk: &Jwk, algorithm: Algorithm) -> Result<Self, &'static str> {
        if jwk.kty != "oct" {
            return Err(super::KTY_FOREIGN);
        }
        let secret = member::bytes(jwk.k.as_deref(), &member!("k"), SECRET_BYTES_MAX)?;
        Self::from_bytes(&secret, algorithm)
    }

    pub(super) fn from_bytes(secret: &[u8], algorithm: Algorithm) -> Result<Self, &'static str> {
        let (bytes_min, short) = bytes_min(algorithm).ok_or(super::KTY_FOREIGN)?;
        if secret.len() < bytes_min {
            return Err(short);
        }
        if secret.len() > SECRET_BYTES_MAX {
            return Err("k is too long");
        }
        let state = match algorithm {
            Algorithm::Hs384 => Hmac::new_from_slice(secret).map(State::Hs384),
            Algorithm::Hs512 => Hmac::new_from_slice(secret).map(State::Hs512),
            _ => Hmac::new_from_slice(secret).map(State::Hs256),
        };
        let state = state.map_err(|_| "k is malformed")?;
        Ok(Self { state, bytes: Zeroizing::new(secret.to_vec()) })
    }

    pub(super) fn generate(algorithm: Algorithm) -> Result<Self, &'static str> {
        let (bytes_min, _) = bytes_min(algorithm).ok_or(super::KTY_FOREIGN)?;
        let mut secret = Zeroizing::new(vec![0; bytes_min]);
        random::fill(&mut secret)?;
        Self::from_bytes(&secret, algorithm)
    }

    pub(super) fn bytes(&self) -> Zeroizing<Vec<u8>> {
        self.bytes.clone()
    }

    pub(super) fn sign(&self, input: &[u8]) -> Vec<u8> {
        match &self.state {
            State::Hs256(key) => key.clone().chain_update(input).finalize().into_bytes().to_vec(),
            State::Hs384(key) => key.clone().chain_update(input).finalize().into_bytes().to_vec(),
            State::Hs512(key) => key.clone().chain_update(input).finalize().into_bytes().to_vec(),
        }
    }

    /// Compares in constant time; a tag of another length never holds.
    pub(super) fn verifies(&self, input: &[u8], tag: &[u8]) -> bool {
        match &self.state {
            State::Hs256(key) => key.clone().chain_update(input).verify_slice(tag).is_ok(),
            State::Hs384(key) => key.clone().chain_update(input).verify_slice(tag).is_ok(),
            State::Hs512(key) => key.clone().chain_update(input).verify_slice(tag).is_ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use jwt_simple::algorithms::{HS256Key, HS384Key, HS512Key, MACLike as _};

    use super::*;

    fn tag(secret: &[u8], algorithm: Algorithm, input: &[u8]) -> Vec<u8> {
        Secret::from_bytes(secret, algorithm).unwrap().sign(input)
    }

    #[test]
    fn every_length_of_key_and_input_gives_the_tag_jwt_simple_gives() {
        let bytes: Vec<u8> = (0..=255_u8).cycle().take(600).collect();
        for key_length in (64..=130).chain([32, 48, 511, 512]) {
            let secret = &bytes[..key_length];
            for length in [0, 1, 55, 56, 63, 64, 65, 111, 112, 119, 120, 128, 600] {
                let input = &bytes[..length];
                let theirs = HS256Key::from_bytes(secret).authentication_tag(input);
                assert_eq!(tag(secret, Algorithm::Hs256, input), theirs);
                if key_length >= 48 {
                    let theirs = HS384Key::from_bytes(secret).authentication_tag(input);
                    assert_eq!(tag(secret, Algorithm::Hs384, input), theirs);
                }
                if key_length >= 64 {
                    let theirs = HS512Key::from_bytes(secret).authentication_tag(input);
                    assert_eq!(tag(secret, Algorithm::Hs512, input), theirs);
                }
            }
        }
    }
}
