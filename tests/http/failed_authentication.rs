//! Policies on `auth_failure`: who keeps failing is kept out.

use http::Request;
use pollster::block_on;
use portcullis::http::{Received, serve};
use serde_json::json;

use crate::bench::setup::{SUBJECT, failures, policy};
use crate::bench::{Ask, Bench, Fault, forge};

const HERE: &str = "192.0.2.101";
const ELSEWHERE: &str = "192.0.2.102";

/// Two failures per 60 s and address, over a remote store and over the instance's own.
fn benches() -> [Bench; 2] {
    let change = |settings: &mut serde_json::Value| {
        settings["limits"] = json!([policy("per-subject", "subject", 3), failures(2)]);
    };
    [Bench::with(change), Bench::embedded(change)]
}

fn bad(bench: &Bench) -> u16 {
    bench.send(Ask::get("/v1/authorize").bearer("bad-token").from(HERE)).status
}

#[test]
fn failures_are_charged_until_the_quota_and_then_refused_even_with_a_good_token() {
    for bench in benches() {
        let token = bench.mint();
        assert_eq!([bad(&bench), bad(&bench), bad(&bench)], [401, 401, 429]);
        let reply = bench.send(Ask::get("/v1/authorize").bearer(&token).from(HERE));
        reply.refused(429, "ERR_RATE_LIMITED");
        assert_eq!(reply.field("ratelimit-policy"), Some("\"failures\";q=2;w=60"));
        let elsewhere = bench.send(Ask::get("/v1/authorize").bearer(&token).from(ELSEWHERE));
        assert_eq!(elsewhere.status, 200);
        let left = elsewhere.field("ratelimit").unwrap();
        assert!(left.starts_with("\"per-subject\";r=2;"), "a refused request was counted: {left}");
    }
}

#[test]
fn an_address_over_quota_is_refused_without_asking_the_store() {
    let [bench, _] = benches();
    assert_eq!([bad(&bench), bad(&bench), bad(&bench)], [401, 401, 429]);
    bench.store.calls();
    for _ in 0..10 {
        assert_eq!(bad(&bench), 429);
    }
    assert!(bench.store.calls().is_empty());
    bench.pass(5_000);
    assert_eq!(bad(&bench), 429, "by the store's count, once the local block is over");
    assert_eq!(bench.store.calls(), ["admit"]);
}

#[test]
fn the_quota_of_failures_comes_back() {
    for bench in benches() {
        assert_eq!([bad(&bench), bad(&bench), bad(&bench)], [401, 401, 429]);
        bench.pass(120_000);
        assert_eq!([bad(&bench), bad(&bench), bad(&bench)], [401, 401, 429]);
    }
}

#[test]
fn successes_are_not_charged() {
    for bench in benches() {
        for _ in 0..3 {
            let order = Ask::post("/v1/tokens").basic("web").json(&json!({"sub": SUBJECT}));
            let order = bench.send(order.from(HERE));
            let token = order.json()["access_token"].as_str().unwrap().to_owned();
            let reply = bench.send(Ask::get("/v1/authorize").bearer(&token).from(HERE));
            assert_eq!(reply.status, 200, "{reply:?}");
        }
        assert_eq!([bad(&bench), bad(&bench), bad(&bench)], [401, 401, 429]);
    }
}

#[test]
fn sending_no_credentials_is_no_attempt() {
    for bench in benches() {
        for _ in 0..5 {
            let asks = [
                Ask::get("/v1/authorize"),
                Ask::get("/v1/authorize").field("authorization", ""),
                Ask::get("/metrics"),
                Ask::post("/v1/tokens").json(&json!({"sub": SUBJECT})),
                Ask::post("/oauth/revoke").form(&[("subject", SUBJECT)]),
            ];
            for ask in asks {
                bench.send(ask.from(HERE)).refused(401, "ERR_CREDENTIALS_MISSING");
            }
        }
        assert_eq!([bad(&bench), bad(&bench), bad(&bench)], [401, 401, 429]);
    }
}

#[test]
fn what_is_no_failure_of_authentication_is_not_charged() {
    for bench in benches() {
        for _ in 0..3 {
            let asks = [
                Ask::get("/nowhere"),
                Ask::get("/v1/tokens"),
                Ask::post("/v1/tokens").basic("web").typed("application/json", "{"),
                Ask::post("/v1/tokens").basic("bare").json(&json!({"sub": SUBJECT})),
                Ask::post("/oauth/introspect").basic("auditor").form(&[("token", "bad-token")]),
            ];
            for ask in asks {
                assert!(![401, 429].contains(&bench.send(ask.from(HERE)).status));
            }
        }
        assert_eq!([bad(&bench), bad(&bench), bad(&bench)], [401, 401, 429]);
    }
}

#[test]
fn every_failure_of_authentication_is_charged() {
    let expired = forge::token(&json!({"iat": 1, "iat_ms": null, "exp": 2}));
    let asks = [
        Ask::get("/v1/authorize").bearer(&expired),
        Ask::get("/v1/authorize").field("authorization", "Bearer"),
        Ask::get("/v1/authorize").basic("web"),
        Ask::get("/v1/authorize").bearer("x").bearer("y"),
        Ask::get("/metrics").credentials("admin", "wrong-secret"),
        Ask::get("/readyz").credentials("admin", "wrong-secret"),
        Ask::post("/oauth/revoke").credentials("web", "wrong-secret").form(&[("token", "x")]),
        Ask::post("/v1/tokens").bearer(&expired).json(&json!({"sub": SUBJECT})),
    ];
    for ask in asks {
        for bench in benches() {
            let status = || bench.send(ask.clone().from(HERE)).status;
            assert_eq!([status(), status(), status()], [401, 401, 429]);
        }
    }
}

#[test]
fn a_revoked_token_is_charged() {
    for bench in benches() {
        let token = bench.mint();
        let revoke = Ask::post("/oauth/revoke").basic("web").form(&[("token", &token)]);
        assert_eq!(bench.send(revoke).status, 200);
        let status = || bench.send(Ask::get("/v1/authorize").bearer(&token).from(HERE)).status;
        assert_eq!([status(), status(), status()], [401, 401, 429]);
    }
}

#[test]
fn health_is_answered_to_an_address_that_is_kept_out() {
    let [bench, _] = benches();
    assert_eq!([bad(&bench), bad(&bench), bad(&bench)], [401, 401, 429]);
    assert_eq!(bench.send(Ask::get("/healthz").from(HERE)).status, 200);
}

#[test]
fn a_failure_that_cannot_be_charged_is_refused_all_the_same() {
    let [bench, _] = benches();
    for fault in [Fault::Unreachable, Fault::Timeout, Fault::Short] {
        bench.store.fault(fault);
        for _ in 0..4 {
            assert_eq!(bad(&bench), 401, "{fault:?}");
        }
    }
    assert_eq!(bench.count("store_failures", "verb=\"admit\""), 12);
}

#[test]
fn a_shadow_on_failures_keeps_nobody_out() {
    let bench = Bench::with(|settings| {
        let mut failures = failures(1);
        failures["shadow"] = json!(true);
        settings["limits"] = json!([failures]);
    });
    assert_eq!([bad(&bench), bad(&bench), bad(&bench)], [401; 3]);
    assert_eq!(bench.count("limit_denials", "shadow=\"true\""), 2);
}

/// As many /64s as there is room for, and more than the shared bucket allows.
#[test]
fn failures_of_others_lock_no_address_out_that_has_not_failed_itself() {
    let [_, bench] = benches();
    let token = bench.mint();
    let guess = |network: u32| {
        let address = format!("2001:db8:{:x}:{:x}::1", network >> 16, network & 0xffff);
        let ask = Ask::get("/v1/authorize").bearer("guess").from(&address);
        block_on(bench.answer(&ask.request())).status().as_u16()
    };
    let denied = (0..3_700).filter(|network| guess(*network) == 429).count();
    assert!(denied > 0, "newcomers' failures are counted, in the shared bucket");
    let newcomer = Ask::get("/v1/authorize").bearer(&token).from("2001:db8:ffff:ffff::1");
    assert_eq!(bench.send(newcomer).status, 200);
    drop(bench.guard.telemetry().take_lines());
}

/// Held open together, requests would otherwise all pass before the first has failed.
#[test]
fn who_failed_while_a_body_came_in_is_refused_after_it() {
    let [_, bench] = benches();
    let good = Ask::post("/v1/tokens").basic("web").from(HERE).json(&json!({"sub": SUBJECT}));
    let (head, bytes) = good.request().into_parts();
    let body = async {
        assert_eq!([bad(&bench), bad(&bench), bad(&bench)], [401, 401, 429]);
        Ok(Received { bytes, now: bench.now() })
    };
    let response = block_on(serve(&bench.guard, Request::from_parts(head, ()), body, bench.now()));
    assert_eq!(response.status(), 429);
}
