//! Revocations the store cannot take yet.

use serde_json::json;

use super::{Chain, DEGRADED};
use crate::bench::setup::SUBJECT;
use crate::bench::{Ask, Fault};

#[test]
fn a_revocation_is_kept_here_at_once_and_reaches_the_store_when_it_is_back() {
    let chain = Chain::new();
    let token = chain.bench.mint();
    chain.lose_primary(Fault::Unreachable);
    let reply = chain.revoke("web", &[("token", &token)]);
    assert_eq!((reply.status, reply.json()), (200, json!({"durability": "local"})));
    assert_eq!(reply.field(DEGRADED), Some("revocation"));
    chain.bench.authorize(&token).refused(401, "ERR_JWT_REVOKED");
    assert_eq!(chain.bench.count("revocations_journalled", "scope=\"token\""), 1);
    assert_eq!(chain.events("revocation_journalled").len(), 1);

    let sibling = chain.sibling();
    assert_eq!(sibling.bench.authorize(&token).status, 200, "it has not heard of it");
    chain.recover();
    sibling.bench.authorize(&token).refused(401, "ERR_JWT_REVOKED");
    assert_eq!(chain.bench.count("revocations_replayed", ""), 1);
}

#[test]
fn a_revocation_is_replayed_once() {
    let chain = Chain::new();
    chain.meet_primary();
    chain.lose_primary(Fault::Unreachable);
    chain.revoke("admin", &[("session", "s1")]);
    chain.recover();
    chain.bench.authorize(&chain.bench.mint());
    assert_eq!(chain.queue.run(), 0);
    assert_eq!(chain.primary.calls(), ["admit"]);
    assert_eq!(chain.bench.count("revocations_replayed", ""), 1);
}

#[test]
fn with_a_secondary_it_is_written_there_and_other_instances_find_it_in_the_outage() {
    let chain = Chain::of_two();
    let other = Chain::build(&chain.primary, Some(&chain.secondary), |_| ());
    let token = chain.bench.mint();
    chain.lose_primary(Fault::Unreachable);
    let reply = chain.revoke("web", &[("token", &token)]);
    assert_eq!(reply.json(), json!({"durability": "secondary"}));
    other.bench.authorize(&token).refused(401, "ERR_JWT_REVOKED");
    chain.secondary.fault(Fault::Unreachable);
    other.bench.authorize(&token).refused(401, "ERR_JWT_REVOKED");
}

#[test]
fn when_the_secondary_fails_too_it_is_local() {
    let chain = Chain::of_two();
    let token = chain.bench.mint();
    chain.lose_primary(Fault::Unreachable);
    chain.secondary.fault(Fault::Timeout);
    let reply = chain.revoke("web", &[("token", &token)]);
    assert_eq!(reply.json(), json!({"durability": "local"}));
    chain.bench.authorize(&token).refused(401, "ERR_JWT_REVOKED");
}

#[test]
fn a_call_whose_outcome_is_unknown_is_journalled_too() {
    let chain = Chain::new();
    chain.meet_primary();
    let token = chain.bench.mint();
    chain.primary.fault(Fault::Lost);
    let reply = chain.revoke("web", &[("token", &token)]);
    assert_eq!(reply.json(), json!({"durability": "local"}));
    chain.primary.fault(None);
    chain.bench.authorize(&chain.bench.mint());
    assert_eq!(chain.queue.run(), 1, "the next call that is answered starts the replay");
    assert_eq!(chain.bench.count("revocations_replayed", ""), 1);
}

#[test]
fn a_replayed_cut_of_a_subject_spares_what_was_issued_after_it() {
    let chain = Chain::new();
    let before = chain.bench.mint();
    chain.lose_primary(Fault::Unreachable);
    chain.bench.pass(1);
    chain.revoke("admin", &[("subject", SUBJECT)]);
    chain.bench.pass(1);
    let after = chain.bench.mint();
    chain.recover();
    let sibling = chain.sibling();
    sibling.bench.pass(2_000);
    sibling.bench.authorize(&before).refused(401, "ERR_JWT_REVOKED");
    assert_eq!(sibling.bench.authorize(&after).status, 200);
}

#[test]
fn a_full_journal_refuses_and_does_not_acknowledge() {
    let chain = Chain::new();
    chain.lose_primary(Fault::Unreachable);
    for number in 0..1_024 {
        let reply = chain.revoke("admin", &[("session", &format!("s{number}"))]);
        assert_eq!(reply.status, 200);
    }
    let reply = chain.revoke("admin", &[("session", "one more")]);
    reply.refused(503, "ERR_STORE_FULL");
    assert_eq!(chain.bench.count("journal_full", "scope=\"session\""), 1);
    assert_eq!(chain.events("journal_full").len(), 1);
    let answered = chain.bench.count("fallbacks", "verb=\"revoke\"");
    assert_eq!(answered, 1_024, "a refusal is no answer given without the store");
    let token = chain.bench.mint();
    assert_eq!(chain.revoke("web", &[("token", &token)]).status, 200, "tokens have their own room");
}

#[test]
fn a_long_journal_is_replayed_over_several_requests() {
    let chain = Chain::new();
    chain.meet_primary();
    chain.lose_primary(Fault::Unreachable);
    for number in 0..70 {
        chain.revoke("admin", &[("session", &format!("s{number}"))]);
    }
    chain.recover();
    for _ in 0..3 {
        chain.bench.authorize(&chain.bench.mint());
        chain.queue.run();
        assert!(chain.primary.calls().len() <= 33, "bounded");
    }
    assert_eq!(chain.bench.count("revocations_replayed", ""), 70);
}

#[test]
fn a_replay_that_fails_goes_on_where_it_stopped() {
    let chain = Chain::new();
    chain.meet_primary();
    chain.lose_primary(Fault::Unreachable);
    chain.revoke("admin", &[("session", "s1")]);
    chain.revoke("admin", &[("session", "s2")]);
    chain.bench.pass(1_000);
    chain.primary.fault(Fault::NoRevoking);
    chain.bench.authorize(&chain.bench.mint());
    chain.queue.run();
    assert_eq!(chain.bench.count("revocations_replayed", ""), 0);
    chain.primary.fault(None);
    chain.bench.authorize(&chain.bench.mint());
    assert_eq!(chain.queue.run(), 0, "not with each request");
    chain.bench.pass(1_000);
    chain.bench.authorize(&chain.bench.mint());
    assert_eq!(chain.queue.run(), 1);
    assert_eq!(chain.bench.count("revocations_replayed", ""), 2);
}

#[test]
fn what_must_be_the_stores_own_doing_is_503() {
    let chain = Chain::new();
    chain.lose_primary(Fault::Unreachable);
    let target = format!("/v1/limits/per-subject?key={SUBJECT}");
    let reset = Ask::new("DELETE", &target).basic("admin");
    chain.bench.send(reset).refused(503, "ERR_STORE_UNAVAILABLE");
}

#[test]
fn a_revocation_the_store_refuses_for_good_is_said_and_holds_up_nothing() {
    let chain = Chain::new();
    chain.meet_primary();
    chain.lose_primary(Fault::Unreachable);
    chain.revoke("admin", &[("session", "s1")]);
    chain.revoke("admin", &[("session", "s2")]);
    chain.primary.fault(Fault::Full);
    chain.bench.pass(1_000);
    chain.bench.authorize(&chain.bench.mint());
    chain.queue.run();
    assert_eq!(chain.bench.count("revocations_unreplayed", "scope=\"session\""), 2);
    chain.primary.calls();
    chain.bench.authorize(&chain.bench.mint());
    assert_eq!(chain.queue.run(), 0);
    assert_eq!(chain.events("revocation_unreplayed").len(), 2);
}

#[test]
fn what_a_full_journal_has_no_room_for_the_secondary_may_take() {
    let chain = Chain::of_two();
    chain.lose_primary(Fault::Unreachable);
    chain.secondary.fault(Fault::Timeout);
    for number in 0..1_024 {
        chain.revoke("admin", &[("session", &format!("s{number}"))]);
    }
    chain.secondary.fault(None);
    chain.bench.pass(1_300);
    chain.bench.authorize(&chain.bench.mint());
    chain.queue.run();
    let reply = chain.revoke("admin", &[("session", "one more")]);
    assert_eq!(reply.json(), json!({"durability": "secondary"}));
}
