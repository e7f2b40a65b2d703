//! Why a store call gave no answer.

use thiserror::Error;

/// A store call that failed. None of these carries a key, a token or a secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Not reachable, or it answered with an error of its own.
    #[error("the store is unavailable: {cause}")]
    Unavailable {
        /// What happened, in fixed words.
        cause: &'static str,
    },
    /// No answer within the deadline; whether the call took effect is unknown.
    #[error("the store did not answer within {deadline_ms} ms")]
    Timeout {
        /// The deadline that was missed, in milliseconds.
        deadline_ms: u64,
    },
    /// It is known not to answer and was not asked, or did not answer, and the outage mode says to
    /// refuse then. Already reported where it was found out.
    #[error("the store is unavailable: {cause}")]
    Outage {
        /// What happened, in fixed words.
        cause: &'static str,
    },
    /// It refuses our credentials: a fault of configuration.
    #[error("the store refuses the configured credentials")]
    Unauthorized,
    /// It answered, but not what its protocol allows.
    #[error("the store's answer is not of its protocol: {cause}")]
    Protocol {
        /// What is wrong with it, in fixed words.
        cause: &'static str,
    },
    /// What is stored under this very key cannot be read; the store itself is well.
    #[error("the stored {what} cannot be read")]
    Corrupt {
        /// What was asked for.
        what: &'static str,
    },
    /// A bounded store has no room for this entry; nothing was written.
    #[error("the store's room for {what} is full")]
    Full {
        /// Which partition is full.
        what: &'static str,
    },
    /// A record's value is longer than any store takes; nothing was written.
    #[error("a record holds at most {bytes_max} bytes, not {bytes}")]
    RecordTooLarge {
        /// The value's length, in bytes.
        bytes: usize,
        /// The most a record holds, in bytes.
        bytes_max: usize,
    },
    /// This store cannot keep this promise (KV and compare-and-set, for instance).
    #[error("this store does not support {verb}")]
    Unsupported {
        /// The verb that was asked for.
        verb: &'static str,
    },
}

impl StoreError {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Full { .. } => "ERR_STORE_FULL",
            Self::RecordTooLarge { .. } => "ERR_STORE_RECORD_TOO_LARGE",
            Self::Unsupported { .. } => "ERR_STORE_UNSUPPORTED",
            Self::Corrupt { .. } => "ERR_STORE_CORRUPT",
            // Told to clients: that the operator's credentials are wrong is not for them.
            Self::Unavailable { .. }
            | Self::Outage { .. }
            | Self::Timeout { .. }
            | Self::Unauthorized
            | Self::Protocol { .. } => "ERR_STORE_UNAVAILABLE",
        }
    }

    /// The cause as a metric label.
    #[must_use]
    pub const fn cause(&self) -> &'static str {
        match self {
            Self::Unavailable { cause } | Self::Outage { cause } | Self::Protocol { cause } => {
                cause
            }
            Self::Unauthorized => "unauthorized",
            Self::Corrupt { .. } => "corrupt",
            Self::Timeout { .. } => "timeout",
            Self::Full { .. } => "full",
            Self::RecordTooLarge { .. } => "record_too_large",
            Self::Unsupported { .. } => "unsupported",
        }
    }
}
