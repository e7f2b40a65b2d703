//! Given a policy that names types, `typ` is compared as a media type (RFC 8725 section 3.11).

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn verify_type(header: &str, accepted: &str) -> Result<String, JwtError> {
    let keys = hs256();
    let policy = Policy { types: vec![accepted.into()], ..Policy::default() };
    verify(&signed(&keys, header, PAYLOAD), &keys, &policy)
}

fn accepts_type(typ: &str, accepted: &str) -> bool {
    verify_type(&format!(r#"{{"alg":"HS256","typ":"{typ}"}}"#), accepted).is_ok()
}

#[test]
fn a_type_is_the_same_in_any_case_and_with_or_without_its_prefix() {
    for accepted in ["at+jwt", "application/at+jwt", "AT+JWT"] {
        for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt"] {
            assert!(accepts_type(typ, accepted), "{typ} as {accepted}");
        }
    }
}

#[test]
fn another_type_is_refused_however_close() {
    for typ in [
        "logout+jwt",
        "JWT",
        "jwt",
        "",
        "at+jwt ",
        "at+jwt; q=1",
        "xat+jwt",
        "text/at+jwt",
        "application/",
        "application/application/at+jwt",
        "application/x/at+jwt",
    ] {
        let header = format!(r#"{{"alg":"HS256","typ":"{typ}"}}"#);
        let error = verify_type(&header, "at+jwt").unwrap_err();
        assert_eq!(error.code(), "ERR_JWT_CLAIM_VALIDATION_FAILED", "{typ}");
        assert_eq!(error.claim(), Some("typ"));
    }
}

#[test]
fn a_missing_type_is_refused_when_one_is_asked_for() {
    let error = verify_type(HS256_HEADER, "at+jwt").unwrap_err();
    assert_eq!(error.to_string(), "claim \"typ\": missing");
}

#[test]
fn any_type_or_none_is_accepted_when_none_is_asked_for() {
    let keys = hs256();
    for header in [HS256_HEADER, r#"{"alg":"HS256","typ":"logout+jwt"}"#] {
        assert!(verify(&signed(&keys, header, PAYLOAD), &keys, &Policy::default()).is_ok());
    }
}

#[test]
fn one_of_several_types_is_enough() {
    let keys = hs256();
    let policy = Policy { types: vec!["at+jwt".into(), "JWT".into()], ..Policy::default() };
    let token = signed(&keys, r#"{"alg":"HS256","typ":"jwt"}"#, PAYLOAD);
    assert!(verify(&token, &keys, &policy).is_ok());
}
