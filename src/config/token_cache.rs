//! How many tokens an instance remembers as verified: the table `token_cache`.

use serde::Deserialize;

use super::ConfigError;
use crate::jwt::CacheBounds;

/// Most tokens.
const ENTRIES_MAX: usize = 65_536;
/// Most bytes: a quarter of an isolate's 128 MB.
const BYTES_MAX: usize = 32 << 20;

/// `token_cache` as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TokenCacheTable {
    entries: usize,
    bytes: usize,
}

impl Default for TokenCacheTable {
    fn default() -> Self {
        let CacheBounds { entries, bytes } = CacheBounds::default();
        Self { entries, bytes }
    }
}

impl TokenCacheTable {
    pub(super) fn bounds(&self) -> Result<CacheBounds, ConfigError> {
        if self.entries > ENTRIES_MAX {
            return Err(ConfigError::new("token_cache.entries", "must be at most 65,536"));
        }
        if self.bytes > BYTES_MAX {
            return Err(ConfigError::new("token_cache.bytes", "must be at most 33,554,432"));
        }
        Ok(CacheBounds { entries: self.entries, bytes: self.bytes })
    }
}
