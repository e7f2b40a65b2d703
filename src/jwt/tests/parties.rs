//! `iss`, `aud` and `sub` against the policy.

use super::super::ClaimReason;
use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const FAILED: &str = "ERR_JWT_CLAIM_VALIDATION_FAILED";

fn issuers(names: &[&str]) -> Policy {
    Policy { issuers: names.iter().map(ToString::to_string).collect(), ..Policy::default() }
}

fn audiences(names: &[&str]) -> Policy {
    Policy { audiences: names.iter().map(ToString::to_string).collect(), ..Policy::default() }
}

fn with(member: &str) -> String {
    format!(r#"{{{member},"exp":1800000060}}"#)
}

fn assert_refused(member: &str, policy: &Policy, claim: &'static str, reason: ClaimReason) {
    let expected = (FAILED, Some(claim), reason.to_string());
    assert_eq!(claim_refusal(&with(member), policy), expected, "{member}");
}

#[test]
fn an_accepted_issuer_is_accepted() {
    let policy = issuers(&["https://a.example", "https://b.example"]);
    assert!(accepts(&with(r#""iss":"https://a.example""#), &policy));
    assert!(accepts(&with(r#""iss":"https:\/\/b.example""#), &policy));
}

#[test]
fn a_foreign_issuer_is_refused_however_close() {
    let policy = issuers(&["https://a.example"]);
    for iss in ["https://a.example/", "https://A.example", "https://a.example\\u0000", "", "canary"]
    {
        let member = format!(r#""iss":"{iss}""#);
        assert_refused(&member, &policy, "iss", ClaimReason::CheckFailed);
    }
}

#[test]
fn a_missing_issuer_is_refused_when_one_is_asked_for() {
    assert_refused(r#""x":1"#, &issuers(&["a"]), "iss", ClaimReason::Missing);
}

#[test]
fn an_audience_may_be_a_string_or_a_list_with_one_that_is_accepted() {
    let policy = audiences(&["api", "admin"]);
    for aud in [r#""api""#, r#"["api"]"#, r#"["other","admin"]"#, r#"["api","api"]"#] {
        assert!(accepts(&with(&format!(r#""aud":{aud}"#)), &policy), "{aud}");
    }
}

#[test]
fn a_foreign_audience_is_refused_however_close() {
    for aud in [r#""canary""#, r#""API""#, r#""api ""#, r#""""#, r#"["a","p","i"]"#, r#"["api2"]"#]
    {
        let member = format!(r#""aud":{aud}"#);
        assert_refused(&member, &audiences(&["api"]), "aud", ClaimReason::CheckFailed);
    }
}

#[test]
fn no_audience_or_an_empty_list_is_missing_when_one_is_asked_for() {
    for member in [r#""x":1"#, r#""aud":[]"#] {
        assert_refused(member, &audiences(&["api"]), "aud", ClaimReason::Missing);
    }
}

#[test]
fn the_subject_must_be_the_one_asked_for() {
    let policy = Policy { subject: Some("user_001".into()), ..Policy::default() };
    assert!(accepts(&with(r#""sub":"user_001""#), &policy));
    for sub in ["user_002", "USER_001", "user_001 ", ""] {
        assert_refused(&format!(r#""sub":"{sub}""#), &policy, "sub", ClaimReason::CheckFailed);
    }
    assert_refused(r#""x":1"#, &policy, "sub", ClaimReason::Missing);
}

#[test]
fn any_party_or_none_is_accepted_when_none_is_asked_for() {
    assert!(accepts(&with(r#""iss":"x","aud":["y"],"sub":"z""#), &Policy::default()));
    assert!(accepts(&with(r#""aud":[]"#), &Policy::default()));
}
