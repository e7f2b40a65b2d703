//! A key that is taken from PEM is the same key in every other form, and what it signs, it verifies.
//!
//! The first byte of the input says for which algorithm. What follows is PEM, or DER that is put into PEM
//! here: how else would a fuzzer come past base64.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::jwt::{Algorithm, Jwk, Key};
use portcullis_fuzz::{pem, signs_what_it_verifies};

fuzz_target!(|data: &[u8]| {
    let Some((choice, rest)) = data.split_first() else { return };
    let place = usize::from(choice.wrapping_sub(b'a')) % Algorithm::ALL.len();
    let algorithm = Algorithm::ALL[place];
    match std::str::from_utf8(rest) {
        Ok(text) if text.contains("-----") => check(algorithm, text),
        _ => {
            for label in ["PRIVATE KEY", "PUBLIC KEY"] {
                check(algorithm, &pem(label, rest));
            }
        }
    }
});

fn check(algorithm: Algorithm, text: &str) {
    let Ok(key) = Key::from_pem("k1", algorithm, text) else { return };
    assert_eq!((key.kid(), key.algorithm()), ("k1", algorithm));
    assert!(!algorithm.is_symmetric() && text.len() <= 8192);

    let public = key.public_jwk().unwrap();
    assert!(public.d.is_none() && public.private.is_none());
    assert_same(&Key::from_jwk(&public).unwrap(), &key);
    match key.private_jwk() {
        Some(text) => {
            let jwk: Jwk = serde_json::from_str(&text).unwrap();
            assert_same(&Key::from_jwk(&jwk).unwrap(), &key);
        }
        None => assert!(!key.can_sign()),
    }
    signs_what_it_verifies(key);
}

fn assert_same(one: &Key, other: &Key) {
    assert_eq!(one.thumbprint().unwrap(), other.thumbprint().unwrap());
    assert_eq!(one.algorithm(), other.algorithm());
}
