//! What is there, and with which methods.

use std::cell::Cell;

use pollster::block_on;
use portcullis::http::{BodyFault, HttpResponse, fields_read, serve, unconfigured, unreadable};
use portcullis::telemetry::Telemetry;
use serde_json::json;

use crate::bench::{Ask, Bench};

#[test]
fn an_unknown_route_is_404_and_counted() {
    let bench = Bench::new();
    for target in
        ["/docs", "/v1", "/v1/tokens/", "/V1/tokens", "/v1/authorize/x", "/v1/limits", "//"]
    {
        bench.send(Ask::get(target)).refused(404, "ERR_ROUTE_NOT_FOUND");
    }
    assert_eq!(bench.count("requests_refused", "ERR_ROUTE_NOT_FOUND"), 7);
    bench.send(Ask::post("/oauth/nothing")).refused(404, "ERR_ROUTE_NOT_FOUND");
    bench.send(Ask::new("OPTIONS", "*")).refused(404, "ERR_ROUTE_NOT_FOUND");
    bench.send(Ask::new("CONNECT", "example.test:443")).refused(404, "ERR_ROUTE_NOT_FOUND");
    bench.assert_nothing_was_taken();
}

#[test]
fn whoever_comes_to_the_first_page_is_shown_the_interface() {
    let bench = Bench::new();
    for method in ["GET", "HEAD"] {
        let reply = bench.send(Ask::new(method, "/?x=1"));
        assert_eq!((reply.status, reply.field("location")), (302, Some("/docs/")));
        assert_eq!(reply.text, "");
    }
    bench.assert_nothing_was_taken();
}

#[test]
fn another_method_is_405_with_those_there_are() {
    let bench = Bench::new();
    for (target, allowed) in [
        ("/", "GET, HEAD"),
        ("/v1/tokens", "POST"),
        ("/oauth/revoke", "POST"),
        ("/oauth/introspect", "POST"),
        ("/.well-known/jwks.json", "GET, HEAD"),
        ("/healthz", "GET, HEAD"),
        ("/readyz", "GET, HEAD"),
        ("/metrics", "GET, HEAD"),
        ("/v1/limits/per-subject", "POST, GET, HEAD, DELETE"),
        ("/v1/lists/deny", "POST, GET, HEAD, DELETE"),
        ("/oauth/token", "POST"),
        ("/v1/sessions", "GET, HEAD"),
        ("/v1/sessions/x", "DELETE"),
        ("/.well-known/oauth-authorization-server", "GET, HEAD"),
    ] {
        let reply = bench.send(Ask::new("OPTIONS", target));
        let with_options = format!("{allowed}, OPTIONS");
        assert_eq!((reply.status, reply.field("allow")), (204, Some(&*with_options)), "{target}");
        assert!(reply.text.is_empty());
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "TRACE", "get"] {
            if allowed.split(", ").any(|allowed| allowed == method) {
                continue;
            }
            let reply = bench.send(Ask::new(method, target).basic("admin"));
            reply.refused(405, "ERR_METHOD_NOT_ALLOWED");
            assert_eq!(reply.field("allow"), Some(allowed), "{method} {target}");
        }
    }
    bench.assert_nothing_was_taken();
}

#[test]
fn head_is_answered_as_get_is_without_a_body() {
    let bench = Bench::new();
    for target in ["/nowhere", "/healthz", "/readyz", "/metrics", "/.well-known/jwks.json"] {
        let ask = |method| Ask::new(method, target);
        let ask =
            |method| if target == "/metrics" { ask(method).basic("admin") } else { ask(method) };
        let (got, head) = (bench.send(ask("GET")), bench.send(ask("HEAD")));
        assert_eq!((got.status, &got.fields), (head.status, &head.fields), "{target}");
        assert!(head.text.is_empty() && !got.text.is_empty(), "{target}");
    }
}

#[test]
fn a_query_does_not_change_the_route_and_an_access_token_in_it_is_not_read() {
    let bench = Bench::new();
    let token = bench.mint();
    let ask = Ask::get(&format!("/v1/authorize?access_token={token}"));
    bench.send(ask).refused(401, "ERR_CREDENTIALS_MISSING");
    assert_eq!(bench.send(Ask::get("/healthz?x")).status, 200);
    bench.assert_nothing_was_taken();
}

#[test]
fn only_the_fields_that_are_said_to_be_read_are_read() {
    let bench = Bench::new();
    let token = bench.mint();
    let ask = Ask::get("/v1/authorize?claims").bearer(&token).from("192.0.2.101");
    let others = ["x-forwarded-for", "x-original-uri", "x-auth-subject", "forwarded", "host"];
    let ask = others.iter().fold(ask, |ask, name| ask.field(name, "DELETE /metrics"));
    let read = fields_read(bench.guard.config());
    assert!(others.iter().all(|name| read.iter().all(|it| it != name)));
    let reply = bench.send(ask);
    assert_eq!((reply.status, &reply.json()["sub"]), (200, &json!("subject-7f3a")));
}

/// Sends a request whose body never comes: whether it was waited for, and the answer.
fn without_its_body(bench: &Bench, ask: Ask) -> (bool, HttpResponse) {
    let awaited = Cell::new(false);
    let body = async {
        awaited.set(true);
        Err(BodyFault::TimedOut)
    };
    let head = ask.request().map(drop);
    let response = block_on(serve(&bench.guard, head, body, bench.now()));
    (awaited.get(), response)
}

#[test]
fn a_body_is_waited_for_where_one_is_used_only() {
    let bench = Bench::new();
    let waits = |method, target| without_its_body(&bench, Ask::new(method, target)).0;
    for target in
        ["/v1/tokens", "/oauth/token", "/oauth/revoke", "/oauth/introspect", "/v1/limits/p"]
    {
        assert!(waits("POST", target));
        assert!(!waits("GET", target) && !waits("DELETE", target));
    }
    assert!(!waits("POST", "/v1/authorize") && !waits("POST", "/nowhere"));
}

#[test]
fn a_body_is_not_waited_for_before_the_gate() {
    let bench = Bench::with(|settings| settings["gate"] = json!({"limit": 1, "window": "60s"}));
    let ask = || Ask::post("/v1/tokens").from("192.0.2.7");
    assert!(without_its_body(&bench, ask()).0);
    let (awaited, response) = without_its_body(&bench, ask());
    assert!(!awaited);
    assert_eq!(response.status(), 429);
}

#[test]
fn a_body_that_does_not_come_is_408_and_counted() {
    let bench = Bench::new();
    for target in ["/v1/tokens", "/oauth/revoke"] {
        let (_, response) = without_its_body(&bench, Ask::post(target));
        assert_eq!(response.status(), 408);
        assert!(String::from_utf8_lossy(response.body()).contains("ERR_BODY_TIMEOUT"));
    }
    let counted = "portcullis_requests_refused_total{code=\"ERR_BODY_TIMEOUT\"} 2\n";
    assert!(bench.guard.telemetry().prometheus().contains(counted));
}

#[test]
fn what_the_shell_answers_by_itself_is_a_problem_too() {
    let telemetry = Telemetry::default();
    for (response, status, code) in [
        (unconfigured(), 500, "ERR_CONFIG_INVALID"),
        (unreadable(&telemetry), 400, "ERR_REQUEST_INVALID"),
    ] {
        let reply = crate::bench::Reply::new(&Ask::get("/").request(), response);
        reply.refused(status, code);
        assert_eq!(reply.field("content-type"), Some("application/problem+json"));
        assert_eq!(reply.field("cache-control"), Some("no-store"));
        assert_eq!(reply.json()["status"], status);
    }
}
