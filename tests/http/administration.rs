//! /v1/limits: looking at, taking from and resetting one key.

use serde_json::{Value, json};

use crate::bench::setup::{SUBJECT, policy};
use crate::bench::{Ask, Bench, Fault, Reply};

const ROUTE: &str = "/v1/limits/per-subject";

fn take(bench: &Bench, order: &Value) -> Reply {
    bench.send(Ask::post(ROUTE).basic("admin").json(order))
}

fn peek(bench: &Bench, key: &str) -> Reply {
    bench.send(Ask::get(&format!("{ROUTE}?key={key}")).basic("admin"))
}

#[test]
fn a_take_a_peek_and_a_reset_are_of_the_same_count_as_tokens_are() {
    let bench = Bench::new();
    let token = bench.mint();
    assert_eq!(bench.authorize(&token).status, 200);
    let taken = take(&bench, &json!({"key": SUBJECT, "cost": 2}));
    assert_eq!((taken.status, &taken.json()["remaining"]), (200, &json!(0)));
    assert!(taken.field("ratelimit").unwrap().starts_with("\"per-subject\";r=0;"));
    bench.authorize(&token).refused(429, "ERR_RATE_LIMITED");
    let looked = peek(&bench, SUBJECT);
    assert_eq!((looked.status, &looked.json()["allowed"]), (200, &json!(false)));
    assert!(looked.json()["retry_after_ms"].as_u64().unwrap() > 0);
    let reset = bench.send(Ask::new("DELETE", &format!("{ROUTE}?key={SUBJECT}")).basic("admin"));
    assert_eq!((reset.status, reset.text.as_str()), (204, ""));
    bench.assert_nothing_was_taken();
}

#[test]
fn a_take_over_quota_is_429_and_consumes_nothing() {
    let bench = Bench::new();
    assert_eq!(take(&bench, &json!({"key": SUBJECT, "cost": 2})).status, 200);
    let denied = take(&bench, &json!({"key": SUBJECT, "cost": 2}));
    denied.refused(429, "ERR_RATE_LIMITED");
    assert!(denied.field("retry-after").is_some());
    assert_eq!(peek(&bench, SUBJECT).json()["remaining"], 1);
}

#[test]
fn cost_is_counted_after_the_fact_or_given_back() {
    let bench = Bench::new();
    let left = |adjust: i64| {
        let reply = take(&bench, &json!({"key": SUBJECT, "adjust": adjust}));
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()["remaining"].as_u64().unwrap()
    };
    assert_eq!([2, 9, -1, -9].map(left), [1, 0, 1, 3]);
    let token = bench.mint();
    for status in [200, 200, 200, 429, 429] {
        assert_eq!(bench.authorize(&token).status, status);
    }
    left(-1);
    assert_eq!(bench.authorize(&token).status, 200, "it may be taken at once");
}

#[test]
fn a_block_denies_for_its_time_whatever_is_left() {
    let bench = Bench::new();
    let token = bench.mint();
    let blocked = take(&bench, &json!({"key": SUBJECT, "block_for": "10m"}));
    assert_eq!((blocked.status, blocked.text.as_str()), (204, ""));
    let denied = bench.authorize(&token);
    denied.refused(429, "ERR_RATE_LIMITED");
    assert_eq!(denied.field("retry-after"), Some("600"));
    bench.pass(600_000);
    assert_eq!(bench.authorize(&token).status, 200);
}

#[test]
fn an_order_is_one_thing_and_a_block_a_duration() {
    let bench = Bench::new();
    for (member, value) in [("cost", json!(1)), ("adjust", json!(1))] {
        let both = json!({"key": SUBJECT, "block_for": "1s", member: value});
        take(&bench, &both).refused(400, "ERR_REQUEST_INVALID");
    }
    take(&bench, &json!({"key": SUBJECT, "cost": 1, "adjust": 1}))
        .refused(400, "ERR_REQUEST_INVALID");
    for text in ["", "0s", "1", "-1s", "367d", "soon"] {
        take(&bench, &json!({"key": SUBJECT, "block_for": text}))
            .refused(400, "ERR_REQUEST_INVALID")
            .saying("1ms to 366d");
    }
    take(&bench, &json!({"key": SUBJECT, "adjust": 0.5})).refused(400, "ERR_REQUEST_INVALID");
    bench.assert_nothing_was_taken();
}

#[test]
fn a_peek_takes_nothing() {
    let bench = Bench::new();
    for _ in 0..5 {
        assert_eq!(peek(&bench, SUBJECT).json()["remaining"], 3);
    }
    let ask = Ask::new("HEAD", &format!("{ROUTE}?key={SUBJECT}")).basic("admin");
    assert_eq!(bench.send(ask).text, "");
    bench.assert_nothing_was_taken();
}

#[test]
fn a_reset_is_of_exactly_one_key() {
    let bench = Bench::new();
    for key in [SUBJECT, "subject-*", "subject-7f3"] {
        take(&bench, &json!({"key": key}));
    }
    for key in ["*", "subject-*", "%25", "subject-7f3", "subject-7f3a%20"] {
        let ask = Ask::new("DELETE", &format!("{ROUTE}?key={key}")).basic("admin");
        assert_eq!(bench.send(ask).status, 204);
    }
    assert_eq!(peek(&bench, SUBJECT).json()["remaining"], 2);
    assert_eq!(peek(&bench, "subject-7f3").json()["remaining"], 3);
}

#[test]
fn an_unknown_policy_is_404_for_every_verb() {
    let bench = Bench::new();
    for path in ["nope", "", "Per-Subject", "gate", "per-subject/x", "per%2Dsubject", ".."] {
        let target = format!("/v1/limits/{path}?key=a");
        for ask in [
            Ask::post(&target).json(&json!({"key": "a"})),
            Ask::get(&target),
            Ask::new("DELETE", &target),
        ] {
            bench.send(ask.basic("admin")).refused(404, "ERR_LIMIT_POLICY_UNKNOWN");
        }
    }
    assert!(bench.store.calls().is_empty());
}

#[test]
fn a_cost_of_0_above_the_limit_or_no_integer_is_refused_and_takes_nothing() {
    let bench = Bench::new();
    for cost in [json!(0), json!(4), json!(u64::MAX)] {
        let reply = take(&bench, &json!({"key": SUBJECT, "cost": cost}));
        reply.refused(400, "ERR_LIMIT_COST_INVALID").saying("between 1 and the limit of 3");
    }
    for cost in [json!(-1), json!(1.5), json!("1"), json!(null)] {
        take(&bench, &json!({"key": SUBJECT, "cost": cost})).refused(400, "ERR_REQUEST_INVALID");
    }
    bench.assert_nothing_was_taken();
}

#[test]
fn a_key_that_is_empty_too_long_or_no_text_is_refused() {
    let bench = Bench::new();
    for key in ["", "a\nb", &"x".repeat(257)] {
        take(&bench, &json!({"key": key})).refused(400, "ERR_REQUEST_INVALID").saying("key: ");
    }
    for query in ["", "?", "?key=", "?key", "?key=%00", "?other=a", "?key=a&key=b", "?key=%FF"] {
        for method in ["GET", "DELETE"] {
            let ask = Ask::new(method, &format!("{ROUTE}{query}")).basic("admin");
            bench.send(ask).refused(400, "ERR_REQUEST_INVALID");
        }
    }
    assert!(bench.store.calls().is_empty());
}

#[test]
fn the_key_of_a_policy_by_ip_is_an_address() {
    let bench = Bench::with(|settings| settings["limits"] = json!([policy("by-ip", "ip", 3)]));
    let take = |key: &str| {
        bench.send(Ask::post("/v1/limits/by-ip").basic("admin").json(&json!({"key": key})))
    };
    take("not-an-ip").refused(400, "ERR_REQUEST_INVALID").saying("key: not an IP address");
    assert_eq!(take("2001:db8:1:2::1").json()["remaining"], 2);
    assert_eq!(take("2001:db8:1:2::2").json()["remaining"], 1);
}

#[test]
fn a_store_that_fails_or_leaves_the_answer_out_is_503() {
    let bench = Bench::new();
    for fault in [Fault::Unreachable, Fault::Timeout, Fault::Short] {
        bench.store.fault(fault);
        take(&bench, &json!({"key": SUBJECT})).refused(503, "ERR_STORE_UNAVAILABLE");
        peek(&bench, SUBJECT).refused(503, "ERR_STORE_UNAVAILABLE");
    }
}
