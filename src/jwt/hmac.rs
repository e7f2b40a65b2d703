//! HMAC-SHA256 (RFC 2104) from a precomputed key state.
//!
//! jwt-simple hashes the padded key anew for each token, two of about seven blocks for a token of
//! usual length. The hash itself is the one jwt-simple uses.

use hmac_sha256::Hash;

/// The block size of SHA-256, in bytes.
const BLOCK_BYTES: usize = 64;

/// A key, as the two hash states that have taken it in. It has no `Debug`: it is as secret as the
/// key.
#[derive(Clone)]
pub(super) struct HmacSha256 {
    inner: Hash,
    outer: Hash,
}

impl HmacSha256 {
    pub(super) fn new(key: &[u8]) -> Self {
        let hashed;
        let key = if key.len() > BLOCK_BYTES {
            hashed = Hash::hash(key);
            hashed.as_slice()
        } else {
            key
        };
        Self { inner: absorbed(key, 0x36), outer: absorbed(key, 0x5c) }
    }

    /// The tag of `input`.
    pub(super) fn tag(&self, input: &[u8]) -> [u8; 32] {
        let mut inner = self.inner;
        inner.update(input);
        let mut outer = self.outer;
        outer.update(inner.finalize());
        outer.finalize()
    }
}

/// A hash that has taken in one block: `key` and zeros, each byte changed by `pad`.
fn absorbed(key: &[u8], pad: u8) -> Hash {
    let mut block = [pad; BLOCK_BYTES];
    for (byte, key) in block.iter_mut().zip(key) {
        *byte ^= key;
    }
    let mut hash = Hash::new();
    hash.update(block);
    hash
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use jwt_simple::algorithms::{HS256Key, MACLike as _};

    use super::*;

    #[test]
    fn every_length_of_key_and_input_gives_the_tag_jwt_simple_gives() {
        let bytes: Vec<u8> = (0..=255_u8).cycle().take(600).collect();
        for key_length in (0..=130).chain([511, 512]) {
            let key = &bytes[..key_length];
            let (ours, theirs) = (HmacSha256::new(key), HS256Key::from_bytes(key));
            for length in [0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 600] {
                let input = &bytes[..length];
                assert_eq!(ours.tag(input).as_slice(), theirs.authentication_tag(input));
            }
        }
    }
}
