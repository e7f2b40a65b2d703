//! The gateway: what goes on to the service behind, how, and what does not. And the same rules by forward
//! authentication.

use pollster::block_on;
use portcullis::http::{Answered, Onward, Received, serve};
use serde_json::{Value, json};

use crate::bench::setup::{API, Keys, SUBJECT, config, hash, policy};
use crate::bench::{Ask, Bench, Fault, Reply, forge};

const PROXY_SECRET: &str = "proxy-secret-of-256-random-bits";

fn routes() -> Value {
    json!([
        {"match": "GET /public/**", "public": true},
        {"match": "/admin/**", "scopes": ["write"], "strict": true},
        {"match": "POST /orders", "scopes": ["read", "write"]},
        {"match": "/orders/**"},
        {"match": "/**", "scopes": ["read"]},
    ])
}

fn gateway(change: impl FnOnce(&mut Value)) -> Bench {
    Bench::with(|settings| {
        settings["routes"] = routes();
        settings["gateway"] = json!({"upstream": "https://origin.test"});
        change(settings);
    })
}

#[allow(clippy::result_large_err, reason = "a test moves few of them")]
fn proxied(bench: &Bench, ask: Ask) -> Result<Onward, Reply> {
    let request = ask.request();
    let (head, bytes) = request.clone().into_parts();
    let body = async { Ok(Received { bytes, now: bench.now() }) };
    match block_on(serve(&bench.guard, http::Request::from_parts(head, ()), body, bench.now())) {
        Answered::Onward(onward) => Ok(*onward),
        Answered::Whole(response) => Err(Reply::new(&request, response)),
    }
}

#[track_caller]
fn goes_on(bench: &Bench, ask: Ask) -> Onward {
    proxied(bench, ask).unwrap_or_else(|reply| panic!("{reply:?}"))
}

fn field<'o>(onward: &'o Onward, name: &str) -> Option<&'o str> {
    onward.fields.get(name).map(|value| value.to_str().unwrap())
}

fn token(bench: &Bench, scope: &str) -> String {
    bench.mint_with(&json!({"scope": scope, "aud": API}))
}

#[test]
fn an_authorised_request_goes_on_as_it_was_matched_with_whose_it_is() {
    let bench = gateway(|settings| {
        settings["gateway"]["claims"] = json!({"X-User-Plan": "plan", "x-none": "none"});
    });
    let token = bench.mint_with(&json!({"scope": "read", "aud": API, "claims": {"plan": "a\nb"}}));
    let claims = forge::decode(token.split('.').nth(1).unwrap());
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    let target = "https://edge.test/Orders/7/?q=%2F&r=//..;";
    let ask = Ask::get(target).bearer(&token).from("192.0.2.7");
    let onward = goes_on(&bench, ask.field("x-auth-subject", "root"));
    assert_eq!(onward.target, "/Orders/7/?q=%2F&r=//..;", "the very text");
    assert_eq!(field(&onward, "x-auth-subject"), Some(SUBJECT));
    assert_eq!(field(&onward, "x-auth-scope"), Some("read"));
    assert_eq!(field(&onward, "x-auth-session"), claims["sid"].as_str());
    assert_eq!(field(&onward, "x-user-plan"), Some("a%0Ab"), "it ends no field");
    assert_eq!(field(&onward, "x-none"), None);
    assert_eq!(field(&onward, "x-forwarded-for"), Some("192.0.2.7"));
    assert_eq!(field(&onward, "x-forwarded-host"), Some("edge.test"));
    assert_eq!(field(&onward, "x-forwarded-proto"), Some("https"));
    assert!(!onward.pass_authorization);
    assert!(onward.answer_fields.contains_key("ratelimit"));
    assert_eq!(bench.store.calls(), ["admit"], "one call");
    assert_eq!(bench.count("requests_proxied", ""), 1);
}

#[test]
fn a_public_route_asks_for_nothing_and_says_nothing_of_whom() {
    let bench = gateway(|_| ());
    for ask in
        [Ask::get("/public/a"), Ask::get("/public").bearer("bad"), Ask::new("HEAD", "/public/")]
    {
        let onward = goes_on(&bench, ask);
        assert!(!onward.fields.keys().any(|name| name.as_str().starts_with("x-auth-")));
    }
    assert!(bench.store.calls().is_empty());
    bench.send(Ask::post("/public/a")).refused(401, "ERR_CREDENTIALS_MISSING");
}

#[test]
fn the_first_route_that_a_request_is_of_says_which_scopes_it_needs() {
    let bench = gateway(|settings| settings["limits"] = json!([]));
    let [none, read, both] = ["", "read", "read write"].map(|scope| token(&bench, scope));
    for (method, target, good, bad) in [
        ("POST", "/orders", &both, &read),
        ("DELETE", "/orders/7", &none, &"x.y.z".to_owned()),
        ("GET", "/admin/users", &both, &read),
        ("GET", "/ADMIN/users", &both, &read),
        ("GET", "/", &read, &none),
        ("GET", "/else", &read, &none),
    ] {
        let ask = |token: &str| Ask::new(method, target).bearer(token);
        goes_on(&bench, ask(good));
        let refused = bench.send(ask(bad));
        if refused.status == 403 {
            refused.refused(403, "ERR_SCOPE_INSUFFICIENT");
            let challenge = refused.field("www-authenticate").unwrap();
            assert!(challenge.contains("error=\"insufficient_scope\", scope=\""), "{challenge}");
        }
        assert!(matches!(refused.status, 401 | 403), "{refused:?}");
    }
}

#[test]
fn what_is_refused_for_its_scope_takes_nothing() {
    let bench = gateway(|_| ());
    bench.send(Ask::get("/").bearer(&token(&bench, ""))).refused(403, "ERR_SCOPE_INSUFFICIENT");
    assert!(bench.store.calls().is_empty());
    bench.assert_nothing_was_taken();
}

#[test]
fn what_no_route_is_like_is_denied() {
    let bench = gateway(|settings| settings["routes"] = json!([{"match": "GET /only"}]));
    let token = token(&bench, "read write");
    goes_on(&bench, Ask::new("HEAD", "/only").bearer(&token));
    for (method, target) in
        [("GET", "/other"), ("POST", "/only"), ("GET", "/only/more"), ("GET", "/")]
    {
        let ask = Ask::new(method, target).bearer(&token);
        bench.send(ask).refused(403, "ERR_ROUTE_DENIED");
    }
    let trace = gateway(|_| ());
    for method in ["TRACE", "CONNECT"] {
        let ask = Ask::new(method, "/").bearer(&token);
        trace.send(ask).refused(403, "ERR_ROUTE_DENIED");
    }
}

/// A target that servers read in different ways never goes on, whoever asks.
#[track_caller]
fn assert_ambiguous(target: &str) {
    let bench = gateway(|_| ());
    let token = token(&bench, "read write");
    let ask = Ask::get(target).bearer(&token);
    bench.send(ask).refused(400, "ERR_TARGET_AMBIGUOUS");
    assert!(bench.store.calls().is_empty());
}

macro_rules! ambiguous {
    ($($name:ident: $target:literal),+ $(,)?) => {
        $(#[test]
        fn $name() {
            assert_ambiguous($target);
        })+
    };
}

ambiguous! {
    a_double_slash_does_not_go_on: "/public//../admin/users",
    a_double_slash_at_the_start_does_not_go_on: "//admin/users",
    dots_do_not_go_on: "/public/../admin/users",
    encoded_dots_do_not_go_on: "/public/%2e%2e/admin/users",
    dots_with_a_parameter_do_not_go_on: "/public/..;/admin/users",
    a_parameter_does_not_go_on: "/admin;x=1/users",
    an_encoded_semicolon_does_not_go_on: "/admin%3Bx/users",
    an_encoded_slash_does_not_go_on: "/public%2fadmin",
    an_encoded_backslash_does_not_go_on: "/public%5c..%5cadmin",
    a_nul_does_not_go_on: "/admin%00/users",
    a_line_break_does_not_go_on: "/admin%0d%0aX-Auth-Subject:root",
    what_is_encoded_twice_does_not_go_on: "/public/%252e%252e/admin",
    a_trailing_dot_does_not_go_on: "/admin./users",
    a_trailing_space_does_not_go_on: "/admin%20/users",
    broken_encoding_does_not_go_on: "/admin%zz",
    overlong_utf8_does_not_go_on: "/public/%c0%ae%c0%ae/admin",
}

#[test]
fn our_own_routes_never_go_on_and_what_looks_like_them_is_asked_for_as_any_other() {
    let bench = gateway(|settings| settings["limits"] = json!([]));
    let read = token(&bench, "read");
    for target in ["/healthz", "/readyz", "/.well-known/jwks.json", "/v1/authorize"] {
        let reply = proxied(&bench, Ask::get(target).bearer(&read));
        assert!(reply.is_err(), "{target}");
    }
    bench.send(Ask::get("/v1/tokens").bearer(&read)).refused(405, "ERR_METHOD_NOT_ALLOWED");
    for target in ["/HEALTHZ", "/v1/tokens/", "/V1/authorize", "/v2"] {
        bench.send(Ask::get(target)).refused(401, "ERR_CREDENTIALS_MISSING");
        goes_on(&bench, Ask::get(target).bearer(&read));
    }
}

#[test]
fn a_strict_route_accepts_nothing_unchecked() {
    use crate::bench::{Queue, Rigged};
    let (primary, queue) = (Rigged::remote(), Queue::default());
    let bench = Bench::chained(&primary, None, &queue, |settings| {
        settings["routes"] = routes();
        settings["gateway"] = json!({"upstream": "https://origin.test"});
    });
    let order = json!({"sub": SUBJECT, "scope": "read write", "aud": API});
    let reply = bench.send(Ask::post("/v1/tokens").basic("web").json(&order)).json();
    let token = reply["access_token"].as_str().unwrap();
    primary.fault(Fault::Unreachable);
    let ask = |target| Ask::get(target).bearer(token).request();
    let status = |target| block_on(bench.answer(&ask(target))).status().as_u16();
    assert_eq!(status("/admin/users"), 503);
    // 502: it would go on, and nobody here carries it there.
    assert_eq!(status("/else"), 502);
}

#[test]
fn limits_of_a_gateway_go_by_its_requests() {
    let bench = gateway(|settings| {
        let mut posts = policy("posts", "subject", 1);
        posts["methods"] = json!(["POST"]);
        posts["routes"] = json!(["/orders"]);
        settings["limits"] = json!([posts]);
    });
    let token = token(&bench, "read write");
    let ask = |method, target| Ask::new(method, target).bearer(&token);
    goes_on(&bench, ask("POST", "/orders"));
    let refused = bench.send(ask("POST", "/orders"));
    refused.refused(429, "ERR_RATE_LIMITED");
    goes_on(&bench, ask("GET", "/orders"));
}

fn behind_a_proxy() -> Bench {
    Bench::with(|settings| {
        settings["routes"] = routes();
        settings["forward_auth"] = json!({"secret_sha256": [hash(PROXY_SECRET)]});
        settings["limits"] = json!([]);
    })
}

fn forwarded(bench: &Bench, method: &str, uri: &str, token: Option<&str>) -> Reply {
    let ask = Ask::get("/v1/authorize").field("portcullis-proxy-secret", PROXY_SECRET);
    let ask = ask.field("x-forwarded-method", method).field("x-forwarded-uri", uri);
    bench.send(match token {
        Some(token) => ask.bearer(token),
        None => ask,
    })
}

#[test]
fn a_proxy_is_told_by_the_same_routes() {
    let bench = behind_a_proxy();
    let [read, both] = ["read", "read write"].map(|scope| token(&bench, scope));
    assert_eq!(forwarded(&bench, "GET", "/public/a", None).status, 200);
    assert_eq!(forwarded(&bench, "GET", "/public/a", Some("bad")).status, 200);
    forwarded(&bench, "POST", "/public/a", None).refused(401, "ERR_CREDENTIALS_MISSING");
    assert_eq!(forwarded(&bench, "GET", "/admin/x?y", Some(&both)).status, 200);
    forwarded(&bench, "GET", "/admin/x", Some(&read)).refused(403, "ERR_SCOPE_INSUFFICIENT");
    for uri in ["/public/../admin", "//", "/public/%2e%2e/admin", "http://x/public/a", ""] {
        forwarded(&bench, "GET", uri, Some(&both)).refused(403, "ERR_ROUTE_DENIED");
    }
}

#[test]
fn a_proxy_that_cannot_show_its_secret_is_denied_where_there_are_routes() {
    let bench = behind_a_proxy();
    let both = token(&bench, "read write");
    let bare = Ask::get("/v1/authorize").bearer(&both);
    bench.send(bare.clone()).refused(403, "ERR_ROUTE_DENIED");
    let wrong = bare.clone().field("portcullis-proxy-secret", "x");
    let wrong = wrong.field("x-forwarded-method", "GET").field("x-forwarded-uri", "/public/a");
    bench.send(wrong).refused(403, "ERR_ROUTE_DENIED");
    let silent = bare.field("portcullis-proxy-secret", PROXY_SECRET);
    bench.send(silent).refused(403, "ERR_ROUTE_DENIED");
}

#[test]
fn routes_and_gateways_that_cannot_be_are_named_by_their_path() {
    let fault = |change: Value| {
        let config = config(Keys::EdDsa, |settings| {
            for (name, value) in change.as_object().unwrap() {
                settings[name] = value.clone();
            }
        });
        config.unwrap_err().path
    };
    let upstream = json!({"upstream": "https://origin.test"});
    let route = |route: Value| json!({"gateway": upstream, "routes": [route]});
    let over = |gateway: Value| json!({"gateway": gateway, "routes": [{"match": "/**"}]});
    for (change, path) in [
        (json!({"gateway": upstream}), "gateway"),
        (json!({"routes": [{"match": "/**"}]}), "routes"),
        (json!({"gateway": upstream, "routes": vec![json!({"match": "/a"}); 65]}), "routes"),
        (route(json!({"match": "get /a"})), "routes[0].match"),
        (route(json!({"match": "HEAD /a"})), "routes[0].match"),
        (route(json!({"match": "GET a"})), "routes[0].match"),
        (route(json!({"match": "/a//b"})), "routes[0].match"),
        (route(json!({"match": "/a", "scopes": ["a b"]})), "routes[0].scopes"),
        (route(json!({"match": "/a", "public": true, "strict": true})), "routes[0]"),
        (route(json!({"match": "/a", "public": true, "scopes": ["read"]})), "routes[0]"),
        (over(json!({})), "gateway"),
        (over(json!({"upstream": "https://a.test", "binding": "B"})), "gateway"),
        (over(json!({"upstream": "http://a.test"})), "gateway.upstream"),
        (over(json!({"upstream": "https://a.test/path"})), "gateway.upstream"),
        (over(json!({"upstream": "https://u:p@a.test"})), "gateway.upstream"),
        (over(json!({"binding": "B", "deadline": "11m"})), "gateway.deadline"),
        (over(json!({"binding": "B", "claims": {"cookie": "a"}})), "gateway.claims.cookie"),
        (
            over(json!({"binding": "B", "claims": {"x-auth-scope": "a"}})),
            "gateway.claims.x-auth-scope",
        ),
    ] {
        assert_eq!(fault(change.clone()), path, "{change}");
    }
}
