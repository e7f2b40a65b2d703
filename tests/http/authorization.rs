//! The Authorization field of a request with a token (RFC 6750).

use crate::bench::{Ask, Bench, Reply, forge};
use serde_json::json;

const BARE: &str = "Bearer realm=\"portcullis\"";
const INVALID_REQUEST: &str = "Bearer realm=\"portcullis\", error=\"invalid_request\"";

fn sent(bench: &Bench, values: &[&str]) -> Reply {
    let ask = Ask::get("/v1/authorize");
    bench.send(values.iter().fold(ask, |ask, value| ask.field("authorization", value)))
}

#[test]
fn a_request_without_authorization_is_asked_for_a_token_without_an_error() {
    let bench = Bench::new();
    sent(&bench, &[]).refused(401, "ERR_CREDENTIALS_MISSING").challenged(BARE);
    bench.assert_nothing_was_taken();
}

#[test]
fn an_empty_authorization_is_none() {
    let bench = Bench::new();
    sent(&bench, &[""]).refused(401, "ERR_CREDENTIALS_MISSING").challenged(BARE);
    bench.assert_nothing_was_taken();
}

#[test]
fn two_authorization_fields_are_refused_even_if_both_are_the_same_good_one() {
    let bench = Bench::new();
    let good = format!("Bearer {}", bench.mint());
    let reply = sent(&bench, &[&good, &good]);
    reply.refused(401, "ERR_CREDENTIALS_INVALID").challenged(INVALID_REQUEST);
    bench.assert_nothing_was_taken();
}

#[test]
fn two_authorizations_joined_by_a_comma_are_refused() {
    let bench = Bench::new();
    let token = bench.mint();
    for value in [format!("Bearer {token}, Bearer {token}"), format!("Bearer {token},{token}")] {
        let reply = sent(&bench, &[&value]);
        reply.refused(401, "ERR_CREDENTIALS_INVALID").challenged(INVALID_REQUEST);
    }
    bench.assert_nothing_was_taken();
}

#[test]
fn another_scheme_is_asked_for_a_token_without_an_error() {
    let bench = Bench::new();
    let token = bench.mint();
    for value in ["Basic d2ViOng=", &token, "Digest x", "Bearerx y", &format!("Bearer\t{token}")] {
        sent(&bench, &[value]).refused(401, "ERR_CREDENTIALS_INVALID").challenged(BARE);
    }
    bench.assert_nothing_was_taken();
}

#[test]
fn bearer_with_no_token_or_with_more_than_one_word_is_malformed() {
    let bench = Bench::new();
    let token = bench.mint();
    for value in ["Bearer", "Bearer ", "Bearer    ", &format!("Bearer {token} {token}")] {
        let reply = sent(&bench, &[value]);
        reply.refused(401, "ERR_CREDENTIALS_INVALID").challenged(INVALID_REQUEST);
    }
    bench.assert_nothing_was_taken();
}

#[test]
fn bytes_that_are_no_text_are_malformed() {
    let bench = Bench::new();
    let ask = Ask::get("/v1/authorize").field("authorization", b"Bearer \xff\xfe");
    bench.send(ask).refused(401, "ERR_CREDENTIALS_INVALID").challenged(INVALID_REQUEST);
    bench.assert_nothing_was_taken();
}

#[test]
fn the_scheme_is_compared_without_case_and_spaces_around_the_token_do_not_count() {
    let bench = Bench::new();
    let token = bench.mint();
    for value in [format!("bearer {token}"), format!("BEARER   {token} ")] {
        let reply = sent(&bench, &[&value]);
        assert_eq!(reply.status, 200, "{reply:?}");
    }
}

#[test]
fn a_good_token_is_answered_with_its_claims_and_fields_for_the_proxy() {
    let bench = Bench::new();
    let token = bench.mint_with(&json!({"scope": "read write"}));
    let reply = bench.authorize(&token);
    assert_eq!(reply.status, 200);
    let payload = forge::decode(token.split('.').nth(1).unwrap());
    assert_eq!(reply.text.as_bytes(), payload);
    assert_eq!(reply.field("content-type"), Some("application/json"));
    assert_eq!(reply.field("cache-control"), Some("no-store"));
    let claims = reply.json();
    for (field, claim) in [
        ("x-auth-subject", "sub"),
        ("x-auth-client", "client_id"),
        ("x-auth-scope", "scope"),
        ("x-auth-token-id", "jti"),
        ("x-auth-session", "sid"),
    ] {
        assert_eq!(reply.field(field), claims[claim].as_str(), "{field}");
    }
    assert_eq!(reply.field("ratelimit-policy"), Some("\"per-subject\";q=3;w=60"));
    assert_eq!(bench.store.calls(), ["admit"], "one store call, minting none");
}

#[test]
fn any_method_may_ask_and_a_body_is_not_looked_at() {
    let bench = Bench::with(|settings| settings["limits"] = json!([]));
    let token = bench.mint();
    for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PURGE"] {
        let ask = Ask::new(method, "/v1/authorize?x=1&claims").bearer(&token).body("not { json");
        let reply = bench.send(ask);
        assert_eq!((reply.status, reply.text.is_empty()), (200, method == "HEAD"), "{method}");
        assert_eq!(reply.field("ratelimit"), None);
    }
}

#[test]
fn claims_are_an_answers_body_only_where_they_are_asked_for() {
    let bench = Bench::with(|settings| settings["limits"] = json!([]));
    let token = bench.mint();
    for target in
        ["/v1/authorize", "/v1/authorize?", "/v1/authorize?claim", "/v1/authorize?x=claims"]
    {
        let reply = bench.send(Ask::get(target).bearer(&token));
        assert_eq!((reply.status, reply.text.as_str()), (200, ""), "{target}");
        assert_eq!(reply.field("content-type"), None, "{target}");
        assert_eq!(reply.field("cache-control"), Some("no-store"), "{target}");
        assert_eq!(reply.field("x-auth-subject"), Some("subject-7f3a"), "{target}");
    }
}

#[test]
fn a_token_without_scope_and_session_sets_their_fields_empty_so_that_none_is_passed_through() {
    let bench = Bench::new();
    let reply = bench.authorize(&forge::token(&json!({})));
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.field("x-auth-scope"), Some(""));
    assert_eq!(reply.field("x-auth-session"), Some(""));
}

#[test]
fn nothing_a_token_says_can_end_a_header_field_or_start_another() {
    let bench = Bench::with(|settings| settings["limits"] = json!([]));
    let hostile = "a\r\nX-Auth-Scope: admin\n\0\u{7f}\u{85}\u{2028}\u{eb}%0d%0a";
    for claim in ["sub", "scope", "sid", "jti", "client_id"] {
        let reply = bench.authorize(&forge::token(&json!({claim: hostile})));
        assert_eq!(reply.status, 200, "{claim}: {reply:?}");
        for (name, value) in &reply.fields {
            assert!(value.as_bytes().iter().all(|b| (0x20..0x7f).contains(b)), "{name}");
        }
        let scope = reply.field("x-auth-scope").unwrap();
        assert_eq!(scope.starts_with("a%0D%0AX-Auth-Scope: admin%0A%00%7F"), claim == "scope");
        assert_ne!(scope, "admin");
    }
}
