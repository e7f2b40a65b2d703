//! `alg` none, however it is written (RFC 8725 section 3.2).

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Each way to write `none` in upper and lower case.
fn cases_of_none() -> impl Iterator<Item = String> {
    (0..16).map(|upper| {
        let letter = |(place, letter): (usize, char)| match upper >> place & 1 {
            1 => letter.to_ascii_uppercase(),
            _ => letter,
        };
        "none".chars().enumerate().map(letter).collect()
    })
}

#[test]
fn alg_none_is_refused_in_every_case_with_and_without_a_signature() {
    for keys in [hs256(), eddsa()] {
        for alg in cases_of_none() {
            for kid in ["", r#","kid":"k1""#] {
                let token = signed(&keys, format!(r#"{{"alg":"{alg}"{kid}}}"#), PAYLOAD);
                let (input, signature) = token.rsplit_once('.').unwrap();
                for signature in [signature, "", "AAAA", &base64url("none")] {
                    let token = format!("{input}.{signature}");
                    assert_eq!(refusal(&token, &keys), "ERR_JOSE_ALG_NOT_ALLOWED", "{alg}");
                }
            }
        }
    }
}

#[test]
fn alg_none_is_refused_with_anything_around_it() {
    let keys = hs256();
    for alg in
        [" none", "none ", "none\\u0000", "\\u0000none", "none\\n", "\\u006eone", "ｎone", "nonе"]
    {
        let token = signed(&keys, format!(r#"{{"alg":"{alg}"}}"#), PAYLOAD);
        assert_eq!(refusal(&token, &keys), "ERR_JOSE_ALG_NOT_ALLOWED", "{alg}");
    }
}

#[test]
fn a_second_alg_does_not_stand_in_for_the_first() {
    let keys = hs256();
    for header in [
        r#"{"alg":"none","alg":"HS256"}"#,
        r#"{"alg":"HS256","alg":"none"}"#,
        r#"{"alg":"HS256","\u0061lg":"none"}"#,
    ] {
        assert_eq!(refusal(&signed(&keys, header, PAYLOAD), &keys), "ERR_JWS_INVALID");
    }
    // A name in another case is another name (RFC 7515 section 4).
    for header in [r#"{"ALG":"none","alg":"HS256"}"#, r#"{"alg":"HS256","Alg":"none"}"#] {
        assert!(verify(&signed(&keys, header, PAYLOAD), &keys, &Policy::default()).is_ok());
    }
}
