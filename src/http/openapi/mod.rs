//! The description of the HTTP interface (OpenAPI 3.1), made of the types that are read and written.
//!
//! `npm run openapi` writes it to `www/openapi.json`; a test holds that file to this, and the paths to the router.

mod admin;
mod answers;
mod codes;
mod examples;
mod oauth;
mod operations;
mod refusals;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use answers::member;
pub(super) use codes::ErrorCode;

use super::{limits, lists, metadata, oauth as oauth_route, operations as health, problem};
use super::{sessions, token, tokens};
use crate::guard::Introspection;

/// The document, as JSON text.
#[must_use]
pub fn document() -> String {
    let mut paths = paths();
    let examples = examples::named(&mut paths);
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Portcullis",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Auth at the edge: issues, verifies and revokes tokens and enforces rate limits.",
            "description": "Errors carry a stable `code`: docs/errors.md says what to do about each. A method that a path \
                does not have is 405, a path that is none of these 404.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": [
            { "name": "tokens", "description": "Minting, exchanging, revoking, introspecting." },
            { "name": "authorization", "description": "Whether a request may pass." },
            { "name": "administration", "description": "Sessions, limits, access rules." },
            { "name": "operations", "description": "Health and metrics." },
        ],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "client": { "type": "http", "scheme": "basic", "description": "A client's id and secret (RFC 6749 section 2.3.1)." },
                "token": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
            },
            "examples": examples,
            "headers": answers::headers(),
            "responses": refusals::of_no_operation(),
            "schemas": schemas(),
        },
    });
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

fn paths() -> Value {
    let mut paths = Map::new();
    for part in [oauth::paths(), admin::paths(), operations::paths()] {
        if let Value::Object(part) = part {
            paths.extend(part);
        }
    }
    Value::Object(paths)
}

/// Every schema that is named, by its name.
fn schemas() -> Value {
    let mut all: Vec<(String, RefOr<Schema>)> = Vec::new();
    fn add<T: ToSchema + PartialSchema>(all: &mut Vec<(String, RefOr<Schema>)>) {
        all.push((T::name().into_owned(), T::schema()));
        T::schemas(all);
    }
    add::<tokens::Order>(&mut all);
    add::<tokens::Minted>(&mut all);
    add::<token::TokenAnswer>(&mut all);
    add::<oauth_route::Revoked>(&mut all);
    add::<oauth_route::OAuthError>(&mut all);
    add::<Introspection>(&mut all);
    add::<metadata::Metadata<'_>>(&mut all);
    add::<sessions::Listed>(&mut all);
    add::<limits::Order>(&mut all);
    add::<limits::Answer>(&mut all);
    add::<lists::Order>(&mut all);
    add::<lists::Answer>(&mut all);
    add::<problem::Problem>(&mut all);
    add::<ErrorCode>(&mut all);
    add::<health::Health>(&mut all);
    let named = all.into_iter().map(|(name, schema)| (name, present(json!(schema))));
    flat(named.collect()).into()
}

/// What a token says stands beside whether it is active, or not at all: the derived schema of that has it as a value
/// of its own.
fn flat(mut schemas: Map<String, Value>) -> Map<String, Value> {
    let Some(mut token) = schemas.remove("TokenInfo") else { return schemas };
    *member(member(&mut token, "properties"), "active") = json!({ "type": "boolean" });
    *member(&mut token, "required") = json!(["active"]);
    *member(&mut token, "description") = json!("The answer of RFC 7662 section 2.2.");
    schemas.insert("Introspection".to_owned(), token);
    schemas
}

/// A member that is optional is there or not: `null` is neither written nor, as a rule, read.
fn present(schema: Value) -> Value {
    match schema {
        Value::Object(mut members) => {
            if let Some(Value::Array(types)) = members.get_mut("type") {
                types.retain(|kind| kind != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    members.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(one_of)) = members.get_mut("oneOf") {
                one_of.retain(|schema| *schema != json!({ "type": "null" }));
                if let [Value::Object(only)] = one_of.as_slice() {
                    let only = only.clone();
                    members.remove("oneOf");
                    members.extend(only);
                }
            }
            members.into_iter().map(|(name, member)| (name, present(member))).collect()
        }
        Value::Array(items) => items.into_iter().map(present).collect(),
        other => other,
    }
}
