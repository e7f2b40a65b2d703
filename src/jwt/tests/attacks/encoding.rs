//! One token in several spellings, of which a denylist or a cache knows one.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Header, payload and signature with 2, 1 and 2 characters more than whole groups of four or so: each
/// part has bits to spare.
fn token_with_bits_to_spare() -> (KeySet, String) {
    let keys = hs256();
    let token = signed(&keys, r#"{"alg":"HS256"} "#, r#"{"exp":1800000060} "#);
    assert!(token.split('.').all(|part| part.len() % 4 != 0));
    assert!(verify(&token, &keys, &Policy::default()).is_ok());
    (keys, token)
}

#[test]
fn no_last_character_of_a_part_can_be_another() {
    let (keys, token) = token_with_bits_to_spare();
    for (end, _) in token.match_indices('.').chain([(token.len(), "")]) {
        for character in ALPHABET.chars().filter(|c| !token[end - 1..].starts_with(*c)) {
            let twin = format!("{}{character}{}", &token[..end - 1], &token[end..]);
            assert!(verify(&twin, &keys, &Policy::default()).is_err(), "{character} before {end}");
        }
    }
}

#[test]
fn stray_bits_are_refused_under_a_signature_made_over_them() {
    let keys = hs256();
    let (header, payload) = (base64url(r#"{"alg":"HS256"} "#), base64url(r#"{"exp":1800000060} "#));
    let spellings = |part: &str| {
        let (head, last) = part.split_at(part.len() - 1);
        let value = ALPHABET.find(last).unwrap();
        let spare = if part.len() % 4 == 2 { 15 } else { 3 };
        (1..=spare)
            .map(|bits| format!("{head}{}", &ALPHABET[value | bits..=value | bits]))
            .collect()
    };
    let headers: Vec<_> = spellings(&header);
    let payloads: Vec<_> = spellings(&payload);
    for (header, payload) in headers
        .iter()
        .map(|other| (other, &payload))
        .chain(payloads.iter().map(|other| (&header, other)))
    {
        let token = signed_as_written(&keys, header, payload);
        assert_eq!(refusal(&token, &keys), "ERR_JWS_INVALID", "{token}");
    }
}

#[test]
fn nothing_can_be_put_between_characters_or_around_a_token() {
    let (keys, token) = token_with_bits_to_spare();
    for stray in ["=", " ", "\n", "\r\n", "\t", "\0", "\u{feff}", "\u{200b}", "\u{a0}", "%00", "+"]
    {
        for place in 0..=token.len() {
            let token = format!("{}{stray}{}", &token[..place], &token[place..]);
            let code = refusal(&token, &keys);
            let expected = ["ERR_JWS_INVALID", "ERR_JWS_SIGNATURE_VERIFICATION_FAILED"];
            assert!(expected.contains(&code), "{stray:?} at {place}: {code}");
        }
    }
}

#[test]
fn a_nul_hides_nothing_behind_it() {
    let keys = hs256();
    for payload in [
        "{\"exp\":1800000060}\0",
        "{\"exp\":1800000060\0}",
        "\0{\"exp\":1800000060}",
        "{\"exp\":1800000060}\0{\"exp\":1}",
        "{\"e\0xp\":1800000060,\"exp\":1800000060}",
    ] {
        assert_eq!(refusal(&signed(&keys, HS256_HEADER, payload), &keys), "ERR_JWT_INVALID");
    }
    // An escaped one is a character like another: neither value nor name ends there.
    let policy = Policy { subject: Some("admin".into()), ..Policy::default() };
    let (code, claim, _) = claim_refusal(r#"{"exp":1800000060,"sub":"admin\u0000x"}"#, &policy);
    assert_eq!((code, claim), ("ERR_JWT_CLAIM_VALIDATION_FAILED", Some("sub")));
    let (_, claim, reason) = claim_refusal(r#"{"exp\u0000":1800000060}"#, &Policy::default());
    assert_eq!((claim, &*reason), (Some("exp"), "missing"));
}
