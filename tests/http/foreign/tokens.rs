//! Which tokens of a foreign issuer are accepted, and what is told of them.

use serde_json::json;

use super::*;
use crate::bench::forge;
use crate::bench::setup::{ISSUER, policy};

#[test]
fn a_token_of_each_issuer_is_accepted_with_its_claims_as_signed() {
    let foreign = Foreign::new();
    let remote = remote_token("r1", b'r');
    let fixed = fixed_token(&json!({"jti": "t1", "sid": "s1", "client_id": "app", "scope": "a b"}));
    for (token, issuer, who) in [
        (&remote, REMOTE, ["alice-of-elsewhere", "", "", "", ""]),
        (&fixed, FIXED, ["alice-of-elsewhere", "app", "a b", "t1", "s1"]),
    ] {
        let reply = foreign.authorize(token);
        assert_eq!((reply.status, reply.field("x-auth-issuer")), (200, Some(issuer)), "{reply:?}");
        let names = ["subject", "client", "scope", "token-id", "session"];
        let told = names.map(|name| reply.field(&format!("x-auth-{name}")).unwrap().to_owned());
        assert_eq!(told, who);
        let payload = token.split('.').nth(1).unwrap();
        assert_eq!(reply.text.as_bytes(), forge::decode(payload));
    }
}

#[test]
fn our_own_tokens_are_accepted_as_before_and_told_apart() {
    let foreign = Foreign::new();
    let reply = foreign.authorize(&foreign.bench.mint());
    assert_eq!((reply.status, reply.field("x-auth-issuer")), (200, Some(ISSUER)));
    assert_eq!(foreign.server.asked(), 0);
}

#[test]
fn without_foreign_issuers_the_issuer_is_not_told() {
    let bench = Bench::new();
    assert_eq!(bench.authorize(&bench.mint()).field("x-auth-issuer"), None);
}

#[test]
fn an_issuer_nobody_configured_is_refused_as_any_other_token() {
    let foreign = Foreign::new();
    let stranger = signed("f1", b'f', &claims("https://stranger.test"));
    foreign.authorize(&stranger).refused(401, "ERR_JWKS_NO_MATCHING_KEY");
    foreign.authorize(&fixed_token(&json!({"iss": null}))).refused(401, "ERR_JWKS_NO_MATCHING_KEY");
    assert_eq!(foreign.server.asked(), 0);
}

#[test]
fn what_every_foreign_token_must_have() {
    let foreign = Foreign::new();
    let iat = NOW_MS / 1000;
    for (changes, claim) in [
        (json!({"exp": null}), "exp"),
        (json!({"iat": null}), "iat"),
        (json!({"sub": null}), "sub"),
        // None of these could be named to revoke it.
        (json!({"sub": ""}), "sub"),
        (json!({"sub": " alice"}), "sub"),
        (json!({"sub": "alice\u{0}"}), "sub"),
        (json!({"sub": "a".repeat(256)}), "sub"),
        (json!({"aud": null}), "aud"),
        (json!({"aud": "https://other.test"}), "aud"),
        (json!({"iat": iat + 2}), "iat"),
        (json!({"nbf": iat + 2}), "nbf"),
        // An hour is its longest life, a day ours.
        (json!({"exp": iat + 3_601}), "exp"),
    ] {
        let reply = foreign.authorize(&fixed_token(&changes));
        reply.refused(401, "ERR_JWT_CLAIM_VALIDATION_FAILED");
        assert_eq!(reply.json()["claim"], claim, "{changes}");
    }
    assert_eq!(foreign.authorize(&fixed_token(&json!({"exp": iat + 3_600}))).status, 200);
    foreign.authorize(&fixed_token(&json!({"exp": iat}))).refused(401, "ERR_JWT_EXPIRED");
}

#[test]
fn a_type_must_be_one_of_those_configured() {
    let token = |typ: Value| {
        let header = changed(json!({"alg": "EdDSA", "kid": "f1"}), &json!({"typ": typ}));
        signed_under(&header, b'f', &claims(FIXED))
    };
    let typed =
        |types: Value| Foreign::with(move |settings| settings["issuers"][1]["types"] = types);
    let standard = Foreign::new();
    assert_eq!(standard.authorize(&token(json!("application/at+JWT"))).status, 200);
    for typ in [json!("JWT"), json!(null)] {
        standard.authorize(&token(typ)).refused(401, "ERR_JWT_CLAIM_VALIDATION_FAILED");
    }
    let jwt = typed(json!(["JWT"]));
    assert_eq!(jwt.authorize(&token(json!("jwt"))).status, 200);
    jwt.authorize(&token(json!("at+jwt"))).refused(401, "ERR_JWT_CLAIM_VALIDATION_FAILED");
    let any = typed(json!([]));
    assert_eq!([json!("x"), json!(null)].map(|typ| any.authorize(&token(typ)).status), [200, 200]);
}

#[test]
fn an_issuer_has_an_audience_and_a_tolerance_of_its_own() {
    let foreign = Foreign::with(|settings| {
        settings["issuers"][1]["audience"] = json!(["https://other.test"]);
        settings["issuers"][1]["clock_tolerance"] = json!("10s");
    });
    let iat = NOW_MS / 1000;
    let other =
        |changes: Value| fixed_token(&changed(json!({"aud": "https://other.test"}), &changes));
    foreign.authorize(&fixed_token(&json!({}))).refused(401, "ERR_JWT_CLAIM_VALIDATION_FAILED");
    assert_eq!(foreign.authorize(&other(json!({}))).status, 200);
    assert_eq!(foreign.authorize(&other(json!({"exp": iat - 9}))).status, 200);
    foreign.authorize(&other(json!({"exp": iat - 10}))).refused(401, "ERR_JWT_EXPIRED");
    let own = forge::token(&json!({"exp": iat - 1}));
    foreign.authorize(&own).refused(401, "ERR_JWT_EXPIRED");
}

#[test]
fn the_authorized_party_stands_in_for_a_client() {
    let foreign = Foreign::new();
    for (changes, client) in [
        (json!({"azp": "app"}), "app"),
        (json!({"azp": "app", "client_id": "other"}), "other"),
        (json!({"azp": ["app"]}), ""),
    ] {
        let reply = foreign.authorize(&fixed_token(&changes));
        assert_eq!(reply.field("x-auth-client"), Some(client), "{changes}");
    }
    // Ours always say their client.
    let own = forge::token(&json!({"client_id": null, "azp": "app"}));
    foreign.authorize(&own).refused(401, "ERR_JWT_CLAIM_VALIDATION_FAILED");
}

#[test]
fn limits_count_subjects_and_clients_of_each_issuer_apart() {
    let foreign = Foreign::with(|settings| {
        settings["limits"] = json!([policy("s", "subject", 1), policy("c", "client", 2)]);
    });
    let subject = crate::bench::setup::SUBJECT;
    assert_eq!(foreign.authorize(&foreign.bench.mint()).status, 200);
    let token = fixed_token(&json!({"sub": subject, "azp": "web"}));
    assert_eq!(foreign.authorize(&token).status, 200, "another issuer's subject of that name");
    foreign.authorize(&token).refused(429, "ERR_RATE_LIMITED");
    // The client has one take left of two.
    let client = |sub: &str| fixed_token(&json!({"sub": sub, "azp": "web"}));
    assert_eq!(foreign.authorize(&client("b")).status, 200);
    foreign.authorize(&client("c")).refused(429, "ERR_RATE_LIMITED");
}

#[test]
fn introspection_knows_our_own_tokens_alone() {
    let foreign = Foreign::new();
    let form = [("token", fixed_token(&json!({})))];
    let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
    let ask = crate::bench::Ask::post("/oauth/introspect").basic("auditor").form(&form);
    assert_eq!(foreign.bench.send(ask).json(), json!({"active": false}));
}
