//! What operators and verifiers ask.

use serde_json::json;

use crate::bench::setup::failures;
use crate::bench::{Ask, Bench, Fault, Reply};

fn readyz(bench: &Bench) -> Reply {
    bench.send(Ask::get("/readyz"))
}

fn detailed(bench: &Bench) -> Reply {
    bench.send(Ask::get("/readyz").basic("admin"))
}

#[test]
fn health_is_told_to_anybody_whatever_the_store_does() {
    let bench = Bench::new();
    bench.store.fault(Fault::Unreachable);
    let reply = bench.send(Ask::get("/healthz"));
    assert_eq!((reply.status, reply.text.as_str()), (200, "{\"status\":\"ok\"}"));
    assert_eq!(reply.field("cache-control"), Some("no-store"));
    assert!(bench.store.calls().is_empty());
}

#[test]
fn readiness_without_a_credential_is_what_the_last_call_showed_and_no_more() {
    let bench = Bench::new();
    let token = bench.mint();
    assert_eq!(
        (readyz(&bench).status, readyz(&bench).text.as_str()),
        (200, "{\"status\":\"ready\"}")
    );
    bench.store.fault(Fault::Unreachable);
    assert_eq!(readyz(&bench).status, 200, "nothing has failed yet");
    assert!(bench.store.calls().is_empty());
    bench.authorize(&token).refused(503, "ERR_STORE_UNAVAILABLE");
    let reply = readyz(&bench);
    assert_eq!((reply.status, reply.text.as_str()), (503, "{\"status\":\"not ready\"}"));
    bench.store.fault(None);
    assert_eq!(bench.authorize(&token).status, 200);
    assert_eq!(readyz(&bench).status, 200);
}

#[test]
fn readiness_recovers_without_traffic_at_one_store_call_a_second() {
    let bench = Bench::new();
    bench.store.fault(Fault::Timeout);
    bench.authorize(&bench.mint()).refused(503, "ERR_STORE_UNAVAILABLE");
    bench.store.calls();
    for _ in 0..3 {
        for _ in 0..5 {
            assert_eq!(readyz(&bench).status, 503);
            bench.pass(199);
        }
        assert!(bench.store.calls().len() <= 1);
    }
    bench.store.fault(None);
    bench.pass(1_000);
    assert_eq!([(); 3].map(|()| readyz(&bench).status), [200; 3]);
    assert_eq!(bench.store.calls(), ["get"]);
}

#[test]
fn readiness_with_a_credential_asks_the_store_and_says_what_is_wrong() {
    let bench = Bench::new();
    assert_eq!(detailed(&bench).json(), json!({"status": "ready", "store": "reachable"}));
    for fault in [Fault::Unreachable, Fault::Timeout] {
        bench.store.fault(fault);
        let reply = detailed(&bench);
        let expected = json!({"status": "not ready", "store": "ERR_STORE_UNAVAILABLE"});
        assert_eq!((reply.status, reply.json()), (503, expected));
    }
    bench.store.fault(None);
    assert_eq!(detailed(&bench).status, 200);
    assert_eq!(bench.store.calls(), ["get"; 4]);
    assert_eq!(bench.count("store_failures", "verb=\"get\""), 2);
}

#[test]
fn a_store_that_only_counts_does_not_make_ready() {
    let bench = Bench::with(|settings| settings["limits"] = json!([failures(3)]));
    let token = bench.mint();
    bench.store.fault(Fault::Unreachable);
    bench.authorize(&token).refused(503, "ERR_STORE_UNAVAILABLE");
    bench.store.fault(None);
    // As with Workers KV gone and limits counted in memory: only the latter answers.
    bench.authorize("bad").refused(401, "ERR_JWS_INVALID");
    assert_eq!(bench.store.calls(), ["admit"; 2]);
    assert_eq!(readyz(&bench).status, 503);
    assert_eq!(bench.authorize(&token).status, 200);
    assert_eq!(readyz(&bench).status, 200);
}

#[test]
fn metrics_are_prometheus_text_for_those_granted_them() {
    let bench = Bench::new();
    bench.authorize("bad").refused(401, "ERR_JWS_INVALID");
    let reply = bench.send(Ask::get("/metrics").basic("admin"));
    assert_eq!(reply.status, 200);
    assert_eq!(reply.field("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert_eq!(reply.field("cache-control"), Some("no-store"));
    let sample = "portcullis_tokens_refused_total{code=\"ERR_JWS_INVALID\"} 1\n";
    assert!(reply.text.contains(sample), "{}", reply.text);
    for line in reply.text.lines().filter(|line| !line.starts_with('#')) {
        let (name, count) = line.rsplit_once(' ').unwrap();
        assert!(name.starts_with("portcullis_") && count.parse::<u64>().is_ok(), "{line}");
    }
}

#[test]
fn every_answer_but_the_public_keys_is_kept_by_no_cache_and_sniffed_by_nobody() {
    let bench = Bench::new();
    let token = bench.mint();
    let form = [("token", token.as_str())];
    let asks = [
        Ask::post("/v1/tokens").basic("web").json(&json!({"sub": "a"})),
        Ask::get("/v1/authorize?claims").bearer(&token),
        Ask::post("/oauth/introspect").basic("auditor").form(&form),
        Ask::post("/oauth/revoke").basic("web").form(&form),
        Ask::get("/v1/limits/per-subject?key=a").basic("admin"),
        Ask::get("/readyz"),
        Ask::get("/readyz").basic("admin"),
        Ask::get("/metrics").basic("admin"),
        Ask::get("/healthz"),
    ];
    for ask in asks {
        let reply = bench.send(ask);
        assert!(reply.status < 300, "{reply:?}");
        assert_eq!(reply.field("cache-control"), Some("no-store"), "{reply:?}");
        assert_eq!(reply.field("x-content-type-options"), Some("nosniff"), "{reply:?}");
    }
}
