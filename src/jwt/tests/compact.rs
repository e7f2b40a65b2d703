//! Given a text that is not a canonical compact JWS, it is refused before anything else.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const HEADER: &str = "eyJhbGciOiJIUzI1NiJ9";

#[test]
fn a_token_of_no_part_is_refused() {
    assert_eq!(refusal("", &hs256()), "ERR_JWS_INVALID");
}

#[test]
fn a_token_of_one_or_two_parts_is_refused() {
    for token in [HEADER, "eyJhbGciOiJIUzI1NiJ9.e30", "a", "a.b", "."] {
        assert_eq!(refusal(token, &hs256()), "ERR_JWS_INVALID", "{token}");
    }
}

#[test]
fn a_token_of_four_or_five_parts_is_refused() {
    let keys = hs256();
    let token = signed(&keys, HS256_HEADER, PAYLOAD);
    for token in [
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.AAAA"),
        // Five parts are a JWE.
        format!("{token}.AAAA.AAAA"),
        "....".into(),
    ] {
        assert_eq!(refusal(&token, &keys), "ERR_JWS_INVALID", "{token}");
    }
}

#[test]
fn an_empty_header_is_refused() {
    let keys = hs256();
    for token in [signed_as_written(&keys, "", &base64url(PAYLOAD)), "..".into()] {
        assert_eq!(refusal(&token, &keys), "ERR_JWS_INVALID", "{token}");
    }
}

#[test]
fn an_empty_payload_is_no_claims_set_even_when_signed() {
    let keys = hs256();
    assert_eq!(refusal(&signed_as_written(&keys, HEADER, ""), &keys), "ERR_JWT_INVALID");
}

#[test]
fn an_empty_signature_is_no_signature() {
    for (keys, header) in [(hs256(), HS256_HEADER), (eddsa(), EDDSA_HEADER)] {
        let token = format!("{}.{}.", base64url(header), base64url(PAYLOAD));
        assert_eq!(refusal(&token, &keys), "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
    }
}

/// Texts a lenient decoder might take for `part`, and lengths no bytes encode to.
fn misspelled(part: &str) -> Vec<String> {
    let ends = ["=", "==", "\n", "\r\n", " ", "\t", "\0", "%3D", "é"];
    let mut spellings: Vec<String> = ends.map(|end| format!("{part}{end}")).into();
    spellings.push(format!("{part}{}", "A".repeat((5 - part.len() % 4) % 4)));
    spellings.push(format!(" {part}"));
    spellings.push(format!("{}\n{}", &part[..4], &part[4..]));
    spellings.push(format!("{}+{}", &part[..4], &part[5..]));
    spellings.push(format!("{}/{}", &part[..4], &part[5..]));
    spellings
}

#[test]
fn each_part_is_canonical_base64url_or_refused() {
    let keys = hs256();
    // Lengths of 2 in 3 bytes, so that each part's last character has spare bits.
    let header = base64url(r#"{"alg":"HS256"} "#);
    let payload = base64url(r#"{"exp":1800000060}   "#);
    assert_eq!((header.len() % 4, payload.len() % 4), (2, 0));
    for header in misspelled(&header) {
        let token = signed_as_written(&keys, &header, &payload);
        assert_eq!(refusal(&token, &keys), "ERR_JWS_INVALID", "{token}");
    }
    for payload in misspelled(&payload) {
        let token = signed_as_written(&keys, &header, &payload);
        assert_eq!(refusal(&token, &keys), "ERR_JWS_INVALID", "{token}");
    }
    let token = signed_as_written(&keys, &header, &payload);
    let (input, signature) = token.rsplit_once('.').unwrap();
    for signature in misspelled(signature) {
        let token = format!("{input}.{signature}");
        assert_eq!(refusal(&token, &keys), "ERR_JWS_INVALID", "{token}");
    }
}

/// The same bytes with one of the bits the last character has to spare set.
fn with_trailing_bit(part: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    assert_ne!(part.len() % 4, 0, "no bits to spare");
    let (head, last) = part.split_at(part.len() - 1);
    let value = ALPHABET.iter().position(|c| [*c] == last.as_bytes()).unwrap();
    format!("{head}{}", char::from(ALPHABET[value | 1]))
}

#[test]
fn trailing_bits_are_refused_in_every_part() {
    let keys = hs256();
    let header = base64url(r#"{"alg":"HS256"} "#);
    let payload = base64url(r#"{"exp":1800000060} "#);
    for (header, payload) in [
        (with_trailing_bit(&header), payload.clone()),
        (header.clone(), with_trailing_bit(&payload)),
    ] {
        let token = signed_as_written(&keys, &header, &payload);
        assert_eq!(refusal(&token, &keys), "ERR_JWS_INVALID", "{token}");
    }
    let token = with_trailing_bit(&signed_as_written(&keys, &header, &payload));
    assert_eq!(refusal(&token, &keys), "ERR_JWS_INVALID", "{token}");
}

/// A valid token of exactly `bytes` bytes, 43 of which are the signature.
fn token_of(bytes: usize) -> String {
    let keys = hs256();
    let payload_bytes = (bytes - HEADER.len() - 45) / 4 * 3;
    let payload = format!(r#"{{"exp":1800000060,"pad":"{}"}}"#, "x".repeat(payload_bytes - 27));
    signed(&keys, HS256_HEADER, payload)
}

#[test]
fn a_token_exactly_at_the_limit_is_accepted_and_one_byte_over_is_not() {
    let token = token_of(16 * 1024 + 1);
    let limited = |bytes| Policy { token_bytes_max: bytes, ..Policy::default() };
    assert!(verify(&token, &hs256(), &limited(token.len())).is_ok());
    let error = verify(&token, &hs256(), &limited(token.len() - 1)).unwrap_err();
    assert_eq!(error.code(), "ERR_JWT_TOO_LARGE");
}

#[test]
fn the_default_limit_is_16_kib() {
    let keys = hs256();
    assert!(verify(&token_of(16 * 1024 - 8), &keys, &Policy::default()).is_ok());
    assert_eq!(refusal(&token_of(17 * 1024), &keys), "ERR_JWT_TOO_LARGE");
    assert_eq!(refusal(&".".repeat(16 * 1024), &keys), "ERR_JWS_INVALID");
    assert_eq!(refusal(&".".repeat(16 * 1024 + 1), &keys), "ERR_JWT_TOO_LARGE");
}
