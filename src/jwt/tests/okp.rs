//! Ed25519 where implementations disagree: malleable signatures, weak keys, odd encodings.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The order of the base point, little-endian (RFC 8032 section 5.1).
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// The points of order 1, 2, 4 and 8, in every encoding of them, canonical or not.
const SMALL_ORDER: [&str; 14] = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];

fn bytes_of(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// The signing input of a valid token, and its signature.
fn valid() -> (String, Vec<u8>) {
    let token = signed(&eddsa(), EDDSA_HEADER, PAYLOAD);
    let (input, signature) = token.rsplit_once('.').unwrap();
    (input.to_owned(), URL_SAFE_NO_PAD.decode(signature).unwrap())
}

fn signature_refusal(signature: &[u8]) -> &'static str {
    let (input, _) = valid();
    refusal(&format!("{input}.{}", base64url(signature)), &eddsa())
}

#[test]
fn the_malleable_twin_of_a_signature_is_refused() {
    let (_, mut signature) = valid();
    let mut carry = 0;
    for (byte, order) in signature[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = u8::try_from(sum & 0xff).unwrap();
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
    assert_eq!(signature_refusal(&signature), "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
}

#[test]
fn a_signature_of_zeros_or_ones_is_refused() {
    for byte in [0, 0xff] {
        assert_eq!(signature_refusal(&[byte; 64]), "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
    }
}

#[test]
fn a_signature_of_another_length_is_refused() {
    let (_, signature) = valid();
    for signature in [
        &signature[..0],
        &signature[..32],
        &signature[..63],
        &[&signature[..], &[0]].concat(),
        &signature.repeat(2),
    ] {
        assert_eq!(signature_refusal(signature), "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
    }
}

#[test]
fn a_signature_around_a_small_order_point_is_refused() {
    for point in SMALL_ORDER {
        for scalar in [[0; 32], ORDER] {
            let signature = [&bytes_of(point)[..], &scalar].concat();
            assert_eq!(signature_refusal(&signature), "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
        }
    }
}

#[test]
fn the_identity_and_every_other_small_order_key_is_refused() {
    for point in SMALL_ORDER {
        let jwk = Jwk { x: Some(base64url(bytes_of(point))), ..public_jwk("k1") };
        assert_eq!(set_refusal([jwk]), "key 0: x is not an Ed25519 public key", "{point}");
    }
}

#[test]
fn a_public_key_that_is_no_point_or_not_canonical_is_refused() {
    for hex in [
        // y = 2 is on no curve point; y = p + 3 is not reduced.
        "0200000000000000000000000000000000000000000000000000000000000000",
        "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ] {
        let jwk = Jwk { x: Some(base64url(bytes_of(hex))), ..public_jwk("k1") };
        assert_eq!(set_refusal([jwk]), "key 0: x is not an Ed25519 public key", "{hex}");
    }
}

#[test]
fn a_public_key_of_another_length_is_refused() {
    for length in [0, 31, 33, 64] {
        let jwk = Jwk { x: Some(base64url(vec![9; length])), ..public_jwk("k1") };
        assert_eq!(set_refusal([jwk]), "key 0: x is not an Ed25519 public key", "{length}");
    }
}

#[test]
fn a_private_part_that_does_not_belong_to_the_public_one_is_refused() {
    let other = "TM0Imyj_ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U-4pvs";
    for d in [other, "", &base64url([0; 32]), &base64url([9; 31]), &base64url([9; 64])] {
        let jwk = Jwk { d: Some(d.into()), ..public_jwk("k1") };
        assert_eq!(set_refusal([jwk]), "key 0: d and x are not a key pair", "{d}");
    }
}

#[test]
fn another_curve_or_none_is_refused() {
    for crv in [Some("X25519"), Some("Ed448"), Some("ed25519"), Some("P-256"), None] {
        let jwk = Jwk { crv: crv.map(Into::into), ..public_jwk("k1") };
        assert_eq!(set_refusal([jwk]), "key 0: crv must be Ed25519");
    }
}

#[test]
fn signatures_are_deterministic() {
    assert_eq!(valid(), valid());
}
