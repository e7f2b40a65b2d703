//! While the breaker is open nothing waits for the store.

use super::{Chain, DEGRADED, FAILURES};
use crate::bench::{Ask, Fault};

#[test]
fn after_five_failures_the_store_is_not_called_any_more() {
    let chain = Chain::new();
    let token = chain.bench.mint();
    chain.primary.fault(Fault::Unreachable);
    for _ in 0..20 {
        assert_eq!(chain.bench.authorize(&token).status, 200);
    }
    assert_eq!(chain.primary.calls().len(), FAILURES);
    assert_eq!(chain.queue.run(), 0, "nor in the background");
    let reply = chain.bench.authorize(&token);
    let said = "revocation;reason=breaker_open, limits;reason=breaker_open";
    assert_eq!(reply.field(DEGRADED), Some(said));
    assert_eq!(chain.bench.count("breaker_openings", "cause=\"refused\""), 1);
    let opened = chain.events("breaker_opened");
    assert_eq!(opened.len(), 1);
    assert_eq!((&opened[0]["store"], &opened[0]["level"]), (&"primary".into(), &"warn".into()));
}

#[test]
fn the_probe_runs_in_the_background_and_the_next_request_uses_the_store() {
    let chain = Chain::new();
    let token = chain.bench.mint();
    chain.lose_primary(Fault::Unreachable);
    chain.primary.fault(None);
    chain.bench.pass(999);
    chain.bench.authorize(&token);
    assert_eq!(chain.queue.run(), 0, "not before a second is over");
    chain.bench.pass(1);
    let reply = chain.bench.authorize(&token);
    assert!(reply.field(DEGRADED).is_some(), "whoever starts the probe does not wait for it");
    assert!(chain.primary.calls().is_empty());
    assert_eq!(chain.queue.run(), 1);
    assert_eq!(chain.bench.authorize(&token).field(DEGRADED), None);
    assert_eq!(chain.events("store_recovered").len(), 1);
    assert_eq!(chain.bench.count("store_recoveries", ""), 1);
    assert_eq!(chain.bench.count("store_outage_milliseconds", ""), 1_000);
}

#[test]
fn a_probe_that_fails_waits_longer_and_opens_nothing_anew() {
    let chain = Chain::new();
    let token = chain.bench.mint();
    chain.lose_primary(Fault::Unreachable);
    chain.bench.pass(1_000);
    chain.bench.authorize(&token);
    assert_eq!(chain.queue.run(), 1);
    assert_eq!(chain.primary.calls(), ["put"]);
    chain.bench.pass(1_400);
    chain.bench.authorize(&token);
    assert_eq!(chain.queue.run(), 0);
    assert_eq!(chain.bench.count("breaker_openings", ""), 1);
    assert_eq!(chain.bench.count("store_failures", "verb=\"probe\""), 1);
}

#[test]
fn a_probe_that_is_never_heard_of_frees_its_place() {
    let chain = Chain::new();
    let token = chain.bench.mint();
    chain.lose_primary(Fault::Unreachable);
    chain.primary.fault(None);
    chain.bench.pass(1_000);
    chain.bench.authorize(&token);
    assert_eq!(chain.queue.drop_all(), 1);
    chain.bench.authorize(&token);
    assert_eq!(chain.queue.run(), 0, "one at a time");
    chain.bench.pass(2_000);
    chain.bench.authorize(&token);
    assert_eq!(chain.queue.run(), 1);
    assert_eq!(chain.bench.authorize(&token).field(DEGRADED), None);
}

#[test]
fn a_store_that_can_only_be_read_is_not_back() {
    let chain = Chain::new();
    let token = chain.bench.mint();
    chain.lose_primary(Fault::Unreachable);
    chain.primary.fault(Fault::ReadOnly);
    chain.bench.pass(1_000);
    chain.bench.authorize(&token);
    assert_eq!(chain.queue.run(), 1);
    assert!(chain.bench.authorize(&token).field(DEGRADED).is_some());
}

#[test]
fn a_failing_secondary_has_a_breaker_of_its_own() {
    let chain = Chain::of_two();
    let token = chain.bench.mint();
    chain.lose_primary(Fault::Unreachable);
    chain.secondary.calls();
    chain.secondary.fault(Fault::Timeout);
    for _ in 0..20 {
        assert_eq!(chain.bench.authorize(&token).status, 200);
    }
    assert_eq!(chain.secondary.calls().len(), FAILURES);
    assert_eq!(chain.bench.count("secondary_failures", "cause=\"timeout\""), 5);
    assert_eq!(chain.bench.count("breaker_openings", "store=\"secondary\""), 1);
    chain.secondary.fault(None);
    chain.bench.pass(1_300);
    chain.bench.authorize(&token);
    chain.queue.run();
    chain.secondary.calls();
    chain.bench.authorize(&token);
    assert_eq!(chain.secondary.calls(), ["admit"]);
}

#[test]
fn readiness_tells_an_outage_that_is_borne_from_one_that_is_not() {
    let ready = |chain: &Chain| {
        let reply = chain.bench.send(Ask::get("/readyz"));
        (reply.status, reply.json()["status"].as_str().unwrap().to_owned())
    };
    let borne = Chain::new();
    assert_eq!(ready(&borne), (200, "ready".to_owned()));
    borne.lose_primary(Fault::Unreachable);
    assert_eq!(ready(&borne), (200, "degraded".to_owned()));
    assert!(borne.primary.calls().is_empty(), "nobody unknown spends a call");
    let told = borne.bench.send(Ask::get("/readyz").basic("admin"));
    assert_eq!((told.status, &told.json()["store"]), (200, &"ERR_STORE_UNAVAILABLE".into()));
    let closed = Chain::with(|s| s["revocation"] = serde_json::json!({"on_outage": "closed"}));
    closed.lose_primary(Fault::Unreachable);
    assert_eq!(ready(&closed), (503, "not ready".to_owned()));
    borne.recover();
    assert_eq!(ready(&borne), (200, "ready".to_owned()));
}

#[test]
fn the_gauges_tell_how_the_store_stands() {
    let chain = Chain::new();
    let gauge = |name: &str| {
        let text = chain.bench.guard.metrics(chain.bench.now());
        let line = text.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
        line.split_once(' ').unwrap().1.parse::<u64>().unwrap()
    };
    assert_eq!((gauge("portcullis_store_up"), gauge("portcullis_outage_seconds")), (1, 0));
    chain.lose_primary(Fault::Unreachable);
    chain.bench.pass(300_000);
    chain.revoke("admin", &[("session", "s1")]);
    assert_eq!((gauge("portcullis_store_up"), gauge("portcullis_outage_seconds")), (0, 300));
    assert_eq!(gauge("portcullis_journal_entries"), 1);
}

#[test]
fn strangers_who_ask_for_readiness_neither_keep_the_breaker_closed_nor_spend_calls() {
    let chain = Chain::new();
    let token = chain.bench.mint();
    chain.primary.fault(Fault::NoAdmitting);
    for _ in 0..FAILURES {
        chain.bench.authorize(&token);
        for _ in 0..10 {
            assert_eq!(chain.bench.send(Ask::get("/readyz")).status, 200);
        }
    }
    let calls = chain.primary.calls();
    assert_eq!(calls.iter().filter(|verb| **verb == "get").count(), 1, "one a second at most");
    assert_eq!(calls.iter().filter(|verb| **verb == "admit").count(), FAILURES);
    assert_eq!(chain.bench.count("breaker_openings", ""), 1);
}

#[test]
fn a_key_written_too_often_does_not_take_the_secondary_from_everybody() {
    let chain = Chain::of_two();
    let token = chain.bench.mint();
    chain.lose_primary(Fault::Unreachable);
    chain.secondary.fault(Fault::Quota);
    for _ in 0..2 * FAILURES {
        chain.revoke("admin", &[("subject", "somebody")]);
    }
    chain.secondary.fault(None);
    chain.secondary.calls();
    chain.bench.authorize(&token);
    assert_eq!(chain.secondary.calls(), ["admit"]);
}
