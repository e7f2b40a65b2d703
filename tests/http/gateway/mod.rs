//! The gateway: what is passed on to the upstream, as what, and what is not.

mod configuration;
mod cookies;
mod fields;
mod routes;
mod targets;

use http::HeaderMap;
use pollster::block_on;
use portcullis::http::{Forward, UpstreamFault, upstream_failed};
use serde_json::{Value, json};

use crate::bench::setup::{SUBJECT, policy};
use crate::bench::{Ask, Bench, Fault, Queue, Reply, Rigged};

const HOST: &str = "https://api.test";

fn settings(settings: &mut Value) {
    settings["gateway"] = json!({
        "upstream": "https://origin.test",
        "claims": {"X-User-Email": "email", "x-plan": "plan", "x-groups": "groups"},
    });
    settings["routes"] = json!([
        {"match": "GET /public/**", "public": true},
        {"match": "POST /admin/*", "scopes": ["admin"]},
        {"match": "/vault/**", "strict": true},
        {"match": "/items/**"},
    ]);
}

fn ask(method: &str, target: &str) -> Ask {
    Ask::new(method, &format!("{HOST}{target}"))
}

/// What is made of a request that is passed on, and the fields of our own that its answer gets.
#[track_caller]
fn forwarded(bench: &Bench, ask: Ask) -> (Forward, HeaderMap) {
    let response = block_on(bench.answer(&ask.request()));
    let wanted = response.extensions().get::<Forward>().cloned();
    let fault = || String::from_utf8_lossy(response.body()).into_owned();
    (wanted.unwrap_or_else(|| panic!("{}", fault())), response.headers().clone())
}

fn field<'f>(wanted: &'f Forward, name: &str) -> Option<&'f str> {
    let mut values = wanted.fields.get_all(name).iter();
    let value = values.next()?.to_str().unwrap();
    assert!(values.next().is_none(), "{name} is there twice");
    Some(value)
}

#[track_caller]
fn refused(bench: &Bench, ask: Ask) -> Reply {
    let request = ask.request();
    let response = block_on(bench.answer(&request));
    assert!(response.extensions().get::<Forward>().is_none(), "{} was passed on", request.uri());
    bench.send(Ask::of(request))
}

#[test]
fn a_request_with_a_good_token_is_passed_on_with_who_it_is() {
    let bench = Bench::with(settings);
    let token = bench.mint_with(&json!({"scope": "read"}));
    let sent = ask("PUT", "/items/a%20b?x=1&y=%2F..//")
        .bearer(&token)
        .field("accept", "a/b")
        .from("192.0.2.1");
    let (wanted, ours) = forwarded(&bench, sent);
    assert_eq!(wanted.url, "https://origin.test/items/a%20b?x=1&y=%2F..//");
    assert_eq!((wanted.binding.as_deref(), wanted.deadline_ms), (None, 30_000));
    let expected = [
        ("x-auth-subject", SUBJECT),
        ("x-auth-client", "web"),
        ("x-auth-scope", "read"),
        ("accept", "a/b"),
        ("x-forwarded-host", "api.test"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-for", "192.0.2.1"),
    ];
    for (name, value) in expected {
        assert_eq!(field(&wanted, name), Some(value), "{name}");
    }
    for name in ["x-auth-token-id", "x-auth-session"] {
        assert!(field(&wanted, name).is_some_and(|value| !value.is_empty()), "{name}");
    }
    for name in ["authorization", "host", "x-auth-issuer", "x-user-email"] {
        assert_eq!(field(&wanted, name), None, "{name}");
    }
    let names: Vec<_> = ours.keys().map(http::HeaderName::as_str).collect();
    assert_eq!(names, ["ratelimit-policy", "ratelimit"]);
    assert_eq!(bench.count("requests_proxied", ""), 1);
}

#[test]
fn without_a_token_nothing_is_passed_on_but_what_is_public() {
    let bench = Bench::with(settings);
    refused(&bench, ask("GET", "/items/1")).refused(401, "ERR_CREDENTIALS_MISSING");
    refused(&bench, ask("GET", "/items/1").bearer("x")).refused(401, "ERR_JWS_INVALID");
    let (wanted, ours) = forwarded(&bench, ask("GET", "/public/a").field("x-auth-subject", "me"));
    assert!(!wanted.fields.keys().any(|name| name.as_str().starts_with("x-auth")), "{wanted:?}");
    assert!(ours.is_empty(), "{ours:?}");
    refused(&bench, ask("GET", "/public/a").bearer("x")).refused(401, "ERR_JWS_INVALID");
}

#[test]
fn what_no_route_has_or_whose_scope_is_missing_is_refused() {
    let bench = Bench::with(settings);
    let token = bench.mint_with(&json!({"scope": "read"}));
    refused(&bench, ask("GET", "/").bearer(&token)).refused(403, "ERR_ROUTE_DENIED");
    refused(&bench, ask("GET", "/admin/x").bearer(&token)).refused(403, "ERR_ROUTE_DENIED");
    refused(&bench, ask("POST", "/public/x").bearer(&token)).refused(403, "ERR_ROUTE_DENIED");
    for target in ["/admin/x", "/ADMIN/x", "/%61dmin/x", "/admin/x/"] {
        let reply = refused(&bench, ask("POST", target).bearer(&token));
        reply.refused(403, "ERR_SCOPE_INSUFFICIENT");
    }
    for method in ["TRACE", "TRACK", "CONNECT"] {
        refused(&bench, ask(method, "/items/1").bearer(&token)).refused(403, "ERR_ROUTE_DENIED");
    }
}

#[test]
fn limits_count_by_what_is_asked_for_and_by_its_fields() {
    let bench = Bench::with(|value| {
        settings(value);
        let mut by_route = policy("by-route", "route", 1);
        by_route["routes"] = json!(["/items/a", "/items/b"]);
        value["limits"] = json!([by_route, policy("by-tenant", "header:x-tenant", 2)]);
    });
    let token = bench.mint();
    let sent =
        |target: &str, tenant: &str| ask("GET", target).bearer(&token).field("x-tenant", tenant);
    forwarded(&bench, sent("/items/a", "1"));
    let reply = bench.send(sent("/items/A/", "2"));
    reply.refused(429, "ERR_RATE_LIMITED");
    assert_eq!(reply.json()["violated-policies"], json!(["by-route"]));
    forwarded(&bench, sent("/items/b", "1"));
    bench.send(sent("/items/c", "1")).refused(429, "ERR_RATE_LIMITED");
    forwarded(&bench, sent("/items/c", "2"));
}

#[test]
fn what_was_decided_without_the_store_is_said_and_a_strict_route_is_refused() {
    let store = Rigged::apart();
    let background = Queue::default();
    let bench = Bench::chained(&store, None, &background, settings);
    let token = bench.mint();
    store.fault(Fault::Unreachable);
    let sent = |target: &str| ask("GET", target).bearer(&token);
    let response = block_on(bench.answer(&sent("/items/1").request()));
    assert!(response.extensions().get::<Forward>().is_some());
    assert!(response.headers()["portcullis-degraded"].to_str().unwrap().contains("revocation"));
    bench.send(sent("/vault/1")).refused(503, "ERR_STORE_UNAVAILABLE");
}

#[test]
fn a_bound_worker_sees_the_url_that_was_asked_for() {
    let bench = Bench::with(|value| {
        settings(value);
        value["gateway"] = json!({"binding": "UPSTREAM", "deadline": "2s"});
    });
    let (wanted, _) = forwarded(&bench, ask("GET", "/public/a?b"));
    assert_eq!(wanted.url, "https://api.test/public/a?b");
    assert_eq!((wanted.binding.as_deref(), wanted.deadline_ms), (Some("UPSTREAM"), 2_000));
}

#[test]
fn which_pages_may_read_an_answer_is_its_authors_to_say() {
    let bench = Bench::with(|value| {
        settings(value);
        value["cors"] = json!({"origins": ["https://app.test"]});
    });
    let sent = |target: &str| ask("GET", target).field("origin", "https://app.test");
    let (wanted, ours) = forwarded(&bench, sent("/public/a"));
    assert_eq!(field(&wanted, "origin"), Some("https://app.test"));
    assert!(ours.is_empty(), "{ours:?}");
    let reply = refused(&bench, sent("/items/1"));
    reply.refused(401, "ERR_CREDENTIALS_MISSING");
    assert_eq!(reply.field("access-control-allow-origin"), Some("https://app.test"));
}

#[test]
fn without_a_gateway_there_is_no_such_route() {
    let bench = Bench::new();
    bench.send(ask("GET", "/items/1").bearer(&bench.mint())).refused(404, "ERR_ROUTE_NOT_FOUND");
}

#[test]
fn an_upstream_that_does_not_answer_is_told_from_ours_and_counted() {
    let bench = Bench::with(settings);
    for (fault, status, code, cause) in [
        (UpstreamFault::Unreachable, 502, "ERR_UPSTREAM_UNREACHABLE", "unreachable"),
        (UpstreamFault::Timeout, 504, "ERR_UPSTREAM_TIMEOUT", "timeout"),
    ] {
        let request = ask("GET", "/items/1").request();
        let reply = Reply::new(&request, upstream_failed(bench.guard.telemetry(), fault));
        reply.refused(status, code);
        assert_eq!(reply.field("content-type"), Some("application/problem+json"));
        assert_eq!(bench.count("upstream_failures", &format!("cause=\"{cause}\"")), 1);
        let lines = bench.guard.telemetry().take_lines();
        assert!(lines[0].json.contains("upstream_failed"), "{lines:?}");
    }
}
