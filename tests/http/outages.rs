//! A store that fails, lies or hangs: 503 where it cannot be told, never 200 and never 401.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use serde_json::json;

use crate::bench::setup::SUBJECT;
use crate::bench::{Ask, Bench, Fault};

const UNANSWERED: [Fault; 2] = [Fault::Unreachable, Fault::Timeout];

#[test]
fn a_store_that_gives_no_answer_is_503_never_200_and_never_401() {
    for (fault, cause) in [(Fault::Unreachable, "refused"), (Fault::Timeout, "timeout")] {
        let bench = Bench::new();
        let token = bench.mint();
        bench.store.fault(fault);
        for _ in 0..5 {
            let reply = bench.authorize(&token);
            reply.refused(503, "ERR_STORE_UNAVAILABLE");
            assert_eq!(reply.field("retry-after"), Some("1"));
        }
        let label = format!("verb=\"admit\",cause=\"{cause}\"");
        assert_eq!(bench.count("store_failures", &label), 5);
        assert_eq!(bench.count("tokens_refused", ""), 0);
        assert!(bench.lines()[0].json.contains(cause), "a failure is logged with its cause");
        bench.store.fault(None);
        bench.assert_nothing_was_taken();
    }
}

#[test]
fn a_bad_token_is_401_whatever_the_store_does() {
    let bench = Bench::new();
    for fault in UNANSWERED {
        bench.store.fault(fault);
        bench.authorize("a.b.c").refused(401, "ERR_JWS_INVALID");
        bench.send(Ask::get("/v1/authorize")).refused(401, "ERR_CREDENTIALS_MISSING");
    }
    assert!(bench.store.calls().is_empty());
}

#[test]
fn minting_needs_no_store() {
    let bench = Bench::new();
    bench.store.fault(Fault::Hang);
    bench.mint();
    assert!(bench.store.calls().is_empty());
}

#[test]
fn a_revocation_that_is_not_stored_is_503_and_this_instance_refuses_the_token_all_the_same() {
    for (fault, code) in [
        (Fault::Unreachable, "ERR_STORE_UNAVAILABLE"),
        (Fault::Timeout, "ERR_STORE_UNAVAILABLE"),
        (Fault::Full, "ERR_STORE_FULL"),
    ] {
        let bench = Bench::new();
        let token = bench.mint();
        bench.store.fault(fault);
        let ask = Ask::post("/oauth/revoke").basic("web").form(&[("token", &token)]);
        bench.send(ask).refused(503, code).oauth("temporarily_unavailable");
        assert_eq!(bench.count("revocations", ""), 0, "nothing was acknowledged");
        bench.authorize(&token).refused(401, "ERR_JWT_REVOKED");
        bench.store.fault(None);
        bench.authorize(&token).refused(401, "ERR_JWT_REVOKED");
    }
}

#[test]
fn a_subject_whose_revocation_is_not_stored_is_refused_by_this_instance() {
    let bench = Bench::new();
    let token = bench.mint();
    bench.store.fault(Fault::Unreachable);
    let ask = Ask::post("/oauth/revoke").basic("admin").form(&[("subject", SUBJECT)]);
    bench.send(ask).refused(503, "ERR_STORE_UNAVAILABLE");
    bench.store.fault(None);
    bench.authorize(&token).refused(401, "ERR_JWT_REVOKED");
}

#[test]
fn a_full_store_is_no_store_that_does_not_answer() {
    let bench = Bench::new();
    let token = bench.mint();
    bench.store.fault(Fault::Full);
    let ask = Ask::post("/oauth/revoke").basic("web").form(&[("token", &token)]);
    bench.send(ask).refused(503, "ERR_STORE_FULL");
    assert_eq!(bench.send(Ask::get("/readyz")).status, 200);
}

#[test]
fn a_corrupt_entry_refuses_the_token_raises_its_event_and_is_not_remembered() {
    let bench = Bench::new();
    let token = bench.mint();
    bench.store.fault(Fault::Corrupt);
    bench.authorize(&token).refused(401, "ERR_JWT_REVOKED");
    assert_eq!(bench.count("store_corrupt", "scope=\"token\""), 1);
    let line = &bench.lines()[0];
    assert!(line.json.contains("\"store_corrupt\""), "{}", line.json);
    bench.store.fault(None);
    bench.assert_nothing_was_taken();
    assert_eq!(bench.authorize(&token).status, 200, "the entry was repaired");
}

#[test]
fn an_answer_that_leaves_a_limit_out_lets_nothing_through() {
    let bench = Bench::new();
    let token = bench.mint();
    bench.store.fault(Fault::Short);
    bench.authorize(&token).refused(503, "ERR_STORE_UNAVAILABLE");
    assert_eq!(bench.count("store_failures", "cause=\"protocol\""), 1);
}

#[test]
fn a_request_that_hangs_in_the_store_holds_no_other_up() {
    let bench = Bench::new();
    let token = bench.mint();
    let request = Ask::get("/v1/authorize").bearer(&token).request();
    bench.store.fault(Fault::Hang);
    let mut hanging = pin!(bench.answer(&request));
    let mut context = Context::from_waker(Waker::noop());
    assert!(hanging.as_mut().poll(&mut context).is_pending());
    bench.store.fault(None);
    bench.assert_nothing_was_taken();
    assert_eq!(bench.send(Ask::get("/metrics").basic("admin")).status, 200);
    assert!(hanging.as_mut().poll(&mut context).is_pending());
}

#[test]
fn a_revocation_whose_client_hangs_up_while_the_store_hangs_holds_in_this_instance() {
    let bench = Bench::new();
    let token = bench.mint();
    bench.store.fault(Fault::Hang);
    let request = Ask::post("/oauth/revoke").basic("web").form(&[("token", &token)]).request();
    {
        let mut hanging = pin!(bench.answer(&request));
        assert!(hanging.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    assert_eq!(bench.store.calls(), ["revoke"]);
    bench.store.fault(None);
    bench.authorize(&token).refused(401, "ERR_JWT_REVOKED");
    bench.assert_nothing_was_taken();
}

#[test]
fn an_authorised_request_costs_one_store_call_and_other_routes_none() {
    let bench = Bench::with(|settings| {
        settings["gate"] = json!({"limit": 100, "window": "60s"});
        settings["limits"] = json!([
            crate::bench::setup::policy("p", "subject", 9),
            crate::bench::setup::failures(3)
        ]);
    });
    let token = bench.mint();
    for target in ["/healthz", "/readyz", "/.well-known/jwks.json", "/nowhere"] {
        bench.send(Ask::get(target));
    }
    assert!(bench.store.calls().is_empty());
    assert_eq!(bench.authorize(&token).status, 200);
    assert_eq!(bench.store.calls(), ["admit"]);
}
