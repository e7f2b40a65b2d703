//! Which RSA keys and signatures are taken, and which are refused by name.

use super::super::{Algorithm, Key, Verdict};
use super::test_keys::{signing_jwk, verifying_jwk};
use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn public() -> Jwk {
    verifying_jwk(Algorithm::Rs256)
}

fn private() -> Jwk {
    signing_jwk(Algorithm::Rs256)
}

fn bytes_of(text: Option<&String>) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text.unwrap()).unwrap()
}

/// An odd number of `bits` bits.
fn modulus(bits: usize) -> Option<String> {
    let mut n = vec![0xff; bits.div_ceil(8)];
    n[0] >>= (8 - bits % 8) % 8;
    Some(base64url(n))
}

#[test]
fn a_modulus_has_2048_to_4096_bits() {
    for bits in [2048, 2049, 3072, 4096] {
        key_set([Jwk { n: modulus(bits), ..public() }]);
    }
    for bits in [8, 512, 1024, 2040, 2047] {
        let reason = "key 0: n is too short: at least 2048 bits";
        assert_eq!(set_refusal([Jwk { n: modulus(bits), ..public() }]), reason, "{bits}");
    }
    for bits in [4104, 8192, 16384] {
        let reason = "key 0: n is too long";
        assert_eq!(set_refusal([Jwk { n: modulus(bits), ..public() }]), reason, "{bits}");
    }
}

#[test]
fn an_even_modulus_is_refused() {
    let mut n = bytes_of(public().n.as_ref());
    *n.last_mut().unwrap() ^= 1;
    assert_eq!(set_refusal([Jwk { n: Some(base64url(n)), ..public() }]), "key 0: n is no modulus");
}

#[test]
fn the_public_exponent_is_65537_in_its_shortest_form() {
    for e in ["Aw", "AQ", "AA", "", "AAEAAQ", "AQAC", "AQAB=", "________"] {
        let jwk = Jwk { e: Some(e.into()), ..public() };
        assert_eq!(set_refusal([jwk]), "key 0: e must be 65537 (AQAB)", "{e}");
    }
    assert_eq!(set_refusal([Jwk { e: None, ..public() }]), "key 0: e is missing");
}

#[test]
fn an_integer_with_leading_zeros_or_without_digits_is_refused() {
    let reason = "key 0: an integer is empty or has leading zeros";
    let padded = |text: Option<&String>| Some(base64url([&[0], &bytes_of(text)[..]].concat()));
    assert_eq!(set_refusal([Jwk { n: padded(public().n.as_ref()), ..public() }]), reason);
    assert_eq!(set_refusal([Jwk { n: Some(String::new()), ..public() }]), reason);
    assert_eq!(set_refusal([Jwk { d: padded(private().d.as_ref()), ..private() }]), reason);
    assert_eq!(set_refusal([Jwk { qi: Some(String::new()), ..private() }]), reason);
}

#[test]
fn a_private_key_has_all_its_members() {
    let full = private();
    assert_eq!(set_refusal([Jwk { n: None, ..full.clone() }]), "key 0: n is missing");
    for (jwk, reason) in [
        (Jwk { d: None, ..full.clone() }, "key 0: d is missing"),
        (Jwk { p: None, ..full.clone() }, "key 0: p is missing"),
        (Jwk { q: None, ..full.clone() }, "key 0: q is missing"),
        (Jwk { dp: None, ..full.clone() }, "key 0: dp is missing"),
        (Jwk { dq: None, ..full.clone() }, "key 0: dq is missing"),
        (Jwk { qi: None, ..full.clone() }, "key 0: qi is missing"),
    ] {
        assert_eq!(set_refusal([jwk]), reason);
    }
}

#[test]
fn a_private_part_that_does_not_belong_to_the_public_one_is_refused() {
    let reason = "key 0: d, p, q, dp, dq and qi do not belong to n and e";
    let next = |text: &Option<String>| {
        let mut bytes = bytes_of(text.as_ref());
        *bytes.last_mut().unwrap() ^= 2;
        Some(base64url(bytes))
    };
    let full = private();
    for jwk in [
        Jwk { n: next(&full.n), ..full.clone() },
        Jwk { d: next(&full.d), ..full.clone() },
        Jwk { d: full.n.clone(), ..full.clone() },
        Jwk { p: next(&full.p), ..full.clone() },
        Jwk { q: full.p.clone(), ..full.clone() },
        Jwk { p: full.q.clone(), q: full.p.clone(), ..full.clone() },
        Jwk { p: full.n.clone(), q: Some("AQ".into()), ..full.clone() },
        Jwk { dp: next(&full.dp), ..full.clone() },
        Jwk { dq: full.dp.clone(), ..full.clone() },
        Jwk { qi: next(&full.qi), ..full.clone() },
    ] {
        assert_eq!(set_refusal([jwk]), reason);
    }
}

/// The same number modulo n, but not less than n (RFC 8017 sections 8.1.2 and 8.2.2).
#[test]
fn a_signature_not_less_than_the_modulus_is_refused() {
    let n = bytes_of(public().n.as_ref());
    for algorithm in [Algorithm::Rs256, Algorithm::Ps256] {
        let key = Key::from_jwk(&signing_jwk(algorithm)).unwrap();
        // A signature plus n must fit into as many bytes: some do, n being 0.63 of the most.
        let twin = (0_u8..=255).find_map(|salt| {
            let mut signature = key.sign(&[salt]).unwrap();
            let mut carry = 0;
            for (byte, n) in signature.iter_mut().zip(&n).rev() {
                let sum = u16::from(*byte) + u16::from(*n) + carry;
                *byte = u8::try_from(sum & 0xff).unwrap();
                carry = sum >> 8;
            }
            (carry == 0).then_some((salt, signature))
        });
        let (salt, twin) = twin.unwrap();
        assert_eq!(key.check(&[salt], &twin), Verdict::Fails, "{algorithm:?}");
    }
}

#[test]
fn a_pss_signature_differs_each_time_and_a_pkcs_1_signature_never() {
    let twice = |algorithm| {
        let key = Key::from_jwk(&signing_jwk(algorithm)).unwrap();
        (key.sign(b"a").unwrap(), key.sign(b"a").unwrap())
    };
    let (first, second) = twice(Algorithm::Ps256);
    assert_ne!(first, second);
    let (first, second) = twice(Algorithm::Rs256);
    assert_eq!(first, second);
}
