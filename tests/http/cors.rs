//! Cross-origin requests of browsers.

use serde_json::{Value, json};

use crate::bench::setup::{Keys, config};
use crate::bench::{Ask, Bench, Reply};

const PAGE: &str = "https://app.test";

fn bench() -> Bench {
    Bench::with(|settings| settings["cors"] = json!({"origins": [PAGE, "http://localhost:3000"]}))
}

fn preflight(bench: &Bench, target: &str, origin: &str) -> Reply {
    let ask = Ask::new("OPTIONS", target).field("origin", origin);
    bench.send(ask.field("access-control-request-method", "POST"))
}

#[test]
fn without_configuration_no_page_of_another_origin_may_call() {
    let bench = Bench::new();
    let reply = preflight(&bench, "/v1/tokens", PAGE);
    assert_eq!((reply.status, reply.field("allow")), (204, Some("POST, OPTIONS")));
    let healthy = bench.send(Ask::get("/healthz").field("origin", PAGE));
    for reply in [reply, healthy] {
        let granted = reply.fields.keys().any(|name| name.as_str().starts_with("access-control"));
        assert!(!granted && reply.field("vary").is_none(), "{reply:?}");
    }
}

#[test]
fn a_page_of_a_configured_origin_may_ask_and_read_the_answer() {
    let bench = bench();
    let reply = preflight(&bench, "/oauth/token", PAGE);
    assert_eq!(reply.status, 204);
    for (name, value) in [
        ("access-control-allow-origin", PAGE),
        ("access-control-allow-methods", "POST, OPTIONS"),
        ("access-control-allow-headers", "authorization, content-type"),
        ("access-control-max-age", "600"),
        ("vary", "origin"),
    ] {
        assert_eq!(reply.field(name), Some(value), "{name}");
    }
    assert_eq!(reply.field("access-control-allow-credentials"), None);
    let token = bench.mint();
    for reply in [
        bench.send(Ask::get("/v1/authorize").bearer(&token).field("origin", PAGE)),
        bench.send(Ask::get("/v1/authorize").field("origin", PAGE)),
        bench.send(Ask::get("/healthz").field("origin", PAGE)),
    ] {
        assert_eq!(reply.field("access-control-allow-origin"), Some(PAGE), "{reply:?}");
        assert!(reply.field("access-control-expose-headers").unwrap().contains("retry-after"));
    }
}

#[test]
fn another_origin_is_told_nothing_and_caches_keep_them_apart() {
    let bench = bench();
    for origin in ["https://evil.test", "https://app.test.evil.test", "null", "https://APP.test"] {
        let reply = preflight(&bench, "/oauth/token", origin);
        assert_eq!((reply.status, reply.field("vary")), (204, Some("origin")), "{origin}");
        assert_eq!(reply.field("access-control-allow-origin"), None, "{origin}");
        assert_eq!(reply.field("access-control-allow-methods"), None, "{origin}");
    }
    let twice = Ask::get("/healthz").field("origin", PAGE).field("origin", PAGE);
    assert_eq!(bench.send(twice).field("access-control-allow-origin"), None);
    assert_eq!(bench.send(Ask::get("/healthz")).field("vary"), Some("origin"));
}

#[test]
fn what_is_no_origin_is_a_fault_of_configuration() {
    let fault =
        |cors: Value| config(Keys::EdDsa, |settings| settings["cors"] = cors).unwrap_err().path;
    let long = vec![PAGE; 65];
    for (origins, path) in [
        (json!([]), "cors.origins"),
        (json!(long), "cors.origins"),
        (json!(["*"]), "cors.origins[0]"),
        (json!(["http://app.test"]), "cors.origins[0]"),
        (json!([PAGE, "https://app.test/"]), "cors.origins[1]"),
        (json!(["https://APP.test"]), "cors.origins[0]"),
    ] {
        assert_eq!(fault(json!({"origins": origins})), path, "{origins}");
    }
    assert_eq!(fault(json!({"origins": [PAGE], "max_age": "25h"})), "cors.max_age");
}
