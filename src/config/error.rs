//! A fault in the configuration, named by its path.

use serde::de::DeserializeOwned;
use thiserror::Error;

/// A configuration that cannot be used. Holds no value of a secret source.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{path}: {reason}")]
pub struct ConfigError {
    /// Where: `limits[0].window`, `PORTCULLIS_KEYS`.
    pub path: String,
    /// What is wrong there.
    pub reason: String,
}

impl ConfigError {
    /// The stable code of every fault of configuration.
    pub const CODE: &'static str = "ERR_CONFIG_INVALID";

    pub(crate) fn new(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { path: path.into(), reason: reason.into() }
    }
}

/// Parses public JSON; the message says what was found.
pub(super) fn parse_public<T: DeserializeOwned>(text: &str) -> Result<T, ConfigError> {
    parse(text, |path, error| ConfigError::new(path, error.to_string()))
}

/// Parses secret JSON found at `source`; the message says where, never what was found.
pub(super) fn parse_secret<T: DeserializeOwned>(
    source: &'static str,
    text: &str,
) -> Result<T, ConfigError> {
    if text.trim().is_empty() {
        return Err(ConfigError::new(source, "missing: set this secret"));
    }
    parse(text, |path, error| {
        let reason = match error.classify() {
            serde_json::error::Category::Data => "unknown field, missing field or wrong type",
            _ => "not valid JSON",
        };
        let separator = if path.starts_with('[') || path == "." { "" } else { "." };
        let path = if path == "." { "" } else { path };
        let column = error.column();
        ConfigError::new(
            format!("{source}{separator}{path}"),
            format!("{reason} (column {column})"),
        )
    })
}

fn parse<T: DeserializeOwned>(
    text: &str,
    fault: impl Fn(&str, &serde_json::Error) -> ConfigError,
) -> Result<T, ConfigError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| fault(&error.path().to_string(), error.inner()))?;
    json.end().map_err(|error| fault(".", &error))?;
    Ok(value)
}
