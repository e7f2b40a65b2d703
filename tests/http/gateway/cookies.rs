//! Tokens in a cookie: at the gateway, and at /v1/authorize for a proxy that shows its secret.

use pollster::block_on;
use portcullis::http::{Forward, fields_read};
use serde_json::{Value, json};

use crate::bench::setup::{Keys, SUBJECT, config, hash};
use crate::bench::{Ask, Bench};

const SECRET: &str = "proxy-secret-of-256-random-bits";
const NAME: &str = "__Host-token";

fn cookie(settings: &mut Value) {
    settings["cookie"] = json!({"name": NAME, "origins": ["https://other.test"]});
}

fn gateway(settings: &mut Value) {
    cookie(settings);
    settings["gateway"] = json!({"upstream": "https://origin.test"});
    settings["routes"] = json!([{"match": "/public/*", "public": true}, {"match": "/**"}]);
}

fn forward_auth(settings: &mut Value) {
    cookie(settings);
    settings["forward_auth"] = json!({"secret_sha256": [hash(SECRET)]});
}

fn ask(method: &str, target: &str, token: &str) -> Ask {
    let cookies = format!("theme=dark; {NAME}={token}");
    Ask::new(method, &format!("https://app.test{target}")).field("cookie", cookies)
}

#[track_caller]
fn forwarded(bench: &Bench, ask: Ask) -> Forward {
    let response = block_on(bench.answer(&ask.request()));
    let wanted = response.extensions().get::<Forward>().cloned();
    wanted.unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(response.body())))
}

#[test]
fn a_token_in_the_cookie_is_taken_and_not_passed_on() {
    let bench = Bench::with(gateway);
    let wanted = forwarded(&bench, ask("GET", "/a", &bench.mint()));
    assert_eq!(wanted.fields["x-auth-subject"], SUBJECT);
    assert_eq!(wanted.fields["cookie"], "theme=dark");
}

#[test]
fn cookies_beyond_ascii_go_by_beside_it() {
    let bench = Bench::with(gateway);
    let cookies = format!("name=Zo\u{eb}; {NAME}={}; b=2", bench.mint());
    let wanted = forwarded(&bench, Ask::get("https://app.test/a").field("cookie", cookies));
    assert_eq!(wanted.fields["x-auth-subject"], SUBJECT);
    assert_eq!(wanted.fields["cookie"].as_bytes(), "name=Zo\u{eb}; b=2".as_bytes());
}

#[test]
fn no_cookie_is_looked_at_unless_it_is_configured() {
    let bench = Bench::with(|settings| {
        gateway(settings);
        settings.as_object_mut().unwrap().remove("cookie");
    });
    bench.send(ask("GET", "/a", &bench.mint())).refused(401, "ERR_CREDENTIALS_MISSING");
}

#[test]
fn two_tokens_are_refused_whichever_way_they_come() {
    let bench = Bench::with(gateway);
    let token = bench.mint();
    for sent in [
        ask("GET", "/a", &token).bearer(&token),
        ask("GET", "/a", &token).field("authorization", "Basic eDp5"),
        ask("GET", "/a", &token).field("cookie", format!("{NAME}={token}")),
        ask("GET", "/a", &format!("{token}; {NAME}=x")),
        ask("GET", "/public/a", &token).bearer(&token),
    ] {
        bench.send(sent).refused(401, "ERR_CREDENTIALS_INVALID");
    }
    forwarded(&bench, ask("GET", "/a", &token).field("authorization", ""));
    forwarded(&bench, ask("GET", "/a", "").bearer(&token));
}

#[test]
fn a_cookie_that_holds_no_token_is_refused() {
    let bench = Bench::with(gateway);
    let token = bench.mint();
    bench.send(ask("GET", "/a", "x.y.z")).refused(401, "ERR_JWS_INVALID");
    for text in [format!("\"{token}\""), format!("{token}, a=b")] {
        bench.send(ask("GET", "/a", &text)).refused(401, "ERR_CREDENTIALS_INVALID");
    }
}

#[test]
fn what_may_change_something_comes_from_a_page_that_may_ask() {
    let bench = Bench::with(|settings| {
        gateway(settings);
        settings["limits"] = json!([]);
    });
    let token = bench.mint();
    let post = |target: &str| ask("POST", target, &token);
    for target in ["/a", "/public/a"] {
        bench.send(post(target)).refused(403, "ERR_CROSS_SITE");
        bench
            .send(post(target).field("sec-fetch-site", "cross-site"))
            .refused(403, "ERR_CROSS_SITE");
        bench
            .send(post(target).field("origin", "https://evil.test"))
            .refused(403, "ERR_CROSS_SITE");
        let spoofed = post(target)
            .field("origin", "https://evil.test")
            .field("x-forwarded-host", "evil.test");
        bench.send(spoofed.field("x-forwarded-proto", "https")).refused(403, "ERR_CROSS_SITE");
    }
    forwarded(&bench, post("/a").field("sec-fetch-site", "same-origin"));
    forwarded(&bench, post("/a").field("origin", "https://app.test"));
    forwarded(&bench, post("/a").field("origin", "https://other.test"));
    let by_field =
        Ask::new("POST", "https://app.test/a").bearer(&token).field("origin", "https://evil.test");
    forwarded(&bench, by_field);
    let socket =
        ask("GET", "/a", &token).field("upgrade", "websocket").field("origin", "https://evil.test");
    bench.send(socket).refused(403, "ERR_CROSS_SITE");
    bench.send(ask("delete", "/a", &token)).refused(403, "ERR_CROSS_SITE");
}

fn proven(method: &str, token: &str) -> Ask {
    Ask::get("/v1/authorize")
        .field("portcullis-proxy-secret", SECRET)
        .field("x-forwarded-method", method)
        .field("x-forwarded-uri", "/a")
        .field("x-forwarded-proto", "https")
        .field("x-forwarded-host", "app.test")
        .field("cookie", format!("{NAME}={token}"))
}

#[test]
fn a_proxy_that_shows_its_secret_may_hand_the_cookie_on() {
    let bench = Bench::with(forward_auth);
    let token = bench.mint();
    let reply = bench.send(proven("GET", &token));
    assert_eq!((reply.status, reply.field("x-auth-subject")), (200, Some(SUBJECT)));
    let reply = bench.send(proven("POST", &token).field("origin", "https://app.test"));
    assert_eq!(reply.status, 200, "{reply:?}");
    let evil = || proven("POST", &token).field("origin", "https://evil.test");
    bench.send(evil()).refused(403, "ERR_CROSS_SITE");
    bench.send(proven("POST", &token)).refused(403, "ERR_CROSS_SITE");
    let socket =
        proven("GET", &token).field("sec-websocket-key", "x").field("origin", "https://evil.test");
    bench.send(socket).refused(403, "ERR_CROSS_SITE");
    bench.send(proven("GET", &token).bearer(&token)).refused(401, "ERR_CREDENTIALS_INVALID");
}

#[test]
fn a_proxy_that_does_not_say_the_method_is_held_to_have_one_that_changes_something() {
    let bench = Bench::with(forward_auth);
    let token = bench.mint();
    let ask = Ask::get("/v1/authorize").field("portcullis-proxy-secret", SECRET);
    let ask = ask.field("cookie", format!("{NAME}={token}")).field("origin", "https://evil.test");
    bench.send(ask).refused(403, "ERR_CROSS_SITE");
}

#[test]
fn without_the_proxys_secret_no_cookie_counts() {
    let bench = Bench::with(forward_auth);
    let token = bench.mint();
    let ask = Ask::get("/v1/authorize").field("cookie", format!("{NAME}={token}"));
    bench.send(ask).refused(401, "ERR_CREDENTIALS_MISSING");
}

#[test]
fn the_cookie_and_what_tells_of_forgery_are_read_where_they_are_needed_alone() {
    let read = |change: fn(&mut Value)| {
        let names = fields_read(&config(Keys::EdDsa, change).unwrap());
        names.iter().map(|name| name.as_str().to_owned()).collect::<Vec<_>>()
    };
    let few = ["authorization", "cf-connecting-ip", "content-type"];
    assert_eq!(read(|_| ()), few);
    // What is for the upstream is read whole.
    assert_eq!(read(gateway), few);
    let all = read(forward_auth);
    for name in [
        "cookie",
        "origin",
        "sec-fetch-site",
        "upgrade",
        "sec-websocket-key",
        "x-forwarded-host",
        "x-forwarded-proto",
    ] {
        assert!(all.iter().any(|other| other == name), "{name}");
    }
}

#[test]
fn a_cookie_that_cannot_be_used_is_refused_by_its_path() {
    let fault = |cookie: Value| {
        let change = |settings: &mut Value| {
            gateway(settings);
            settings["cookie"] = cookie;
        };
        config(Keys::EdDsa, change).unwrap_err().path
    };
    for name in [
        "token",
        "__Secure-token",
        "__host-token",
        "__Host-",
        "__Host-a b",
        "__Host-a=b",
        "__Host-a;b",
    ] {
        assert_eq!(fault(json!({"name": name})), "cookie.name", "{name}");
    }
    assert_eq!(fault(json!({})), "cookie.name");
    assert_eq!(fault(json!({"name": NAME, "path": "/"})), "cookie.path");
    for origin in ["http://app.test", "https://app.test/", "*", "null", "https://u@app.test"] {
        let path = fault(json!({"name": NAME, "origins": ["https://ok.test", origin]}));
        assert_eq!(path, "cookie.origins[1]", "{origin}");
    }
    assert_eq!(config(Keys::EdDsa, cookie).unwrap_err().path, "cookie");
}
