//! Signatures of trivial numbers, which hold for any message where a verifier leaves out a check of them
//! (CVE-2022-21449 for ECDSA). Ed25519's malleability and weak keys are in `okp.rs`.

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
