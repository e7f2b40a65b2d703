//! Which EC keys and signatures are taken, and which are refused by name.

use super::super::{Algorithm, Key, Verdict};
use super::test_keys::{signing_jwk, verifying_jwk};
use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The curves, the lengths of their fields in bytes, and the orders of their base points.
pub(super) const CURVES: [(Algorithm, usize, &str); 2] = [
    (Algorithm::Es256, 32, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"),
    (
        Algorithm::Es384,
        48,
        concat!(
            "ffffffffffffffffffffffffffffffffffffffffffffffff",
            "c7634d81f4372ddf581a0db248b0a77aecec196accc52973"
        ),
    ),
];

pub(super) fn bytes_of_hex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn coordinate(bytes: impl AsRef<[u8]>) -> Option<String> {
    Some(base64url(bytes))
}

#[test]
fn coordinates_have_exactly_the_length_of_the_field() {
    for (algorithm, length, _) in CURVES {
        let jwk = verifying_jwk(algorithm);
        let short = format!("key 0: x and y must have {length} bytes");
        for bytes in [0, 1, length - 1] {
            assert_eq!(set_refusal([Jwk { x: coordinate(vec![1; bytes]), ..jwk.clone() }]), short);
            assert_eq!(set_refusal([Jwk { y: coordinate(vec![1; bytes]), ..jwk.clone() }]), short);
        }
        let long = coordinate(vec![0; length + 1]);
        let jwk_x = Jwk { x: long.clone(), ..jwk.clone() };
        assert_eq!(set_refusal([jwk_x]), "key 0: x is too long");
        assert_eq!(set_refusal([Jwk { y: long, ..jwk }]), "key 0: y is too long");
    }
}

#[test]
fn coordinates_are_required() {
    for (algorithm, ..) in CURVES {
        let jwk = verifying_jwk(algorithm);
        assert_eq!(set_refusal([Jwk { x: None, ..jwk.clone() }]), "key 0: x is missing");
        assert_eq!(set_refusal([Jwk { y: None, ..jwk }]), "key 0: y is missing");
    }
}

#[test]
fn a_point_off_the_curve_is_refused() {
    let reason = "key 0: x and y are no point of the curve";
    for (algorithm, length, _) in CURVES {
        let jwk = verifying_jwk(algorithm);
        let swapped = Jwk { x: jwk.y.clone(), y: jwk.x.clone(), ..jwk.clone() };
        let zeros = coordinate(vec![0; length]);
        let origin = Jwk { x: zeros.clone(), y: zeros, ..jwk.clone() };
        let beyond = Jwk { x: coordinate(vec![0xff; length]), ..jwk };
        for jwk in [swapped, origin, beyond] {
            assert_eq!(set_refusal([jwk]), reason, "{algorithm:?}");
        }
    }
}

#[test]
fn a_curve_must_belong_to_its_alg() {
    for (algorithm, ..) in CURVES {
        let reason = match algorithm {
            Algorithm::Es256 => "key 0: crv must be P-256",
            _ => "key 0: crv must be P-384",
        };
        for crv in [None, Some("P-521"), Some("secp256k1"), Some("p-256"), Some("Ed25519")] {
            let jwk = Jwk { crv: crv.map(Into::into), ..verifying_jwk(algorithm) };
            assert_eq!(set_refusal([jwk]), reason, "{crv:?}");
        }
    }
    let other = Jwk { alg: Some("ES384".into()), ..verifying_jwk(Algorithm::Es256) };
    assert_eq!(set_refusal([other]), "key 0: crv must be P-384");
}

#[test]
fn a_private_key_is_a_number_of_its_length_within_the_order() {
    for (algorithm, length, order) in CURVES {
        let jwk = signing_jwk(algorithm);
        let refusal = |d: Vec<u8>| set_refusal([Jwk { d: coordinate(d), ..jwk.clone() }]);
        for bytes in [0, 1, length - 1] {
            assert_eq!(refusal(vec![1; bytes]), format!("key 0: d must have {length} bytes"));
        }
        assert_eq!(refusal(vec![1; length + 1]), "key 0: d is too long");
        let no_key = "key 0: d is not a private key of the curve";
        assert_eq!(refusal(vec![0; length]), no_key);
        assert_eq!(refusal(bytes_of_hex(order)), no_key);
        assert_eq!(refusal(vec![0xff; length]), no_key);
        assert_eq!(refusal(vec![1; length]), "key 0: d does not belong to x and y");
    }
}

/// "Psychic signatures" (CVE-2022-21449), and every other r and s out of range.
#[test]
fn an_r_or_s_of_zero_or_beyond_the_order_is_refused() {
    for (algorithm, length, order) in CURVES {
        let key = Key::from_jwk(&signing_jwk(algorithm)).unwrap();
        let signature = key.sign(b"a").unwrap();
        let (r, s) = signature.split_at(length);
        for bad in [vec![0; length], bytes_of_hex(order), vec![0xff; length]] {
            for forged in [[&bad[..], s], [r, &bad[..]], [&bad[..], &bad[..]]] {
                let verdict = key.check(b"a", &forged.concat());
                assert_eq!(verdict, Verdict::Fails, "{algorithm:?}");
            }
        }
    }
}

#[test]
fn a_signature_in_der_is_refused() {
    let der = [&[0x30, 0x44, 2, 0x20][..], &[1; 32], &[2, 0x20], &[1; 32]].concat();
    let key = Key::from_jwk(&verifying_jwk(Algorithm::Es256)).unwrap();
    assert_eq!(key.check(b"a", &der), Verdict::Fails);
}

#[test]
fn signatures_are_deterministic() {
    for (algorithm, ..) in CURVES {
        let key = Key::from_jwk(&signing_jwk(algorithm)).unwrap();
        assert_eq!(key.sign(b"a"), key.sign(b"a"));
    }
}

/// The one way the same signature has two forms: never name a token by its text.
#[test]
fn the_malleable_twin_of_a_signature_holds_as_it_does_everywhere() {
    for (algorithm, length, order) in CURVES {
        let key = Key::from_jwk(&signing_jwk(algorithm)).unwrap();
        let mut twin = key.sign(b"a").unwrap();
        let mut borrow = 0;
        for (byte, order) in twin[length..].iter_mut().zip(bytes_of_hex(order)).rev() {
            let difference = i16::from(order) - i16::from(*byte) - borrow;
            borrow = i16::from(difference < 0);
            *byte = u8::try_from(difference & 0xff).unwrap();
        }
        assert_eq!(key.check(b"a", &twin), Verdict::Holds, "{algorithm:?}");
    }
}
