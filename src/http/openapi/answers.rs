//! What answers have in common.

use serde_json::{Map, Value, json};

/// The header fields that answers carry, by name.
pub(super) fn headers() -> Value {
    let field = |description: &str, example: &str| json!({ "description": description, "schema": { "type": "string" }, "example": example });
    let legacy = |description: &str, example: u64| {
        let description = format!("{description} With `legacy_rate_limit_fields`.");
        json!({ "description": description, "schema": { "type": "integer", "minimum": 0 }, "example": example })
    };
    json!({
        "X-RateLimit-Limit": legacy("The quota of the tightest policy.", 100),
        "X-RateLimit-Remaining": legacy("What is left of it.", 99),
        "X-RateLimit-Reset": legacy("When it is whole again, in Unix seconds.", 1_700_000_060),
        "RateLimit": field("What is left of each policy (draft-ietf-httpapi-ratelimit-headers).", "\"per-subject\";r=99;t=60"),
        "RateLimit-Policy": field("Each policy's quota and window.", "\"per-subject\";q=100;w=60"),
        "Retry-After": { "description": "Seconds after which the same may pass.",
            "schema": { "type": "integer", "minimum": 1 }, "example": 1 },
        "WWW-Authenticate": field("How to authenticate (RFC 6750 section 3, RFC 7617).", "Bearer realm=\"portcullis\", error=\"invalid_token\""),
        "Portcullis-Degraded": field("What was decided without the store, and why.", "revocation;reason=timeout"),
        "Allow": field("The methods there are.", "GET, HEAD"),
        "ETag": field("Names this very set.", "\"3q2-7w\""),
        "Location": field("Where the page is.", "/docs/"),
    })
}

/// The member of that name, `null` where there was none.
pub(super) fn member<'v>(value: &'v mut Value, name: &str) -> &'v mut Value {
    if !value.is_object() {
        *value = Map::new().into();
    }
    match value {
        Value::Object(members) => members.entry(name).or_insert(Value::Null),
        other => other,
    }
}

/// Fields that every answer of a status carries.
const fn required(status: u16) -> &'static [&'static str] {
    match status {
        302 => &["Location"],
        401 => &["WWW-Authenticate"],
        405 => &["Allow"],
        429 => &["RateLimit", "RateLimit-Policy", "Retry-After"],
        _ => &[],
    }
}

/// Of these names the fields that are described, in an answer of that status.
pub(super) fn fields_of<'n>(
    names: impl IntoIterator<Item = &'n str>,
    status: u16,
) -> Map<String, Value> {
    let Value::Object(described) = headers() else { return Map::new() };
    let mut fields = Map::new();
    for name in names {
        let Some((name, field)) =
            described.iter().find(|(other, _)| other.eq_ignore_ascii_case(name))
        else {
            continue;
        };
        let field = if required(status).contains(&name.as_str()) {
            let mut field = field.clone();
            *member(&mut field, "required") = json!(true);
            field
        } else {
            json!({ "$ref": format!("#/components/headers/{name}") })
        };
        fields.insert(name.clone(), field);
    }
    fields
}

/// A JSON answer of a schema, with an example.
pub(super) fn json_of(description: &str, schema: &str, example: Value) -> Value {
    json!({
        "description": description,
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

/// The fields of an answer that a limit had a part in.
pub(super) const OF_LIMITS: [&str; 6] = [
    "RateLimit",
    "RateLimit-Policy",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "Portcullis-Degraded",
];

/// An answer with these fields, by name.
pub(super) fn with_fields(mut answer: Value, names: &[&str]) -> Value {
    *member(&mut answer, "headers") = fields_of(names.iter().copied(), 200).into();
    answer
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
