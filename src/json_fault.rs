//! Reading JSON into a type, with faults named by their path in words that quote no value.

use serde::de::DeserializeOwned;

/// Longest path named, in bytes: names of fields are the sender's.
const PATH_BYTES_MAX: usize = 128;

/// Where JSON text does not fit its type, and why.
pub(crate) struct JsonFault {
    /// The path of the value, empty for the whole.
    pub(crate) path: String,
    /// What is wrong with it, in fixed words.
    pub(crate) reason: &'static str,
    /// Where in the text it was found.
    pub(crate) column: usize,
    /// The parser's own words, which may quote what it found.
    pub(crate) quoting: String,
}

/// Reads `text` as exactly one value.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, JsonFault> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| fault(&error.path().to_string(), error.inner()))?;
    json.end().map_err(|error| fault(".", &error))?;
    Ok(value)
}

fn fault(path: &str, error: &serde_json::Error) -> JsonFault {
    let quoting = error.to_string();
    let reason = match error.classify() {
        serde_json::error::Category::Data => reason(&quoting),
        _ => "not valid JSON",
    };
    // Of a value that is there the path says where; the text it was read from is not the one written.
    let place = if error.is_data() { quoting.rfind(" at line ") } else { None };
    let quoting = place.and_then(|at| quoting.get(..at)).map_or(quoting.clone(), str::to_owned);
    let mut path = if path == "." { String::new() } else { path.to_owned() };
    // The field that is missing is one of the type's; the path ends above it.
    if let ("missing", Some(field)) = (reason, quoting.split('`').nth(1)) {
        let separator = if path.is_empty() { "" } else { "." };
        path.push_str(&format!("{separator}{field}"));
    }
    if path.len() > PATH_BYTES_MAX {
        path.clear();
    }
    JsonFault { path, reason, column: error.column(), quoting }
}

fn reason(message: &str) -> &'static str {
    const REASONS: [(&str, &str); 4] = [
        ("missing field", "missing"),
        ("unknown field", "unknown field"),
        ("unknown variant", "not one of the names there are"),
        ("duplicate field", "is there twice"),
    ];
    const EXPECTED: [(&str, &str); 5] = [
        ("expected u64", "must be a whole number of 0 or more"),
        ("expected i64", "must be a whole number"),
        ("expected a string", "must be text"),
        ("expected a sequence", "must be a list"),
        ("expected a boolean", "must be true or false"),
    ];
    let known = REASONS.iter().find(|(start, _)| message.starts_with(start));
    let known = known.or_else(|| EXPECTED.iter().find(|(part, _)| message.contains(part)));
    known.map_or("of the wrong type or out of range", |(_, reason)| reason)
}
