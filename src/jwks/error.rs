//! Why there is no key set to verify with.

use thiserror::Error;

use crate::fetch::FetchError;

/// A key set that could not be had. Never the caller's fault, and never a reason to refuse a token:
/// nothing can be told about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum JwksError {
    /// No whole answer within the deadline.
    #[error("the issuer's key set did not come within {deadline_ms} ms")]
    Timeout {
        /// The deadline that was missed, in milliseconds.
        deadline_ms: u64,
    },
    /// No answer, or one that has no key set to give.
    #[error("the issuer's key set cannot be had now: {cause}")]
    Unavailable {
        /// Why, in fixed words.
        cause: &'static str,
    },
    /// An answer that is not a key set to verify with.
    #[error("what the issuer publishes is not a usable key set: {cause}")]
    Invalid {
        /// Why, in fixed words.
        cause: &'static str,
    },
}

impl JwksError {
    /// The stable code of this error: jose's where jose has one.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Timeout { .. } => "ERR_JWKS_TIMEOUT",
            Self::Unavailable { .. } => "ERR_JWKS_UNAVAILABLE",
            Self::Invalid { .. } => "ERR_JWKS_INVALID",
        }
    }

    /// The cause in one fixed word, for metrics.
    #[must_use]
    pub const fn cause(&self) -> &'static str {
        match self {
            Self::Timeout { .. } => "timeout",
            Self::Unavailable { cause } | Self::Invalid { cause } => cause,
        }
    }
}

impl From<FetchError> for JwksError {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::Unreachable => Self::Unavailable { cause: "unreachable" },
            FetchError::Timeout { deadline_ms } => Self::Timeout { deadline_ms },
            FetchError::TooLarge => Self::Invalid { cause: "jwks_too_large" },
        }
    }
}

/// What a token cannot be checked for, and when it is worth another try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{error}")]
pub struct Unavailable {
    /// Why there is no key set.
    pub error: JwksError,
    /// In how many milliseconds there may be one.
    pub retry_after_ms: u64,
}

impl Unavailable {
    /// Others are fetching just now.
    pub const BUSY: Self =
        Self { error: JwksError::Unavailable { cause: "jwks_busy" }, retry_after_ms: 1_000 };
}
