//! POST /oauth/token (RFC 6749) for machines, and the metadata that name it (RFC 8414).

use serde_json::{Value, json};

use crate::bench::setup::{API, ISSUER, Keys, REFRESH_SECRET, config};
use crate::bench::{Ask, Bench, Reply, forge};

fn ask(bench: &Bench, client: &str, form: &[(&str, &str)]) -> Reply {
    let form = [&[("grant_type", "client_credentials")], form].concat();
    bench.send(Ask::post("/oauth/token").basic(client).form(&form))
}

fn claims(answer: &Value) -> Value {
    let payload = answer["access_token"].as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&forge::decode(payload)).unwrap()
}

#[test]
fn a_client_gets_a_token_of_its_own() {
    let bench = Bench::new();
    let reply = ask(&bench, "web", &[("scope", "read")]);
    assert_eq!((reply.status, reply.field("cache-control")), (200, Some("no-store")), "{reply:?}");
    let answer = reply.json();
    let expected = json!({"access_token": answer["access_token"], "token_type": "Bearer",
        "expires_in": 900, "scope": "read"});
    assert_eq!(answer, expected, "and no refresh token (section 4.4.3)");
    let claims = claims(&answer);
    assert_eq!((&claims["sub"], &claims["client_id"]), (&json!("web"), &json!("web")));
    assert_eq!(
        (&claims["aud"], &claims["sid"]),
        (&json!([API, "https://files.test"]), &json!(null))
    );
    assert_eq!(bench.authorize(answer["access_token"].as_str().unwrap()).status, 200);
    assert_eq!(bench.store.calls(), ["admit"], "minting asks no store");
}

#[test]
fn one_resource_may_be_named() {
    let bench = Bench::new();
    let answer = ask(&bench, "web", &[("resource", API)]).json();
    assert_eq!(claims(&answer)["aud"], json!([API]));
    assert_eq!(answer["scope"], "");
}

#[test]
fn a_client_mints_itself_no_more_than_its_record_grants() {
    let bench = Bench::new();
    for scope in ["admin", "read admin"] {
        ask(&bench, "web", &[("scope", scope)])
            .refused(400, "ERR_GRANT_EXCEEDED")
            .oauth("invalid_scope");
    }
    ask(&bench, "web", &[("scope", "a\"b")])
        .refused(400, "ERR_REQUEST_INVALID")
        .oauth("invalid_scope");
    ask(&bench, "web", &[("resource", "https://other.test")])
        .refused(400, "ERR_GRANT_EXCEEDED")
        .oauth("invalid_target");
    ask(&bench, "bare", &[]).refused(400, "ERR_REQUEST_INVALID");
}

#[test]
fn nobody_else_can_be_minted_a_clients_own_token() {
    let bench = Bench::new();
    for client in ["web", "admin"] {
        let order = json!({"sub": client});
        let reply = bench.send(Ask::post("/v1/tokens").basic("web").json(&order));
        reply.refused(400, "ERR_REQUEST_INVALID").saying("sub");
    }
}

#[test]
fn what_is_no_grant_of_ours_is_told_by_its_error() {
    let bench = Bench::new();
    for grant in ["password", "authorization_code", "CLIENT_CREDENTIALS"] {
        bench
            .send(Ask::post("/oauth/token").basic("web").form(&[("grant_type", grant)]))
            .refused(400, "ERR_GRANT_TYPE_UNSUPPORTED")
            .oauth("unsupported_grant_type");
    }
    for form in [&[][..], &[("grant_type", "")]] {
        bench
            .send(Ask::post("/oauth/token").basic("web").form(form))
            .refused(400, "ERR_REQUEST_INVALID")
            .oauth("invalid_request");
    }
    let form = [("grant_type", "refresh_token")];
    bench
        .send(Ask::post("/oauth/token").basic("web").form(&form))
        .refused(400, "ERR_REQUEST_INVALID");
}

#[test]
fn a_client_authenticates_in_one_of_two_ways() {
    let bench = Bench::new();
    let secret = crate::bench::setup::secret("web");
    let form =
        [("grant_type", "client_credentials"), ("client_id", "web"), ("client_secret", &secret)];
    assert_eq!(bench.send(Ask::post("/oauth/token").form(&form)).status, 200);
    bench
        .send(Ask::post("/oauth/token").basic("web").form(&form))
        .refused(400, "ERR_REQUEST_INVALID");
    let wrong =
        [("grant_type", "client_credentials"), ("client_id", "web"), ("client_secret", "x")];
    bench
        .send(Ask::post("/oauth/token").form(&wrong))
        .refused(401, "ERR_CLIENT_INVALID")
        .oauth("invalid_client");
    bench.send(Ask::post("/oauth/token").form(&[])).refused(401, "ERR_CREDENTIALS_MISSING");
}

#[test]
fn metadata_name_what_there_is() {
    let get = |bench: &Bench, target: &str| bench.send(Ask::get(target));
    let bench = Bench::new();
    let reply = get(&bench, "/.well-known/oauth-authorization-server");
    assert_eq!(reply.field("cache-control"), Some("public, max-age=300"));
    let told = reply.json();
    assert_eq!(told["issuer"], ISSUER);
    assert_eq!(told["token_endpoint"], format!("{ISSUER}/oauth/token"));
    assert_eq!(told["jwks_uri"], format!("{ISSUER}/.well-known/jwks.json"));
    assert_eq!(told["grant_types_supported"], json!(["client_credentials"]));
    let with = |issuer: &str| {
        let config = config(Keys::EdDsa, |settings| settings["issuer"] = json!(issuer)).unwrap();
        Bench::configured(config.with_refresh_secret(Some(REFRESH_SECRET)).unwrap())
    };
    let tenant = with("https://auth.test/tenant/a");
    let target = "/.well-known/oauth-authorization-server/tenant/a";
    let told = get(&tenant, target).json();
    assert_eq!(told["token_endpoint"], "https://auth.test/oauth/token");
    assert_eq!(told["grant_types_supported"], json!(["client_credentials", "refresh_token"]));
    for other in [&target[..39], "/.well-known/oauth-authorization-server/"] {
        get(&tenant, other).refused(404, "ERR_ROUTE_NOT_FOUND");
    }
    get(&bench, target).refused(404, "ERR_ROUTE_NOT_FOUND");
}
