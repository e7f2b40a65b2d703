//! A store that refuses our credentials: a fault of configuration, which no wait will mend.

use serde_json::json;

use super::{Chain, DEGRADED};
use crate::bench::{Ask, Fault};

#[test]
fn at_run_time_the_breaker_opens_at_once_and_readiness_fails() {
    let chain = Chain::new();
    let token = chain.bench.mint();
    assert_eq!(chain.bench.authorize(&token).status, 200);
    chain.primary.calls();
    chain.primary.fault(Fault::Refused);
    let reply = chain.bench.authorize(&token);
    assert_eq!(reply.status, 200, "an outage like another, for who asks");
    assert_eq!(
        reply.field(DEGRADED).unwrap(),
        "revocation;reason=unauthorized, limits;reason=unauthorized"
    );
    chain.bench.authorize(&token);
    assert_eq!(chain.primary.calls(), ["admit"]);
    assert_eq!(chain.bench.send(Ask::get("/readyz")).status, 503);
    assert_eq!(chain.bench.count("store_unauthorized", ""), 1);
    assert_eq!(chain.events("store_unauthorized")[0]["level"], json!("critical"));
}

#[test]
fn from_the_start_nothing_is_accepted_unchecked() {
    let chain = Chain::new();
    let token = chain.bench.mint();
    chain.primary.fault(Fault::Refused);
    for _ in 0..3 {
        chain.bench.authorize(&token).refused(503, "ERR_STORE_UNAVAILABLE");
    }
    chain.primary.fault(None);
    chain.bench.pass(1_000);
    chain.bench.authorize(&token);
    chain.queue.run();
    assert_eq!(chain.bench.authorize(&token).status, 200, "once they are taken, all is well");
    chain.lose_primary(Fault::Unreachable);
    let ready = chain.bench.send(Ask::get("/readyz"));
    assert_eq!((ready.status, &ready.json()["status"]), (200, &json!("degraded")));
}

#[test]
fn from_the_start_stays_refused_whatever_else_goes_wrong() {
    let chain = Chain::new();
    let token = chain.bench.mint();
    chain.primary.fault(Fault::Refused);
    chain.bench.authorize(&token);
    chain.primary.fault(Fault::Unreachable);
    chain.bench.pass(1_000);
    chain.bench.authorize(&token);
    assert_eq!(chain.queue.run(), 1, "a probe that fails otherwise");
    chain.bench.authorize(&token).refused(503, "ERR_STORE_UNAVAILABLE");
    assert_eq!(chain.bench.send(Ask::get("/readyz")).status, 503);
}
