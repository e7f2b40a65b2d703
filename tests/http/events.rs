//! What is counted and logged. That each refusal is counted once with its code, and that nothing
//! private is in a line or a metric, the walk checks for every answer of every test.

use pollster::block_on;
use portcullis::guard::{Of, RevokeTarget};
use portcullis::store::memory::MemoryBounds;
use portcullis::telemetry::Level;
use serde_json::{Value, json};

use crate::bench::setup::{SUBJECT, failures, policy, secret};
use crate::bench::{Ask, Bench, Fault};

#[test]
fn what_goes_well_is_counted_and_not_logged() {
    let bench = Bench::new();
    let token = bench.mint();
    bench.authorize(&token);
    bench.authorize(&token);
    assert_eq!((bench.count("tokens_issued", ""), bench.count("tokens_accepted", "")), (1, 2));
    for metric in ["tokens_refused", "requests_refused", "clients_refused", "store_failures"] {
        assert_eq!(bench.count(metric, ""), 0);
    }
    assert!(bench.lines().is_empty());
}

#[test]
fn a_denied_request_is_not_an_accepted_one() {
    let bench = Bench::new();
    let token = bench.mint();
    for _ in 0..5 {
        bench.authorize(&token);
    }
    assert_eq!(bench.count("tokens_accepted", ""), 3);
    assert_eq!(bench.count("limit_denials", ""), 2);
    assert_eq!(bench.count("requests_refused", "ERR_RATE_LIMITED"), 2);
}

#[test]
fn nobody_unknown_writes_more_than_a_line_a_request() {
    let bench = Bench::with(|settings| {
        settings["gate"] = json!({"limit": 4, "window": "60s"});
        settings["limits"] = json!([policy("per-subject", "subject", 3), failures(2)]);
    });
    let asks = [
        Ask::get("/v1/authorize"),
        Ask::get("/v1/authorize").bearer("a.b.c"),
        Ask::get("/nowhere"),
        Ask::get("/metrics").credentials("admin", "wrong-secret"),
        Ask::post("/oauth/revoke").typed("text/plain", "x"),
    ];
    let mut requests = 0;
    for _ in 0..10 {
        for ask in &asks {
            bench.send(ask.clone());
            requests += 1;
            assert!(bench.lines().len() <= requests);
        }
    }
}

#[test]
fn each_line_says_how_loud_it_is_and_what_happened() {
    let bench = Bench::new();
    let token = bench.mint();
    bench.send(Ask::get("/metrics").credentials("admin", "wrong-secret"));
    bench.send(Ask::post("/oauth/revoke").basic("web").form(&[("token", &token)]));
    bench.store.fault(Fault::Timeout);
    bench.authorize(&bench.mint());
    let lines: Vec<_> = bench
        .lines()
        .iter()
        .map(|line| (line.level, serde_json::from_str::<Value>(&line.json).unwrap()))
        .collect();
    let revoked = json!({"level": "info", "event": "revoked", "scope": "token",
        "durability": "local"});
    let failed = json!({"level": "error", "event": "store_failed", "verb": "admit",
        "cause": "timeout"});
    assert_eq!(
        lines,
        [
            (Level::Warn, json!({"level": "warn", "event": "client_refused"})),
            (Level::Info, revoked),
            (Level::Error, failed),
        ]
    );
}

#[test]
fn a_revocation_this_instance_has_no_room_to_remember_is_stored_and_not_acknowledged() {
    let bench = Bench::new();
    let admin = bench.guard.config().clients.authenticate("admin", &secret("admin")).unwrap();
    for number in 0..MemoryBounds::default().revoked_subjects {
        // Straight to the guard: thousands of walks take a while.
        let subject = format!("subject-number-{number}");
        let target = RevokeTarget::Subject(Of { issuer: None, name: &subject });
        assert!(block_on(bench.guard.revoke(target, admin, bench.now())).is_ok());
        drop(bench.guard.telemetry().take_lines());
    }
    assert_eq!(bench.count("revocations_forgotten", ""), 0);
    let token = bench.mint();
    let ask = Ask::post("/oauth/revoke").basic("admin").form(&[("subject", SUBJECT)]);
    bench.send(ask).refused(503, "ERR_STORE_FULL");
    assert_eq!(bench.count("revocations_forgotten", ""), 1);
    bench.authorize(&token).refused(401, "ERR_JWT_REVOKED");
}

#[test]
fn the_series_of_a_metric_stay_bounded_whatever_is_sent() {
    let bench = Bench::new();
    for number in 0..1_000 {
        bench.send(Ask::get(&format!("/v1/limits/p{number}?key=k{number}")).basic("admin"));
        bench.send(Ask::new(&format!("M{number}"), &format!("/{number}")));
    }
    let text = bench.guard.telemetry().prometheus();
    assert!(text.lines().count() < 20, "{text}");
}
