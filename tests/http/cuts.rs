//! A subject's cut and clocks that disagree: no token minted before it outlives it.

use serde_json::{Value, json};

use crate::bench::setup::SUBJECT;
use crate::bench::{Ask, Bench};

fn tolerant(tolerance: &'static str) -> impl Fn(&mut Value) {
    move |settings| settings["clock_tolerance"] = json!(tolerance)
}

fn cut(bench: &Bench) {
    let ask = Ask::post("/oauth/revoke").basic("admin").form(&[("subject", SUBJECT)]);
    assert_eq!(bench.send(ask).status, 200);
}

/// What becomes of a token that an instance whose clock is `ahead_ms` ahead minted just before its
/// subject was cut, once time has caught up.
fn outcome(tolerance: &'static str, ahead_ms: u64) -> u16 {
    let bench = Bench::with(tolerant(tolerance));
    let ahead = Bench::beside_with(&bench, tolerant(tolerance));
    ahead.pass(ahead_ms);
    let token = ahead.mint();
    cut(&bench);
    bench.pass(ahead_ms + 1);
    bench.authorize(&token).status
}

#[test]
fn a_token_of_a_clock_that_is_ahead_does_not_outlive_a_cut_within_the_tolerance() {
    for ahead_ms in [0, 1, 999, 10_000, 30_000] {
        assert_eq!(outcome("30s", ahead_ms), 401, "{ahead_ms} ms ahead");
    }
    assert_eq!(outcome("0s", 0), 401);
}

#[test]
fn without_a_tolerance_clocks_are_taken_to_agree() {
    assert_eq!(outcome("0s", 1), 200);
}

#[test]
fn a_token_minted_after_a_cut_is_good_once_the_tolerance_has_passed_and_at_once_without_one() {
    let bench = Bench::new();
    cut(&bench);
    bench.pass(1);
    assert_eq!(bench.authorize(&bench.mint()).status, 200);
    let bench = Bench::with(tolerant("30s"));
    cut(&bench);
    bench.pass(30_000);
    bench.authorize(&bench.mint()).refused(401, "ERR_JWT_REVOKED");
    bench.pass(1);
    assert_eq!(bench.authorize(&bench.mint()).status, 200);
}

#[test]
fn a_token_without_its_own_issue_time_in_milliseconds_is_cut_by_the_second() {
    let bench = Bench::new();
    let token = crate::bench::forge::token(&json!({"iat_ms": null}));
    cut(&bench);
    bench.pass(2_000);
    bench.authorize(&token).refused(401, "ERR_JWT_REVOKED");
}

#[test]
fn a_later_cut_moves_the_earlier_one_on_and_never_back() {
    let bench = Bench::new();
    cut(&bench);
    bench.pass(1_000);
    let between = bench.mint();
    assert_eq!(bench.authorize(&between).status, 200);
    cut(&bench);
    // An instance whose clock is behind cuts after that.
    cut(&Bench::beside(&bench));
    bench.authorize(&between).refused(401, "ERR_JWT_REVOKED");
    Bench::beside(&bench).authorize(&between).refused(401, "ERR_JWT_REVOKED");
}

/// The longest-lived token there can be: issued by a clock that is ahead by the tolerance, for the
/// longest lifetime, and accepted for the tolerance after its end.
#[test]
fn a_revocation_outlives_every_token_it_refuses() {
    for target in [("subject", SUBJECT), ("session", "sid-of-the-token")] {
        let bench = Bench::with(tolerant("5m"));
        let iat = bench.now().seconds() + 300;
        let token = crate::bench::forge::token(
            &json!({"iat": iat, "iat_ms": iat * 1000, "exp": iat + 86_400, "sid": "sid-of-the-token"}),
        );
        let last_ms = (iat + 86_400 + 300) * 1000 - 1;
        let wait_ms = last_ms - bench.now().0;
        let untouched = Bench::with(tolerant("5m"));
        untouched.pass(wait_ms);
        assert_eq!(untouched.authorize(&token).status, 200, "it is accepted until then");
        let ask = Ask::post("/oauth/revoke").basic("admin").form(&[target]);
        assert_eq!(bench.send(ask).status, 200);
        bench.pass(wait_ms);
        bench.authorize(&token).refused(401, "ERR_JWT_REVOKED");
    }
}

#[test]
fn milliseconds_that_lie_ahead_are_not_believed_and_the_token_is_cut_by_the_second() {
    let bench = Bench::new();
    let iat_ms = bench.now().0 + 700;
    let token = crate::bench::forge::token(&json!({"iat_ms": iat_ms}));
    assert_eq!(bench.authorize(&token).status, 200);
    cut(&bench);
    bench.authorize(&token).refused(401, "ERR_JWT_REVOKED");
}
