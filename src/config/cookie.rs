//! Tokens in a cookie, for pages of the same origin.

use serde::Deserialize;

use super::ConfigError;
use super::cors::check_origin;

/// Longest name, in bytes.
const NAME_BYTES_MAX: usize = 64;
/// Most further origins.
const ORIGINS_MAX: usize = 64;
/// With it a browser takes the cookie only with Secure, with Path=/, and for this very host (RFC 6265bis
/// section 4.1.3.2): nobody beside us can have set it.
const PREFIX: &str = "__Host-";

/// The cookie a token may come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieToken {
    /// Its name.
    pub name: String,
    /// Origins beside the request's own whose pages may change something with it.
    pub origins: Vec<String>,
}

/// `cookie` as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CookieTable {
    name: String,
    #[serde(default)]
    origins: Vec<String>,
}

impl CookieTable {
    pub(super) fn validate(&self) -> Result<CookieToken, ConfigError> {
        let rest = self.name.strip_prefix(PREFIX).unwrap_or_default();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        let good = !rest.is_empty() && rest.bytes().all(allowed);
        if !good || self.name.len() > NAME_BYTES_MAX {
            let reason = "must begin with __Host- and go on with letters, digits, '_', '-' or '.'";
            return Err(ConfigError::new("cookie.name", reason));
        }
        if self.origins.len() > ORIGINS_MAX {
            return Err(ConfigError::new("cookie.origins", "at most 64 origins"));
        }
        for (index, origin) in self.origins.iter().enumerate() {
            check_origin(&format!("cookie.origins[{index}]"), origin)?;
        }
        Ok(CookieToken { name: self.name.clone(), origins: self.origins.clone() })
    }
}
