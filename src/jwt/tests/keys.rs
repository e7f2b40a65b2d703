//! What a configured key must be.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn refused(value: Value) -> String {
    set_refusal([jwk(value)])
}

/// An HS256 key of `length` bytes.
fn hmac_of(length: usize) -> Jwk {
    Jwk { k: Some(base64url(vec![b'k'; length])), ..secret_jwk("k1") }
}

/// The HMAC algorithms and the lengths of their hashes in bytes.
const HMAC: [(&str, usize); 3] = [("HS256", 32), ("HS384", 48), ("HS512", 64)];

#[test]
fn an_hmac_key_shorter_than_its_hash_is_refused() {
    for (alg, hash_bytes) in HMAC {
        let reason = format!("key 0: k is too short: {alg} needs at least {hash_bytes} bytes");
        for length in [0, 1, 12, hash_bytes - 1] {
            let jwk = Jwk { alg: Some(alg.into()), ..hmac_of(length) };
            assert_eq!(set_refusal([jwk]), reason, "{length}");
        }
    }
}

#[test]
fn an_hmac_key_of_its_hash_to_512_bytes_is_accepted() {
    for (alg, hash_bytes) in HMAC {
        for length in [hash_bytes, 64, 65, 128, 129, 512] {
            let keys = key_set([Jwk { alg: Some(alg.into()), ..hmac_of(length) }]);
            let token = signed(&keys, json!({"alg": alg}).to_string(), PAYLOAD);
            assert!(verify(&token, &keys, &Policy::default()).is_ok(), "{alg} {length}");
        }
    }
}

#[test]
fn an_hmac_key_over_512_bytes_is_refused() {
    for length in [513, 514, 4096] {
        assert_eq!(set_refusal([hmac_of(length)]), "key 0: k is too long", "{length}");
    }
}

#[test]
fn a_key_for_anything_but_signatures_is_refused() {
    for key_use in ["enc", "SIG", "", "sig "] {
        let jwk = Jwk { key_use: Some(key_use.into()), ..secret_jwk("k1") };
        assert_eq!(set_refusal([jwk]), "key 0: use must be sig", "{key_use}");
    }
    key_set([Jwk { key_use: Some("sig".into()), ..secret_jwk("k1") }]);
}

fn with_operations(jwk: Jwk, operations: &[&str]) -> Jwk {
    Jwk { key_ops: Some(operations.iter().map(ToString::to_string).collect()), ..jwk }
}

#[test]
fn a_public_key_must_be_for_verifying() {
    for operations in [&[][..], &["sign"], &["encrypt"], &["Verify"]] {
        let jwk = with_operations(public_jwk("k1"), operations);
        assert_eq!(set_refusal([jwk]), "key 0: key_ops of a public key must have verify");
    }
    key_set([with_operations(public_jwk("k1"), &["verify"])]);
}

#[test]
fn a_private_key_must_be_for_signing() {
    for operations in [&[][..], &["verify"], &["deriveKey"]] {
        let jwk = with_operations(private_jwk("k1"), operations);
        assert_eq!(set_refusal([jwk]), "key 0: key_ops of a private key must have sign");
    }
    key_set([with_operations(private_jwk("k1"), &["sign"])]);
    key_set([with_operations(private_jwk("k1"), &["sign", "verify"])]);
}

#[test]
fn a_secret_key_must_be_for_both() {
    for operations in [&[][..], &["verify"], &["sign"], &["wrapKey"]] {
        let jwk = with_operations(secret_jwk("k1"), operations);
        assert_eq!(set_refusal([jwk]), "key 0: key_ops of a secret key must have sign and verify");
    }
    key_set([with_operations(secret_jwk("k1"), &["verify", "sign"])]);
}

#[test]
fn a_kid_is_required_and_has_1_to_256_bytes() {
    let missing = Jwk { kid: None, ..secret_jwk("k1") };
    assert_eq!(set_refusal([missing]), "key 0: kid is missing");
    for kid in [String::new(), "k".repeat(257), "é".repeat(129)] {
        assert_eq!(set_refusal([secret_jwk(&kid)]), "key 0: kid must have 1 to 256 bytes");
    }
    key_set([secret_jwk(&"k".repeat(256))]);
}

#[test]
fn two_keys_of_one_kid_are_refused() {
    let other = hmac_of(40);
    assert_eq!(set_refusal([secret_jwk("k1"), other]), "key 1: kid is there twice");
    assert_eq!(set_refusal([secret_jwk("k1"), private_jwk("k1")]), "key 1: kid is there twice");
}

#[test]
fn an_alg_is_required_and_must_be_known() {
    let missing = Jwk { alg: None, ..secret_jwk("k1") };
    assert_eq!(set_refusal([missing]), "key 0: alg is missing");
    for alg in ["none", "", "hs256", "ES512", "ES256K", "HS256 "] {
        let jwk = Jwk { alg: Some(alg.into()), ..secret_jwk("k1") };
        assert_eq!(set_refusal([jwk]), "key 0: alg is not supported", "{alg}");
    }
}

#[test]
fn a_key_type_must_belong_to_its_alg() {
    for (kty, alg) in [
        ("oct", "EdDSA"),
        ("OKP", "HS256"),
        ("RSA", "HS256"),
        ("RSA", "ES256"),
        ("EC", "RS256"),
        ("EC", "EdDSA"),
        ("OKP", "ES384"),
        ("OKP", "ML-DSA-44"),
        ("AKP", "EdDSA"),
        ("AKP", "HS512"),
        ("OCT", "HS256"),
        ("", "EdDSA"),
    ] {
        let value =
            json!({"kty": kty, "kid": "k1", "alg": alg, "crv": "Ed25519", "x": X, "k": SECRET});
        assert_eq!(refused(value), "key 0: kty and alg do not belong together", "{kty} {alg}");
    }
}

#[test]
fn key_material_is_required() {
    assert_eq!(set_refusal([Jwk { k: None, ..secret_jwk("k1") }]), "key 0: k is missing");
    assert_eq!(set_refusal([Jwk { x: None, ..private_jwk("k1") }]), "key 0: x is missing");
}

#[test]
fn key_material_is_canonical_base64url_or_refused() {
    // The last character of 32 bytes has two bits to spare.
    let spellings = |text: &str| {
        let (head, last) = text.split_at(text.len() - 1);
        let next = char::from(last.as_bytes()[0] + 1);
        [
            format!("{text}="),
            format!("{text}\n"),
            format!(" {text}"),
            format!("{head}{next}"),
            format!("{}+{}", &text[..4], &text[5..]),
        ]
    };
    for text in spellings(SECRET) {
        let jwk = Jwk { k: Some(text), ..secret_jwk("k1") };
        assert_eq!(set_refusal([jwk]), "key 0: k is not canonical base64url");
    }
    for text in spellings(X) {
        let jwk = Jwk { x: Some(text), ..public_jwk("k1") };
        assert_eq!(set_refusal([jwk]), "key 0: x is not canonical base64url");
    }
    for text in spellings(D) {
        let jwk = Jwk { d: Some(text), ..public_jwk("k1") };
        assert_eq!(set_refusal([jwk]), "key 0: d is not canonical base64url");
    }
}

#[test]
fn a_set_of_secret_and_public_keys_is_refused() {
    let reason = "key set: mixes secret and public keys";
    assert_eq!(set_refusal([secret_jwk("k1"), public_jwk("k2")]), reason);
    assert_eq!(set_refusal([private_jwk("k1"), secret_jwk("k2")]), reason);
}

#[test]
fn a_set_has_1_to_100_keys() {
    let many =
        |count: usize| -> Vec<Jwk> { (0..count).map(|i| secret_jwk(&format!("k{i}"))).collect() };
    let reason = "key set: must have 1 to 100 keys";
    assert_eq!(set_refusal([]), reason);
    assert_eq!(set_refusal(many(101)), reason);
    key_set(many(100));
}

#[test]
fn members_not_known_are_ignored_and_duplicates_refused() {
    let text = r#"{"kty":"oct","kid":"k1","alg":"HS256","k":"AAAA","ext":true,"oth":[{"r":1}]}"#;
    assert!(serde_json::from_str::<Jwk>(text).is_ok());
    assert!(serde_json::from_str::<Jwk>(r#"{"kid":"k1","kid":"k2"}"#).is_err());
    assert!(serde_json::from_str::<Jwk>(r#"{"not_before":1,"notBefore":2}"#).is_err());
}

#[test]
fn a_key_shows_its_kid_and_never_its_material() {
    for keys in [hs256(), eddsa()] {
        let shown = format!("{keys:?}");
        assert!(shown.contains("k1"), "{shown}");
        for material in [SECRET, D, X] {
            assert_silent(&shown, material);
            let bytes = URL_SAFE_NO_PAD.decode(material).unwrap();
            assert!(!shown.contains(&format!("{}, {}", bytes[0], bytes[1])), "{shown}");
        }
    }
}
