//! Signatures of trivial numbers, which hold for any message where a verifier leaves out a check of them
//! (CVE-2022-21449 for ECDSA). Ed25519's malleability and weak keys are in `okp.rs`.

use super::super::ec_keys::{CURVES, bytes_of_hex};
use super::super::test_keys::signing_jwk;
use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The group order of Ed25519, little-endian (RFC 8032 section 5.1).
const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// Asserts that `signature` is refused in the place of a good one.
fn refused(keys: &KeySet, header: &str, signature: &[u8]) {
    let token = signed(keys, header, PAYLOAD);
    let (input, _) = token.rsplit_once('.').unwrap();
    let token = format!("{input}.{}", base64url(signature));
    assert_eq!(refusal(&token, keys), "ERR_JWS_SIGNATURE_VERIFICATION_FAILED", "{signature:x?}");
}

#[test]
fn an_ed25519_signature_of_trivial_numbers_is_refused() {
    let mut identity = [0; 32];
    identity[0] = 1;
    for point in [[0; 32], identity, [0xff; 32]] {
        for scalar in [[0; 32], identity, L, [0xff; 32]] {
            refused(&eddsa(), EDDSA_HEADER, &[point, scalar].concat());
        }
    }
}

#[test]
fn an_hmac_tag_of_trivial_bytes_is_refused() {
    for byte in [0, 1, 0xff] {
        refused(&hs256(), HS256_HEADER, &[byte; 32]);
    }
}

#[test]
fn an_ecdsa_signature_of_zeros_or_of_the_group_order_is_refused() {
    for (algorithm, length, order) in CURVES {
        let keys = key_set([signing_jwk(algorithm)]);
        let header = format!(r#"{{"alg":"{}"}}"#, algorithm.name());
        let number = |last: u8| [vec![0; length - 1], vec![last]].concat();
        let numbers = [number(0), number(1), bytes_of_hex(order), vec![0xff; length]];
        // One, as r and s, is in range; that no message has it as its signature is for the curve.
        for r in &numbers {
            for s in &numbers {
                refused(&keys, &header, &[&r[..], s].concat());
            }
        }
        // An empty r and s, and both in DER (CVE-2022-21449 came with zeros there).
        refused(&keys, &header, &[]);
        refused(&keys, &header, &[0x30, 6, 2, 1, 0, 2, 1, 0]);
    }
}

#[test]
fn an_rsa_signature_of_trivial_numbers_is_refused() {
    use crate::jwt::Algorithm as A;
    for algorithm in [A::Rs256, A::Rs384, A::Rs512, A::Ps256, A::Ps384, A::Ps512] {
        let keys = key_set([signing_jwk(algorithm)]);
        let header = format!(r#"{{"alg":"{}"}}"#, algorithm.name());
        for (first, last) in [(0, 0), (0, 1), (0, 2), (0xff, 0xff)] {
            refused(&keys, &header, &[&[first; 255][..], &[last]].concat());
        }
    }
}
