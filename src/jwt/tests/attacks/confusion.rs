//! An algorithm for public keys taken for one with a shared secret, which the public key then is
//! (RFC 8725 section 2.1).

use base64::engine::general_purpose::STANDARD;

use super::super::ec_keys::bytes_of_hex;
use super::super::test_keys::{signing_jwk, verifying_jwk};
use super::*;
use crate::jwt::Algorithm;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// A value of DER: its tag, its length, its content.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let head = match content.len() {
        0..128 => vec![tag, length[1]],
        128..256 => vec![tag, 0x81, length[1]],
        _ => vec![tag, 0x82, length[0], length[1]],
    };
    [&head[..], content].concat()
}

/// The public key as SubjectPublicKeyInfo (RFC 5280, RFC 8410), for the types that have a PEM in use.
fn spki(jwk: &Jwk) -> Option<Vec<u8>> {
    let decoded =
        |member: &Option<String>| URL_SAFE_NO_PAD.decode(member.as_ref().unwrap()).unwrap();
    let (algorithm, key) = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("OKP", _) => ("300506032b6570", decoded(&jwk.x)),
        ("EC", Some("P-256")) => ("301306072a8648ce3d020106082a8648ce3d030107", point(jwk)),
        ("EC", _) => ("301006072a8648ce3d020106052b81040022", point(jwk)),
        ("RSA", _) => {
            let n = der(2, &[&[0], &decoded(&jwk.n)[..]].concat());
            ("300d06092a864886f70d0101010500", der(0x30, &[n, der(2, &decoded(&jwk.e))].concat()))
        }
        _ => return None,
    };
    let key = der(3, &[&[0], &key[..]].concat());
    Some(der(0x30, &[bytes_of_hex(algorithm), key].concat()))
}

/// Uncompressed (SEC 1 section 2.3.3).
fn point(jwk: &Jwk) -> Vec<u8> {
    let [x, y] =
        [&jwk.x, &jwk.y].map(|text| URL_SAFE_NO_PAD.decode(text.as_ref().unwrap()).unwrap());
    [&[4], &x[..], &y].concat()
}

/// The public key in every text and form a careless verifier may keep it.
fn spellings(jwk: &Jwk, published: &JwkSet) -> Vec<Vec<u8>> {
    let mut spellings =
        vec![serde_json::to_vec(jwk).unwrap(), serde_json::to_vec(published).unwrap()];
    for text in [&jwk.x, &jwk.y, &jwk.n, &jwk.public].into_iter().flatten() {
        spellings.push(text.as_bytes().to_vec());
        spellings.push(URL_SAFE_NO_PAD.decode(text).unwrap());
    }
    if let Some(spki) = spki(jwk) {
        let base64 = STANDARD.encode(&spki);
        let lines: Vec<_> =
            base64.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
        for newline in ["\n", "\r\n"] {
            let body = lines.join(newline);
            let pem = format!(
                "-----BEGIN PUBLIC KEY-----{newline}{body}{newline}-----END PUBLIC KEY-----"
            );
            spellings.extend([pem.clone().into_bytes(), format!("{pem}{newline}").into_bytes()]);
        }
        spellings.extend([spki, base64.into_bytes()]);
    }
    spellings
}

#[test]
fn an_hmac_made_with_a_public_key_in_any_of_its_texts_is_refused() {
    for algorithm in Algorithm::ALL.into_iter().filter(|algorithm| !algorithm.is_symmetric()) {
        let keys = key_set([signing_jwk(algorithm)]);
        for secret in spellings(&verifying_jwk(algorithm), &keys.public_jwks(NOW)) {
            // Under the algorithm of the tag, and under the one that is allowed.
            for (alg, code) in [
                ("HS256", "ERR_JOSE_ALG_NOT_ALLOWED"),
                (algorithm.name(), "ERR_JWS_SIGNATURE_VERIFICATION_FAILED"),
            ] {
                let header = base64url(format!(r#"{{"alg":"{alg}","kid":"k1"}}"#));
                let input = format!("{header}.{}", base64url(PAYLOAD));
                let tag = hmac_sha256::HMAC::mac(input.as_bytes(), &secret);
                let token = format!("{input}.{}", base64url(tag));
                assert_eq!(refusal(&token, &keys), code, "{algorithm:?}");
            }
        }
    }
}

#[test]
fn the_spki_made_here_is_that_of_the_specification() {
    // RFC 8410 section 10.1, over another key.
    let spki = spki(&public_jwk("k1")).unwrap();
    assert_eq!(spki[..12], bytes_of_hex("302a300506032b6570032100")[..]);
    assert_eq!(spki.len(), 44);
    // As OpenSSL writes a key of 2048 bits and one on P-256.
    let rsa = self::spki(&verifying_jwk(Algorithm::Rs256)).unwrap();
    assert_eq!(rsa[..24], bytes_of_hex("30820122300d06092a864886f70d01010105000382010f00")[..]);
    assert_eq!(self::spki(&verifying_jwk(Algorithm::Es256)).unwrap().len(), 91);
}
