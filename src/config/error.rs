//! A fault in the configuration, named by its path.

use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::json_fault;

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
    json_fault::read(text).map_err(|fault| {
        let path = if fault.path.is_empty() { "." } else { &fault.path };
        ConfigError::new(path, fault.quoting)
    })
}

/// Parses secret JSON found at `source`; the message says where, never what was found.
pub(super) fn parse_secret<T: DeserializeOwned>(
    source: &'static str,
    text: &str,
) -> Result<T, ConfigError> {
    if text.trim().is_empty() {
        return Err(ConfigError::new(source, "missing: set this secret"));
    }
    json_fault::read(text).map_err(|fault| {
        let within = !fault.path.is_empty() && !fault.path.starts_with('[');
        let separator = if within { "." } else { "" };
        let path = format!("{source}{separator}{}", fault.path);
        ConfigError::new(path, format!("{} (column {})", fault.reason, fault.column))
    })
}
