//! Which ML-DSA keys are taken, and which are refused by name.

use super::super::{Algorithm, Key};
use super::test_keys::{signing_jwk, verifying_jwk};
use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The parameter sets and the lengths of their public keys in bytes (FIPS 204 table 2).
const SETS: [(Algorithm, usize); 3] =
    [(Algorithm::MlDsa44, 1312), (Algorithm::MlDsa65, 1952), (Algorithm::MlDsa87, 2592)];

#[test]
fn a_public_key_has_exactly_the_length_of_its_set() {
    for (algorithm, length) in SETS {
        let jwk = |length: usize| Jwk {
            public: Some(base64url(vec![1; length])),
            ..verifying_jwk(algorithm)
        };
        key_set([jwk(length)]);
        for short in [0, 32, length - 1] {
            let reason = "key 0: pub does not have the length its alg says";
            assert_eq!(set_refusal([jwk(short)]), reason, "{algorithm:?}");
        }
        assert_eq!(set_refusal([jwk(length + 1)]), "key 0: pub is too long");
        let missing = Jwk { public: None, ..verifying_jwk(algorithm) };
        assert_eq!(set_refusal([missing]), "key 0: pub is missing");
    }
}

#[test]
fn a_private_key_is_the_seed_of_32_bytes_its_public_key_comes_from() {
    for (algorithm, _) in SETS {
        let jwk = |seed: &[u8]| Jwk { private: Some(base64url(seed)), ..signing_jwk(algorithm) };
        for short in [0, 31] {
            let reason = "key 0: priv must be a seed of 32 bytes";
            assert_eq!(set_refusal([jwk(&vec![0; short])]), reason);
        }
        // The expanded key, which drafts of RFC 9964 had.
        assert_eq!(set_refusal([jwk(&[0; 2560])]), "key 0: priv is too long");
        assert_eq!(set_refusal([jwk(&[1; 32])]), "key 0: priv does not belong to pub");
    }
}

#[test]
fn signing_is_hedged() {
    let key = Key::from_jwk(&signing_jwk(Algorithm::MlDsa44)).unwrap();
    assert_ne!(key.sign(b"a"), key.sign(b"a"));
}
