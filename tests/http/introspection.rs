//! POST /oauth/introspect (RFC 7662).

use serde_json::{Value, json};

use crate::bench::setup::{API, ISSUER, SUBJECT};
use crate::bench::{Ask, Bench, Fault, Reply, forge};

fn introspect(bench: &Bench, client: &str, token: &str) -> Reply {
    bench.send(Ask::post("/oauth/introspect").basic(client).form(&[("token", token)]))
}

#[track_caller]
fn assert_inactive(bench: &Bench, client: &str, token: &str) {
    let reply = introspect(bench, client, token);
    assert_eq!((reply.status, reply.text.as_str()), (200, "{\"active\":false}"), "{reply:?}");
}

#[test]
fn an_active_token_is_told_to_its_audience() {
    let bench = Bench::new();
    let token = bench.mint_with(&json!({"scope": "read", "aud": API, "claims": {"plan": "pro"}}));
    let payload = forge::decode(token.split('.').nth(1).unwrap());
    let claims: Value = serde_json::from_slice(&payload).unwrap();
    let reply = introspect(&bench, "auditor", &token);
    let expected = json!({"active": true, "iss": ISSUER, "sub": SUBJECT, "aud": [API],
        "client_id": "web", "scope": "read", "exp": claims["exp"], "iat": claims["iat"],
        "jti": claims["jti"], "sid": claims["sid"], "token_type": "Bearer"});
    assert_eq!((reply.status, reply.json()), (200, expected));
}

#[test]
fn introspecting_takes_nothing() {
    let bench = Bench::new();
    let token = bench.mint();
    for _ in 0..5 {
        assert_eq!(introspect(&bench, "auditor", &token).json()["active"], true);
    }
    assert_eq!(bench.store.calls(), ["admit"; 5]);
    bench.assert_nothing_was_taken();
}

#[test]
fn a_token_that_is_not_active_is_inactive_and_nothing_else_is_said() {
    let bench = Bench::new();
    let revoked = bench.mint();
    bench.send(Ask::post("/oauth/revoke").basic("web").form(&[("token", &revoked)]));
    let expired = forge::token(&json!({"iat": 1, "iat_ms": null, "exp": 2}));
    let early = forge::token(&json!({"nbf": 1_700_000_900}));
    for token in ["x", "a.b.c", &revoked, &expired, &early, &"x".repeat(17 * 1024)] {
        assert_inactive(&bench, "auditor", token);
    }
    assert_eq!(bench.count("tokens_refused", ""), 0, "an answer, not a refusal");
}

#[test]
fn a_good_token_that_is_no_affair_of_the_clients_looks_as_garbage_does() {
    let bench = Bench::new();
    let token = bench.mint();
    assert_inactive(&bench, "other", &token);
    assert_inactive(&bench, "other", "garbage");
    assert!(bench.store.calls().is_empty(), "nor does the time of a store call tell");
}

#[test]
fn a_client_may_see_what_it_issued_itself_for_whatever_audience() {
    let bench = Bench::new();
    let order = json!({"sub": SUBJECT, "aud": "https://other.test"});
    let order = bench.send(Ask::post("/v1/tokens").basic("other").json(&order));
    let token = order.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(introspect(&bench, "other", &token).json()["active"], true);
    assert_inactive(&bench, "auditor", &token);
}

#[test]
fn a_token_is_required() {
    let bench = Bench::new();
    for form in [vec![], vec![("token", "")], vec![("tokens", "x")]] {
        let reply = bench.send(Ask::post("/oauth/introspect").basic("auditor").form(&form));
        reply.refused(400, "ERR_REQUEST_INVALID").saying("token: missing").oauth("invalid_request");
    }
}

#[test]
fn when_the_store_gives_no_answer_it_is_neither_active_nor_inactive() {
    let bench = Bench::new();
    let token = bench.mint();
    for fault in [Fault::Unreachable, Fault::Timeout] {
        bench.store.fault(fault);
        let reply = introspect(&bench, "auditor", &token);
        reply.refused(503, "ERR_STORE_UNAVAILABLE").oauth("temporarily_unavailable");
        assert_inactive(&bench, "auditor", "garbage");
    }
}

#[test]
fn a_corrupt_entry_is_inactive_and_raises_its_event() {
    let bench = Bench::new();
    let token = bench.mint();
    bench.store.fault(Fault::Corrupt);
    assert_inactive(&bench, "auditor", &token);
    assert_eq!(bench.count("store_corrupt", "scope=\"token\""), 1);
}
