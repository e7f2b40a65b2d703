//! Route rules at /v1/authorize, for a proxy that shows its secret.

use serde_json::{Value, json};

use crate::bench::setup::{Keys, SUBJECT, config, hash};
use crate::bench::{Ask, Bench, Fault, Queue, Reply, Rigged};

const SECRET: &str = "proxy-secret-of-256-random-bits";

fn routes() -> Value {
    json!([
        {"match": "POST /admin/*", "scopes": ["write", "read"]},
        {"match": "/vault/**", "strict": true},
        {"match": "GET /public/*", "public": true},
        {"match": "/items/*"},
    ])
}

fn settings(settings: &mut Value) {
    settings["forward_auth"] = json!({"secret_sha256": [hash(SECRET)]});
    settings["routes"] = routes();
}

fn asked(method: &str, target: &str) -> Ask {
    Ask::get("/v1/authorize")
        .field("portcullis-proxy-secret", SECRET)
        .field("x-forwarded-method", method)
        .field("x-forwarded-uri", target)
}

fn with_token(bench: &Bench, scope: &str, method: &str, target: &str) -> Reply {
    let token = bench.mint_with(&json!({"scope": scope}));
    bench.send(asked(method, target).bearer(&token))
}

#[test]
fn a_route_asks_for_all_its_scopes() {
    let bench = Bench::with(settings);
    assert_eq!(with_token(&bench, "read write", "POST", "/admin/x").status, 200);
    let challenge =
        "Bearer realm=\"portcullis\", error=\"insufficient_scope\", scope=\"write read\"";
    let reply = with_token(&bench, "read", "POST", "/admin/x");
    reply.refused(403, "ERR_SCOPE_INSUFFICIENT").challenged(challenge);
}

#[test]
fn a_token_without_the_scope_takes_nothing() {
    let bench = Bench::with(|value| {
        settings(value);
        value["routes"] = json!([{"match": "/a", "scopes": ["write"]}, {"match": "/b"}]);
    });
    for _ in 0..5 {
        with_token(&bench, "read", "GET", "/a").refused(403, "ERR_SCOPE_INSUFFICIENT");
    }
    let reply = with_token(&bench, "read", "GET", "/b");
    assert!(reply.field("ratelimit").unwrap().starts_with("\"per-subject\";r=2;"), "{reply:?}");
}

#[test]
fn what_no_route_has_is_denied() {
    let bench = Bench::with(settings);
    for (method, target) in [
        ("GET", "/admin/x"),
        ("POST", "/admin/x/y"),
        ("GET", "/other"),
        ("GET", "/"),
        ("POST", "/public/x"),
        ("TRACE", "/items/1"),
    ] {
        with_token(&bench, "read write", method, target).refused(403, "ERR_ROUTE_DENIED");
    }
}

#[test]
fn a_target_that_can_be_read_in_two_ways_is_denied() {
    let bench = Bench::with(settings);
    for target in [
        "//items/1",
        "/items/../admin/x",
        "/items/%2e%2e",
        "/items/1;x",
        "/items/a%2fb",
        "/items/1.",
        "/items/a|b",
        "items/1",
        "http://x/items/1",
        "",
    ] {
        with_token(&bench, "read", "GET", target).refused(403, "ERR_ROUTE_DENIED");
    }
}

#[test]
fn a_proxy_that_does_not_say_what_is_asked_for_is_denied() {
    let bench = Bench::with(settings);
    let token = bench.mint();
    let proven =
        || Ask::get("/v1/authorize").field("portcullis-proxy-secret", SECRET).bearer(&token);
    for ask in [
        proven(),
        proven().field("x-forwarded-method", "GET"),
        proven().field("x-forwarded-uri", "/items/1"),
        proven()
            .field("x-forwarded-method", "GET")
            .field("x-forwarded-uri", "/items/1")
            .field("x-forwarded-uri", "/items/1"),
    ] {
        bench.send(ask).refused(403, "ERR_ROUTE_DENIED");
    }
}

#[test]
fn a_proxy_that_does_not_prove_itself_passes_by_no_rule() {
    let bench = Bench::with(settings);
    let token = bench.mint();
    let ask = Ask::get("/v1/authorize")
        .field("x-forwarded-method", "GET")
        .field("x-forwarded-uri", "/items/1");
    bench.send(ask.clone().bearer(&token)).refused(403, "ERR_ROUTE_DENIED");
    let wrong = ask.field("portcullis-proxy-secret", "another").bearer(&token);
    bench.send(wrong).refused(403, "ERR_ROUTE_DENIED");
}

#[test]
fn without_routes_everything_is_as_ever() {
    let bench = Bench::with(|settings| {
        settings["forward_auth"] = json!({"secret_sha256": [hash(SECRET)]});
    });
    assert_eq!(with_token(&bench, "read", "GET", "//odd;/../x").status, 200);
    assert_eq!(bench.authorize(&bench.mint()).status, 200);
}

#[test]
fn a_public_route_needs_no_token_and_says_nobody() {
    let bench = Bench::with(settings);
    let reply = bench.send(asked("GET", "/public/x"));
    assert_eq!(reply.status, 200, "{reply:?}");
    // There, and empty: what is not there a proxy may leave as the client sent it.
    for part in ["subject", "client", "scope", "token-id", "session", "issuer"] {
        assert_eq!(reply.field(&format!("x-auth-{part}")), Some(""), "{part} {reply:?}");
    }
    assert!(bench.store.calls().is_empty());
    bench.send(asked("GET", "/items/1")).refused(401, "ERR_CREDENTIALS_MISSING");
}

#[test]
fn a_token_on_a_public_route_counts_if_it_holds_and_is_refused_if_not() {
    let bench = Bench::with(settings);
    let reply = with_token(&bench, "read", "HEAD", "/public/x");
    assert_eq!((reply.status, reply.field("x-auth-subject")), (200, Some(SUBJECT)));
    bench.send(asked("GET", "/public/x").bearer("not.a.token")).refused(401, "ERR_JWS_INVALID");
}

#[test]
fn a_strict_route_lets_nothing_in_unchecked() {
    let store = Rigged::apart();
    let background = Queue::default();
    let bench = Bench::chained(&store, None, &background, settings);
    let token = bench.mint();
    store.fault(Fault::Unreachable);
    let sent = |target: &str| bench.send(asked("GET", target).bearer(&token));
    sent("/vault/a/b").refused(503, "ERR_STORE_UNAVAILABLE");
    let reply = sent("/items/1");
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(reply.field("portcullis-degraded").is_some(), "{reply:?}");
}

#[track_caller]
fn assert_fault(routes: Value, path: &str, words: &str) {
    let change = |settings: &mut Value| {
        settings["forward_auth"] = json!({"secret_sha256": [hash(SECRET)]});
        settings["routes"] = routes;
    };
    let error = config(Keys::EdDsa, change).expect_err(path);
    assert_eq!(error.path, path, "{error}");
    assert!(error.reason.contains(words), "{error}");
}

#[test]
fn rules_that_cannot_be_used_are_refused_by_their_path() {
    let table =
        |member: &str, value: Value| json!([{"match": "/ok"}, {"match": "/a", member: value}]);
    assert_fault(json!([{}]), "routes[0].match", "missing field");
    assert_fault(table("scope", json!("x")), "routes[1].scope", "unknown field");
    assert_fault(table("scopes", json!("x")), "routes[1].scopes", "invalid type");
    assert_fault(table("scopes", json!(["a b"])), "routes[1].scopes", "scope tokens");
    assert_fault(json!([{"match": "get /a"}]), "routes[0].match", "method in capitals");
    assert_fault(json!([{"match": "GET a"}]), "routes[0].match", "must have a path");
    assert_fault(json!([{"match": "/a"}, {"match": "/A"}]), "routes[1].match", "never reached");
    let public = json!([{"match": "/a", "public": true, "scopes": ["x"]}]);
    assert_fault(public, "routes[0].public", "cannot ask for scopes");
    let strict = json!([{"match": "/a", "public": true, "strict": true}]);
    assert_fault(strict, "routes[0].public", "strict");
    let many: Vec<_> = (0..65).map(|number| json!({"match": format!("/{number}")})).collect();
    assert_fault(json!(many), "routes", "at most 64");
    let alone = config(Keys::EdDsa, |settings| settings["routes"] = routes()).unwrap_err();
    assert_eq!(alone.path, "routes", "{alone}");
}
