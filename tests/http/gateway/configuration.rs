//! Faults of the gateway's settings: each named by its path.

use serde_json::{Value, json};

use super::settings;
use crate::bench::setup::{Keys, config};

#[track_caller]
fn assert_fault(gateway: Value, path: &str, words: &str) {
    let change = |value: &mut Value| {
        settings(value);
        value["gateway"] = gateway;
    };
    let error = config(Keys::EdDsa, change).expect_err(path);
    assert_eq!(error.path, path, "{error}");
    assert!(error.reason.contains(words), "{error}");
}

#[test]
fn a_gateway_that_cannot_be_used_is_refused_by_its_path() {
    let of = |upstream: &str| json!({"upstream": upstream});
    assert_fault(json!({}), "gateway", "either");
    assert_fault(json!({"upstream": "https://a.test", "binding": "A"}), "gateway", "either");
    assert_fault(json!({"binding": "A-B"}), "gateway.binding", "letters");
    assert_fault(json!({"upstrem": "x"}), "gateway.upstrem", "unknown field");
    assert_fault(of("origin.test"), "gateway.upstream", "");
    assert_fault(of("http://origin.test"), "gateway.upstream", "must be https");
    assert_fault(of("https://u:p@origin.test"), "gateway.upstream", "credentials");
    for text in ["https://origin.test/", "https://origin.test/a", "https://Origin.test"] {
        assert_fault(of(text), "gateway.upstream", "must be an origin");
    }
    for text in ["https://origin.test?a", "https://origin.test#a"] {
        assert_fault(of(text), "gateway.upstream", "no query and no fragment");
    }
    let with = |member: &str, value: Value| json!({"upstream": "https://a.test", member: value});
    assert_fault(with("deadline", json!("0s")), "gateway.deadline", "1ms to 5m");
    assert_fault(with("deadline", json!("6m")), "gateway.deadline", "1ms to 5m");
    for name in [
        "x-auth-email",
        "X_Auth_Email",
        "x-forwarded-user",
        "portcullis-x",
        "connection",
        "host",
        "content-length",
        "cookie",
        "authorization",
        "cf-ray",
        "a b",
        "",
    ] {
        let path = format!("gateway.claims.{name}");
        assert_fault(with("claims", json!({name: "email"})), &path, "neither ours nor");
    }
    let twice = json!({"x-a": "a", "X-A": "b"});
    assert_fault(with("claims", twice), "gateway.claims.x-a", "twice");
    assert_fault(with("claims", json!({"x-a": ""})), "gateway.claims.x-a", "must name a claim");
    let alone = config(Keys::EdDsa, |value| value["gateway"] = of("https://a.test")).unwrap_err();
    assert_eq!(alone.path, "routes", "{alone}");
    let loopback = config(Keys::EdDsa, |value| {
        settings(value);
        value["gateway"] = of("http://127.0.0.1:8080");
    });
    assert!(loopback.is_ok());
}
