//! Limits on what an access token may do.

use std::net::Ipv4Addr;

use pollster::block_on;
use portcullis::guard::Address;
use portcullis::store::memory::MemoryBounds;
use portcullis::store::{Admit, Store as _, Take};
use serde_json::{Value, json};

use crate::bench::setup::{failures, policy};
use crate::bench::{Ask, Bench, forge};

fn with_limits(limits: Value) -> Bench {
    Bench::with(|settings| settings["limits"] = limits)
}

fn shadow(mut policy: Value) -> Value {
    policy["shadow"] = json!(true);
    policy
}

#[test]
fn of_3_per_60_s_the_4th_is_429_with_what_a_client_needs_to_wait() {
    let bench = Bench::new();
    let token = bench.mint();
    for left in ["r=2;", "r=1;", "r=0;"] {
        let reply = bench.authorize(&token);
        assert_eq!(reply.status, 200);
        assert!(reply.field("ratelimit").unwrap().contains(left), "{reply:?}");
        assert_eq!(reply.field("retry-after"), None);
    }
    let reply = bench.authorize(&token);
    reply.refused(429, "ERR_RATE_LIMITED").saying("over the limit");
    assert_eq!(reply.field("ratelimit-policy"), Some("\"per-subject\";q=3;w=60"));
    assert!(reply.field("ratelimit").unwrap().starts_with("\"per-subject\";r=0;t="), "{reply:?}");
    assert_eq!(bench.count("limit_denials", "policy=\"per-subject\",shadow=\"false\""), 1);
    assert_eq!(bench.count("requests_refused", "ERR_RATE_LIMITED"), 1);
    assert_eq!(bench.count("tokens_refused", ""), 0, "the token was a good one");
}

#[test]
fn every_algorithm_takes_its_limit_and_promises_when_it_takes_again() {
    for algorithm in ["fixed-window", "sliding-window", "sliding-log", "token-bucket", "gcra"] {
        let mut per_subject = policy("per-subject", "subject", 3);
        per_subject["algorithm"] = json!(algorithm);
        let bench = with_limits(json!([per_subject]));
        let token = bench.mint();
        let statuses = || [(); 4].map(|()| bench.authorize(&token).status);
        assert_eq!(statuses(), [200, 200, 200, 429], "{algorithm}");
        let denied = bench.authorize(&token);
        let wait_s: u64 = denied.field("retry-after").unwrap().parse().unwrap();
        bench.pass(wait_s * 1000);
        assert_eq!(bench.authorize(&token).status, 200, "{algorithm}");
    }
}

#[test]
fn a_burst_is_taken_at_once_and_comes_back_at_the_limits_pace() {
    for algorithm in ["token-bucket", "gcra"] {
        let mut paced = policy("paced", "subject", 6);
        paced["algorithm"] = json!(algorithm);
        paced["burst"] = json!(2);
        let bench = with_limits(json!([paced]));
        let token = bench.mint();
        let statuses = || [(); 3].map(|()| bench.authorize(&token).status);
        assert_eq!(statuses(), [200, 200, 429], "{algorithm}");
        let denied = bench.authorize(&token);
        assert_eq!(denied.field("ratelimit-policy"), Some("\"paced\";q=6;w=60"));
        assert_eq!(denied.field("retry-after"), Some("10"), "one in 60 s / 6");
        bench.pass(10_000);
        assert_eq!(statuses(), [200, 429, 429], "{algorithm}");
    }
}

#[test]
fn denied_requests_consume_nothing_and_the_promised_wait_suffices() {
    let bench = Bench::new();
    let token = bench.mint();
    let denied = (0..10).map(|_| bench.authorize(&token)).last().unwrap();
    let wait_s: u64 = denied.field("retry-after").unwrap().parse().unwrap();
    for _ in 0..10 {
        bench.authorize(&token).refused(429, "ERR_RATE_LIMITED");
    }
    bench.pass(wait_s * 1000);
    assert_eq!(bench.authorize(&token).status, 200);
}

#[test]
fn a_request_denied_by_one_policy_takes_nothing_from_another() {
    let bench = with_limits(json!([policy("client", "client", 100), policy("sub", "subject", 2)]));
    let token = bench.mint();
    let field = |token: &str| bench.authorize(token).field("ratelimit").unwrap().to_owned();
    assert!(field(&token).starts_with("\"client\";r=99;"));
    assert!(field(&token).starts_with("\"client\";r=98;"));
    for _ in 0..5 {
        let denied = bench.authorize(&token);
        denied.refused(429, "ERR_RATE_LIMITED");
        assert!(denied.field("ratelimit").unwrap().starts_with("\"client\";r=98;"), "{denied:?}");
        bench.authorize(&token).refused(429, "ERR_RATE_LIMITED");
        // By then the store is asked again.
        bench.pass(5_000);
    }
    let other = bench.mint_with(&json!({"sub": "another-subject"}));
    assert!(field(&other).starts_with("\"client\";r=97;"), "denied requests were counted");
}

#[test]
fn each_subject_client_and_address_is_counted_apart() {
    let limits = json!([policy("s", "subject", 9), policy("c", "client", 9), policy("i", "ip", 9)]);
    let bench = with_limits(limits);
    let send = |token: &str, address| {
        let reply = bench.send(Ask::get("/v1/authorize").bearer(token).from(address));
        let field = reply.field("ratelimit").unwrap().to_owned();
        let left = |item: &str| item.split(';').nth(1).unwrap().to_owned();
        field.split(", ").map(left).collect::<Vec<_>>().join(" ")
    };
    let token = bench.mint();
    assert_eq!(send(&token, "192.0.2.101"), "r=8 r=8 r=8");
    assert_eq!(send(&token, "192.0.2.102"), "r=7 r=7 r=8");
    let other = bench.mint_with(&json!({"sub": "another-subject"}));
    assert_eq!(send(&other, "192.0.2.101"), "r=8 r=6 r=7");
    let elsewhere = forge::token(&json!({"client_id": "wide", "sub": "another-subject"}));
    assert_eq!(send(&elsewhere, "192.0.2.103"), "r=7 r=8 r=8");
}

#[test]
fn the_longest_wait_of_several_denials_is_promised() {
    let mut slow = policy("slow", "subject", 1);
    slow["window"] = json!("1h");
    let bench = with_limits(json!([policy("fast", "subject", 1), slow]));
    let token = bench.mint();
    assert_eq!(bench.authorize(&token).status, 200);
    let denied = bench.authorize(&token);
    let wait_s: u64 =
        denied.refused(429, "ERR_RATE_LIMITED").field("retry-after").unwrap().parse().unwrap();
    assert!(wait_s > 120, "{denied:?}");
    let policies = "\"fast\";q=1;w=60, \"slow\";q=1;w=3600";
    assert_eq!(denied.field("ratelimit-policy"), Some(policies));
}

#[test]
fn a_refusal_is_the_drafts_problem_and_names_the_policies_that_deny() {
    let limits = json!([policy("a", "subject", 1), policy("b", "client", 1), policy("c", "ip", 9)]);
    let bench = with_limits(limits);
    let token = bench.mint();
    bench.authorize(&token);
    let problem = bench.authorize(&token).refused(429, "ERR_RATE_LIMITED").json();
    let kind = "https://iana.org/assignments/http-problem-types#quota-exceeded";
    assert_eq!(problem["type"], kind);
    assert_eq!(problem["violated-policies"], json!(["a", "b"]));
    assert_eq!(bench.authorize("x").json().get("violated-policies"), None);
}

#[test]
fn the_old_fields_are_sent_where_they_are_asked_for() {
    const OLD: [&str; 3] = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"];
    for asked in [false, true] {
        let bench = Bench::with(|settings| {
            settings["limits"] = json!([policy("wide", "client", 9), policy("two", "subject", 2)]);
            settings["legacy_rate_limit_fields"] = json!(asked);
        });
        let token = bench.mint();
        for remaining in ["1", "0", "0"] {
            let reply = bench.authorize(&token);
            let sent = OLD.map(|name| reply.field(name));
            if !asked {
                assert_eq!(sent, [None; 3]);
                continue;
            }
            assert_eq!(sent[..2], [Some("2"), Some(remaining)], "of the tighter one");
            let reset_s: u64 = sent[2].unwrap().parse().unwrap();
            assert!(reset_s > bench.now().seconds() && reset_s <= bench.now().seconds() + 121);
        }
    }
}

#[test]
fn a_shadow_policy_never_denies_and_is_not_shown_but_counted() {
    let bench = with_limits(json!([shadow(policy("trial", "subject", 1))]));
    let token = bench.mint();
    for _ in 0..4 {
        let reply = bench.authorize(&token);
        assert_eq!(reply.status, 200, "{reply:?}");
        for field in ["ratelimit", "ratelimit-policy", "retry-after"] {
            assert_eq!(reply.field(field), None);
        }
    }
    assert_eq!(bench.count("limit_denials", "policy=\"trial\",shadow=\"true\""), 3);
}

#[test]
fn a_shadow_beside_a_policy_that_denies_changes_nothing_of_its_answer() {
    let bench =
        with_limits(json!([shadow(policy("trial", "subject", 1)), policy("p", "subject", 2)]));
    let token = bench.mint();
    assert_eq!([(); 2].map(|()| bench.authorize(&token).status), [200; 2]);
    let denied = bench.authorize(&token);
    denied.refused(429, "ERR_RATE_LIMITED");
    assert_eq!(denied.field("ratelimit-policy"), Some("\"p\";q=2;w=60"));
}

#[test]
fn a_refused_token_takes_nothing_from_any_limit() {
    let bench = Bench::new();
    let token = bench.mint();
    let ask = Ask::post("/oauth/revoke").basic("web");
    assert_eq!(bench.send(ask.form(&[("token", &token)])).status, 200);
    for _ in 0..5 {
        bench.authorize(&token).refused(401, "ERR_JWT_REVOKED");
    }
    bench.assert_nothing_was_taken();
}

fn address(number: usize) -> String {
    Ipv4Addr::from(0x0a00_0000 + u32::try_from(number).unwrap()).to_string()
}

#[test]
fn a_full_partition_counts_newcomers_in_one_bucket_and_says_so() {
    let bench = Bench::with(|settings| {
        settings["limits"] = json!([]);
        settings["gate"] = json!({"limit": 2, "window": "60s"});
    });
    let from = |number| bench.send(Ask::get("/readyz").from(&address(number))).status;
    let room = MemoryBounds::default().keys_per_policy;
    for number in 0..room {
        assert_eq!(from(number), 200);
    }
    assert_eq!(bench.count("limit_overflows", ""), 0);
    assert_eq!([from(room), from(room + 1), from(room + 2)], [200, 200, 429]);
    assert_eq!(from(7), 200, "who has a count of its own keeps it");
    assert_eq!(bench.count("limit_overflows", "policy=\"gate\""), 3);
}

#[test]
fn looking_whether_an_address_failed_before_is_no_overflow() {
    let bench = Bench::embedded(|settings| settings["limits"] = json!([failures(2)]));
    let room = MemoryBounds::default().keys_per_policy;
    for number in 0..room {
        let ask = Ask::get("/v1/authorize").bearer("bad").from(&address(number));
        bench.send(ask).refused(401, "ERR_JWS_INVALID");
    }
    let newcomer = || Ask::get("/v1/authorize").from(&address(room));
    assert_eq!(bench.send(newcomer().bearer(&bench.mint())).status, 200);
    assert_eq!(bench.count("limit_overflows", ""), 0);
    bench.send(newcomer().bearer("bad")).refused(401, "ERR_JWS_INVALID");
    assert_eq!(bench.count("limit_overflows", "policy=\"failures\""), 1);
}

#[test]
fn an_address_known_to_be_blocked_is_refused_here_however_many_others_failed() {
    let bench = Bench::with(|settings| settings["limits"] = json!([failures(1)]));
    let blocked = || Ask::get("/v1/authorize").bearer("bad").from(&address(0));
    bench.send(blocked()).refused(401, "ERR_JWS_INVALID");
    bench.send(blocked()).refused(429, "ERR_RATE_LIMITED");
    let policy = bench.guard.config().limit("failures").unwrap();
    for number in 1..=MemoryBounds::default().keys_per_policy {
        let key = Address::key(Address::parse(&address(number)));
        let takes = vec![Take { policy, key, cost: 1 }];
        let admit = Admit { takes, ..Admit::default() };
        block_on(bench.instance.memory.admit(&admit, bench.now())).unwrap();
    }
    bench.store.calls();
    bench.send(blocked()).refused(429, "ERR_RATE_LIMITED");
    assert!(bench.store.calls().is_empty(), "without asking the store");
}
