//! Both readers of an object in values of everyone's, for the fuzz targets.

use serde_json::Value as Json;

use super::{Value, flat, read_any_object};
use crate::jwt::fuzzing::Members;

pub(in crate::jwt) fn members_the_short_way(text: &str) -> Option<Members> {
    let mut members = Vec::new();
    flat::read(text, &mut members, |members: &mut Members, name, value| {
        members.push((name.to_owned(), json(value)));
    })?;
    Some(members)
}

pub(in crate::jwt) fn members_the_long_way(text: &str) -> Result<Members, &'static str> {
    let mut members = Vec::new();
    read_any_object(text, |name, value| members.push((name.to_owned(), json(value))))?;
    Ok(members)
}

fn json(value: Value<'_>) -> Option<Json> {
    match value {
        Value::Bool(value) => Some(value.into()),
        Value::Number(value) => Some(value.into()),
        Value::String(value) => Some(value.into()),
        Value::Strings(values) => Some(values.into()),
        Value::Other => None,
    }
}
