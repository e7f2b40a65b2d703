//! Tokens that cannot be checked against the store.

use pollster::block_on;
use portcullis::store::{EntryKey, KeySpace, Revocation, RevocationScope, Store};
use serde_json::json;

use super::{Chain, DEGRADED};
use crate::bench::setup::ISSUER;
use crate::bench::{Ask, Fault};

/// A token that lives for `ttl_s`.
fn mint(chain: &Chain, ttl_s: u64) -> String {
    chain.bench.mint_with(&json!({"access_ttl": ttl_s}))
}

#[test]
fn while_the_store_answers_it_is_called_once_and_nothing_is_said() {
    let chain = Chain::of_two();
    let reply = chain.bench.authorize(&chain.bench.mint());
    assert_eq!((reply.status, reply.field(DEGRADED)), (200, None));
    assert_eq!(chain.primary.calls(), ["admit"]);
    assert!(chain.secondary.calls().is_empty());
    assert_eq!(chain.queue.run(), 0);
    assert_eq!(chain.bench.count("fallbacks", ""), 0);
}

#[test]
fn without_the_store_a_token_is_accepted_and_the_answer_says_so_and_why() {
    for (fault, cause) in [(Fault::Unreachable, "refused"), (Fault::Timeout, "timeout")] {
        let chain = Chain::new();
        let token = chain.bench.mint();
        chain.primary.fault(fault);
        let reply = chain.bench.authorize(&token);
        let said = format!("revocation;reason={cause}, limits;reason={cause}");
        assert_eq!((reply.status, reply.field(DEGRADED)), (200, Some(said.as_str())));
        let label = format!("verb=\"admit\",cause=\"{cause}\"");
        assert_eq!(chain.bench.count("store_failures", &label), 1);
        assert_eq!(chain.bench.count("fallbacks", &label), 1);
        assert_eq!(chain.events("store_failed").len(), 1);
    }
}

#[test]
fn a_token_that_lives_longer_than_may_be_exposed_is_503_and_not_401() {
    let chain = Chain::new();
    let (short, long) = (mint(&chain, 900), mint(&chain, 901));
    chain.primary.fault(Fault::Unreachable);
    assert_eq!(chain.bench.authorize(&short).status, 200);
    chain.bench.authorize(&long).refused(503, "ERR_STORE_UNAVAILABLE");
    chain.bench.pass(1_000);
    assert_eq!(chain.bench.authorize(&long).status, 200, "a second later it is short enough");
}

#[test]
fn a_long_lived_token_is_accepted_while_its_last_check_is_fresh() {
    let chain = Chain::new();
    let (checked, unchecked) = (mint(&chain, 7_200), mint(&chain, 7_200));
    assert_eq!(chain.bench.authorize(&checked).status, 200);
    chain.lose_primary(Fault::Unreachable);
    chain.bench.pass(59_999);
    assert_eq!(chain.bench.authorize(&checked).status, 200);
    chain.bench.authorize(&unchecked).refused(503, "ERR_STORE_UNAVAILABLE");
    chain.bench.pass(1);
    chain.bench.authorize(&checked).refused(503, "ERR_STORE_UNAVAILABLE");
}

#[test]
fn closed_accepts_no_token_unchecked_and_each_failure_is_counted_once() {
    let chain = Chain::with(|settings| settings["revocation"] = json!({"on_outage": "closed"}));
    let token = chain.bench.mint();
    chain.primary.fault(Fault::Unreachable);
    for _ in 0..8 {
        let reply = chain.bench.authorize(&token);
        reply.refused(503, "ERR_STORE_UNAVAILABLE");
        assert_eq!(reply.field(DEGRADED), None);
    }
    assert_eq!(chain.primary.calls().len(), 5, "the breaker opened");
    assert_eq!(chain.bench.count("store_failures", ""), 5);
    assert_eq!(chain.bench.count("fallbacks", ""), 0);
}

#[test]
fn a_closed_scope_is_never_let_in_unchecked() {
    let chain =
        Chain::with(|settings| settings["revocation"] = json!({"closed_scopes": ["write"]}));
    let read = chain.bench.mint_with(&json!({"scope": "read"}));
    let write = chain.bench.mint_with(&json!({"scope": "read write"}));
    assert_eq!(chain.bench.authorize(&write).status, 200, "checked");
    chain.primary.fault(Fault::Unreachable);
    assert_eq!(chain.bench.authorize(&read).status, 200);
    chain.bench.authorize(&write).refused(503, "ERR_STORE_UNAVAILABLE");
}

#[test]
fn a_bad_token_is_401_whatever_the_store_does() {
    let chain = Chain::new();
    chain.primary.fault(Fault::Unreachable);
    chain.bench.authorize("a.b.c").refused(401, "ERR_JWS_INVALID");
    assert!(chain.primary.calls().is_empty());
}

#[test]
fn what_was_seen_revoked_stays_refused_without_the_store() {
    let chain = Chain::new();
    let token = chain.bench.mint();
    let sibling = chain.sibling();
    sibling.revoke("web", &[("token", &token)]);
    chain.bench.authorize(&token).refused(401, "ERR_JWT_REVOKED");
    chain.primary.fault(Fault::Unreachable);
    chain.bench.authorize(&token).refused(401, "ERR_JWT_REVOKED");
}

#[test]
fn introspection_says_active_and_that_it_could_not_ask() {
    let chain = Chain::new();
    let token = chain.bench.mint();
    chain.primary.fault(Fault::Timeout);
    let form = [("token", token.as_str())];
    let reply = chain.bench.send(Ask::post("/oauth/introspect").basic("auditor").form(&form));
    assert_eq!(reply.json()["active"], true);
    assert_eq!(reply.field(DEGRADED), Some("revocation;reason=timeout"));
}

#[test]
fn an_unreadable_entry_of_this_token_is_refused_and_no_failure_of_the_store() {
    let chain = Chain::new();
    let token = chain.bench.mint();
    chain.primary.fault(Fault::Corrupt);
    for _ in 0..10 {
        chain.bench.authorize(&token).refused(401, "ERR_JWT_REVOKED");
    }
    assert_eq!(chain.primary.calls().len(), 10, "the breaker stayed closed");
    assert_eq!(chain.bench.count("store_corrupt", ""), 10);
}

#[test]
fn an_instance_without_room_for_a_revocation_it_saw_accepts_nothing_unchecked() {
    let chain = Chain::new();
    let (victim, other) = (chain.bench.mint(), chain.bench.mint());
    for number in 0..14_336 {
        let key = EntryKey::new(KeySpace::Token, ISSUER, &number.to_string());
        let (scope, expires) = (RevocationScope::Token, chain.bench.now().plus(60_000));
        let revocation = Revocation { scope, key, expires, acknowledged: None };
        block_on(chain.bench.instance.memory.revoke(&revocation, chain.bench.now())).unwrap();
    }
    chain.sibling().revoke("web", &[("token", &victim)]);
    chain.bench.authorize(&victim).refused(401, "ERR_JWT_REVOKED");
    chain.primary.fault(Fault::Unreachable);
    chain.bench.authorize(&victim).refused(503, "ERR_STORE_UNAVAILABLE");
    chain.bench.authorize(&other).refused(503, "ERR_STORE_UNAVAILABLE");
    assert_eq!(chain.bench.count("revocations_forgotten", ""), 1);
}
