//! Bodies that cannot be read.

use serde_json::{Value, json};

use crate::bench::{Ask, Bench, Reply, setup::SUBJECT};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

fn order(bench: &Bench, kind: &str, body: impl Into<Vec<u8>>) -> Reply {
    bench.send(Ask::post("/v1/tokens").basic("web").typed(kind, body))
}

fn form(bench: &Bench, body: impl Into<Vec<u8>>) -> Reply {
    bench.send(Ask::post("/oauth/revoke").basic("admin").typed(FORM, body))
}

/// Each body is refused with 400, no token is minted for it, and a good one is minted after it.
#[track_caller]
fn assert_malformed<T: Into<Vec<u8>>>(bodies: impl IntoIterator<Item = T>, words: &str) {
    let bench = Bench::new();
    for body in bodies {
        order(&bench, JSON, body).refused(400, "ERR_REQUEST_INVALID").saying(words);
    }
    assert_eq!(bench.count("tokens_issued", ""), 0);
    bench.assert_nothing_was_taken();
}

#[test]
fn a_body_that_is_not_json_is_malformed() {
    let bodies = ["not json", "{", "{\"sub\":\"a\"", "{\"sub\":\"a\"} x", "{'sub':'a'}"];
    assert_malformed(bodies, "body: not");
    assert_malformed(["\u{feff}{\"sub\":\"a\"}"], "body: not");
}

#[test]
fn an_empty_body_is_malformed() {
    assert_malformed(["", " "], "body: not");
}

#[test]
fn json_that_is_no_object_is_malformed() {
    assert_malformed(
        ["[]", "null", "1", "\"sub\"", "[{\"sub\":\"a\"}]"],
        "body: not a JSON object",
    );
}

#[test]
fn a_body_of_1_mib_is_too_large_and_64_kib_are_not() {
    let bench = Bench::new();
    let padded = |bytes: usize| {
        let order = json!({"sub": SUBJECT}).to_string();
        order.clone() + &" ".repeat(bytes - order.len())
    };
    order(&bench, JSON, padded(1 << 20)).refused(413, "ERR_BODY_TOO_LARGE");
    order(&bench, JSON, padded((64 << 10) + 1)).refused(413, "ERR_BODY_TOO_LARGE");
    form(&bench, format!("token={}", "x".repeat(1 << 20)))
        .refused(413, "ERR_BODY_TOO_LARGE")
        .oauth("invalid_request");
    assert_eq!(order(&bench, JSON, padded(64 << 10)).status, 201);
    bench.assert_nothing_was_taken();
}

#[test]
fn deep_nesting_is_malformed_however_deep() {
    let nested = |open: &str, close: &str, depth: usize| {
        let (open, close) = (open.repeat(depth), close.repeat(depth));
        format!("{{\"sub\":\"a\",\"claims\":{{\"x\":{open}1{close}}}}}")
    };
    let bodies = [nested("[", "]", 30_000), nested("{\"a\":", "}", 10_000), "[".repeat(60_000)];
    assert_malformed(bodies[..2].to_vec(), "body: nested too deeply");
    assert_malformed(bodies[2..].to_vec(), "body: not a JSON object");
}

#[test]
fn an_unknown_field_is_named() {
    assert_malformed([r#"{"sub":"a","admin":true}"#], "admin: unknown field");
    assert_malformed([r#"{"sub":"a","Scope":"read"}"#], "Scope: unknown field");
    // The name is the sender's, and not echoed at any length.
    let long = json!({"sub": "a", "x".repeat(60_000): 1}).to_string();
    assert_malformed([long], "body: unknown field");
}

#[test]
fn a_duplicate_member_is_malformed_at_any_depth() {
    let bodies = [
        r#"{"sub":"a","sub":"b"}"#,
        r#"{"sub":"a","claims":{"x":1,"x":2}}"#,
        r#"{"sub":"a","\u0073ub":"b"}"#,
    ];
    assert_malformed(bodies, "body: duplicate member");
}

#[test]
fn a_missing_field_is_named() {
    assert_malformed(["{}", r#"{"scope":"read"}"#], "sub: missing");
}

#[test]
fn a_value_of_the_wrong_type_is_named_by_its_path_and_not_echoed() {
    let wrong = |field: &str, value: Value| {
        let mut order = json!({"sub": "a"});
        order[field] = value;
        order.to_string()
    };
    let (text, number) = ("must be text", "must be a whole number of 0 or more");
    let other = "of the wrong type or out of range";
    for (field, value) in [
        ("sub", json!(5)),
        ("sub", json!(["leaked-value"])),
        ("scope", json!(["leaked-value"])),
        ("aud", json!({"leaked-value": 1})),
        ("aud", json!([1])),
        ("claims", json!("leaked-value")),
        ("claims", json!(["leaked-value"])),
        ("access_ttl", json!("leaked-value")),
    ] {
        let bench = Bench::new();
        let reply = order(&bench, JSON, wrong(field, value));
        let words = match field {
            "claims" => "not a JSON object",
            "aud" => other,
            "access_ttl" => number,
            _ => text,
        };
        reply.refused(400, "ERR_REQUEST_INVALID").saying(&format!("{field}: {words}"));
        assert!(!reply.text.contains("leaked-value"), "{reply:?}");
    }
}

#[test]
fn a_body_that_is_not_utf8_is_malformed() {
    assert_malformed([b"{\"sub\":\"\xff\"}".to_vec()], "body: not UTF-8");
    let bench = Bench::new();
    form(&bench, b"token=\xff".to_vec()).refused(400, "ERR_REQUEST_INVALID").saying("not UTF-8");
}

#[test]
fn another_content_type_is_unsupported_and_parameters_and_case_do_not_count() {
    let bench = Bench::new();
    let body = json!({"sub": SUBJECT}).to_string();
    for kind in ["", "text/plain", FORM, "application/json-patch+json", "application/jsonx"] {
        let reply = order(&bench, kind, body.clone());
        reply.refused(415, "ERR_MEDIA_TYPE_UNSUPPORTED").saying(JSON);
    }
    for kind in [JSON, "multipart/form-data", "text/plain"] {
        let ask = Ask::post("/oauth/revoke").basic("admin").typed(kind, "subject=whoever-it-is");
        let reply = bench.send(ask);
        reply.refused(415, "ERR_MEDIA_TYPE_UNSUPPORTED").saying(FORM).oauth("invalid_request");
    }
    assert_eq!(bench.count("revocations", ""), 0);
    for kind in ["Application/JSON", "application/json; charset=utf-8", "application/json ;x=y"] {
        assert_eq!(order(&bench, kind, body.clone()).status, 201, "{kind}");
    }
}

#[test]
fn a_form_with_a_name_twice_or_too_many_names_is_malformed() {
    let bench = Bench::new();
    let many: String = (0..33).map(|number| format!("n{number}=1&")).collect();
    for body in ["token=a&token=b".to_owned(), "subject=a&subject=".to_owned(), many] {
        form(&bench, body).refused(400, "ERR_REQUEST_INVALID").oauth("invalid_request");
    }
    assert_eq!(bench.count("revocations", ""), 0);
}

#[test]
fn a_form_value_that_cannot_be_decoded_revokes_nobody_else() {
    let bench = Bench::new();
    for body in ["subject=%FF", "subject=jos%E9-garcia", "session=%C3", "token=%F0%9F"] {
        form(&bench, body).refused(400, "ERR_REQUEST_INVALID").saying("form: not UTF-8");
    }
    assert_eq!(bench.count("revocations", ""), 0);
    assert_eq!(form(&bench, "subject=jos%C3%A9-garcia").status, 200);
}
