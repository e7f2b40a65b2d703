//! Keys that are fetched: when, and what is answered while they cannot be had.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use portcullis::fetch::FetchError;
use serde_json::json;

use super::*;
use crate::bench::Ask;

const MINUTE_MS: u64 = 60_000;
const DAY_MS: u64 = 24 * 60 * MINUTE_MS;

/// A good token of the remote issuer at the bench's time.
fn token(foreign: &Foreign, kid: &str, seed: u8) -> String {
    let iat = foreign.bench.now().seconds();
    signed(kid, seed, &changed(claims(REMOTE), &json!({"iat": iat, "exp": iat + 900})))
}

fn unreachable(foreign: &Foreign) {
    foreign.server.answers(Err(FetchError::Unreachable));
}

#[test]
fn a_set_is_fetched_for_the_first_token_and_not_for_the_next() {
    let foreign = Foreign::new();
    for _ in 0..20 {
        assert_eq!(foreign.authorize(&remote_token("r1", b'r')).status, 200);
    }
    assert_eq!(foreign.server.asked(), 1);
    assert_eq!(foreign.bench.count("jwks_fetches", "issuer=\"remote\""), 1);
}

#[test]
fn a_rotated_key_is_found_by_the_first_token_that_names_it() {
    let foreign = Foreign::new();
    assert_eq!(foreign.authorize(&token(&foreign, "r1", b'r')).status, 200);
    foreign.server.publishes(&json!({"keys": [jwk("r1", b'r'), jwk("r2", b's')]}));
    foreign.bench.pass(MINUTE_MS);
    assert_eq!(foreign.authorize(&token(&foreign, "r2", b's')).status, 200);
    assert_eq!(foreign.authorize(&token(&foreign, "r1", b'r')).status, 200);
    assert_eq!(foreign.server.asked(), 2);
}

#[test]
fn keys_nobody_has_cost_the_issuer_one_fetch_in_a_cooldown() {
    let foreign = Foreign::new();
    for tick in 0..120 {
        let unknown = token(&foreign, &format!("k{tick}"), b'x');
        foreign.authorize(&unknown).refused(401, "ERR_JWKS_NO_MATCHING_KEY");
        foreign.bench.pass(500);
    }
    assert_eq!(foreign.server.asked(), 2);
}

#[test]
fn a_set_that_is_old_is_used_and_refreshed_after_the_answer() {
    let foreign = Foreign::new();
    foreign.authorize(&token(&foreign, "r1", b'r'));
    foreign.server.publishes(&json!({"keys": [jwk("r1", b'x')]}));
    foreign.bench.pass(10 * MINUTE_MS);
    assert_eq!(foreign.authorize(&token(&foreign, "r1", b'r')).status, 200);
    assert_eq!(foreign.server.asked(), 2);
    foreign
        .authorize(&token(&foreign, "r1", b'r'))
        .refused(401, "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
}

#[test]
fn without_keys_nothing_is_told_and_nothing_fetched_for_the_next_token() {
    for (error, code, retry_after) in [
        (FetchError::Unreachable, "ERR_JWKS_UNAVAILABLE", "5"),
        (FetchError::Timeout { deadline_ms: 3_000 }, "ERR_JWKS_TIMEOUT", "8"),
        (FetchError::TooLarge, "ERR_JWKS_INVALID", "5"),
    ] {
        let foreign = Foreign::new();
        foreign.server.answers(Err(error));
        for token in [remote_token("r1", b'r'), remote_token("r1", b'x'), remote_token("x", b'x')] {
            let reply = foreign.authorize(&token);
            reply.refused(503, code);
            assert_eq!(reply.field("retry-after"), Some(retry_after));
        }
        assert_eq!(foreign.server.asked(), 1);
        assert_eq!(foreign.bench.count("jwks_failures", "issuer=\"remote\""), 1);
        assert_eq!(foreign.bench.count("jwks_unavailable", "issuer=\"remote\""), 3);
        let [line] = &foreign.bench.lines()[..] else { panic!("{:?}", foreign.bench.lines()) };
        assert!(line.json.contains(r#""event":"jwks_failed","issuer":"remote","cause":"#));
        assert!(!foreign.bench.guard.metrics(foreign.bench.now()).contains("qu3ry"));
        assert_eq!(foreign.authorize(&fixed_token(&json!({}))).status, 200, "others go on");
        assert_eq!(foreign.authorize(&foreign.bench.mint()).status, 200, "ours too");
    }
}

#[test]
fn without_keys_is_no_failure_of_authentication() {
    let foreign = Foreign::with(|settings| {
        settings["limits"] = json!([crate::bench::setup::failures(1)]);
    });
    unreachable(&foreign);
    for _ in 0..5 {
        foreign.authorize(&remote_token("r1", b'r')).refused(503, "ERR_JWKS_UNAVAILABLE");
    }
}

#[test]
fn during_an_outage_old_keys_go_on_and_every_answer_says_so() {
    let foreign = Foreign::new();
    foreign.authorize(&token(&foreign, "r1", b'r'));
    unreachable(&foreign);
    foreign.bench.pass(10 * MINUTE_MS);
    let first = foreign.authorize(&token(&foreign, "r1", b'r'));
    assert_eq!((first.status, first.field("portcullis-degraded")), (200, None), "not known yet");
    for _ in 0..60 {
        let reply = foreign.authorize(&token(&foreign, "r1", b'r'));
        assert_eq!(reply.status, 200);
        assert_eq!(reply.field("portcullis-degraded"), Some("keys;reason=unreachable"));
        foreign.bench.pass(500);
    }
    assert_eq!(foreign.server.asked(), 2, "thirty seconds, one fetch");
    assert_eq!(foreign.bench.count("jwks_stale", "issuer=\"remote\""), 60);
    foreign.bench.pass(DAY_MS);
    foreign.authorize(&token(&foreign, "r1", b'r')).refused(503, "ERR_JWKS_UNAVAILABLE");
    foreign.server.publishes(&json!({"keys": [jwk("r1", b'r')]}));
    foreign.bench.pass(MINUTE_MS);
    let reply = foreign.authorize(&token(&foreign, "r1", b'r'));
    assert_eq!((reply.status, reply.field("portcullis-degraded")), (200, None));
}

#[test]
fn an_unknown_key_during_an_outage_is_not_refused_as_forged() {
    let foreign = Foreign::new();
    foreign.authorize(&token(&foreign, "r1", b'r'));
    unreachable(&foreign);
    foreign.bench.pass(MINUTE_MS);
    for _ in 0..3 {
        let reply = foreign.authorize(&token(&foreign, "r2", b's'));
        reply.refused(503, "ERR_JWKS_UNAVAILABLE");
        assert_eq!(reply.field("retry-after"), Some("30"));
    }
    assert_eq!(foreign.server.asked(), 2);
    foreign
        .authorize(&token(&foreign, "r1", b'x'))
        .refused(401, "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
}

#[test]
fn requests_share_no_fetch_and_no_more_than_eight_make_one_at_once() {
    let foreign = Foreign::new();
    foreign.server.is_slow();
    let request = Ask::get("/v1/authorize").bearer(&remote_token("r1", b'r')).request();
    let mut waiting: Vec<_> = (0..8).map(|_| Box::pin(foreign.bench.answer(&request))).collect();
    let mut context = Context::from_waker(Waker::noop());
    for answer in &mut waiting {
        assert!(answer.as_mut().poll(&mut context).is_pending());
    }
    let reply = foreign.bench.authorize(&remote_token("r1", b'r'));
    reply.refused(503, "ERR_JWKS_UNAVAILABLE").saying("jwks_busy");
    assert_eq!(reply.field("retry-after"), Some("1"));
    // Whoever is polled goes on by itself.
    for answer in waiting.iter_mut().rev() {
        let Poll::Ready(answer) = answer.as_mut().poll(&mut context) else { panic!("waits") };
        assert_eq!(answer.status(), 200);
    }
    assert_eq!(foreign.server.asked(), 8);
}

#[test]
fn a_request_that_is_gone_in_the_middle_of_its_fetch_keeps_nobody_waiting() {
    let foreign = Foreign::new();
    foreign.server.is_slow();
    let request = Ask::get("/v1/authorize").bearer(&remote_token("r1", b'r')).request();
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..8 {
        assert!(pin!(foreign.bench.answer(&request)).poll(&mut context).is_pending());
    }
    foreign.authorize(&remote_token("r1", b'r')).refused(503, "ERR_JWKS_UNAVAILABLE");
    foreign.bench.pass(3_000);
    assert_eq!(foreign.authorize(&token(&foreign, "r1", b'r')).status, 200);
}

#[test]
fn a_platform_without_a_fetch_has_no_remote_keys() {
    let bench = Bench::with(|settings| settings["issuers"] = json!([remote()]));
    bench.authorize(&remote_token("r1", b'r')).refused(503, "ERR_JWKS_UNAVAILABLE");
}
