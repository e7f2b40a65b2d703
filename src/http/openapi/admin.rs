//! The routes of administrators.

use serde_json::{Value, json};

use super::answers::{
    OF_BODIES, OF_LIMITS, empty, json_body, json_of, member, part, query, with_fields,
};
use super::refusals::Told;
use crate::guard::GuardError;
use crate::http::problem::Refused;

const ADMINS: &str = "For clients with `limits:admin`.";

pub(super) fn paths() -> Value {
    json!({
        "/v1/sessions": { "get": sessions() },
        "/v1/sessions/{id}": { "delete": end_session() },
        "/v1/limits/{policy}": {
            "parameters": [part("policy", "The policy's name.", "per-subject")],
            "post": take(), "get": peek(), "delete": reset(),
        },
        "/v1/lists/deny": list("Deny"),
        "/v1/lists/allow": list("Allow"),
    })
}

fn sessions() -> Value {
    let session = json!({ "id": "n0tARea1SessionKeyAtAllButOfTheRightLength0", "started_at": 1_700_000_000,
        "refreshed_at": 1_700_000_900, "expires_at": 1_702_592_000, "refreshes": 1 });
    json!({
        "operationId": "listSessions",
        "tags": ["administration"],
        "summary": "The live sessions of a subject, oldest first",
        "description": "For clients with `tokens:revoke`.",
        "security": [{ "client": [] }],
        "parameters": [query("subject", true, "Whose.", "user_001")],
        "responses": Told::Client.refusing(&[400, 401, 403, 429, 503], json!({
            "200": json_of("Its sessions.", "Sessions", json!({ "sessions": [session] })),
        })),
    })
}

fn end_session() -> Value {
    json!({
        "operationId": "endSession",
        "tags": ["administration"],
        "summary": "End a session: its tokens of either kind are refused from now on",
        "description": "For clients with `tokens:revoke`. 200 too where there is none.",
        "security": [{ "client": [] }],
        "parameters": [part("id", "As it is listed.", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")],
        "responses": Told::Client.refusing(&[400, 401, 403, 404, 429, 503], json!({
            "200": with_fields(
                json_of("Ended.", "Revoked", json!({ "durability": "store" })),
                &["Portcullis-Degraded"],
            ),
        })),
    })
}

fn take() -> Value {
    let refused = [&OF_BODIES[..], &[401, 403, 429, 501, 503]].concat();
    let answers = json!({ "200": of_key(), "204": empty("Blocked, or the quota changed.") });
    let full = [Refused::Guard(GuardError::RulesFull)];
    json!({
        "operationId": "takeFromLimit",
        "tags": ["administration"],
        "summary": "Take from a key, count after the fact, block it, or give it a quota of its own",
        "description": ADMINS,
        "security": [{ "client": [] }],
        "requestBody": json_body("LimitOrder", json!({
            "take": { "value": { "key": "user_001", "cost": 1 } },
            "adjust": { "value": { "key": "user_001", "adjust": -1 } },
            "block": { "value": { "key": "user_002", "block_for": "10m" } },
            "quota": { "value": { "key": "user_001", "quota": { "limit": 500 }, "for": "30d" } },
            "own": { "value": { "key": "user_001", "quota": "policy" } },
        })),
        "responses": Told::Client.refused(&full, of_policy(&refused, answers)),
    })
}

fn peek() -> Value {
    json!({
        "operationId": "peekLimit",
        "tags": ["administration"],
        "summary": "What a take of 1 would decide, taking nothing",
        "description": ADMINS,
        "security": [{ "client": [] }],
        "parameters": [query("key", false, "The key; of several parts `key.PART` each.", "user_001")],
        "responses": of_policy(&[400, 401, 403, 429, 501, 503], json!({ "200": of_key() })),
    })
}

fn reset() -> Value {
    json!({
        "operationId": "resetLimit",
        "tags": ["administration"],
        "summary": "Forget the count and any block of one key",
        "description": ADMINS,
        "security": [{ "client": [] }],
        "parameters": [query("key", false, "The key; of several parts `key.PART` each.", "user_001")],
        "responses": of_policy(&[400, 401, 403, 429, 501, 503], json!({ "204": empty("Forgotten.") })),
    })
}

fn of_key() -> Value {
    let example = json!({ "allowed": true, "limit": 100, "remaining": 99, "reset_ms": 120_000 });
    let answer = json_of("What the policy says of the key.", "LimitAnswer", example);
    with_fields(answer, &OF_LIMITS)
}

/// What a policy's route refuses beside these statuses; a denial says what was decided without the store.
fn of_policy(statuses: &[u16], answers: Value) -> Value {
    let unknown = [Refused::Guard(GuardError::PolicyUnknown)];
    let mut all = Told::Client.refused(&unknown, Told::Client.refusing(statuses, answers));
    *member(member(member(&mut all, "429"), "headers"), "Portcullis-Degraded") =
        json!({ "$ref": "#/components/headers/Portcullis-Degraded" });
    all
}

/// Of one list: put on, look up, take off.
fn list(name: &str) -> Value {
    let who = ["subject", "client", "address"].map(|part| {
        let example = if part == "subject" { "user_001" } else { "" };
        let mut parameter = query(part, false, "One of the three.", example);
        if example.is_empty()
            && let Some(parameter) = parameter.as_object_mut()
        {
            parameter.remove("example");
        }
        parameter
    });
    let refused = [&OF_BODIES[..], &[401, 403, 429, 501, 503]].concat();
    let looking = [400, 401, 403, 429, 501, 503];
    let put = Told::Client.refusing(&refused, json!({ "204": empty("On the list.") }));
    let id = |verb: &str| format!("{verb}{name}List");
    json!({
        "post": {
            "operationId": id("putOn"), "tags": ["administration"], "description": ADMINS,
            "summary": format!("Put a subject, client, address or network on the list: {name}"),
            "security": [{ "client": [] }],
            "requestBody": json_body("ListOrder", json!({
                "subject": { "value": { "subject": "user_009", "for": "1h" } },
                "network": { "value": { "address": "198.51.100.0/24", "for": "1h" } },
            })),
            "responses": Told::Client.refused(&[Refused::Guard(GuardError::RulesFull)], put),
        },
        "get": {
            "operationId": id("lookUp"), "tags": ["administration"], "description": ADMINS,
            "summary": format!("Whether one is on the list: {name}"),
            "security": [{ "client": [] }], "parameters": who,
            "responses": Told::Client.refusing(&looking, json!({
                "200": json_of("Whether it is.", "ListAnswer", json!({ "listed": true, "ends_ms": 3_600_000 })),
            })),
        },
        "delete": {
            "operationId": id("takeOff"), "tags": ["administration"], "description": ADMINS,
            "summary": format!("Take one off the list: {name}"),
            "security": [{ "client": [] }], "parameters": who,
            "responses": Told::Client.refusing(&looking, json!({ "204": empty("Off the list.") })),
        },
    })
}
