//! The routes of tokens.

use serde_json::{Value, json};

use super::answers::{OF_BODIES, form, json_body, json_of, with_fields};
use super::refusals::Told;
use crate::guard::GuardError;
use crate::http::problem::Refused;

const TOKEN: &str =
    "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiJ1c2VyXzAwMSJ9.c2lnbmF0dXJl";

pub(super) fn paths() -> Value {
    json!({
        "/v1/tokens": { "post": mint() },
        "/oauth/token": { "post": token() },
        "/oauth/revoke": { "post": revoke() },
        "/oauth/introspect": { "post": introspect() },
        "/.well-known/oauth-authorization-server": { "get": metadata() },
    })
}

fn mint() -> Value {
    let minted = json!({ "access_token": TOKEN, "token_type": "Bearer", "expires_in": 900, "scope": "read",
        "jti": "n0tARea1TokenIdAtAll", "session_id": "n0tARea1SessionIdAll" });
    let statuses = [&OF_BODIES[..], &[401, 403, 429, 503]].concat();
    let answers = json!({ "201": json_of("Minted.", "Minted", minted) });
    let refused = [
        GuardError::GrantMissing { grant: "tokens:issue" },
        GuardError::BeyondGrant { field: "scope" },
        GuardError::SessionRefused,
    ];
    let refused = refused.map(Refused::Guard);
    json!({
        "operationId": "mintToken",
        "tags": ["tokens"],
        "summary": "Mint a token for a subject",
        "description": "For clients with `tokens:issue`. `refresh: true` opens a session.",
        "security": [{ "client": [] }],
        "requestBody": json_body("TokenOrder", json!({
            "token": { "value": { "sub": "user_001", "scope": "read" } },
            "session": { "value": { "sub": "user_001", "scope": "read", "refresh": true } },
            "claims": { "value": { "sub": "user_001", "claims": { "plan": "pro" }, "access_ttl": 60 } },
        })),
        "responses": Told::Client.refused(&refused, Told::Client.refusing(&statuses, answers)),
    })
}

fn token() -> Value {
    let answer = json!({ "access_token": TOKEN, "token_type": "Bearer", "expires_in": 900, "scope": "read" });
    let refused = [&OF_BODIES[..], &[401, 403, 429, 503]].concat();
    let fields = json!({
        "grant_type": { "type": "string", "enum": ["client_credentials", "refresh_token"] },
        "refresh_token": { "type": "string", "description": "With grant_type=refresh_token." },
        "scope": { "type": "string", "description": "Space-separated; less than what there is." },
        "resource": { "type": "string", "description": "One audience (RFC 8707)." },
    });
    json!({
        "operationId": "token",
        "tags": ["tokens"],
        "summary": "A token for the client itself, or for a refresh token (RFC 6749)",
        "security": [{ "client": [] }, {}],
        "requestBody": form(fields, &["grant_type"], json!({
            "client": { "value": { "grant_type": "client_credentials", "scope": "read" } },
        })),
        "responses": Told::OAuth.refusing(&refused, json!({
            "200": json_of("Minted.", "TokenAnswer", answer),
        })),
    })
}

fn revoke() -> Value {
    let refused = [&OF_BODIES[..], &[401, 403, 429, 503]].concat();
    let fields = json!({
        "token": { "type": "string", "description": "One of the client's own; of a refresh token its session." },
        "token_type_hint": { "type": "string", "enum": ["access_token", "refresh_token"] },
        "session": { "type": "string", "description": "A `sid`, with `tokens:revoke`." },
        "subject": { "type": "string", "description": "All issued up to now, with `tokens:revoke`." },
        "issuer": { "type": "string", "description": "Whose session or subject, where not ours." },
    });
    json!({
        "operationId": "revoke",
        "tags": ["tokens"],
        "summary": "Revoke a token, a session or all of a subject's (RFC 7009)",
        "description": "Exactly one of token, session and subject.",
        "security": [{ "client": [] }, {}],
        "requestBody": form(fields, &[], json!({
            "token": { "value": { "token": TOKEN } },
            "session": { "value": { "session": "n0tARea1SessionIdAll" } },
            "subject": { "value": { "subject": "user_001" } },
        })),
        "responses": Told::OAuth.refusing(&refused, json!({
            "200": with_fields(
                json_of("Revoked, or there was nothing to revoke.", "Revoked", json!({ "durability": "store" })),
                &["Portcullis-Degraded"],
            ),
        })),
    })
}

fn introspect() -> Value {
    let refused = [&OF_BODIES[..], &[401, 403, 429, 503]].concat();
    let fields = json!({
        "token": { "type": "string" },
        "token_type_hint": { "type": "string" },
    });
    json!({
        "operationId": "introspect",
        "tags": ["tokens"],
        "summary": "What a token says, if it is active and the client may see it (RFC 7662)",
        "description": "For clients with `tokens:introspect`.",
        "security": [{ "client": [] }, {}],
        "requestBody": form(fields, &["token"], json!({ "token": { "value": { "token": TOKEN } } })),
        "responses": Told::OAuth.refusing(&refused, json!({
            "200": with_fields(
                json_of("What it says.", "Introspection", json!({ "active": false })),
                &["Portcullis-Degraded"],
            ),
        })),
    })
}

fn metadata() -> Value {
    let at = |path: &str| format!("https://auth.example.com{path}");
    let methods = ["client_secret_basic", "client_secret_post"];
    let example = json!({
        "issuer": at(""),
        "token_endpoint": at("/oauth/token"),
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint": at("/oauth/revoke"),
        "revocation_endpoint_auth_methods_supported": methods,
        "introspection_endpoint": at("/oauth/introspect"),
        "introspection_endpoint_auth_methods_supported": methods,
        "jwks_uri": at("/.well-known/jwks.json"),
        "grant_types_supported": ["client_credentials", "refresh_token"],
        "response_types_supported": [],
    });
    json!({
        "operationId": "metadata",
        "tags": ["tokens"],
        "summary": "What there is and where (RFC 8414)",
        "security": [],
        "responses": Told::Client.refusing(&[403, 429], json!({
            "200": json_of("The metadata.", "Metadata", example),
        })),
    })
}
