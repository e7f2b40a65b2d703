//! Which paths are passed on: those that are read in one way, and none that is ours or looks like it.

use pollster::block_on;
use portcullis::http::Forward;
use serde_json::json;

use super::{ask, forwarded, refused, settings};
use crate::bench::Bench;

fn assert_ambiguous(target: &str) {
    let bench = Bench::with(|value| {
        settings(value);
        value["routes"] = json!([{"match": "/**", "public": true}]);
    });
    refused(&bench, ask("GET", target)).refused(400, "ERR_TARGET_AMBIGUOUS");
}

macro_rules! ambiguous {
    ($($name:ident: $($target:literal),+;)+) => {
        $(#[test]
        fn $name() {
            for target in [$($target),+] {
                assert_ambiguous(target);
            }
        })+
    };
}

ambiguous! {
    a_double_slash_is_refused: "//a", "/a//b", "/a//";
    dot_segments_are_refused: "/a/../b", "/./a", "/a/..", "/..";
    encoded_dot_segments_are_refused: "/a/%2e%2e/b", "/%2E/a", "/a/.%2e/b";
    a_dot_segment_with_a_parameter_is_refused: "/a/..;/b", "/..;x=y/b";
    a_semicolon_is_refused: "/a;b", "/a%3bb", "/a%3Bb=c";
    an_encoded_slash_is_refused: "/a%2fb", "/a%2F";
    a_backslash_is_refused: "/a\\b", "/a%5cb", "/a%5C..%5Cb";
    a_nul_is_refused: "/a%00", "/a%00.png";
    a_control_character_is_refused: "/a%0d%0ab", "/a%09", "/a%7f";
    a_double_encoding_is_refused: "/a%252e", "/%252e%252e/a", "/a%25";
    a_broken_encoding_is_refused: "/a%", "/a%2", "/a%zz", "/%ff", "/%c0%ae%c0%ae/a", "/%u002e";
    a_trailing_dot_is_refused: "/a.", "/a./b", "/a%2e", "/a%20";
    an_encoded_query_or_fragment_is_refused: "/a%3fb", "/a%23b";
}

#[test]
fn our_own_paths_are_never_passed_on() {
    let bench = Bench::with(|value| {
        settings(value);
        value["routes"] = json!([{"match": "/**", "public": true}]);
    });
    for target in [
        "/v1/authorize",
        "/v1/tokens",
        "/v1/../x",
        "/oauth/token",
        "/oauth/x",
        "/healthz",
        "/readyz",
        "/metrics",
        "/docs",
        "/docs/x",
        "/openapi.json",
        "/.well-known/jwks.json",
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/x",
    ] {
        let response = block_on(bench.answer(&ask("GET", target).request()));
        assert!(response.extensions().get::<Forward>().is_none(), "{target}");
    }
}

#[test]
fn what_looks_like_a_path_of_ours_is_neither_ours_nor_passed_on() {
    let bench = Bench::with(|value| {
        settings(value);
        value["routes"] = json!([{"match": "/**", "public": true}]);
    });
    for target in [
        "/V1/authorize",
        "/v1/tokens/",
        "/oauth",
        "/%761/authorize",
        "/v%31/tokens",
        "/OAuth/revoke",
        "/healthz/",
        "/HealthZ",
        "/%68ealthz",
        "/metrics/",
        "/Docs/x",
        "/.well-known/JWKS.json",
        "/.well-known/jwks.json/",
        "/.Well-Known/oauth-authorization-server",
        "/.Well-Known/oauth-authorization-server/Tenant",
    ] {
        refused(&bench, ask("GET", target)).refused(404, "ERR_ROUTE_NOT_FOUND");
    }
    for target in
        ["/v1./tokens", "/healthz.", "/healthz%2e", "/v1%2fauthorize", "/v1;/tokens", "//v1/tokens"]
    {
        refused(&bench, ask("GET", target)).refused(400, "ERR_TARGET_AMBIGUOUS");
    }
    let (wanted, _) = forwarded(&bench, ask("GET", "/healthz/x"));
    assert_eq!(wanted.url, "https://origin.test/healthz/x");
    let (wanted, _) = forwarded(&bench, ask("GET", "/v1/orders"));
    assert_eq!(wanted.url, "https://origin.test/v1/orders", "an upstream has a version 1 too");
}

#[test]
fn our_own_routes_have_their_methods_and_all_others_any() {
    let bench = Bench::with(|value| {
        settings(value);
        value["routes"] = json!([{"match": "/**", "public": true}]);
    });
    bench.send(ask("GET", "/v1/tokens")).refused(405, "ERR_METHOD_NOT_ALLOWED");
    let reply = bench.send(ask("OPTIONS", "/v1/tokens"));
    assert_eq!((reply.status, reply.field("allow")), (204, Some("POST, OPTIONS")));
    for method in ["OPTIONS", "PATCH", "PURGE"] {
        forwarded(&bench, ask(method, "/a"));
    }
}

#[test]
fn an_empty_path_is_the_root() {
    let bench = Bench::with(|value| {
        settings(value);
        value["routes"] = json!([{"match": "/", "public": true}]);
    });
    for (target, url) in [("", "https://origin.test/"), ("?a=b", "https://origin.test/?a=b")] {
        assert_eq!(forwarded(&bench, ask("GET", target)).0.url, url, "{target}");
    }
}
