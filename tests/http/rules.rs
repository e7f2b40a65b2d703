//! /v1/lists, and quotas of single keys: who is denied, whom no limit counts, and who has a limit of its own.

use serde_json::{Value, json};

use crate::bench::setup::SUBJECT;
use crate::bench::{Ask, Bench, Fault, Reply};

const QUOTA: &str = "/v1/limits/per-subject";

fn put(bench: &Bench, list: &str, order: &Value) -> Reply {
    bench.send(Ask::post(&format!("/v1/lists/{list}")).basic("admin").json(order))
}

fn listed(bench: &Bench, list: &str, who: &str) -> Value {
    let reply = bench.send(Ask::get(&format!("/v1/lists/{list}?{who}")).basic("admin"));
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

fn take_off(bench: &Bench, list: &str, who: &str) {
    let ask = Ask::new("DELETE", &format!("/v1/lists/{list}?{who}")).basic("admin");
    assert_eq!(bench.send(ask).status, 204);
}

fn put_on(bench: &Bench, list: &str, field: &str, value: &str) {
    let reply = put(bench, list, &json!({field: value, "for": "1h"}));
    assert_eq!((reply.status, reply.text.as_str()), (204, ""));
}

fn from(bench: &Bench, token: &str, address: &str) -> u16 {
    bench.send(Ask::get("/v1/authorize").bearer(token).from(address)).status
}

#[test]
fn who_is_denied_is_refused_until_it_ends_or_is_taken_off() {
    for (field, value) in [("subject", SUBJECT), ("client", "web"), ("address", "192.0.2.0/24")] {
        let bench = Bench::new();
        let token = bench.mint();
        let ask = || bench.send(Ask::get("/v1/authorize").bearer(&token).from("192.0.2.7"));
        assert_eq!(ask().status, 200);
        put_on(&bench, "deny", field, value);
        let refused = ask();
        refused.refused(403, "ERR_ACCESS_DENIED");
        assert!(!refused.text.contains(value), "whom it is about is nobody's affair");
        assert_eq!(bench.count("requests_refused", "ERR_ACCESS_DENIED"), 1);
        assert_eq!(listed(&bench, "deny", &format!("{field}={value}"))["listed"], true);
        assert_eq!(listed(&bench, "allow", &format!("{field}={value}"))["listed"], false);
        take_off(&bench, "allow", &format!("{field}={value}"));
        ask().refused(403, "ERR_ACCESS_DENIED");
        take_off(&bench, "deny", &format!("{field}={value}"));
        assert_eq!(ask().status, 200);
        put_on(&bench, "deny", field, value);
        bench.pass(3_599_999);
        assert_eq!(listed(&bench, "deny", &format!("{field}={value}"))["ends_ms"], 1);
        bench.pass(1);
        assert_eq!(listed(&bench, "deny", &format!("{field}={value}")), json!({"listed": false}));
    }
}

#[test]
fn another_instance_learns_of_a_denial_by_the_request_that_it_is_about() {
    let bench = Bench::new();
    let other = Bench::beside(&bench);
    let token = bench.mint();
    assert_eq!(other.authorize(&token).status, 200);
    put_on(&bench, "deny", "subject", SUBJECT);
    other.authorize(&token).refused(403, "ERR_ACCESS_DENIED");
    assert_eq!(other.count("rules_learned", ""), 1);
    // From then on without a call.
    other.store.calls();
    other.authorize(&token).refused(403, "ERR_ACCESS_DENIED");
    assert!(other.store.calls().is_empty());
    // A fresh instance knows it at once.
    Bench::beside(&bench).authorize(&token).refused(403, "ERR_ACCESS_DENIED");
}

#[test]
fn whom_no_limit_counts_is_never_over_one_and_a_denial_outweighs_it() {
    for (field, value) in [("subject", SUBJECT), ("client", "web"), ("address", "2001:db8::/32")] {
        let bench = Bench::new();
        let token = bench.mint();
        put_on(&bench, "allow", field, value);
        for _ in 0..20 {
            assert_eq!(from(&bench, &token, "2001:db8:1::5"), 200);
        }
        put_on(&bench, "deny", "subject", SUBJECT);
        assert_eq!(from(&bench, &token, "2001:db8:1::5"), 403);
    }
}

#[test]
fn of_the_networks_an_address_is_in_the_narrowest_decides() {
    let bench = Bench::with(|settings| settings["limits"] = json!([]));
    let token = bench.mint();
    put_on(&bench, "deny", "address", "192.0.0.0/8");
    put_on(&bench, "allow", "address", "192.0.2.0/24");
    put_on(&bench, "deny", "address", "192.0.2.9");
    for (address, status) in
        [("192.0.2.8", 200), ("192.0.2.9", 403), ("192.0.3.8", 403), ("193.0.2.9", 200)]
    {
        assert_eq!(from(&bench, &token, address), status, "{address}");
        assert_eq!(from(&bench, &token, &format!("::ffff:{address}")), status, "{address}");
    }
    assert_eq!(bench.authorize(&token).status, 200, "without an address");
}

#[test]
fn a_denied_address_is_refused_everywhere_before_anything_else() {
    let bench = Bench::new();
    put_on(&bench, "deny", "address", "192.0.2.1");
    for path in ["/v1/tokens", "/oauth/revoke", "/v1/authorize", "/metrics", "/nothing"] {
        let reply = bench.send(Ask::get(path).from("192.0.2.1"));
        assert_eq!(reply.status, 403, "{path}");
    }
    assert_eq!(bench.send(Ask::get("/healthz").from("192.0.2.1")).status, 200);
}

#[test]
fn a_denied_subject_or_client_gets_no_token_and_introspects_as_inactive() {
    for (field, value) in [("subject", SUBJECT), ("client", "web")] {
        let bench = Bench::new();
        let token = bench.mint();
        put_on(&bench, "deny", field, value);
        let order = Ask::post("/v1/tokens").basic("web").json(&json!({"sub": SUBJECT}));
        bench.send(order).refused(403, "ERR_ACCESS_DENIED");
        let asked = Ask::post("/oauth/introspect").basic("auditor").form(&[("token", &token)]);
        let answer = bench.send(asked);
        assert_eq!((answer.status, answer.json()), (200, json!({"active": false})));
    }
}

#[test]
fn an_allowed_one_that_was_denied_elsewhere_is_asked_for_again_at_once() {
    let bench = Bench::new();
    let other = Bench::beside(&bench);
    let token = bench.mint();
    while other.authorize(&token).status == 200 {}
    // What it knows as denied it knows for a while.
    other.pass(5_000);
    put_on(&bench, "allow", "subject", SUBJECT);
    assert_eq!(other.authorize(&token).status, 200);
}

#[test]
fn a_key_may_have_a_quota_of_its_own_for_a_time() {
    let bench = Bench::new();
    let set = |order: Value| bench.send(Ask::post(QUOTA).basic("admin").json(&order));
    let order = json!({"key": SUBJECT, "quota": {"limit": 5}, "for": "1h"});
    assert_eq!(set(order).status, 204);
    let token = bench.mint();
    let first = bench.authorize(&token);
    assert!(first.field("ratelimit-policy").unwrap().contains("\"per-subject\";q=5;"));
    assert_eq!(first.status, 200);
    let other = Bench::beside(&bench);
    for status in [200, 200, 200, 200, 429] {
        assert_eq!(other.authorize(&token).status, status);
    }
    let looked = bench.send(Ask::get(&format!("{QUOTA}?key={SUBJECT}")).basic("admin")).json();
    assert_eq!((&looked["limit"], &looked["remaining"]), (&json!(5), &json!(0)));
    let elsewhere = bench.send(Ask::get(&format!("{QUOTA}?key=user_002")).basic("admin")).json();
    assert_eq!(elsewhere["limit"], 3, "another key has the policy's own");
    assert_eq!(set(json!({"key": SUBJECT, "quota": "policy"})).status, 204);
    let again = bench.send(Ask::get(&format!("{QUOTA}?key={SUBJECT}")).basic("admin")).json();
    assert_eq!(again["limit"], 3);
}

#[test]
fn a_malformed_order_is_named() {
    let bench = Bench::new();
    for order in [
        json!({"for": "1h"}),
        json!({"subject": "a", "client": "b", "for": "1h"}),
        json!({"subject": "", "for": "1h"}),
        json!({"subject": "a\n", "for": "1h"}),
        json!({"subject": "x".repeat(257), "for": "1h"}),
        json!({"address": "192.0.2.0/33", "for": "1h"}),
        json!({"address": "*", "for": "1h"}),
        json!({"subject": "a"}),
        json!({"subject": "a", "for": "0s"}),
        json!({"subject": "a", "for": "367d"}),
        json!({"subject": "a", "for": "soon"}),
        json!({"subject": null, "for": "1h"}),
        json!({"subject": "a", "for": "1h", "more": 1}),
    ] {
        put(&bench, "deny", &order).refused(400, "ERR_REQUEST_INVALID");
    }
    let quota = |order: &Value| bench.send(Ask::post(QUOTA).basic("admin").json(order));
    for order in [
        json!({"key": "a", "quota": {"limit": 5}}),
        json!({"key": "a", "for": "1h"}),
        json!({"key": "a", "quota": "policy", "for": "1h"}),
        json!({"key": "a", "quota": "other"}),
        json!({"key": "a", "quota": {"limit": 5}, "for": "367d"}),
        json!({"key": "a", "quota": {"limit": 5, "window": "1s"}, "for": "1h"}),
        json!({"key": "a", "quota": {"limit": 5}, "for": "1h", "cost": 1}),
    ] {
        quota(&order).refused(400, "ERR_REQUEST_INVALID");
    }
    for limit in [0, u64::MAX] {
        let order = json!({"key": "a", "quota": {"limit": limit}, "for": "1h"});
        quota(&order).refused(400, "ERR_REQUEST_INVALID");
    }
    put(&bench, "ban", &json!({"subject": "a", "for": "1h"})).refused(404, "ERR_ROUTE_NOT_FOUND");
    let by_issuer = Ask::post("/v1/lists/deny").basic("web");
    let order = json!({"subject": "a", "for": "1h"});
    bench.send(by_issuer.json(&order)).refused(403, "ERR_GRANT_MISSING");
    bench.send(Ask::post("/v1/lists/deny").json(&order)).refused(401, "ERR_CREDENTIALS_MISSING");
    bench
        .send(Ask::new("PUT", "/v1/lists/deny").basic("admin"))
        .refused(405, "ERR_METHOD_NOT_ALLOWED");
}

#[test]
fn there_are_as_many_rules_as_fit_and_one_more_is_refused() {
    let bench = Bench::new();
    let mut count = 0;
    let refused = loop {
        let reply = put(&bench, "deny", &json!({"subject": format!("s{count}"), "for": "1h"}));
        if reply.status != 204 {
            break reply;
        }
        count += 1;
    };
    refused.refused(409, "ERR_RULES_FULL");
    assert!((700..1_000).contains(&count), "{count}");
    assert_eq!(listed(&bench, "deny", "subject=s0")["listed"], true);
    bench.pass(3_600_000);
    put_on(&bench, "deny", "subject", SUBJECT);
}

#[test]
fn a_store_that_lost_the_rules_is_told_them_again_by_whoever_knows_them() {
    let bench = Bench::new();
    let token = bench.mint();
    put_on(&bench, "deny", "subject", "user_002");
    bench.store.lose_data();
    assert_eq!(bench.authorize(&token).status, 200);
    assert_eq!(bench.count("rules_retold", ""), 1);
    let fresh = Bench::beside(&bench);
    assert_eq!(listed(&fresh, "deny", "subject=user_002")["listed"], true);
    // Nothing is told again of rules that ended.
    bench.pass(3_600_000);
    bench.store.lose_data();
    assert_eq!(bench.authorize(&bench.mint()).status, 200);
    assert_eq!(bench.count("rules_retold", ""), 1);
}

#[test]
fn rules_that_cannot_be_read_change_nothing_and_are_told() {
    let bench = Bench::new();
    let token = bench.mint();
    put_on(&bench, "deny", "subject", "user_002");
    bench.store.spoil_rules();
    assert_eq!(bench.authorize(&token).status, 200);
    assert_eq!(bench.authorize(&token).status, 200);
    assert_eq!(bench.count("rules_unreadable", ""), 1);
    // The next change writes what this instance knows in their place.
    put_on(&bench, "deny", "subject", SUBJECT);
    let fresh = Bench::beside(&bench);
    fresh.authorize(&token).refused(403, "ERR_ACCESS_DENIED");
    assert_eq!(listed(&fresh, "deny", "subject=user_002")["listed"], true);
}

#[test]
fn what_is_known_holds_while_the_store_is_away_and_no_change_is_acknowledged() {
    let bench = Bench::new();
    let token = bench.mint();
    put_on(&bench, "deny", "subject", SUBJECT);
    bench.store.fault(Fault::Unreachable);
    bench.authorize(&token).refused(403, "ERR_ACCESS_DENIED");
    let reply = put(&bench, "deny", &json!({"subject": "user_002", "for": "1h"}));
    assert_eq!(reply.status, 503, "{reply:?}");
}

#[test]
fn what_changes_nothing_is_not_written() {
    let bench = Bench::new();
    put_on(&bench, "deny", "subject", SUBJECT);
    bench.store.calls();
    take_off(&bench, "allow", &format!("subject={SUBJECT}"));
    take_off(&bench, "deny", "subject=somebody-else");
    assert_eq!(bench.store.calls(), ["rules", "rules"]);
    take_off(&bench, "deny", &format!("subject={SUBJECT}"));
    assert_eq!(bench.store.calls(), ["rules", "write_rules"]);
}
