//! Which pages may call from a browser.

use serde::Deserialize;

use super::settings::whole_seconds;
use super::{ConfigError, settings};

/// Most origins.
const ORIGINS_MAX: usize = 64;

/// Cross-origin requests that are allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cors {
    /// The origins of the pages, as browsers send them.
    pub origins: Vec<String>,
    /// How long a browser may keep the answer to a preflight, in seconds.
    pub max_age_s: u64,
}

/// `cors` as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CorsTable {
    origins: Vec<String>,
    #[serde(default = "CorsTable::default_max_age")]
    max_age: String,
}

impl CorsTable {
    fn default_max_age() -> String {
        "10m".to_owned()
    }

    pub(super) fn validate(&self) -> Result<Cors, ConfigError> {
        if self.origins.is_empty() || self.origins.len() > ORIGINS_MAX {
            return Err(ConfigError::new("cors.origins", "must be 1 to 64 origins"));
        }
        for (index, origin) in self.origins.iter().enumerate() {
            check_origin(&format!("cors.origins[{index}]"), origin)?;
        }
        let max_age_s = whole_seconds("cors.max_age", &self.max_age)?;
        if max_age_s > 86_400 {
            return Err(ConfigError::new("cors.max_age", "must be at most 24h"));
        }
        Ok(Cors { origins: self.origins.clone(), max_age_s })
    }
}

/// An origin as a browser writes it (RFC 6454 section 6.2): no path, nothing in capitals.
pub(super) fn check_origin(path: &str, origin: &str) -> Result<(), ConfigError> {
    settings::check_issuer(path, origin)?;
    let host = origin.split_once("://").map_or("", |(_, host)| host);
    if host.contains('/') || origin.bytes().any(|byte| byte.is_ascii_uppercase()) {
        let reason = "must be an origin: scheme, host and port in small letters, no path";
        return Err(ConfigError::new(path, reason));
    }
    Ok(())
}
