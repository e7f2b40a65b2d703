//! The routes of authorization, keys and operators.

use serde_json::{Map, Value, json};

use super::answers::{OF_LIMITS, fields_of, json_of, with_fields};
use super::refusals::Told;

pub(super) fn paths() -> Value {
    json!({
        "/": { "get": home() },
        "/v1/authorize": { "get": authorize("get"), "post": authorize("post") },
        "/.well-known/jwks.json": { "get": jwks() },
        "/healthz": { "get": healthz() },
        "/readyz": { "get": readyz() },
        "/metrics": { "get": metrics() },
    })
}

/// Any method will do; these two stand for all.
fn authorize(method: &str) -> Value {
    let told = ["Subject", "Client", "Scope", "Token-Id", "Session", "Issuer"];
    let mut headers: Map<String, Value> = told
        .iter()
        .map(|part| {
            let description = "Of the token, percent-encoded.";
            (
                format!("X-Auth-{part}"),
                json!({ "description": description, "schema": { "type": "string" } }),
            )
        })
        .collect();
    headers.extend(fields_of(OF_LIMITS, 200));
    let claims = json!({ "iss": "https://auth.example.com", "sub": "user_001", "aud": ["https://api.example.com"],
        "client_id": "demo", "scope": "read", "jti": "n0tARea1TokenIdAtAll", "sid": "n0tARea1SessionIdAll",
        "iat": 1_700_000_000, "exp": 1_700_000_900 });
    json!({
        "operationId": format!("authorize_{method}"),
        "tags": ["authorization"],
        "summary": "Whether a request may pass: forward authentication",
        "description": "With any method. `claims` in the query has the claims as the body.",
        "security": [{ "token": [] }],
        "parameters": [{ "name": "claims", "in": "query", "allowEmptyValue": true,
            "schema": { "type": "string", "maxLength": 0 } }],
        "responses": Told::Bearer.refusing(&[401, 403, 429, 503], json!({
            "200": {
                "description": "It may.",
                "headers": headers,
                "content": { "application/json": { "schema": { "type": "object" }, "example": claims } },
            },
        })),
    })
}

fn home() -> Value {
    json!({
        "operationId": "home",
        "tags": ["operations"],
        "summary": "To the page over this description; with a gateway the first page is the upstream's",
        "security": [],
        "responses": Told::Client.refusing(&[403, 429], json!({
            "302": { "description": "To `/docs/`.", "headers": fields_of(["Location"], 302) },
        })),
    })
}

/// The public members of a key. By hand: the type that is written has the private ones too.
fn key_set() -> Value {
    let members = ["kty", "kid", "alg", "use", "crv", "x", "y", "n", "e", "pub"];
    let members = members.map(|name| (name.to_owned(), json!({ "type": "string" })));
    let members: Map<String, Value> = members.into_iter().collect();
    json!({ "type": "object", "required": ["keys"], "additionalProperties": false, "properties": {
        "keys": { "type": "array", "items": {
            "type": "object", "required": ["kty", "kid", "alg"], "properties": members, "additionalProperties": false,
        } },
    } })
}

fn jwks() -> Value {
    let key = json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "2026-11",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
    json!({
        "operationId": "jwks",
        "tags": ["authorization"],
        "summary": "The public keys (RFC 7517)",
        "security": [],
        "responses": Told::Client.refusing(&[403, 429], json!({
            "200": {
                "description": "The set.",
                "headers": fields_of(["ETag"], 200),
                "content": { "application/jwk-set+json": {
                    "schema": key_set(),
                    "example": { "keys": [key] },
                } },
            },
            "304": with_fields(json!({ "description": "The set is the one that is known." }), &["ETag"]),
        })),
    })
}

fn healthz() -> Value {
    json!({
        "operationId": "healthz",
        "tags": ["operations"],
        "summary": "This instance answers",
        "security": [],
        "responses": Told::Client.refusing(&[], json!({
            "200": json_of("It does.", "Health", json!({ "status": "ok" })),
        })),
    })
}

fn readyz() -> Value {
    let ready = "Ready, or degraded: the store does not answer, and that is borne.";
    let responses = Told::Client.refusing(
        &[401, 403, 429],
        json!({
            "200": json_of(ready, "Health", json!({ "status": "ready" })),
            "503": json_of("Not ready.", "Health", json!({ "status": "not ready" })),
        }),
    );
    json!({
        "operationId": "readyz",
        "tags": ["operations"],
        "summary": "Whether it can work; with `metrics:read` the store is asked",
        "security": [{}, { "client": [] }],
        "responses": responses,
    })
}

fn metrics() -> Value {
    let text = "# TYPE portcullis_tokens_issued_total counter\nportcullis_tokens_issued_total 1\n";
    json!({
        "operationId": "metrics",
        "tags": ["operations"],
        "summary": "Counters of this instance, as Prometheus has them",
        "description": "For clients with `metrics:read`.",
        "security": [{ "client": [] }],
        "responses": Told::Client.refusing(&[401, 403, 429], json!({
            "200": {
                "description": "The counters.",
                "content": { "text/plain": { "schema": { "type": "string" }, "example": text } },
            },
        })),
    })
}
