//! Tokens in a cookie: through the gateway and by forward authentication.

use http::HeaderMap;
use pollster::block_on;
use portcullis::http::{Answered, Onward, Received, serve};
use serde_json::{Value, json};

use crate::bench::setup::{Keys, SUBJECT, config, hash};
use crate::bench::{Ask, Bench, Reply};

const NAME: &str = "__Host-token";
const PAGE: &str = "https://app.test";
const EDGE: &str = "https://edge.test";
const PROXY_SECRET: &str = "proxy-secret-of-256-random-bits";

fn with_cookie(settings: &mut Value) {
    settings["cookie"] = json!({"name": NAME, "origins": [PAGE]});
    settings["limits"] = json!([]);
}

fn gateway() -> Bench {
    Bench::with(|settings| {
        with_cookie(settings);
        settings["routes"] = json!([{"match": "/**"}]);
        settings["gateway"] = json!({"upstream": "https://origin.test"});
    })
}

#[allow(clippy::result_large_err, reason = "a test moves few of them")]
fn proxied(bench: &Bench, ask: Ask) -> Result<Onward, Reply> {
    let request = ask.request();
    let head = http::Request::from_parts(request.clone().into_parts().0, ());
    let body = async { Ok(Received { bytes: Vec::new(), now: bench.now() }) };
    match block_on(serve(&bench.guard, head, body, bench.now())) {
        Answered::Onward(onward) => Ok(*onward),
        Answered::Whole(response) => Err(Reply::new(&request, response)),
    }
}

fn cookie_of(fields: &HeaderMap) -> &str {
    fields.get("cookie").unwrap().to_str().unwrap()
}

fn ask(method: &str, token: &str) -> Ask {
    let cookies = format!("a=1; {NAME}={token}; b=2");
    Ask::new(method, &format!("{EDGE}/x")).field("cookie", cookies)
}

#[test]
fn the_token_of_the_cookie_counts_and_stays_here() {
    let bench = gateway();
    let onward = proxied(&bench, ask("GET", &bench.mint())).unwrap();
    assert_eq!(onward.fields.get("x-auth-subject").unwrap(), SUBJECT);
    assert_eq!(cookie_of(&onward.fields), "a=1; b=2");
    let alone = Ask::get("/x").field("cookie", format!("{NAME}={}", bench.mint()));
    assert_eq!(cookie_of(&proxied(&bench, alone).unwrap().fields), "", "left out");
    let bearer = Ask::get("/x").bearer(&bench.mint()).field("cookie", "a=1");
    assert_eq!(cookie_of(&proxied(&bench, bearer).unwrap().fields), "a=1");
}

#[test]
fn two_tokens_at_once_are_refused_whichever_is_good() {
    let bench = gateway();
    let (one, other) = (bench.mint(), bench.mint());
    bench.send(ask("GET", &one).bearer(&other)).refused(401, "ERR_CREDENTIALS_INVALID");
    let twice = ask("GET", &one).field("cookie", format!("{NAME}={other}"));
    bench.send(twice).refused(401, "ERR_CREDENTIALS_INVALID");
    let twice = Ask::get("/x").field("cookie", format!("{NAME}={one}; {NAME}={other}"));
    bench.send(twice).refused(401, "ERR_CREDENTIALS_INVALID");
    let empty = Ask::get("/x").field("cookie", format!("{NAME}="));
    bench.send(empty).refused(401, "ERR_CREDENTIALS_INVALID");
    let none = Ask::get("/x").field("cookie", "token=x; __host-token=x");
    bench.send(none).refused(401, "ERR_CREDENTIALS_MISSING");
}

/// What a browser says of the page, and whether that page may change something.
const PAGES: [(&[(&str, &str)], bool); 14] = [
    (&[("sec-fetch-site", "same-origin")], true),
    (&[("sec-fetch-site", "same-origin"), ("origin", EDGE)], true),
    (&[("origin", EDGE)], true),
    (&[("origin", PAGE)], true),
    (&[("sec-fetch-site", "cross-site"), ("origin", PAGE)], true),
    (&[("sec-fetch-site", "same-site"), ("origin", PAGE)], true),
    (&[], false),
    (&[("sec-fetch-site", "none")], false),
    (&[("sec-fetch-site", "same-site"), ("origin", EDGE)], false),
    (&[("sec-fetch-site", "cross-site"), ("origin", "https://evil.test")], false),
    (&[("origin", "https://evil.test")], false),
    (&[("origin", "null")], false),
    (&[("origin", "http://edge.test")], false),
    (&[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")], false),
];

#[test]
fn with_a_cookie_only_a_page_of_ours_changes_something() {
    let bench = gateway();
    for (fields, good) in PAGES {
        for method in ["POST", "PUT", "PATCH", "DELETE", "post"] {
            let ask = ask(method, &bench.mint());
            let ask = fields.iter().fold(ask, |ask, (name, value)| ask.field(name, value));
            match proxied(&bench, ask) {
                Ok(_) => assert!(good, "{method} {fields:?}"),
                Err(reply) => {
                    assert!(!good, "{method} {fields:?} {reply:?}");
                    reply.refused(403, "ERR_CROSS_SITE");
                }
            }
        }
    }
    let bearer = Ask::post("/x").bearer(&bench.mint()).field("origin", "https://evil.test");
    assert!(proxied(&bench, bearer).is_ok(), "no browser sends Authorization by itself");
}

#[test]
fn reading_needs_no_page_and_a_websocket_does() {
    let bench = gateway();
    for method in ["GET", "HEAD", "OPTIONS"] {
        let ask = ask(method, &bench.mint()).field("sec-fetch-site", "cross-site");
        assert!(proxied(&bench, ask).is_ok(), "{method}");
    }
    let socket =
        |origin| ask("GET", &bench.mint()).field("sec-websocket-key", "k").field("origin", origin);
    bench.send(socket("https://evil.test")).refused(403, "ERR_CROSS_SITE");
    assert!(proxied(&bench, socket(EDGE)).is_ok());
}

fn forwarded(bench: &Bench, method: &str, secret: &str, fields: &[(&str, &str)]) -> Reply {
    let ask = Ask::get("/v1/authorize")
        .field("portcullis-proxy-secret", secret)
        .field("x-forwarded-method", method)
        .field("x-forwarded-uri", "/x")
        .field("cookie", format!("{NAME}={}", bench.mint()));
    bench.send(fields.iter().fold(ask, |ask, (name, value)| ask.field(name, value)))
}

#[test]
fn a_proxy_that_shows_its_secret_may_bring_a_cookie() {
    let bench = Bench::with(|settings| {
        with_cookie(settings);
        settings["forward_auth"] = json!({"secret_sha256": [hash(PROXY_SECRET)]});
    });
    assert_eq!(forwarded(&bench, "GET", PROXY_SECRET, &[]).status, 200);
    assert_eq!(forwarded(&bench, "POST", PROXY_SECRET, &[("origin", PAGE)]).status, 200);
    let cross = forwarded(&bench, "POST", PROXY_SECRET, &[("origin", "https://evil.test")]);
    cross.refused(403, "ERR_CROSS_SITE");
    forwarded(&bench, "POST", PROXY_SECRET, &[]).refused(403, "ERR_CROSS_SITE");
    // Its method is not known, and so neither is whether it changes something.
    forwarded(&bench, "GET", "wrong", &[]).refused(401, "ERR_CREDENTIALS_MISSING");
}

#[test]
fn a_cookie_that_others_could_set_is_a_fault_of_configuration() {
    let fault = |cookie: Value, gateway: bool| {
        let config = config(Keys::EdDsa, |settings| {
            settings["cookie"] = cookie;
            if gateway {
                settings["routes"] = json!([{"match": "/**"}]);
                settings["gateway"] = json!({"upstream": "https://origin.test"});
            }
        });
        config.unwrap_err().path
    };
    for name in
        ["token", "__Host-", "__Secure-t", "__host-t", "__Host-a b", "__Host-a;b", "__Host-a=b"]
    {
        assert_eq!(fault(json!({"name": name}), true), "cookie.name", "{name}");
    }
    let origins = json!({"name": NAME, "origins": ["app.test"]});
    assert_eq!(fault(origins, true), "cookie.origins[0]");
    assert_eq!(fault(json!({"name": NAME}), false), "cookie");
}
