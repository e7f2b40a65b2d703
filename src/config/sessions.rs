//! How sessions are kept.

use serde::Deserialize;

use super::settings::LIFETIME_S_MAX;
use super::{ConfigError, duration};
use crate::jwt::{KeyError, Policy, Requirement};
use crate::session::{REFRESH_TOKEN_TYPE, SessionTimes, Sessions, refresh_keys};

/// The secret that refresh tokens are derived with.
pub(crate) const REFRESH_SECRET: &str = "PORTCULLIS_REFRESH_SECRET";
/// Longest grace, in milliseconds: for as long a stolen token is as good as its successor.
const GRACE_MS_MAX: u64 = 60_000;

/// `sessions` as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SessionsTable {
    lifetime: String,
    idle_lifetime: String,
    reuse_grace: String,
}

impl Default for SessionsTable {
    fn default() -> Self {
        Self {
            lifetime: "30d".to_owned(),
            idle_lifetime: "14d".to_owned(),
            reuse_grace: "10s".to_owned(),
        }
    }
}

impl SessionsTable {
    pub(super) fn times(&self) -> Result<SessionTimes, ConfigError> {
        let lifetime_ms = duration::at("sessions.lifetime", &self.lifetime)?;
        let idle_ms = duration::at("sessions.idle_lifetime", &self.idle_lifetime)?;
        let grace_ms = duration::at("sessions.reuse_grace", &self.reuse_grace)?;
        if !(1_000..=LIFETIME_S_MAX.saturating_mul(1000)).contains(&lifetime_ms) {
            return Err(ConfigError::new("sessions.lifetime", "must be 1s to 366d"));
        }
        if !(1_000..=lifetime_ms).contains(&idle_ms) {
            let reason = "must be at least 1s and at most the lifetime";
            return Err(ConfigError::new("sessions.idle_lifetime", reason));
        }
        if grace_ms > GRACE_MS_MAX {
            return Err(ConfigError::new("sessions.reuse_grace", "must be at most 60s"));
        }
        Ok(SessionTimes { lifetime_ms, idle_ms, grace_ms })
    }
}

/// Sessions with refresh tokens of `issuer`, derived with one secret or, during a rotation, two with a comma
/// between them, of which the first signs.
pub(super) fn sessions(
    secret: &str,
    times: SessionTimes,
    issuer: &str,
) -> Result<Sessions, ConfigError> {
    let secrets: Vec<&str> = secret.split(',').map(str::trim).collect();
    if secrets.len() > 2 {
        return Err(ConfigError::new(REFRESH_SECRET, "must be one secret, or two in a rotation"));
    }
    let keys = refresh_keys(&secrets).map_err(|error| match error {
        KeyError::JwkInvalid { reason, .. } | KeyError::JwksInvalid { reason } => {
            let form = "must be at least 32 random bytes in base64url";
            ConfigError::new(REFRESH_SECRET, format!("{form}: {reason}"))
        }
    })?;
    let policy = Policy {
        issuers: vec![issuer.to_owned()],
        types: vec![REFRESH_TOKEN_TYPE.to_owned()],
        required: vec![
            Requirement::Expiration,
            Requirement::IssuedAt,
            Requirement::Subject,
            Requirement::ClientId,
        ],
        ..Policy::default()
    };
    Ok(Sessions { keys, policy, times })
}
