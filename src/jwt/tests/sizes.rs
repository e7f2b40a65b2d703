//! The floors and ceilings of a token's parts: a test for each row of the table in docs/tokens.md, at
//! the bound and one beyond it.

use super::super::{Algorithm, ClockTolerance};
use super::algorithms::signature_bytes;
use super::test_keys::signing_jwk;
use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// What becomes of a signed token with this header and payload, under the default policy.
fn outcome(header: &str, payload: &str) -> Result<(), &'static str> {
    let keys = hs256();
    let token = signed(&keys, header, payload);
    verify(&token, &keys, &Policy::default()).map(|_| ()).map_err(|error| error.code())
}

fn payload_outcome(members: &str) -> Result<(), &'static str> {
    outcome(HS256_HEADER, &format!(r#"{{"exp":1800000060{members}}}"#))
}

/// A text of JSON made as long as `bytes` by spaces at its end.
fn padded(text: &str, bytes: usize) -> String {
    format!("{text}{}", " ".repeat(bytes - text.len()))
}

#[test]
fn a_token_has_at_most_16384_bytes() {
    // A header of 20 characters, two dots, a signature of 43: the payload's 12,239 bytes make up the rest.
    let token_bytes = |payload: &str| signed(&hs256(), HS256_HEADER, payload).len();
    let (longest, longer) = (padded(PAYLOAD, 12_239), padded(PAYLOAD, 12_240));
    assert_eq!((token_bytes(&longest), token_bytes(&longer)), (16_384, 16_385));
    assert_eq!(outcome(HS256_HEADER, &longest), Ok(()));
    assert_eq!(outcome(HS256_HEADER, &longer), Err("ERR_JWT_TOO_LARGE"));
}

#[test]
fn a_token_has_three_parts() {
    let keys = hs256();
    let token = signed(&keys, HS256_HEADER, PAYLOAD);
    let (two, _) = token.rsplit_once('.').unwrap();
    assert!(verify(&token, &keys, &Policy::default()).is_ok());
    assert_eq!(refusal(two, &keys), "ERR_JWS_INVALID");
    assert_eq!(refusal(&format!("{token}."), &keys), "ERR_JWS_INVALID");
}

#[test]
fn an_encoded_header_has_at_most_4096_bytes_and_at_least_an_alg() {
    assert_eq!(outcome(&padded(HS256_HEADER, 3072), PAYLOAD), Ok(()));
    assert_eq!(outcome(&padded(HS256_HEADER, 3073), PAYLOAD), Err("ERR_JWS_INVALID"));
    for header in ["", "{}"] {
        assert_eq!(outcome(header, PAYLOAD), Err("ERR_JWS_INVALID"), "{header}");
    }
}

#[test]
fn a_payload_has_at_least_the_two_bytes_of_an_empty_object() {
    let keys = hs256();
    let lenient = Policy { required: Vec::new(), ..Policy::default() };
    assert!(verify(&signed(&keys, HS256_HEADER, "{}"), &keys, &lenient).is_ok());
    for payload in ["", "{", "0"] {
        assert!(verify(&signed(&keys, HS256_HEADER, payload), &keys, &lenient).is_err());
    }
}

#[test]
fn a_signature_has_exactly_the_bytes_of_its_algorithm() {
    for algorithm in Algorithm::ALL {
        let (keys, bytes) = (key_set([signing_jwk(algorithm)]), signature_bytes(algorithm));
        let header = format!(r#"{{"alg":"{}"}}"#, algorithm.name());
        let token = signed(&keys, &header, PAYLOAD);
        let (input, signature) = token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        assert_eq!(signature.len(), bytes, "{algorithm:?}");
        for other in [&signature[..bytes - 1], &[&signature[..], &[0]].concat()] {
            let token = format!("{input}.{}", base64url(other));
            assert_eq!(refusal(&token, &keys), "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
        }
    }
}

#[test]
fn json_nests_at_most_32_levels() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    // The object around counts.
    assert_eq!(payload_outcome(&format!(r#","x":{}"#, nested(31))), Ok(()));
    assert_eq!(payload_outcome(&format!(r#","x":{}"#, nested(32))), Err("ERR_JWT_INVALID"));
    let header = |levels| format!(r#"{{"alg":"HS256","x":{}}}"#, nested(levels));
    assert_eq!(outcome(&header(31), PAYLOAD), Ok(()));
    assert_eq!(outcome(&header(32), PAYLOAD), Err("ERR_JWS_INVALID"));
}

#[test]
fn a_date_is_from_0_to_253402300799() {
    for claim in ["nbf", "iat"] {
        assert_eq!(payload_outcome(&format!(r#","{claim}":0"#)), Ok(()), "{claim}");
    }
    assert_eq!(outcome(HS256_HEADER, r#"{"exp":253402300799}"#), Ok(()));
    for (claim, value) in [
        ("exp", "253402300800"),
        ("exp", "253402300799.001"),
        ("exp", "-0.001"),
        ("nbf", "-1"),
        ("nbf", "253402300800"),
        ("iat", "-1"),
        ("iat", "253402300800"),
    ] {
        let (_, fault, reason) =
            claim_refusal(&format!(r#"{{"{claim}":{value}}}"#), &Policy::default());
        assert_eq!((fault, &*reason), (Some(claim), "invalid"), "{value}");
    }
}

#[test]
fn our_issue_time_is_from_0_to_253402300799000() {
    let outcome = |value: &str| payload_outcome(&format!(r#","iat_ms":{value}"#));
    assert_eq!((outcome("0"), outcome("253402300799000")), (Ok(()), Ok(())));
    for value in ["-1", "253402300799001"] {
        assert_eq!(outcome(value), Err("ERR_JWT_CLAIM_VALIDATION_FAILED"), "{value}");
    }
}

#[test]
fn a_clock_tolerance_is_from_0_to_300000_milliseconds() {
    assert!(ClockTolerance::from_ms(0).is_some() && ClockTolerance::from_ms(300_000).is_some());
    assert!(ClockTolerance::from_ms(300_001).is_none());
}

#[test]
fn names_texts_and_lists_are_as_long_as_the_token_lets_them() {
    let long = "x".repeat(12_000);
    let many: Vec<_> = (0..1_000).map(|name| format!("\"{name}\"")).collect();
    for members in [
        format!(r#","sub":"{long}""#),
        format!(r#","{long}":1"#),
        format!(r#","aud":[{}]"#, many.join(",")),
        many.iter().map(|name| format!(",{name}:0")).collect(),
    ] {
        assert_eq!(payload_outcome(&members), Ok(()));
    }
}
