//! Who may ask for what: client authentication (RFC 6749) and grants.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use crate::bench::setup::{Keys, SUBJECT, clients, parse, secret, settings};
use crate::bench::{Ask, Bench};

const BASIC: &str = "Basic realm=\"portcullis\", charset=\"UTF-8\"";

/// Every route that asks for a client, with a request that is good but for its credentials.
fn client_routes() -> Vec<Ask> {
    vec![
        Ask::post("/v1/tokens").json(&json!({"sub": SUBJECT})),
        Ask::post("/oauth/revoke").form(&[("subject", SUBJECT)]),
        Ask::post("/oauth/introspect").form(&[("token", "x")]),
        Ask::post("/v1/limits/per-subject").json(&json!({"key": SUBJECT})),
        Ask::get("/v1/limits/per-subject?key=a"),
        Ask::new("DELETE", "/v1/limits/per-subject?key=a"),
        Ask::get("/metrics"),
        Ask::get("/v1/sessions?subject=u"),
        Ask::new("DELETE", &format!("/v1/sessions/{}", "A".repeat(43))),
    ]
}

fn assert_nothing_happened(bench: &Bench) {
    for metric in ["tokens_issued", "revocations", "limit_denials"] {
        assert_eq!(bench.count(metric, ""), 0, "{metric}");
    }
    assert!(bench.store.calls().is_empty());
    bench.assert_nothing_was_taken();
}

#[test]
fn a_wrong_secret_is_refused_on_every_route() {
    let bench = Bench::new();
    for ask in client_routes() {
        for wrong in ["", "wrong", &secret("web"), &format!("{} ", secret("admin"))] {
            let reply = bench.send(ask.clone().credentials("admin", wrong));
            reply.refused(401, "ERR_CLIENT_INVALID").challenged(BASIC);
        }
    }
    assert_nothing_happened(&bench);
}

#[test]
fn an_unknown_client_is_answered_exactly_as_a_wrong_secret() {
    let bench = Bench::new();
    let ask = |id| Ask::post("/v1/tokens").credentials(id, "some-wrong-secret");
    let (unknown, wrong) = (bench.send(ask("nobody")), bench.send(ask("web")));
    unknown.refused(401, "ERR_CLIENT_INVALID").challenged(BASIC);
    assert_eq!((&unknown.text, &unknown.fields), (&wrong.text, &wrong.fields));
    assert_eq!(bench.count("clients_refused", ""), 2);
    assert_nothing_happened(&bench);
}

#[test]
fn malformed_basic_is_refused_on_every_route() {
    let bench = Bench::new();
    let without_colon = STANDARD.encode("admin");
    let not_text = STANDARD.encode(b"admin:\xff");
    let spaced = format!("{} x", STANDARD.encode("admin:x"));
    for ask in client_routes() {
        for value in ["", "!!!", &without_colon, &not_text, "YWRtaW46", &spaced] {
            let ask = ask.clone().field("authorization", format!("Basic {value}"));
            bench.send(ask).refused(401, "ERR_CLIENT_INVALID").challenged(BASIC);
        }
    }
    assert_nothing_happened(&bench);
}

#[test]
fn another_scheme_or_two_fields_are_refused_on_every_route() {
    let bench = Bench::new();
    for ask in client_routes() {
        let bearer = ask.clone().bearer("some-token-of-nobody");
        bench.send(bearer).refused(401, "ERR_CLIENT_INVALID").challenged(BASIC);
        let doubled = ask.basic("admin").basic("admin");
        bench.send(doubled).refused(401, "ERR_CLIENT_INVALID").challenged(BASIC);
    }
    assert_nothing_happened(&bench);
}

#[test]
fn no_credentials_are_missing_ones_on_every_route() {
    let bench = Bench::new();
    for ask in client_routes() {
        bench.send(ask).refused(401, "ERR_CREDENTIALS_MISSING").challenged(BASIC);
    }
    assert_eq!(bench.count("clients_refused", ""), 0);
    assert!(bench.lines().is_empty(), "nobody unknown writes the log");
    assert_nothing_happened(&bench);
}

#[test]
fn oauth_names_an_invalid_client() {
    let bench = Bench::new();
    let ask = || Ask::post("/oauth/introspect");
    bench.send(ask().form(&[("token", "x")])).oauth("invalid_client");
    let posted = [("token", "x"), ("client_id", "web"), ("client_secret", "wrong-secret")];
    let reply = bench.send(ask().form(&posted));
    reply.refused(401, "ERR_CLIENT_INVALID").oauth("invalid_client").challenged(BASIC);
}

#[test]
fn credentials_may_stand_in_the_form_instead() {
    let bench = Bench::new();
    let form = [("client_id", "admin"), ("client_secret", &secret("admin")), ("subject", SUBJECT)];
    let reply = bench.send(Ask::post("/oauth/revoke").form(&form));
    assert_eq!(reply.status, 200, "{reply:?}");
    let half = [("client_secret", secret("admin")), ("subject", SUBJECT.to_owned())];
    let half = half.each_ref().map(|(name, value)| (*name, value.as_str()));
    bench.send(Ask::post("/oauth/revoke").form(&half)).refused(401, "ERR_CLIENT_INVALID");
    let half = [("client_id", "admin"), ("subject", SUBJECT)];
    bench.send(Ask::post("/oauth/revoke").form(&half)).refused(401, "ERR_CREDENTIALS_MISSING");
}

#[test]
fn credentials_in_two_ways_are_refused_even_if_both_are_right() {
    let bench = Bench::new();
    let secret = secret("admin");
    for form in [
        vec![("client_id", "admin"), ("client_secret", &secret), ("subject", SUBJECT)],
        vec![("client_secret", &secret), ("subject", SUBJECT)],
    ] {
        let reply = bench.send(Ask::post("/oauth/revoke").basic("admin").form(&form));
        reply.refused(400, "ERR_REQUEST_INVALID").saying("two ways").oauth("invalid_request");
    }
    assert_nothing_happened(&bench);
}

#[test]
fn a_client_without_the_grant_is_forbidden_on_every_route() {
    let bench = Bench::new();
    for (ask, grant) in client_routes().into_iter().zip([
        "tokens:issue",
        "tokens:revoke",
        "tokens:introspect",
        "limits:admin",
        "limits:admin",
        "limits:admin",
        "metrics:read",
        "tokens:revoke",
        "tokens:revoke",
    ]) {
        let reply = bench.send(ask.basic("bare"));
        reply.refused(403, "ERR_GRANT_MISSING").saying(grant);
        if reply.asked.contains("/oauth/") {
            reply.oauth("unauthorized_client");
        }
    }
    let session = Ask::post("/oauth/revoke").basic("bare").form(&[("session", "some-session")]);
    bench.send(session).refused(403, "ERR_GRANT_MISSING");
    bench.send(Ask::get("/readyz").basic("bare")).refused(403, "ERR_GRANT_MISSING");
    assert_nothing_happened(&bench);
}

#[test]
fn no_grant_includes_another() {
    let bench = Bench::new();
    let forbidden = |ask: Ask| _ = bench.send(ask).refused(403, "ERR_GRANT_MISSING");
    let routes = client_routes();
    for route in &routes[1..] {
        forbidden(route.clone().basic("web"));
    }
    for route in [&routes[0], &routes[1], &routes[3], &routes[6]] {
        forbidden(route.clone().basic("auditor"));
    }
    for route in [&routes[0], &routes[2]] {
        forbidden(route.clone().basic("admin"));
    }
}

#[test]
fn while_a_secret_is_rotated_both_hold_and_no_third() {
    let (old, new) = ("old-secret-of-256-bits", "new-secret-of-256-bits");
    let record = json!([{"id": "web", "secret_sha256":
        [crate::bench::setup::hash(old), crate::bench::setup::hash(new)]}]);
    let (settings, keys) =
        (crate::bench::setup::settings(), crate::bench::setup::Keys::EdDsa.json());
    let config = crate::bench::setup::parse(&settings, &keys, &record).unwrap();
    for secret in [old, new] {
        assert!(config.clients.authenticate("web", secret).is_some());
    }
    for secret in ["", "third-secret-of-256-bits"] {
        assert!(config.clients.authenticate("web", secret).is_none());
    }
    assert!(config.clients.authenticate("", old).is_none());
}

#[test]
fn a_client_with_a_limit_of_its_own_is_counted_by_it_and_no_other_is() {
    let mut limited = clients();
    limited[0]["limit"] = json!({"limit": 2, "window": "60s"});
    let config = parse(&settings(), &Keys::EdDsa.json(), &limited).unwrap();
    let bench = Bench::configured(config);
    let order = json!({"sub": SUBJECT});
    let mint = |client: &str, order| bench.send(Ask::post("/v1/tokens").basic(client).json(order));
    let token = bench.mint();
    let form = [("grant_type", "client_credentials")];
    let own = || bench.send(Ask::post("/oauth/token").basic("web").form(&form));
    assert_eq!(own().status, 200);
    let refused = mint("web", &order);
    refused.refused(429, "ERR_RATE_LIMITED");
    assert!(refused.field("ratelimit-policy").unwrap().contains("\"client-limit\";q=2;w=60"));
    own().refused(429, "ERR_RATE_LIMITED").oauth("temporarily_unavailable");
    let theirs = json!({"sub": SUBJECT, "aud": "https://other.test"});
    assert_eq!(mint("other", &theirs).status, 201);
    let revoked = bench.send(Ask::post("/oauth/revoke").basic("web").form(&[("token", &token)]));
    assert_eq!(revoked.status, 200, "what ends something never has to wait");
    bench.pass(120_000);
    assert_eq!(mint("web", &order).status, 201);
}

#[test]
fn a_clients_limit_that_is_none_is_named_by_its_path() {
    for (limit, path) in [
        (json!({"limit": 0, "window": "60s"}), "PORTCULLIS_CLIENTS[0].limit.limit"),
        (json!({"limit": 1, "window": "0s"}), "PORTCULLIS_CLIENTS[0].limit.window"),
    ] {
        let mut limited = clients();
        limited[0]["limit"] = limit;
        let error = parse(&settings(), &Keys::EdDsa.json(), &limited).unwrap_err();
        assert_eq!(error.path, path);
    }
}
