//! The document is the one that is committed, and says what the router does.

use std::collections::BTreeSet;

use http::Method;

use super::*;
use crate::config::Config;
use crate::http::route::Route;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/www/openapi.json");

fn config() -> Config {
    let settings = r#"{"issuer":"https://auth.test","audience":["https://api.test"]}"#;
    let keys = r#"{"keys":[{"kty":"oct","kid":"k","alg":"HS256","k":"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA"}]}"#;
    let clients = r#"[{"id":"c","secret_sha256":["AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA"]}]"#;
    Config::from_json(settings, keys, clients).unwrap()
}

#[test]
fn the_committed_document_is_this_one() {
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(FILE, document()).unwrap();
    }
    let committed = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(committed == document(), "www/openapi.json is another: run `npm run openapi`");
}

#[test]
fn every_path_is_a_route_with_just_these_methods_and_every_route_has_a_path() {
    let (config, paths) = (config(), paths());
    let mut routes = BTreeSet::new();
    for (path, item) in paths.as_object().unwrap() {
        let sample = path.replace("{policy}", "p").replace("{id}", "i");
        let route = Route::of(&sample, &config).unwrap_or_else(|| panic!("{path} is no route"));
        let named = item.as_object().unwrap().keys().filter(|name| *name != "parameters");
        let documented: BTreeSet<String> = named.map(|name| name.to_uppercase()).collect();
        // HEAD is of every GET.
        let methods = route.methods().map(|methods| {
            let methods = methods.iter().filter(|method| **method != Method::HEAD);
            methods.map(Method::to_string).collect::<BTreeSet<_>>()
        });
        assert!(methods.is_none_or(|methods| methods == documented), "{path}: {documented:?}");
        routes.insert(format!("{route:?}"));
    }
    assert_eq!(routes.len(), Route::COUNT, "{routes:?}");
}

#[test]
fn every_reference_leads_somewhere() {
    fn check(value: &Value, document: &Value) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(document.pointer(pointer).is_some(), "{reference}");
                }
                members.values().for_each(|member| check(member, document));
            }
            Value::Array(items) => items.iter().for_each(|item| check(item, document)),
            _ => {}
        }
    }
    let document: Value = serde_json::from_str(&document()).unwrap();
    check(&document, &document);
}

#[test]
fn the_codes_are_those_that_the_documentation_gives_a_status() {
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/errors.md")).unwrap();
    let mut documented = BTreeSet::new();
    for row in text.lines().filter(|line| line.starts_with("| `ERR_")) {
        let mut cells = row.split('|').map(str::trim).skip(1);
        let codes = cells.next().unwrap().split(", ").map(|code| code.trim_matches('`').to_owned());
        // What has no status is told by the crate and the npm module alone.
        if cells.next() != Some("-") {
            documented.extend(codes);
        }
    }
    let listed: BTreeSet<_> = codes::CODES.iter().map(|code| (*code).to_owned()).collect();
    assert_eq!(listed, documented);
    assert!(codes::CODES.is_sorted());
}

#[test]
fn every_request_and_every_answer_with_a_body_has_an_example() {
    fn check(value: &Value, at: &str) {
        let Some(contents) = value.get("content").and_then(Value::as_object) else { return };
        for (kind, content) in contents {
            let some = |examples: &Value| !examples.as_object().unwrap().is_empty();
            let has = content.get("example").is_some() || content.get("examples").is_some_and(some);
            assert!(has, "{at}: {kind}");
        }
    }
    for (path, item) in paths().as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Some(responses) = operation.get("responses") else { continue };
            let at = format!("{method} {path}");
            check(operation.get("requestBody").unwrap_or(&Value::Null), &at);
            for (status, answer) in responses.as_object().unwrap() {
                check(answer, &format!("{at} {status}"));
            }
        }
    }
}
