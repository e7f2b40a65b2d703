//! Given a signature that holds, what a claims set must be.

use super::super::{ClaimReason, Requirement};
use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn payload_refusal(payload: impl AsRef<[u8]>) -> &'static str {
    let keys = hs256();
    refusal(&signed(&keys, HS256_HEADER, payload), &keys)
}

#[test]
fn a_payload_that_is_no_json_object_is_refused() {
    for payload in [
        "",
        "[]",
        "null",
        "1",
        r#""text""#,
        "{",
        "not JSON",
        "{}{}",
        r#"{"exp":1800000060,}"#,
        "{'exp':1}",
    ] {
        assert_eq!(payload_refusal(payload), "ERR_JWT_INVALID", "{payload}");
    }
}

#[test]
fn a_nested_token_is_refused() {
    let keys = hs256();
    let inner = signed(&keys, HS256_HEADER, PAYLOAD);
    assert_eq!(payload_refusal(&inner), "ERR_JWT_INVALID");
    let header = r#"{"alg":"HS256","cty":"JWT"}"#;
    assert_eq!(refusal(&signed(&keys, header, &inner), &keys), "ERR_JWT_INVALID");
}

#[test]
fn a_payload_with_a_bom_or_not_utf_8_is_refused() {
    assert_eq!(payload_refusal("\u{feff}{\"exp\":1800000060}"), "ERR_JWT_INVALID");
    assert_eq!(payload_refusal(b"{\"exp\":1800000060,\"x\":\"\xff\"}"), "ERR_JWT_INVALID");
    assert_eq!(payload_refusal(b"\xff\xfe{\0}\0"), "ERR_JWT_INVALID");
}

#[test]
fn half_a_surrogate_pair_is_refused() {
    assert_eq!(payload_refusal(r#"{"exp":1800000060,"sub":"\ud800"}"#), "ERR_JWT_INVALID");
}

#[test]
fn duplicate_members_are_refused_at_any_depth() {
    for payload in [
        r#"{"exp":1800000060,"exp":1800000060}"#,
        r#"{"exp":1800000060,"\u0065xp":1800000060}"#,
        r#"{"exp":1800000060,"role":"user","role":"admin"}"#,
        r#"{"exp":1800000060,"a":{"b":1,"b":1}}"#,
        r#"{"exp":1800000060,"a":[[{"b":[{"c":1,"c":1}]}]]}"#,
    ] {
        assert_eq!(payload_refusal(payload), "ERR_JWT_INVALID", "{payload}");
    }
}

#[test]
fn one_name_in_several_objects_is_no_duplicate() {
    let payload = r#"{"exp":1800000060,"a":{"a":1,"b":{"a":1}},"c":[{"a":1},{"a":1}]}"#;
    assert!(accepts(payload, &Policy::default()));
}

#[test]
fn nesting_over_32_levels_is_refused() {
    for payload in [
        format!(r#"{{"exp":1800000060,"a":{}{}}}"#, "[".repeat(6000), "]".repeat(6000)),
        format!(r#"{{"exp":1800000060,"a":{}0{}}}"#, r#"{"a":"#.repeat(32), "}".repeat(32)),
        format!(r#"{{"exp":1800000060,"a":{}"#, "[".repeat(12_000)),
    ] {
        assert_eq!(payload_refusal(payload), "ERR_JWT_INVALID");
    }
}

#[test]
fn a_claim_of_the_wrong_type_is_refused_by_name() {
    let wrong: [(&str, &[&str]); 11] = [
        ("iss", &["1", "null", "true", r#"["a"]"#, "{}"]),
        ("sub", &["1", "null", "true", r#"["a"]"#, "{}"]),
        ("jti", &["1", "null", "true", r#"["a"]"#, "{}"]),
        ("sid", &["1", "null", "true", r#"["a"]"#, "{}"]),
        ("client_id", &["1", "null", "true", r#"["a"]"#, "{}"]),
        ("scope", &["1", "null", "true", r#"["a"]"#, "{}"]),
        ("aud", &["1", "null", "true", r#"["a",1]"#, r#"["a",["b"]]"#, "[null]", "{}"]),
        ("exp", &[r#""1800000060""#, "null", "true", "[1800000060]", "{}", "-1", "1e300"]),
        ("nbf", &[r#""1""#, "null", "false", "[1]", "{}", "-1", "1e300"]),
        ("iat", &[r#""1""#, "null", "false", "[1]", "{}", "-0.001", "1e300"]),
        ("iat_ms", &[r#""1""#, "null", "false", "[1]", "{}", "-1", "1e300"]),
    ];
    for (claim, values) in wrong {
        for value in values {
            let exp = if claim == "exp" { "" } else { r#","exp":1800000060"# };
            let payload = format!(r#"{{"{claim}":{value}{exp}}}"#);
            let refusal = claim_refusal(&payload, &Policy::default());
            let expected =
                ("ERR_JWT_CLAIM_VALIDATION_FAILED", Some(claim), ClaimReason::Invalid.to_string());
            assert_eq!(refusal, expected, "{payload}");
        }
    }
}

#[test]
fn a_required_claim_that_is_missing_is_refused_by_name() {
    for (requirement, claim, value) in [
        (Requirement::Expiration, "exp", json!(NOW_S + 1)),
        (Requirement::IssuedAt, "iat", json!(NOW_S)),
        (Requirement::NotBefore, "nbf", json!(NOW_S)),
        (Requirement::Subject, "sub", json!("x")),
        (Requirement::TokenId, "jti", json!("x")),
        (Requirement::ClientId, "client_id", json!("x")),
    ] {
        let policy = Policy { required: vec![requirement], ..Policy::default() };
        let expected =
            ("ERR_JWT_CLAIM_VALIDATION_FAILED", Some(claim), ClaimReason::Missing.to_string());
        assert_eq!(claim_refusal("{}", &policy), expected);
        assert!(accepts(&json!({claim: value}).to_string(), &policy), "{claim}");
    }
}

#[test]
fn the_payload_comes_back_exactly_as_signed() {
    let keys = hs256();
    let payload = "{ \"exp\" : 1800000060.000,\n\"a\":1e2,\"b\":0.10,\"c\":\"\\u0041\\/\",\"d\":12345678901234567890 }\t";
    let token = signed(&keys, HS256_HEADER, payload);
    assert_eq!(verify(&token, &keys, &Policy::default()).unwrap(), payload);
}

#[test]
fn the_signing_input_is_the_token_without_its_signature() {
    let keys = hs256();
    let token = signed(&keys, HS256_HEADER, PAYLOAD);
    let signed = select(&token, &keys, &Policy::default(), NOW).ok().unwrap();
    let signed = signed.check_signature().ok().unwrap();
    assert_eq!(token.strip_prefix(signed.signing_input()).map(str::len), Some(44));
}
