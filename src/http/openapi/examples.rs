//! Examples that many operations share, said once.

use serde_json::{Map, Value, json};

/// Gives the examples of refusals names, and has `paths` refer to them: most are those of every operation.
pub(super) fn named(paths: &mut Value) -> Map<String, Value> {
    let mut named = Map::new();
    name_those_of(paths, &mut named);
    named
}

fn name_those_of(value: &mut Value, named: &mut Map<String, Value>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let told = member.pointer("/value/code") == Some(&json!(name));
                if !told {
                    name_those_of(member, named);
                    continue;
                }
                let oauth = member.pointer("/value/error").is_some();
                let name = if oauth { format!("OAuth.{name}") } else { name.clone() };
                // Another of the same code stays where it is.
                if named.entry(name.as_str()).or_insert_with(|| member.clone()) == member {
                    *member = json!({ "$ref": format!("#/components/examples/{name}") });
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| name_those_of(item, named)),
        _ => {}
    }
}
