//! Which header fields the upstream sees, and whose word they are.

use serde_json::json;

use super::{ask, field, forwarded, refused, settings};
use crate::bench::setup::{ISSUER, SUBJECT};
use crate::bench::{Bench, forge};

#[test]
fn fields_that_say_who_it_is_come_from_the_token_alone() {
    let bench = Bench::with(settings);
    let token = bench.mint();
    let spoofed = [
        "x-auth-subject",
        "X-Auth-Issuer",
        "x_auth_subject",
        "x-auth-admin",
        "x-user-email",
        "x_user_email",
    ];
    let sent = spoofed.iter().fold(ask("GET", "/items/1"), |ask, name| ask.field(name, "root"));
    // Nor can they be taken away by calling them fields of the connection.
    let sent = sent
        .field("connection", "x-auth-subject, x-forwarded-for")
        .bearer(&token)
        .from("192.0.2.1");
    let (wanted, _) = forwarded(&bench, sent);
    assert_eq!(field(&wanted, "x-auth-subject"), Some(SUBJECT));
    assert_eq!(field(&wanted, "x-forwarded-for"), Some("192.0.2.1"));
    assert!(!format!("{:?}", wanted.fields).contains("root"), "{wanted:?}");
    // Nor where there is no token to say it.
    let public = spoofed.iter().fold(ask("GET", "/public/a"), |ask, name| ask.field(name, "root"));
    let (wanted, _) = forwarded(&bench, public);
    assert!(!format!("{:?}", wanted.fields).contains("root"), "{wanted:?}");
}

#[test]
fn claims_are_told_as_configured_and_cannot_break_out_of_their_field() {
    let bench = Bench::with(settings);
    let claims = json!({"email": "a\r\nX-Auth-Subject: root\0\u{e9}", "plan": 7, "groups": ["a"]});
    let (wanted, _) = forwarded(&bench, ask("GET", "/items/1").bearer(&forge::token(&claims)));
    assert_eq!(field(&wanted, "x-user-email"), Some("a%0D%0AX-Auth-Subject: root%00%C3%A9"));
    assert_eq!(field(&wanted, "x-plan"), Some("7"));
    assert_eq!(field(&wanted, "x-groups"), None);
    let claims = json!({"sub": "a\r\nx: y", "scope": "read"});
    let (wanted, _) = forwarded(&bench, ask("GET", "/items/1").bearer(&forge::token(&claims)));
    assert_eq!(field(&wanted, "x-auth-subject"), Some("a%0D%0Ax: y"));
}

#[test]
fn the_token_is_shown_to_the_upstream_only_where_it_is_said() {
    let bench = Bench::with(|value| {
        settings(value);
        value["gateway"]["pass_authorization"] = json!(true);
    });
    let token = bench.mint();
    let (wanted, _) = forwarded(&bench, ask("GET", "/items/1").bearer(&token));
    assert_eq!(field(&wanted, "authorization"), Some(format!("Bearer {token}").as_str()));
}

#[test]
fn whom_it_was_heard_from_is_added() {
    let bench = Bench::with(settings);
    let public = || ask("GET", "/public/a").field("x-forwarded-for", "198.51.100.7");
    let (wanted, _) =
        forwarded(&bench, public().from("192.0.2.1").field("x-forwarded-host", "evil.test"));
    assert_eq!(field(&wanted, "x-forwarded-for"), Some("198.51.100.7, 192.0.2.1"));
    assert_eq!(field(&wanted, "x-forwarded-host"), Some("api.test"));
    let (wanted, _) = forwarded(&bench, public().from("no address"));
    assert_eq!(field(&wanted, "x-forwarded-for"), Some("198.51.100.7"));
    let behind = Bench::with(|value| {
        settings(value);
        value["trusted_proxy_hops"] = json!(1);
    });
    let (wanted, _) = forwarded(&behind, public().from("192.0.2.1"));
    assert_eq!(field(&wanted, "x-forwarded-for"), Some("198.51.100.7"));
}

#[test]
fn a_body_whose_end_can_be_read_in_two_ways_is_refused() {
    let bench = Bench::with(settings);
    let token = bench.mint();
    let post = || ask("POST", "/items/1").bearer(&token);
    for sent in [
        post().field("content-length", "5").field("transfer-encoding", "chunked"),
        post().field("content-length", "5").field("content-length", "6"),
        post().field("content-length", "5, 5"),
        post().field("transfer-encoding", "chunked, identity"),
    ] {
        refused(&bench, sent).refused(400, "ERR_REQUEST_INVALID");
    }
    let (wanted, _) = forwarded(&bench, post().field("content-length", "5"));
    assert_eq!(field(&wanted, "content-length"), None);
}

#[test]
fn a_websocket_is_asked_for_as_one() {
    let bench = Bench::with(settings);
    let socket = |method: &str| {
        ask(method, "/items/live")
            .bearer(&bench.mint())
            .field("upgrade", "WebSocket")
            .field("connection", "Upgrade")
            .field("sec-websocket-key", "x")
            .field("sec-websocket-protocol", "chat")
    };
    let (wanted, _) = forwarded(&bench, socket("GET"));
    assert_eq!(field(&wanted, "upgrade"), Some("websocket"));
    assert_eq!(field(&wanted, "sec-websocket-protocol"), Some("chat"));
    assert_eq!(field(&wanted, "sec-websocket-key"), None);
    let (wanted, _) = forwarded(&bench, socket("POST"));
    assert_eq!(field(&wanted, "upgrade"), None);
    let (wanted, _) =
        forwarded(&bench, ask("GET", "/items/1").bearer(&bench.mint()).field("upgrade", "h2c"));
    assert_eq!(field(&wanted, "upgrade"), None);
}

#[test]
fn with_other_issuers_the_upstream_is_told_whose_token_it_is() {
    let bench = Bench::with(|value| {
        settings(value);
        value["issuers"] = json!([{"name": "partner", "issuer": "https://partner.test", "algorithms": ["ES256"],
            "jwks_url": "https://partner.test/jwks.json", "max_lifetime": "1h"}]);
    });
    let (wanted, _) = forwarded(&bench, ask("GET", "/items/1").bearer(&bench.mint()));
    assert_eq!(field(&wanted, "x-auth-issuer"), Some(ISSUER));
}
