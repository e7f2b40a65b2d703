//! The events, their counters, their levels.

use serde_json::json;

use crate::limit::PolicyName;
use crate::store::{Durability, RevocationScope, StoreError};

/// Something that happened, in fixed words and configured names only.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A token was minted.
    TokenIssued,
    /// A request was let through.
    TokenAccepted,
    /// A token or its absence was refused.
    TokenRefused {
        /// The error's code.
        code: &'static str,
    },
    /// A revocation was acknowledged.
    Revoked {
        /// What was revoked.
        scope: RevocationScope,
        /// How durably.
        durability: Durability,
    },
    /// A client did not authenticate.
    ClientRefused,
    /// A request was refused for anything else: malformed, not granted, unknown route.
    RequestRefused {
        /// The error's code.
        code: &'static str,
    },
    /// A policy denied, or would have if it were not a shadow.
    LimitDenied {
        /// The policy.
        policy: &'a PolicyName,
        /// It is a shadow and denied nothing.
        shadow: bool,
    },
    /// A policy's partition was full: a newcomer was counted in its shared overflow bucket.
    LimitOverflow {
        /// The policy.
        policy: &'a PolicyName,
    },
    /// A store call failed.
    StoreFailed {
        /// The verb of the store port.
        verb: &'static str,
        /// Why.
        error: &'a StoreError,
    },
    /// The entry of the very token that was checked could not be read; the token was refused.
    StoreCorrupt {
        /// What kind of entry.
        scope: RevocationScope,
    },
    /// This instance could not remember a token it saw revoked: its room is full.
    RevocationForgotten,
    /// A token could not be minted, whatever was asked for.
    MintFailed {
        /// The error's code.
        code: &'static str,
    },
    /// The platform gave no random bytes.
    EntropyUnavailable,
    /// More log lines were pending than are kept.
    LogLineDropped,
}

/// How loud a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Worth a look when something is wrong.
    Info,
    /// Something is wrong and was handled.
    Warn,
    /// Something is wrong and callers noticed.
    Error,
}

impl Level {
    const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// A metric: its name without prefix and suffix, and what it counts.
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
}

const fn metric(name: &'static str, help: &'static str) -> Metric {
    Metric { name, help }
}

impl Event<'_> {
    /// Its level; `None` for what happens in every good request and is only counted.
    #[must_use]
    pub const fn level(&self) -> Option<Level> {
        match self {
            Self::TokenIssued
            | Self::TokenAccepted
            | Self::TokenRefused { .. }
            | Self::RequestRefused { .. }
            | Self::LimitDenied { .. }
            | Self::LogLineDropped => None,
            Self::Revoked { .. } => Some(Level::Info),
            Self::ClientRefused | Self::LimitOverflow { .. } | Self::RevocationForgotten => {
                Some(Level::Warn)
            }
            Self::StoreFailed { .. }
            | Self::StoreCorrupt { .. }
            | Self::MintFailed { .. }
            | Self::EntropyUnavailable => Some(Level::Error),
        }
    }

    pub(super) const fn metric(&self) -> Metric {
        match self {
            Self::TokenIssued => metric("tokens_issued", "Access tokens minted."),
            Self::TokenAccepted => metric("tokens_accepted", "Requests authorised."),
            Self::TokenRefused { .. } => metric("tokens_refused", "Tokens refused, by code."),
            Self::Revoked { .. } => metric("revocations", "Revocations acknowledged."),
            Self::ClientRefused => metric("clients_refused", "Client authentications refused."),
            Self::RequestRefused { .. } => metric("requests_refused", "Requests refused, by code."),
            Self::LimitDenied { .. } => metric("limit_denials", "Denials, by policy."),
            Self::LimitOverflow { .. } => {
                metric("limit_overflows", "Takes counted in a policy's overflow bucket.")
            }
            Self::StoreFailed { .. } => metric("store_failures", "Store calls that failed."),
            Self::StoreCorrupt { .. } => metric("store_corrupt", "Unreadable store entries."),
            Self::RevocationForgotten => {
                metric("revocations_forgotten", "Revoked tokens seen and not remembered.")
            }
            Self::MintFailed { .. } => metric("mint_failures", "Tokens that could not be minted."),
            Self::EntropyUnavailable => {
                metric("entropy_failures", "Calls for random bytes failed.")
            }
            Self::LogLineDropped => metric("log_lines_dropped", "Log lines over the bound."),
        }
    }

    /// The event's name in log lines.
    const fn name(&self) -> &'static str {
        match self {
            Self::TokenIssued => "token_issued",
            Self::TokenAccepted => "token_accepted",
            Self::TokenRefused { .. } => "token_refused",
            Self::Revoked { .. } => "revoked",
            Self::ClientRefused => "client_refused",
            Self::RequestRefused { .. } => "request_refused",
            Self::LimitDenied { .. } => "limit_denied",
            Self::LimitOverflow { .. } => "limit_overflow",
            Self::StoreFailed { .. } => "store_failed",
            Self::StoreCorrupt { .. } => "store_corrupt",
            Self::RevocationForgotten => "revocation_forgotten",
            Self::MintFailed { .. } => "mint_failed",
            Self::EntropyUnavailable => "entropy_unavailable",
            Self::LogLineDropped => "log_line_dropped",
        }
    }

    /// Its labels, each from a bounded set.
    pub(super) fn labels(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::TokenRefused { code }
            | Self::RequestRefused { code }
            | Self::MintFailed { code } => {
                vec![("code", (*code).to_owned())]
            }
            Self::Revoked { scope, durability } => {
                vec![("scope", scope.to_string()), ("durability", durability.to_string())]
            }
            Self::LimitDenied { policy, shadow } => {
                vec![("policy", policy.to_string()), ("shadow", shadow.to_string())]
            }
            Self::LimitOverflow { policy } => vec![("policy", policy.to_string())],
            Self::StoreFailed { verb, error } => {
                vec![("verb", (*verb).to_owned()), ("cause", error.cause().to_owned())]
            }
            Self::StoreCorrupt { scope } => vec![("scope", scope.to_string())],
            _ => Vec::new(),
        }
    }

    pub(super) fn json(&self, level: Level) -> String {
        let mut line = String::from("{");
        let fixed = [("level", level.name().to_owned()), ("event", self.name().to_owned())];
        for (index, (name, value)) in fixed.into_iter().chain(self.labels()).enumerate() {
            let comma = if index == 0 { "" } else { "," };
            line.push_str(&format!("{comma}{}:{}", json!(name), json!(value)));
        }
        line.push('}');
        line
    }
}
