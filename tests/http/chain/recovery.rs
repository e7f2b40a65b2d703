//! An outage from its beginning to its end.

use serde_json::json;

use super::{Chain, DEGRADED};
use crate::bench::Fault;
use crate::bench::setup::SUBJECT;

#[test]
fn tokens_from_before_and_from_within_an_outage_hold_through_it_and_after_it() {
    let chain = Chain::new();
    let before = chain.bench.mint();
    chain.lose_primary(Fault::Timeout);
    let within = chain.bench.mint();
    for token in [&before, &within] {
        assert_eq!(chain.bench.authorize(token).status, 200);
    }
    chain.recover();
    for token in [&before, &within] {
        let reply = chain.bench.authorize(token);
        assert_eq!((reply.status, reply.field(DEGRADED)), (200, None));
    }
}

#[test]
fn two_outages_are_two() {
    let chain = Chain::new();
    for outages in 1..=2 {
        chain.lose_primary(Fault::Unreachable);
        chain.recover();
        assert_eq!(chain.bench.count("breaker_openings", ""), outages);
        assert_eq!(chain.bench.count("store_recoveries", ""), outages);
    }
    chain.bench.authorize(&chain.bench.mint());
    let recovered = chain.events("store_recovered");
    assert_eq!(recovered.len(), 2);
    assert_eq!(
        (&recovered[0]["outage_ms"], &recovered[0]["level"]),
        (&json!(1_300), &json!("info"))
    );
}

#[test]
fn instances_fall_back_each_by_itself() {
    let chain = Chain::new();
    let sibling = chain.sibling();
    let token = chain.bench.mint();
    chain.lose_primary(Fault::Unreachable);
    chain.primary.fault(None);
    let reply = sibling.bench.authorize(&token);
    assert_eq!((reply.status, reply.field(DEGRADED)), (200, None));
    assert!(chain.bench.authorize(&token).field(DEGRADED).is_some());
}

#[test]
fn a_store_that_lost_its_data_is_told_again_all_that_is_known_as_revoked() {
    let chain = Chain::new();
    let tokens: Vec<String> = (0..40).map(|_| chain.bench.mint()).collect();
    for token in &tokens {
        assert_eq!(chain.revoke("web", &[("token", token)]).json()["durability"], "store");
    }
    let of_session = chain.bench.mint();
    chain.revoke("admin", &[("subject", SUBJECT)]);
    chain.bench.pass(1);
    let later = chain.bench.mint();
    chain.bench.authorize(&later);
    chain.primary.lose_data();
    let sibling = chain.sibling();
    sibling.bench.pass(1);
    assert_eq!(sibling.bench.authorize(&tokens[0]).status, 200, "forgotten");

    for _ in 0..3 {
        chain.bench.authorize(&later);
        chain.queue.run();
    }
    for token in tokens.iter().chain([&of_session]) {
        sibling.bench.authorize(token).refused(401, "ERR_JWT_REVOKED");
    }
    assert_eq!(sibling.bench.authorize(&later).status, 200, "the cut is where it was");
    assert_eq!(chain.bench.count("store_lost_data", ""), 1);
    assert_eq!(chain.events("store_lost_data")[0]["level"], json!("error"));
    assert_eq!(chain.bench.count("revocations_replayed", ""), 41);
    chain.bench.authorize(&later);
    assert_eq!(chain.queue.run(), 0, "once");
}

#[test]
fn data_lost_between_an_instances_first_revocation_and_its_first_check_are_told_again() {
    let chain = Chain::new();
    let token = chain.bench.mint();
    assert_eq!(chain.revoke("web", &[("token", &token)]).json()["durability"], "store");
    chain.primary.lose_data();
    let sibling = chain.sibling();
    assert_eq!(sibling.bench.authorize(&token).status, 200, "forgotten");

    chain.bench.authorize(&chain.bench.mint());
    chain.queue.run();
    sibling.bench.authorize(&token).refused(401, "ERR_JWT_REVOKED");
    assert_eq!(chain.bench.count("store_lost_data", ""), 0, "it cannot be told");
    chain.bench.authorize(&chain.bench.mint());
    assert_eq!(chain.queue.run(), 0, "once");
}

#[test]
fn an_instance_that_revoked_nothing_has_nothing_to_tell_at_its_first_check() {
    let chain = Chain::new();
    chain.bench.authorize(&chain.bench.mint());
    assert_eq!(chain.queue.run(), 0);
}
