//! The routes of authorization, keys and operators.

use serde_json::{Map, Value, json};

use super::answers::{Told, json_of};

pub(super) fn paths() -> Value {
    json!({
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
    for name in ["RateLimit", "RateLimit-Policy", "Portcullis-Degraded"] {
        headers.insert(name.to_owned(), json!({ "$ref": format!("#/components/headers/{name}") }));
    }
    json!({
        "operationId": format!("authorize_{method}"),
        "tags": ["authorization"],
        "summary": "Whether a request may pass: forward authentication",
        "description": "With any method. `claims` in the query has the claims as the body.",
        "security": [{ "token": [] }],
        "parameters": [{ "name": "claims", "in": "query", "allowEmptyValue": true,
            "schema": { "type": "string", "maxLength": 0 } }],
        "responses": Told::Problem.refusing(&[401, 403, 429, 503], json!({
            "200": {
                "description": "It may.",
                "headers": headers,
                "content": { "application/json": { "schema": { "type": "object" } } },
            },
        })),
    })
}

fn jwks() -> Value {
    let key = json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "2026-11",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
    json!({
        "operationId": "jwks",
        "tags": ["authorization"],
        "summary": "The public keys (RFC 7517)",
        "security": [],
        "responses": Told::Problem.refusing(&[403, 429], json!({
            "200": {
                "description": "The set.",
                "headers": { "ETag": { "$ref": "#/components/headers/ETag" } },
                "content": { "application/jwk-set+json": {
                    "schema": { "type": "object", "required": ["keys"], "properties": {
                        "keys": { "type": "array", "items": { "type": "object", "required": ["kty"] } },
                    } },
                    "example": { "keys": [key] },
                } },
            },
            "304": { "description": "The set is the one that is known." },
        })),
    })
}

fn healthz() -> Value {
    json!({
        "operationId": "healthz",
        "tags": ["operations"],
        "summary": "This instance answers",
        "security": [],
        "responses": { "200": json_of("It does.", "Health", json!({ "status": "ok" })) },
    })
}

fn readyz() -> Value {
    let mut responses = Told::Problem.refusing(&[401, 403, 429], json!({
        "200": json_of("Ready, or degraded: the store does not answer, and that is borne.", "Health", json!({ "status": "ready" })),
    }));
    if let Some(responses) = responses.as_object_mut() {
        let not_ready = json!({ "status": "not ready" });
        responses.insert("503".to_owned(), json_of("Not ready.", "Health", not_ready));
    }
    json!({
        "operationId": "readyz",
        "tags": ["operations"],
        "summary": "Whether it can work; with `metrics:read` the store is asked",
        "security": [{}, { "client": [] }],
        "responses": responses,
    })
}

fn metrics() -> Value {
    json!({
        "operationId": "metrics",
        "tags": ["operations"],
        "summary": "Counters of this instance, as Prometheus has them",
        "description": "For clients with `metrics:read`.",
        "security": [{ "client": [] }],
        "responses": Told::Problem.refusing(&[401, 403, 429], json!({
            "200": {
                "description": "The counters.",
                "content": { "text/plain": { "schema": { "type": "string" } } },
            },
        })),
    })
}
