//! The cookie that a token may come in, as written: the table `cookie`.

use serde::Deserialize;

use super::ConfigError;
use super::cors::check_origin;
use crate::gateway::TokenCookie;

/// What a browser takes only over https, from the host itself, for all of it (RFC 6265bis section 4.1.3.2).
const PREFIX: &str = "__Host-";
/// Longest name, in bytes.
const NAME_BYTES_MAX: usize = 64;
/// Most origins beside our own.
const ORIGINS_MAX: usize = 64;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CookieTable {
    name: String,
    #[serde(default)]
    origins: Vec<String>,
}

impl CookieTable {
    /// `read`: whether any request's cookies are looked at.
    pub(super) fn validate(&self, read: bool) -> Result<TokenCookie, ConfigError> {
        if !read {
            let reason = "needs gateway, or forward_auth: a proxy that shows its secret";
            return Err(ConfigError::new("cookie", reason));
        }
        let of_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let rest = self.name.strip_prefix(PREFIX).unwrap_or_default();
        if rest.is_empty() || !rest.bytes().all(of_name) || self.name.len() > NAME_BYTES_MAX {
            let reason = "must begin with __Host-, and go on with letters, digits, - _ or .";
            return Err(ConfigError::new("cookie.name", reason));
        }
        if self.origins.len() > ORIGINS_MAX {
            return Err(ConfigError::new("cookie.origins", "at most 64 origins"));
        }
        for (index, origin) in self.origins.iter().enumerate() {
            check_origin(&format!("cookie.origins[{index}]"), origin)?;
        }
        Ok(TokenCookie { name: self.name.clone(), origins: self.origins.clone() })
    }
}
