//! Whatever is sent is answered.

use http::{HeaderName, HeaderValue, Method, Request, Uri};
use pollster::block_on;
use portcullis::http::handle;
use proptest::prelude::*;
use serde_json::json;

use crate::bench::setup::{failures, policy, secret};
use crate::bench::{Ask, Bench, Fault, forge};

/// Words a request is likely to be made of, and any others.
fn words(likely: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let likely = proptest::sample::select(likely).prop_map(|word| word.as_bytes().to_vec());
    prop_oneof![4 => likely, 1 => proptest::collection::vec(any::<u8>(), 0..40)]
}

fn methods() -> impl Strategy<Value = Vec<u8>> {
    words(&["GET", "POST", "HEAD", "DELETE", "PUT", "OPTIONS", "get"])
}

fn targets() -> impl Strategy<Value = Vec<u8>> {
    words(&[
        "/v1/authorize",
        "/v1/tokens",
        "/oauth/revoke",
        "/oauth/introspect",
        "/oauth/",
        "/.well-known/jwks.json",
        "/healthz",
        "/readyz",
        "/metrics",
        "/v1/limits/per-subject",
        "/v1/limits/per-subject?key=a",
        "/v1/limits/?key=%ff&key",
        "*",
        "/",
        "https://x.test/v1/tokens?a#b",
    ])
}

/// Header fields as a client writes them: `name: value`.
fn fields() -> impl Strategy<Value = Vec<u8>> {
    words(&[
        "authorization: ",
        "authorization: Bearer a.b.c",
        "authorization: Bearer",
        "authorization: Basic d2ViOndlYi1zZWNyZXQtb2YtMjU2LXJhbmRvbS1iaXRz",
        "authorization: Basic YWRtaW46YWRtaW4tc2VjcmV0LW9mLTI1Ni1yYW5kb20tYml0cw==",
        "authorization: Basic !",
        "content-type: application/json",
        "content-type: application/x-www-form-urlencoded",
        "content-type: ;;;",
        "x-forwarded-for: 192.0.2.1, 2001:db8::1,",
        "x-forwarded-for: 192.0.2.101",
        "cf-connecting-ip: 192.0.2.102",
        "cookie: a=b",
    ])
}

/// The name and value of a field that `http` takes.
fn field(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = HeaderName::from_bytes(&line[..colon]).ok()?;
    Some((name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?))
}

fn bodies() -> impl Strategy<Value = Vec<u8>> {
    words(&[
        "",
        "{}",
        "{\"sub\":\"a\"}",
        "{\"sub\":\"a\",\"access_ttl\":1e99,\"claims\":{\"a\":[]}}",
        "{\"key\":\"a\",\"cost\":2}",
        "token=a.b.c",
        "subject=a&session=b",
        "session=%00%ff&token_type_hint",
        "[[[[",
        "client_id=web&client_secret=x&token=%",
    ])
}

fn bench() -> Bench {
    Bench::with(|settings| {
        settings["gate"] = json!({"limit": 50, "window": "60s"});
        settings["limits"] = json!([policy("per-subject", "subject", 3), failures(5)]);
        settings["trusted_proxy_hops"] = json!(1);
    })
}

proptest! {
    #[test]
    fn any_request_is_answered_in_form_and_counted_once(
        requests in proptest::collection::vec(
            (
                methods(),
                targets(),
                proptest::collection::vec(fields(), 0..5),
                bodies(),
                0_u8..8,
            ),
            1..20,
        ),
    ) {
        let bench = bench();
        for (method, target, fields, body, fault) in requests {
            let (Ok(method), Ok(target)) = (Method::from_bytes(&method), Uri::try_from(target))
            else {
                continue;
            };
            let mut request = Request::new(body);
            (*request.method_mut(), *request.uri_mut()) = (method, target);
            for (name, value) in fields.iter().filter_map(|line| field(line)) {
                request.headers_mut().append(name, value);
            }
            bench.store.fault(match fault {
                0 => Some(Fault::Unreachable),
                1 => Some(Fault::Timeout),
                2 => Some(Fault::Full),
                3 => Some(Fault::Corrupt),
                4 => Some(Fault::Short),
                _ => None,
            });
            bench.pass(u64::from(fault) * 100);
            let reply = bench.send(Ask::of(request));
            prop_assert!((200..600).contains(&reply.status));
            let printable = |value: &HeaderValue| value.to_str().is_ok();
            prop_assert!(reply.fields.values().all(printable));
        }
    }

    /// Order what it may: what is minted is accepted, and says what was ordered and no more.
    #[test]
    fn an_order_is_refused_or_its_token_is_accepted(
        sub in any::<String>(),
        scope in proptest::option::of("(read|write|admin| |\"|\\\\){0,4}"),
        name in any::<String>(),
        value in any::<String>(),
        access_ttl in proptest::option::of(any::<u64>()),
    ) {
        let bench = Bench::new();
        let order = json!({"sub": sub, "scope": scope, "claims": {&name: value},
            "access_ttl": access_ttl});
        let reply = bench.send(Ask::post("/v1/tokens").basic("web").json(&order));
        prop_assert!(matches!(reply.status, 201 | 400 | 403), "{:?}", reply);
        if reply.status == 201 {
            let token = reply.json()["access_token"].as_str().unwrap().to_owned();
            let access = bench.authorize(&token);
            prop_assert_eq!(access.status, 200);
            let claims = access.json();
            prop_assert_eq!(&claims["sub"], &json!(sub));
            prop_assert_eq!(&claims[&name], &json!(value));
            let scopes = claims["scope"].as_str().unwrap_or_default().split_whitespace();
            prop_assert!(scopes.into_iter().all(|scope| ["read", "write"].contains(&scope)));
            prop_assert_eq!(claims.as_object().unwrap().len(), 10 + usize::from(scope.is_some_and(|s| !s.is_empty())));
        }
    }

    /// No change of one character of a good token is accepted.
    #[test]
    fn a_token_changed_anywhere_is_refused(at in any::<proptest::sample::Index>(), by in 1_u8..64) {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let bench = Bench::new();
        let mut token = forge::token(&json!({})).into_bytes();
        let at = at.index(token.len());
        let old = ALPHABET.iter().position(|b| *b == token[at]).unwrap_or(0);
        let new = ALPHABET[(old + usize::from(by)) % ALPHABET.len()];
        prop_assume!(new != token[at]);
        token[at] = new;
        let reply = bench.authorize(&String::from_utf8(token).unwrap());
        prop_assert_eq!(reply.status, 401);
    }

    #[test]
    fn no_other_secret_is_a_clients(guess in any::<String>()) {
        let bench = Bench::new();
        prop_assume!(guess != secret("admin"));
        let ask = Ask::get("/metrics").credentials("admin", &guess);
        let response = block_on(handle(&bench.guard, &ask.request(), bench.now()));
        prop_assert_eq!(response.status(), 401);
    }
}
