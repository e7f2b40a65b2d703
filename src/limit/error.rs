//! What can be wrong with a limit's definition or use.

use thiserror::Error;

/// A limit that cannot be built, or a take that can never succeed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LimitError {
    /// The quota's limit is 0.
    #[error("limit must be at least 1")]
    LimitZero,
    /// The window is not within 1 ms and 366 days.
    #[error("window must be between 1 ms and 366 days, not {window_ms} ms")]
    WindowOutOfRange {
        /// The window asked for, in milliseconds.
        window_ms: u64,
    },
    /// `limit * window_ms` is over 2^53: the Redis script, whose numbers are doubles, would round.
    #[error("limit times window (in ms) must not exceed 2^53: {limit} x {window_ms}")]
    QuotaTooLarge {
        /// The limit asked for.
        limit: u64,
        /// The window asked for, in milliseconds.
        window_ms: u64,
    },
    /// The quota's burst is 0.
    #[error("burst must be at least 1")]
    BurstZero,
    /// A burst for an algorithm that has none.
    #[error("a burst goes with token-bucket and gcra alone")]
    BurstUnused,
    /// `burst * window_ms + limit` is over 2^53: the Redis script would round.
    #[error(
        "burst times window (in ms) and the limit must not exceed 2^53 together, nor a burst take over \
         36,600 days to come back: {burst}"
    )]
    BurstTooLarge {
        /// The burst asked for.
        burst: u64,
    },
    /// A log of more takes than [`LOG_LIMIT_MAX`](super::LOG_LIMIT_MAX).
    #[error("a sliding log's limit must be at most {}, not {limit}", super::LOG_LIMIT_MAX)]
    LogTooLong {
        /// The limit asked for.
        limit: u64,
    },
    /// A cost of 0, or one above the quota, which no wait would ever satisfy.
    #[error("cost must be between 1 and the limit of {limit}, not {cost}")]
    CostOutOfRange {
        /// The cost asked for.
        cost: u64,
        /// The most the policy takes at once.
        limit: u64,
    },
    /// A part of a key that is none of [`KeyPart`](super::KeyPart)'s.
    #[error("must be ip, subject, client, session, route, claim:NAME or header:NAME")]
    KeyPartUnknown,
    /// A pattern that is no [`Route`](super::Route).
    #[error(
        "a route is a path of plain segments, '*' for any one, '**' at the end for any that follow"
    )]
    RouteInvalid,
    /// What is no method, or not in upper case.
    #[error("a method is a token in upper case")]
    MethodInvalid,
    /// What is no scope token (RFC 6749 section 3.3).
    #[error("must be scope tokens (RFC 6749 section 3.3)")]
    ScopeInvalid,
    /// More than 32 methods, routes or scopes.
    #[error("at most 32")]
    ListTooLong,
    /// A policy name that is empty, over 64 characters, or not of `[a-z0-9._-]`.
    #[error("a policy name has 1 to 64 characters of a-z, 0-9, '.', '_' and '-'")]
    NameInvalid,
}

impl LimitError {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::CostOutOfRange { .. } => "ERR_LIMIT_COST_INVALID",
            _ => "ERR_CONFIG_INVALID",
        }
    }
}
