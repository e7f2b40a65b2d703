//! Limits that are counted here while the store cannot.

use std::future::Future as _;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use serde_json::{Value, json};

use super::{Chain, DEGRADED};
use crate::bench::setup::{SUBJECT, failures, policy};
use crate::bench::{Ask, Bench, Chained, Fault, Reply};

/// An instance with one policy of 4 per 60 s and subject, and these members.
fn limited(members: Value) -> Chain {
    Chain::with(|settings| settings["limits"] = json!([with(4, members)]))
}

fn with(limit: u64, members: Value) -> Value {
    let mut policy = policy("per-subject", "subject", limit);
    policy.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    policy
}

fn take(bench: &Bench<Chained>, cost: u64) -> Reply {
    let order = json!({"key": "somebody", "cost": cost});
    bench.send(Ask::post("/v1/limits/per-subject").basic("admin").json(&order))
}

fn left(bench: &Bench<Chained>) -> u64 {
    let reply = bench.send(Ask::get("/v1/limits/per-subject?key=somebody").basic("admin"));
    reply.json()["remaining"].as_u64().unwrap()
}

#[test]
fn without_the_store_the_quota_is_counted_here() {
    let chain = limited(json!({}));
    let token = chain.bench.mint();
    chain.primary.fault(Fault::Unreachable);
    for _ in 0..4 {
        assert_eq!(chain.bench.authorize(&token).status, 200);
    }
    let reply = chain.bench.authorize(&token);
    reply.refused(429, "ERR_RATE_LIMITED");
    assert!(reply.field("retry-after").is_some());
    assert_eq!(reply.field(DEGRADED), None, "a proxy would hand it to the end user");
}

#[test]
fn an_administrator_is_told_that_the_store_had_no_part_in_it() {
    let chain = limited(json!({}));
    chain.primary.fault(Fault::Timeout);
    let reply = take(&chain.bench, 4);
    assert_eq!((reply.status, &reply.json()["degraded"]), (200, &"timeout".into()));
    assert_eq!(reply.field(DEGRADED), Some("limits;reason=timeout"));
    let reply = take(&chain.bench, 1);
    reply.refused(429, "ERR_RATE_LIMITED");
    assert_eq!(reply.field(DEGRADED), Some("limits;reason=timeout"));
    let target = "/v1/limits/per-subject?key=somebody";
    let reply = chain.bench.send(Ask::get(target).basic("admin"));
    assert_eq!(
        (&reply.json()["remaining"], &reply.json()["degraded"]),
        (&0.into(), &"timeout".into())
    );
}

#[test]
fn a_share_of_the_quota_is_what_each_instance_may_admit() {
    let chain = limited(json!({"local_share_percent": 50}));
    let token = chain.bench.mint();
    chain.primary.fault(Fault::Unreachable);
    for status in [200, 200, 429] {
        assert_eq!(chain.bench.authorize(&token).status, status);
    }
}

#[test]
fn a_closed_policy_is_503_because_it_cannot_be_told() {
    let chain = limited(json!({"on_outage": "closed"}));
    let token = chain.bench.mint();
    chain.primary.fault(Fault::Unreachable);
    chain.bench.authorize(&token).refused(503, "ERR_STORE_UNAVAILABLE");
}

#[test]
fn a_closed_shadow_denies_nothing() {
    let chain = limited(json!({"on_outage": "closed", "shadow": true}));
    let token = chain.bench.mint();
    chain.primary.fault(Fault::Unreachable);
    assert_eq!(chain.bench.authorize(&token).status, 200);
}

#[test]
fn an_open_policy_lets_through_and_counts_nothing() {
    let chain = limited(json!({"on_outage": "open"}));
    let token = chain.bench.mint();
    chain.primary.fault(Fault::Unreachable);
    for _ in 0..9 {
        assert_eq!(chain.bench.authorize(&token).status, 200);
    }
}

#[test]
fn of_several_policies_all_or_nothing_is_taken_here_too() {
    let chain = Chain::with(|settings| {
        let mut open = policy("open", "subject", 1);
        open["on_outage"] = json!("open");
        settings["limits"] = json!([policy("wide", "client", 9), open, with(1, json!({}))]);
    });
    let token = chain.bench.mint();
    chain.primary.fault(Fault::Unreachable);
    assert_eq!(chain.bench.authorize(&token).status, 200);
    let reply = chain.bench.authorize(&token);
    reply.refused(429, "ERR_RATE_LIMITED");
    let fields = reply.field("ratelimit").unwrap();
    assert!(fields.starts_with("\"wide\";r=8;"), "untouched by the refusal: {fields}");
}

#[test]
fn failed_authentications_are_counted_here_and_keep_out() {
    let chain = Chain::with(|settings| settings["limits"] = json!([failures(2)]));
    chain.primary.fault(Fault::Unreachable);
    for status in [401, 401, 429] {
        assert_eq!(chain.bench.authorize("a.b.c").status, status);
    }
}

#[test]
fn what_was_never_sent_is_merged_once_when_the_store_is_back() {
    let chain = limited(json!({}));
    let sibling = Chain::build(&chain.primary, None, |s| s["limits"] = json!([with(4, json!({}))]));
    chain.lose_primary(Fault::Unreachable);
    assert_eq!(take(&chain.bench, 3).status, 200);
    assert_eq!(left(&sibling.bench), 4, "the store has not heard of it");
    chain.recover();
    sibling.bench.pass(1_000);
    assert_eq!(left(&sibling.bench), 1);
    assert!(chain.bench.count("takes_merged", "") >= 1);
    chain.bench.authorize(&chain.bench.mint());
    chain.queue.run();
    assert_eq!(left(&sibling.bench), 1, "once");
}

#[test]
fn a_take_whose_outcome_is_unknown_is_never_sent_again() {
    let chain = limited(json!({}));
    let sibling = Chain::build(&chain.primary, None, |s| s["limits"] = json!([with(4, json!({}))]));
    chain.primary.fault(Fault::Lost);
    assert_eq!(take(&chain.bench, 3).status, 200);
    chain.primary.fault(None);
    assert_eq!(left(&sibling.bench), 1, "it was carried out");
    chain.bench.authorize(&chain.bench.mint());
    chain.queue.run();
    assert_eq!(left(&sibling.bench), 1);
    assert_eq!(chain.bench.count("takes_merged", ""), 0);
}

#[test]
fn a_merge_whose_reply_was_lost_is_repeated_and_counted_once() {
    let chain = limited(json!({}));
    let sibling = Chain::build(&chain.primary, None, |s| s["limits"] = json!([with(4, json!({}))]));
    chain.lose_primary(Fault::Unreachable);
    take(&chain.bench, 2);
    chain.primary.fault(Fault::LostMerge);
    chain.bench.pass(1_000);
    chain.bench.send(Ask::get("/readyz"));
    assert_eq!(chain.queue.run(), 1);
    assert_eq!(chain.primary.calls(), ["put", "merge"]);
    chain.primary.fault(None);
    chain.bench.pass(1_000);
    chain.bench.send(Ask::get("/readyz").basic("admin"));
    assert_eq!(chain.queue.run(), 1);
    assert_eq!(chain.primary.calls(), ["get", "merge"]);
    sibling.bench.pass(1_000);
    assert_eq!(left(&sibling.bench), 2);
}

#[test]
fn what_is_owed_for_a_key_that_is_reset_is_owed_no_more() {
    let chain = limited(json!({}));
    let sibling = Chain::build(&chain.primary, None, |s| s["limits"] = json!([with(4, json!({}))]));
    chain.lose_primary(Fault::Unreachable);
    assert_eq!(take(&chain.bench, 3).status, 200);
    // The store is back, and has not taken the cost yet.
    chain.primary.fault(Fault::NoMerging);
    chain.bench.pass(1_000);
    chain.bench.send(Ask::get("/readyz"));
    assert_eq!(chain.queue.run(), 1);
    let reset = Ask::new("DELETE", "/v1/limits/per-subject?key=somebody").basic("admin");
    assert_eq!(chain.bench.send(reset).status, 204);
    chain.recover();
    sibling.bench.pass(3_000);
    assert_eq!(left(&sibling.bench), 4);
    assert_eq!(chain.bench.count("takes_merged", ""), 0);
}

#[test]
fn a_cost_beyond_the_share_cannot_be_told_and_is_no_denial() {
    let chain = limited(json!({"local_share_percent": 50}));
    chain.lose_primary(Fault::Unreachable);
    let beyond = take(&chain.bench, 3);
    beyond.refused(503, "ERR_STORE_UNAVAILABLE");
    assert_eq!(take(&chain.bench, 2).status, 200);
    take(&chain.bench, 1).refused(429, "ERR_RATE_LIMITED");
}

#[test]
fn a_key_that_is_blocked_stays_so_without_the_store() {
    let chain = limited(json!({}));
    let order = json!({"key": "somebody", "block_for": "10m"});
    let blocked = chain.bench.send(Ask::post("/v1/limits/per-subject").basic("admin").json(&order));
    assert_eq!(blocked.status, 204, "{blocked:?}");
    chain.lose_primary(Fault::Unreachable);
    take(&chain.bench, 1).refused(429, "ERR_RATE_LIMITED");
}

#[test]
fn cost_that_the_store_does_not_take_keeps_no_revocation_waiting() {
    let chain = limited(json!({}));
    let token = chain.bench.mint();
    chain.lose_primary(Fault::Unreachable);
    take(&chain.bench, 2);
    let answer = chain.revoke("web", &[("token", &token)]);
    assert_eq!(answer.json()["durability"], "local");
    chain.primary.fault(Fault::NoMerging);
    chain.bench.pass(1_000);
    chain.bench.send(Ask::get("/readyz"));
    assert_eq!(chain.queue.run(), 1);
    assert_eq!(chain.primary.calls(), ["put", "revoke", "merge"]);
    assert_eq!(chain.bench.count("revocations_replayed", ""), 1);
    assert_eq!(chain.bench.count("takes_merged", ""), 0);
}

#[test]
fn a_window_that_is_over_owes_nothing() {
    let chain = limited(json!({}));
    chain.lose_primary(Fault::Unreachable);
    take(&chain.bench, 3);
    chain.bench.pass(120_000);
    chain.recover();
    assert_eq!(left(&chain.bench), 4);
}

#[test]
fn cost_there_is_no_room_to_owe_is_said_to_be_lost() {
    let chain = limited(json!({}));
    chain.lose_primary(Fault::Unreachable);
    for number in 0..1_025 {
        let order = json!({"key": format!("key {number}")});
        let reply =
            chain.bench.send(Ask::post("/v1/limits/per-subject").basic("admin").json(&order));
        assert_eq!(reply.status, 200);
    }
    assert_eq!(chain.bench.count("takes_unmerged", ""), 1);
}

#[test]
fn a_reset_reaches_what_was_counted_here_in_an_outage() {
    let chain = Chain::with(|settings| settings["limits"] = json!([failures(2)]));
    chain.lose_primary(Fault::Unreachable);
    for _ in 0..3 {
        chain.bench.send(Ask::get("/v1/authorize").bearer("a.b.c").from("192.0.2.9"));
    }
    chain.recover();
    let good = || Ask::get("/v1/authorize").bearer(&chain.bench.mint()).from("192.0.2.9");
    assert_eq!(chain.bench.send(good()).status, 429);
    let reset = Ask::new("DELETE", "/v1/limits/failures?key=192.0.2.9").basic("admin");
    assert_eq!(chain.bench.send(reset).status, 204);
    assert_eq!(chain.bench.send(good()).status, 200);
}

#[test]
fn a_token_that_is_revoked_here_while_the_secondary_is_asked_takes_nothing() {
    let chain = Chain::of_two();
    let token = chain.bench.mint();
    chain.lose_primary(Fault::Unreachable);
    let left = || {
        let ask = Ask::get(&format!("/v1/limits/per-subject?key={SUBJECT}"));
        chain.bench.send(ask.basic("admin")).json()["remaining"].clone()
    };
    let before = left();

    chain.secondary.fault(Fault::Slow);
    let request = Ask::get("/v1/authorize").bearer(&token).request();
    let mut answer = pin!(chain.bench.answer(&request));
    let mut context = Context::from_waker(Waker::noop());
    assert!(answer.as_mut().poll(&mut context).is_pending());
    chain.secondary.fault(Fault::Unreachable);
    assert_eq!(chain.revoke("web", &[("token", &token)]).json()["durability"], "local");
    let Poll::Ready(response) = answer.as_mut().poll(&mut context) else { panic!("answered") };
    assert_eq!(response.status(), 401);
    assert_eq!(left(), before);
}

#[test]
fn what_was_denied_without_the_store_is_not_known_of_it() {
    let chain = limited(json!({}));
    let token = chain.bench.mint();
    chain.primary.fault(Fault::Unreachable);
    for status in [200, 200, 200, 200, 429, 429] {
        assert_eq!(chain.bench.authorize(&token).status, status);
    }
    assert_eq!(chain.bench.count("limit_denials_known", ""), 0);
}
