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
    /// A call of the secondary store failed.
    SecondaryFailed {
        /// The verb of the store port.
        verb: &'static str,
        /// Why.
        error: &'a StoreError,
    },
    /// The store refuses our credentials: a fault of configuration.
    StoreUnauthorized,
    /// A store has failed often enough that nothing waits for it any more.
    BreakerOpened {
        /// Which.
        store: StoreRole,
        /// How its last call failed.
        cause: &'static str,
    },
    /// An answer was given without the store.
    FallbackUsed {
        /// The verb of the store port.
        verb: &'static str,
        /// Why the store did not decide.
        cause: &'static str,
    },
    /// The store answers again.
    StoreRecovered {
        /// How long it did not, in milliseconds.
        outage_ms: u64,
    },
    /// A revocation waits here for the store to be back.
    RevocationJournalled {
        /// What was revoked.
        scope: RevocationScope,
    },
    /// There was no room for a revocation to wait here; it was not acknowledged.
    JournalFull {
        /// What was to be revoked.
        scope: RevocationScope,
    },
    /// The store took revocations it had missed.
    RevocationsReplayed {
        /// How many.
        count: usize,
    },
    /// The store took cost it had missed.
    TakesMerged {
        /// Of how many keys.
        count: usize,
    },
    /// Cost was admitted here that the store will never hear of.
    TakesUnmerged {
        /// Of how many keys.
        count: usize,
    },
    /// The store's clock and ours are seconds apart.
    StoreClockOff,
    /// States of limits could not be read in the store, and were replaced by empty ones.
    LimitsRepaired {
        /// How many.
        count: usize,
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

/// Which store of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreRole {
    /// The one that decides.
    Primary,
    /// The one revocations are written to meanwhile.
    Secondary,
}

impl StoreRole {
    const fn name(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Secondary => "secondary",
        }
    }
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
    /// Somebody has to act: it will not mend by itself.
    Critical,
}

impl Level {
    const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Critical => "critical",
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
            | Self::FallbackUsed { .. }
            | Self::LogLineDropped => None,
            Self::Revoked { .. }
            | Self::StoreRecovered { .. }
            | Self::RevocationsReplayed { .. }
            | Self::TakesMerged { .. } => Some(Level::Info),
            Self::ClientRefused
            | Self::LimitOverflow { .. }
            | Self::SecondaryFailed { .. }
            | Self::BreakerOpened { .. }
            | Self::RevocationJournalled { .. }
            | Self::TakesUnmerged { .. }
            | Self::StoreClockOff
            | Self::LimitsRepaired { .. }
            | Self::RevocationForgotten => Some(Level::Warn),
            Self::StoreFailed { .. }
            | Self::StoreCorrupt { .. }
            | Self::JournalFull { .. }
            | Self::MintFailed { .. }
            | Self::EntropyUnavailable => Some(Level::Error),
            Self::StoreUnauthorized => Some(Level::Critical),
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
            Self::SecondaryFailed { .. } => {
                metric("secondary_failures", "Calls of the secondary store that failed.")
            }
            Self::StoreUnauthorized => {
                metric("store_unauthorized", "Calls for which the store refused our credentials.")
            }
            Self::BreakerOpened { .. } => metric("breaker_openings", "Outages: a breaker opened."),
            Self::FallbackUsed { .. } => metric("fallbacks", "Answers given without the store."),
            Self::StoreRecovered { .. } => metric("store_recoveries", "Outages that ended."),
            Self::RevocationJournalled { .. } => {
                metric("revocations_journalled", "Revocations kept here for the store.")
            }
            Self::JournalFull { .. } => {
                metric("journal_full", "Revocations not acknowledged for want of room.")
            }
            Self::RevocationsReplayed { .. } => {
                metric("revocations_replayed", "Revocations the store took afterwards.")
            }
            Self::TakesMerged { .. } => {
                metric("takes_merged", "Keys whose cost the store took afterwards.")
            }
            Self::TakesUnmerged { .. } => {
                metric("takes_unmerged", "Keys whose cost the store never hears of.")
            }
            Self::StoreClockOff => {
                metric("store_clock_off", "Times the store's clock was found seconds off.")
            }
            Self::LimitsRepaired { .. } => {
                metric("limits_repaired", "Unreadable states of limits replaced.")
            }
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
            Self::SecondaryFailed { .. } => "secondary_failed",
            Self::StoreUnauthorized => "store_unauthorized",
            Self::BreakerOpened { .. } => "breaker_opened",
            Self::FallbackUsed { .. } => "fallback_used",
            Self::StoreRecovered { .. } => "store_recovered",
            Self::RevocationJournalled { .. } => "revocation_journalled",
            Self::JournalFull { .. } => "journal_full",
            Self::RevocationsReplayed { .. } => "revocations_replayed",
            Self::TakesMerged { .. } => "takes_merged",
            Self::TakesUnmerged { .. } => "takes_unmerged",
            Self::StoreClockOff => "store_clock_off",
            Self::LimitsRepaired { .. } => "limits_repaired",
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
            Self::StoreFailed { verb, error } | Self::SecondaryFailed { verb, error } => {
                vec![("verb", (*verb).to_owned()), ("cause", error.cause().to_owned())]
            }
            Self::BreakerOpened { store, cause } => {
                vec![("store", store.name().to_owned()), ("cause", (*cause).to_owned())]
            }
            Self::FallbackUsed { verb, cause } => {
                vec![("verb", (*verb).to_owned()), ("cause", (*cause).to_owned())]
            }
            Self::StoreCorrupt { scope }
            | Self::RevocationJournalled { scope }
            | Self::JournalFull { scope } => vec![("scope", scope.to_string())],
            _ => Vec::new(),
        }
    }

    /// How much it adds to its counter.
    pub(super) fn amount(&self) -> u64 {
        match self {
            Self::RevocationsReplayed { count }
            | Self::TakesMerged { count }
            | Self::TakesUnmerged { count }
            | Self::LimitsRepaired { count } => u64::try_from(*count).unwrap_or(u64::MAX),
            _ => 1,
        }
    }

    /// What it measured, under a counter of its own: the name, what it adds up, and the amount.
    pub(super) const fn measure(&self) -> Option<(Metric, u64)> {
        match self {
            Self::StoreRecovered { outage_ms } => {
                let help = "Milliseconds of outages that ended.";
                Some((metric("store_outage_milliseconds", help), *outage_ms))
            }
            _ => None,
        }
    }

    /// Numbers of its log line, which no label could bound.
    fn numbers(&self) -> Option<(&'static str, u64)> {
        match self {
            Self::StoreRecovered { outage_ms } => Some(("outage_ms", *outage_ms)),
            Self::RevocationsReplayed { .. }
            | Self::TakesMerged { .. }
            | Self::TakesUnmerged { .. }
            | Self::LimitsRepaired { .. } => Some(("count", self.amount())),
            _ => None,
        }
    }

    pub(super) fn json(&self, level: Level) -> String {
        let mut line = String::from("{");
        let fixed = [("level", level.name().to_owned()), ("event", self.name().to_owned())];
        for (index, (name, value)) in fixed.into_iter().chain(self.labels()).enumerate() {
            let comma = if index == 0 { "" } else { "," };
            line.push_str(&format!("{comma}{}:{}", json!(name), json!(value)));
        }
        if let Some((name, number)) = self.numbers() {
            line.push_str(&format!(",{}:{number}", json!(name)));
        }
        line.push('}');
        line
    }
}
