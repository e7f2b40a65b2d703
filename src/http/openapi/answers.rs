//! What answers have in common.

use serde_json::{Map, Value, json};

/// The header fields that answers carry, by name.
pub(super) fn headers() -> Value {
    let field =
        |description: &str| json!({ "description": description, "schema": { "type": "string" } });
    json!({
        "RateLimit": field("What is left of each policy (draft-ietf-httpapi-ratelimit-headers)."),
        "RateLimit-Policy": field("Each policy's quota and window."),
        "Retry-After": field("Seconds after which the same may pass."),
        "WWW-Authenticate": field("How to authenticate (RFC 6750 section 3, RFC 7617)."),
        "Portcullis-Degraded": field("What was decided without the store, and why."),
        "Allow": field("The methods there are."),
        "ETag": field("Names this very set."),
    })
}

fn fields(names: &[&str]) -> Value {
    let named = names
        .iter()
        .map(|name| (name.to_string(), json!({ "$ref": format!("#/components/headers/{name}") })));
    named.collect::<Map<_, _>>().into()
}

/// A JSON answer of a schema, with an example.
pub(super) fn json_of(description: &str, schema: &str, example: Value) -> Value {
    json!({
        "description": description,
        "headers": fields(&["Portcullis-Degraded"]),
        "content": { "application/json": {
            "schema": { "$ref": format!("#/components/schemas/{schema}") },
            "example": example,
        } },
    })
}

/// An answer without a body.
pub(super) fn empty(description: &str) -> Value {
    json!({ "description": description })
}

/// How errors are told: as problem details (RFC 9457), or as OAuth has them.
#[derive(Clone, Copy)]
pub(super) enum Told {
    Problem,
    OAuth,
}

impl Told {
    fn content(self) -> Value {
        match self {
            Self::Problem => json!({ "application/problem+json": {
                "schema": { "$ref": "#/components/schemas/Problem" },
            } }),
            Self::OAuth => json!({ "application/json": {
                "schema": { "$ref": "#/components/schemas/OAuthError" },
            } }),
        }
    }

    /// `answers` with the refusals of these statuses beside them.
    pub(super) fn refusing(self, statuses: &[u16], answers: Value) -> Value {
        let mut all = match answers {
            Value::Object(answers) => answers,
            _ => Map::new(),
        };
        for status in statuses {
            let (description, carried) = refusal(*status);
            let answer = json!({
                "description": description,
                "headers": fields(carried),
                "content": self.content(),
            });
            all.insert(status.to_string(), answer);
        }
        all.into()
    }
}

fn refusal(status: u16) -> (&'static str, &'static [&'static str]) {
    match status {
        400 => ("A field is missing or malformed; `detail` names it.", &[]),
        401 => ("Who asks is not known, or the token does not hold.", &["WWW-Authenticate"]),
        403 => ("Not granted, or denied.", &["WWW-Authenticate"]),
        404 => ("There is no such thing.", &[]),
        405 => ("Another method is needed.", &["Allow"]),
        408 => ("The body took too long.", &[]),
        409 => ("It cannot be done just now.", &[]),
        413 => ("The body is too large.", &[]),
        415 => ("The body is of another media type.", &[]),
        429 => ("Over a limit.", &["Retry-After", "RateLimit", "RateLimit-Policy"]),
        501 => ("The configured store cannot do this.", &[]),
        503 => ("It cannot be told or done without the store.", &["Retry-After"]),
        _ => ("Refused.", &[]),
    }
}

/// What a request with a body may be refused with, beside others.
pub(super) const OF_BODIES: [u16; 4] = [400, 408, 413, 415];

/// A JSON body of a schema, with examples by name.
pub(super) fn json_body(schema: &str, examples: Value) -> Value {
    json!({ "required": true, "content": { "application/json": {
        "schema": { "$ref": format!("#/components/schemas/{schema}") },
        "examples": examples,
    } } })
}

/// A form with these fields, some of them required; the client's own may stand in it too.
pub(super) fn form(properties: Value, required: &[&str], examples: Value) -> Value {
    let mut properties = match properties {
        Value::Object(properties) => properties,
        _ => Map::new(),
    };
    for name in ["client_id", "client_secret"] {
        let description = "In place of HTTP Basic (RFC 6749 section 2.3.1).";
        properties.insert(name.to_owned(), json!({ "type": "string", "description": description }));
    }
    json!({ "required": true, "content": { "application/x-www-form-urlencoded": {
        "schema": { "type": "object", "properties": properties, "required": required },
        "examples": examples,
    } } })
}

/// A parameter of the query.
pub(super) fn query(name: &str, required: bool, description: &str, example: &str) -> Value {
    json!({ "name": name, "in": "query", "required": required, "description": description,
        "schema": { "type": "string" }, "example": example })
}

/// A part of the path.
pub(super) fn part(name: &str, description: &str, example: &str) -> Value {
    json!({ "name": name, "in": "path", "required": true, "description": description,
        "schema": { "type": "string", "minLength": 1 }, "example": example })
}
