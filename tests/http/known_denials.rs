//! What the store denied a moment ago, an instance denies without it.

use serde_json::json;

use crate::bench::setup::{SUBJECT, policy};
use crate::bench::{Ask, Bench};

fn over_the_limit() -> (Bench, String) {
    let bench = Bench::new();
    let token = bench.mint();
    for status in [200, 200, 200, 429] {
        assert_eq!(bench.authorize(&token).status, status);
    }
    bench.store.calls();
    (bench, token)
}

#[test]
fn for_five_seconds_the_store_is_not_asked_again_and_the_wait_stays_the_same_instant() {
    let (bench, token) = over_the_limit();
    let wait_s = || -> u64 {
        let denied = bench.authorize(&token);
        denied.refused(429, "ERR_RATE_LIMITED").field("retry-after").unwrap().parse().unwrap()
    };
    let promised = wait_s();
    bench.pass(4_000);
    assert_eq!(wait_s(), promised - 4);
    assert!(bench.store.calls().is_empty());
    assert_eq!(bench.count("limit_denials_known", "policy=\"per-subject\""), 2);
    assert_eq!(bench.count("limit_denials", "shadow=\"false\""), 3);
    bench.pass(1_000);
    wait_s();
    assert_eq!(bench.store.calls(), ["admit"]);
}

#[test]
fn a_promised_wait_shorter_than_that_is_kept() {
    let mut short = policy("short", "subject", 1);
    short["window"] = json!("1s");
    short["algorithm"] = json!("sliding-log");
    let bench = Bench::with(|settings| settings["limits"] = json!([short]));
    let token = bench.mint();
    assert_eq!(bench.authorize(&token).status, 200);
    bench.authorize(&token).refused(429, "ERR_RATE_LIMITED");
    bench.pass(999);
    bench.authorize(&token).refused(429, "ERR_RATE_LIMITED");
    bench.pass(1);
    assert_eq!(bench.authorize(&token).status, 200);
}

#[test]
fn a_reset_shows_here_at_once_and_elsewhere_after_five_seconds() {
    let (bench, token) = over_the_limit();
    let other = Bench::beside(&bench);
    other.authorize(&token).refused(429, "ERR_RATE_LIMITED");
    let reset = format!("/v1/limits/per-subject?key={SUBJECT}");
    assert_eq!(bench.send(Ask::new("DELETE", &reset).basic("admin")).status, 204);
    assert_eq!(bench.authorize(&token).status, 200);
    other.authorize(&token).refused(429, "ERR_RATE_LIMITED");
    other.pass(5_000);
    assert_eq!(other.authorize(&token).status, 200);
}

#[test]
fn it_is_of_that_key_alone_and_never_of_a_revoked_token() {
    let (bench, token) = over_the_limit();
    let another = bench.mint_with(&json!({"sub": "another-subject"}));
    assert_eq!(bench.authorize(&another).status, 200);
    let revoke = Ask::post("/oauth/revoke").basic("web").form(&[("token", &token)]);
    assert_eq!(bench.send(revoke).status, 200);
    bench.authorize(&token).refused(401, "ERR_JWT_REVOKED");
}
