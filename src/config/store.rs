//! How the store is called, and what happens when it does not answer: the tables `store` and
//! `revocation`.

use serde::Deserialize;

use super::{ConfigError, duration};
use crate::jwt::is_scope_token;
use crate::store::outage::{RevocationMode, RevocationOutage};
use crate::store::redis::KeyPrefix;
use crate::store::upstash::{Endpoint, EndpointError};

/// The two secrets of a store over HTTP.
pub(crate) const STORE_URL: &str = "PORTCULLIS_STORE_URL";
pub(crate) const STORE_TOKEN: &str = "PORTCULLIS_STORE_TOKEN";
/// Longest deadline of a store call, in milliseconds: a request waits for it.
const DEADLINE_MS_MAX: u64 = 10_000;
/// How long ago a check may be at most to count as one, in milliseconds: an hour.
const STALE_MS_MAX: u64 = 60 * 60 * 1000;
/// Most scopes that are never let in unchecked.
const CLOSED_SCOPES_MAX: usize = 64;

/// How a store over HTTP is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreSettings {
    /// What its keys begin with.
    pub prefix: KeyPrefix,
    /// Deadline of a call, in milliseconds.
    pub deadline_ms: u64,
    /// Deadline of an instance's first call, in milliseconds: it opens the connection.
    pub first_deadline_ms: u64,
    /// Plain http is taken beyond loopback too.
    pub plain_http: bool,
}

impl StoreSettings {
    /// Where the store is, from the two secrets that say so; `None` when neither is set.
    ///
    /// # Errors
    /// [`ConfigError`] when one of them is missing or cannot be right, or the URL is plain http
    /// beyond loopback: the token would be sent for all to read. Neither is ever shown.
    pub fn endpoint(
        &self,
        url: Option<&str>,
        token: Option<&str>,
    ) -> Result<Option<Endpoint>, ConfigError> {
        let fault = |path: &str, reason: &str| Err(ConfigError::new(path, reason));
        let (url, token) = match (url, token) {
            (None, None) => return Ok(None),
            (Some(url), Some(token)) => (url, token),
            (None, Some(_)) => return fault(STORE_URL, "missing, and the store's token is set"),
            (Some(_), None) => return fault(STORE_TOKEN, "missing, and the store's URL is set"),
        };
        let endpoint = Endpoint::new(url, token).map_err(|error| {
            let path = if error == EndpointError::Token { STORE_TOKEN } else { STORE_URL };
            ConfigError::new(path, error.to_string())
        })?;
        if endpoint.is_readable_on_its_way() && !self.plain_http {
            let reason = "plain http beyond loopback: use https, or say store.plain_http = true";
            return fault(STORE_URL, reason);
        }
        Ok(Some(endpoint))
    }
}

/// `store` as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct StoreTable {
    prefix: String,
    deadline: String,
    first_deadline: String,
    plain_http: bool,
}

impl Default for StoreTable {
    fn default() -> Self {
        Self {
            prefix: "portcullis".to_owned(),
            deadline: "300ms".to_owned(),
            first_deadline: "1s".to_owned(),
            plain_http: false,
        }
    }
}

impl StoreTable {
    pub(super) fn validate(&self) -> Result<StoreSettings, ConfigError> {
        let prefix = KeyPrefix::new(&self.prefix)
            .map_err(|error| ConfigError::new("store.prefix", error.to_string()))?;
        Ok(StoreSettings {
            prefix,
            deadline_ms: deadline_ms("store.deadline", &self.deadline)?,
            first_deadline_ms: deadline_ms("store.first_deadline", &self.first_deadline)?,
            plain_http: self.plain_http,
        })
    }
}

fn deadline_ms(path: &str, text: &str) -> Result<u64, ConfigError> {
    match duration::at(path, text)? {
        ms @ 1..=DEADLINE_MS_MAX => Ok(ms),
        _ => Err(ConfigError::new(path, "must be 1ms to 10s")),
    }
}

/// `revocation` as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RevocationTable {
    on_outage: Mode,
    outage_exposure_max: String,
    max_stale: String,
    closed_scopes: Vec<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    Local,
    Closed,
}

impl Default for RevocationTable {
    fn default() -> Self {
        Self {
            on_outage: Mode::Local,
            outage_exposure_max: "15m".to_owned(),
            max_stale: "60s".to_owned(),
            closed_scopes: Vec::new(),
        }
    }
}

impl RevocationTable {
    pub(super) fn validate(&self) -> Result<RevocationOutage, ConfigError> {
        let fault =
            |field: &str, reason: &str| ConfigError::new(format!("revocation.{field}"), reason);
        let exposure_ms_max =
            duration::at("revocation.outage_exposure_max", &self.outage_exposure_max)?;
        let stale_ms_max = duration::at("revocation.max_stale", &self.max_stale)?;
        if stale_ms_max > STALE_MS_MAX {
            return Err(fault("max_stale", "must be at most 1h"));
        }
        let scopes = &self.closed_scopes;
        if scopes.len() > CLOSED_SCOPES_MAX || !scopes.iter().all(|scope| is_scope_token(scope)) {
            return Err(fault("closed_scopes", "must be at most 64 scope tokens"));
        }
        let mode = match self.on_outage {
            Mode::Local => RevocationMode::Local,
            Mode::Closed => RevocationMode::Closed,
        };
        Ok(RevocationOutage { mode, exposure_ms_max, stale_ms_max, closed_scopes: scopes.clone() })
    }
}
