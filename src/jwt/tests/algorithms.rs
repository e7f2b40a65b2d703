//! What holds for every algorithm alike.

use super::super::{Algorithm, Key, Verdict};
use super::test_keys::{signing_jwk, verifying_jwk};
use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const INPUT: &[u8] = b"header.payload";

fn key(jwk: &Jwk) -> Key {
    Key::from_jwk(jwk).unwrap()
}

fn header_of(algorithm: Algorithm) -> String {
    json!({"alg": algorithm.name(), "kid": "k1"}).to_string()
}

/// The length of a signature by an RSA key of 2048 bits, or by any other of the algorithm.
pub(super) fn signature_bytes(algorithm: Algorithm) -> usize {
    use Algorithm as A;
    match algorithm {
        A::Hs256 => 32,
        A::Hs384 => 48,
        A::Hs512 | A::Es256 | A::EdDsa => 64,
        A::Es384 => 96,
        A::Rs256 | A::Rs384 | A::Rs512 | A::Ps256 | A::Ps384 | A::Ps512 => 256,
        A::MlDsa44 => 2420,
        A::MlDsa65 => 3309,
        A::MlDsa87 => 4627,
    }
}

#[test]
fn what_a_private_key_signs_its_public_key_verifies() {
    for algorithm in Algorithm::ALL {
        let keys = key_set([signing_jwk(algorithm)]);
        let token = signed(&keys, header_of(algorithm), PAYLOAD);
        assert!(verify(&token, &keys, &Policy::default()).is_ok(), "{algorithm:?}");
        let public = key_set([verifying_jwk(algorithm)]);
        assert!(verify(&token, &public, &Policy::default()).is_ok(), "{algorithm:?}");
    }
}

#[test]
fn a_public_key_never_signs() {
    for algorithm in Algorithm::ALL.into_iter().filter(|algorithm| !algorithm.is_symmetric()) {
        let key = key(&verifying_jwk(algorithm));
        assert!(!key.can_sign(), "{algorithm:?}");
        assert_eq!(key.sign(INPUT), None, "{algorithm:?}");
    }
}

#[test]
fn a_signature_over_anything_else_fails() {
    for algorithm in Algorithm::ALL {
        let key = key(&signing_jwk(algorithm));
        let signature = key.sign(INPUT).unwrap();
        assert_eq!(key.check(INPUT, &signature), Verdict::Holds, "{algorithm:?}");
        for other in [&b""[..], b"header.payloae", b"header.payload\0"] {
            assert_eq!(key.check(other, &signature), Verdict::Fails, "{algorithm:?}");
        }
    }
}

#[test]
fn a_signature_has_the_length_of_its_algorithm_and_no_other() {
    for algorithm in Algorithm::ALL {
        let key = key(&signing_jwk(algorithm));
        let signature = key.sign(INPUT).unwrap();
        assert_eq!(signature.len(), signature_bytes(algorithm), "{algorithm:?}");
        let (front, last) = signature.split_at(signature.len() - 1);
        for other in [
            &[][..],
            &front[..front.len() / 2],
            front,
            &[&[0], signature.as_slice()].concat(),
            &[&signature[1..], last].concat(),
            &[signature.as_slice(), &[0]].concat(),
            &signature.repeat(2),
        ] {
            assert_eq!(key.check(INPUT, other), Verdict::Fails, "{algorithm:?} {}", other.len());
        }
    }
}

#[test]
fn a_signature_of_zeros_or_ones_fails() {
    for algorithm in Algorithm::ALL {
        let key = key(&verifying_jwk(algorithm));
        for byte in [0, 1, 0xff] {
            let forged = vec![byte; signature_bytes(algorithm)];
            assert_eq!(key.check(INPUT, &forged), Verdict::Fails, "{algorithm:?} {byte}");
        }
    }
}

#[test]
fn no_flipped_bit_of_a_signature_holds() {
    for algorithm in Algorithm::ALL {
        let key = key(&signing_jwk(algorithm));
        let signature = key.sign(INPUT).unwrap();
        // Sixteen places, the ends among them: every bit would take a minute.
        let last = signature.len() - 1;
        for place in (0..16).map(|step| last * step / 15) {
            let mut flipped = signature.clone();
            flipped[place] ^= 1 << (place % 8);
            assert_eq!(key.check(INPUT, &flipped), Verdict::Fails, "{algorithm:?} {place}");
        }
    }
}

#[test]
fn a_signature_by_the_same_key_under_another_algorithm_fails() {
    use Algorithm as A;
    for family in [
        &[A::Hs256, A::Hs384, A::Hs512][..],
        &[A::Rs256, A::Rs384, A::Rs512, A::Ps256, A::Ps384, A::Ps512],
    ] {
        for signed_with in family {
            let signature = key(&signing_jwk(*signed_with)).sign(INPUT).unwrap();
            for checked_with in family.iter().filter(|algorithm| *algorithm != signed_with) {
                let verdict = key(&signing_jwk(*checked_with)).check(INPUT, &signature);
                assert_eq!(verdict, Verdict::Fails, "{signed_with:?} {checked_with:?}");
            }
        }
    }
}

#[test]
fn a_key_held_elsewhere_says_that_it_cannot_tell() {
    for algorithm in Algorithm::ALL {
        for can_sign in [true, false] {
            let key = Key::opaque("k1", algorithm, can_sign).unwrap();
            assert_eq!((key.kid(), key.algorithm()), ("k1", algorithm));
            assert_eq!(key.can_sign(), can_sign);
            assert_eq!(key.sign(INPUT), None);
            let signature = super::test_keys::signing_jwk(algorithm);
            let signature = Key::from_jwk(&signature).unwrap().sign(INPUT).unwrap();
            assert_eq!(key.check(INPUT, &signature), Verdict::NotHere);
            assert!(key.public_jwk().is_none());
        }
    }
    assert!(Key::opaque("", Algorithm::Es256, true).is_err());
    assert!(Key::opaque(&"k".repeat(257), Algorithm::Es256, true).is_err());
}

#[test]
fn what_is_published_of_a_key_is_its_public_jwk_and_nothing_else() {
    for algorithm in Algorithm::ALL.into_iter().filter(|algorithm| !algorithm.is_symmetric()) {
        let published = key(&signing_jwk(algorithm)).public_jwk().unwrap();
        let expected = Jwk { key_use: Some("sig".into()), ..verifying_jwk(algorithm) };
        let [published, expected] =
            [published, expected].map(|jwk| serde_json::to_value(jwk).unwrap());
        assert_eq!(published, expected);
    }
}
