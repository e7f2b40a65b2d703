//! A policy: whose requests are counted, and against which quota.

use std::fmt;
use std::sync::Arc;

use super::{Algorithm, Applies, KeyPart, LOG_LIMIT_MAX, LimitError, Quota};

/// The name of a policy: 1 to 64 characters of `[a-z0-9._-]`, so that it stands in a header field,
/// a metric label and a storage key without quoting. Shared: every answer names its policies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyName(Arc<str>);

impl PolicyName {
    /// Takes a name as configured.
    ///
    /// # Errors
    /// [`LimitError::NameInvalid`] when it is empty, too long, or has another character.
    pub fn new(name: impl AsRef<str>) -> Result<Self, LimitError> {
        let name = name.as_ref();
        let allowed = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
        if name.is_empty() || name.len() > 64 || !name.bytes().all(allowed) {
            return Err(LimitError::NameInvalid);
        }
        Ok(Self(name.into()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PolicyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What has to happen for a policy to count a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trigger {
    /// Every request.
    #[default]
    Request,
    /// Only requests whose authentication failed.
    AuthFailure,
}

/// A rate-limit policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Its name, unique in a configuration.
    pub name: PolicyName,
    /// What it counts by: at least one part.
    pub key: Arc<[KeyPart]>,
    /// Which requests it counts.
    pub applies: Arc<Applies>,
    /// How it counts.
    pub algorithm: Algorithm,
    /// How much it allows.
    pub quota: Quota,
    /// What makes it count.
    pub trigger: Trigger,
    /// Counts and reports, never denies.
    pub shadow: bool,
    /// What decides while the store does not answer.
    pub on_outage: OnOutage,
}

impl Policy {
    /// Whether its algorithm counts its quota.
    ///
    /// # Errors
    /// [`LimitError::LogTooLong`].
    pub fn check(&self) -> Result<(), LimitError> {
        let limit = self.quota.limit();
        if self.algorithm == Algorithm::SlidingLog && limit > LOG_LIMIT_MAX {
            return Err(LimitError::LogTooLong { limit });
        }
        Ok(())
    }

    /// The same policy with another limit in its window, and where its algorithm has one another burst.
    ///
    /// # Errors
    /// [`LimitError`] for what it cannot have.
    pub fn with_limit(&self, limit: u64, burst: Option<u64>) -> Result<Self, LimitError> {
        let quota = Quota::new(limit, self.quota.window_ms())?.with(self.algorithm, burst)?;
        let policy = Self { quota, ..self.clone() };
        policy.check().map(|()| policy)
    }
}

/// What decides a policy's takes while the store does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnOutage {
    /// This instance counts by itself, against a share of the quota.
    Local {
        /// The share, in percent of the limit: 1 to 100.
        share_percent: u8,
    },
    /// Nothing: the request is refused, because it cannot be told.
    Closed,
    /// Nothing: the request is let through.
    Open,
}

impl Default for OnOutage {
    /// The whole quota, counted here.
    fn default() -> Self {
        Self::Local { share_percent: 100 }
    }
}
