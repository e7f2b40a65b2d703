//! `exp`, `nbf` and `iat` against now, to the millisecond.

use super::super::{ClaimReason, ClockTolerance};
use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const FAILED: &str = "ERR_JWT_CLAIM_VALIDATION_FAILED";

fn tolerant(ms: u64) -> Policy {
    Policy { clock_tolerance: ClockTolerance::from_ms(ms).unwrap(), ..Policy::default() }
}

/// The outcome of a well-signed claims set at `now`.
fn at(payload: &str, policy: &Policy, now: UnixMs) -> Result<(), &'static str> {
    let keys = hs256();
    let token = signed(&keys, HS256_HEADER, payload);
    verify_at(&token, &keys, policy, now).map(|_| ()).map_err(|error| error.code())
}

#[test]
fn a_token_is_over_exactly_at_exp() {
    let payload = r#"{"exp":1800000000}"#;
    assert_eq!(at(payload, &Policy::default(), NOW.minus(1)), Ok(()));
    assert_eq!(at(payload, &Policy::default(), NOW), Err("ERR_JWT_EXPIRED"));
    assert_eq!(at(payload, &Policy::default(), NOW.plus(1)), Err("ERR_JWT_EXPIRED"));
}

#[test]
fn tolerance_keeps_a_token_for_exactly_that_long() {
    let payload = r#"{"exp":1800000000}"#;
    for ms in [1, 5_000, 300_000] {
        assert_eq!(at(payload, &tolerant(ms), NOW.plus(ms - 1)), Ok(()), "{ms}");
        assert_eq!(at(payload, &tolerant(ms), NOW.plus(ms)), Err("ERR_JWT_EXPIRED"), "{ms}");
    }
}

#[test]
fn a_tolerance_over_five_minutes_is_refused() {
    assert_eq!(ClockTolerance::from_ms(300_000).map(ClockTolerance::ms), Some(300_000));
    assert_eq!(ClockTolerance::from_ms(300_001), None);
    assert_eq!(ClockTolerance::from_ms(u64::MAX), None);
}

#[test]
fn the_default_has_no_tolerance_and_requires_exp() {
    let policy = Policy::default();
    assert_eq!(policy.clock_tolerance.ms(), 0);
    assert_eq!(claim_refusal("{}", &policy), (FAILED, Some("exp"), "missing".into()));
}

#[test]
fn without_exp_a_token_is_accepted_only_where_none_is_required() {
    let policy = Policy { required: Vec::new(), ..Policy::default() };
    assert_eq!(at("{}", &policy, UnixMs(u64::MAX)), Ok(()));
}

#[test]
fn an_exp_out_of_range_is_refused() {
    for exp in [
        "-1",
        "-1800000060",
        "1e300",
        // Milliseconds, and the first second of the year 10000.
        "1800000060000",
        "253402300800",
        "18446744073709551615",
        "18446744073709551616",
        "\"1800000060\"",
    ] {
        let payload = format!(r#"{{"exp":{exp}}}"#);
        let expected = (FAILED, Some("exp"), ClaimReason::Invalid.to_string());
        assert_eq!(claim_refusal(&payload, &Policy::default()), expected, "{exp}");
    }
    assert!(accepts(r#"{"exp":253402300799}"#, &Policy::default()));
}

#[test]
fn an_exp_at_the_epoch_is_over() {
    for exp in ["0", "-0", "0.5", "1e-300"] {
        let payload = format!(r#"{{"exp":{exp}}}"#);
        assert_eq!(at(&payload, &Policy::default(), NOW), Err("ERR_JWT_EXPIRED"), "{exp}");
    }
}

#[test]
fn an_exp_with_a_fraction_counts_to_the_millisecond() {
    let payload = r#"{"exp":1800000000.25}"#;
    assert_eq!(at(payload, &Policy::default(), NOW.plus(249)), Ok(()));
    assert_eq!(at(payload, &Policy::default(), NOW.plus(250)), Err("ERR_JWT_EXPIRED"));
}

#[test]
fn a_token_is_refused_before_nbf_and_accepted_from_then_on() {
    let payload = r#"{"nbf":1800000000,"exp":1800000060}"#;
    assert_eq!(at(payload, &Policy::default(), NOW.minus(1)), Err(FAILED));
    assert_eq!(at(payload, &Policy::default(), NOW), Ok(()));
    assert_eq!(at(payload, &tolerant(5_000), NOW.minus(5_001)), Err(FAILED));
    assert_eq!(at(payload, &tolerant(5_000), NOW.minus(5_000)), Ok(()));
    let later = r#"{"nbf":1800000001,"exp":1800000060}"#;
    let expected = (FAILED, Some("nbf"), ClaimReason::CheckFailed.to_string());
    assert_eq!(claim_refusal(later, &Policy::default()), expected);
}

#[test]
fn an_iat_later_than_the_running_second_is_refused() {
    let later = r#"{"iat":1800000001,"exp":1800000060}"#;
    assert_eq!(at(later, &Policy::default(), NOW), Err(FAILED));
    assert_eq!(at(later, &Policy::default(), NOW.minus(1)), Err(FAILED));
    let fraction_later = r#"{"iat":1800000000.0015,"exp":1800000060}"#;
    assert_eq!(at(fraction_later, &Policy::default(), NOW), Err(FAILED));
    assert_eq!(at(fraction_later, &Policy::default(), NOW.plus(1)), Ok(()));
    let expected = (FAILED, Some("iat"), ClaimReason::CheckFailed.to_string());
    assert_eq!(claim_refusal(later, &Policy::default()), expected);
}

/// An issuer of whole seconds that rounds up, or whose clock is some milliseconds ahead.
#[test]
fn an_iat_rounded_up_to_the_next_second_is_accepted() {
    let payload = r#"{"iat":1800000000,"exp":1800000060}"#;
    assert_eq!(at(payload, &Policy::default(), NOW.minus(999)), Ok(()));
    assert_eq!(at(payload, &Policy::default(), NOW.minus(1_000)), Err(FAILED));
    assert_eq!(at(payload, &tolerant(5_000), NOW.minus(5_999)), Ok(()));
    assert_eq!(at(payload, &tolerant(5_000), NOW.minus(6_000)), Err(FAILED));
}

/// What the refusal of a future `iat` is for: a cut of the subject must catch the token.
#[test]
fn a_second_grained_token_accepted_now_does_not_outlive_a_cut_made_now() {
    let keys = hs256();
    let policy = Policy::default();
    for iat_ms in (NOW.0 - 3_000..=NOW.0 + 3_000).step_by(250) {
        let payload = json!({"iat": iat_ms as f64 / 1000.0, "exp": NOW_S + 60}).to_string();
        let token = signed(&keys, HS256_HEADER, payload);
        for now in (NOW.0 - 1_000..=NOW.0 + 1_000).step_by(125).map(UnixMs) {
            let signed = select(&token, &keys, &policy, now).ok().unwrap().check_signature();
            let signed = signed.ok().unwrap();
            if let Ok(claims) = signed.claims(&policy, now) {
                assert!(claims.issued().is_cut(now), "iat {iat_ms} at {now:?}");
            }
        }
    }
}

#[test]
fn a_lifetime_is_limited_to_the_millisecond() {
    let policy = Policy { lifetime_ms_max: Some(60_000), ..Policy::default() };
    assert!(accepts(r#"{"iat":1800000000,"exp":1800000060}"#, &policy));
    let expected = (FAILED, Some("exp"), ClaimReason::CheckFailed.to_string());
    for payload in [
        r#"{"iat":1800000000,"exp":1800000060.001}"#,
        r#"{"iat":1799999999,"exp":1800000060}"#,
        r#"{"iat":0,"exp":253402300799}"#,
    ] {
        assert_eq!(claim_refusal(payload, &policy), expected, "{payload}");
    }
}

#[test]
fn a_limited_lifetime_requires_exp_and_iat() {
    let policy =
        Policy { required: Vec::new(), lifetime_ms_max: Some(60_000), ..Policy::default() };
    for (payload, claim) in
        [(r#"{"exp":1800000060}"#, "iat"), (r#"{"iat":1800000000}"#, "exp"), ("{}", "exp")]
    {
        let expected = (FAILED, Some(claim), ClaimReason::Missing.to_string());
        assert_eq!(claim_refusal(payload, &policy), expected, "{payload}");
    }
}

#[test]
fn no_instant_overflows() {
    let payload = r#"{"iat":253402300799,"nbf":253402300799,"exp":253402300799}"#;
    for now in [UnixMs(0), UnixMs(u64::MAX), UnixMs(u64::MAX - 1)] {
        let policy = Policy { lifetime_ms_max: Some(u64::MAX), ..tolerant(300_000) };
        assert!(at(payload, &policy, now).is_err());
    }
}
