//! What every event is called, how loud it is, what it counts and what it says.

use serde_json::json;

use super::{Event, Level};

/// A metric: its name without prefix and suffix, and what it counts.
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
}

/// What is the same for every event of a kind.
struct Facts {
    name: &'static str,
    level: Option<Level>,
    metric: Metric,
}

const fn facts(
    name: &'static str,
    level: Option<Level>,
    metric: &'static str,
    help: &'static str,
) -> Facts {
    Facts { name, level, metric: Metric { name: metric, help } }
}

impl Event<'_> {
    /// The one table of all events: the name in log lines; the level, `None` for what is only
    /// counted; the counter's name without prefix and suffix; what it counts.
    #[rustfmt::skip] // A table is read by its columns.
    const fn facts(&self) -> Facts {
        use Level::{Critical, Error, Info, Warn};
        match self {
            Self::TokenIssued                 => facts("token_issued",          None,           "tokens_issued",          "Access tokens minted."),
            Self::TokenAccepted               => facts("token_accepted",        None,           "tokens_accepted",        "Requests authorised."),
            Self::TokenRefused { .. }         => facts("token_refused",         None,           "tokens_refused",         "Tokens refused, by code."),
            Self::SignatureChecked { .. }     => facts("signature_checked",     None,           "signature_checks",       "Signatures checked, by engine and algorithm."),
            Self::NativeRefused { .. }        => facts("native_refused",        Some(Warn),     "native_refusals",        "Keys the runtime's own cryptography does not take."),
            Self::NativeFailed { .. }         => facts("native_failed",         None,           "native_failures",        "Signatures at which the runtime's own cryptography failed."),
            Self::TokenCacheHit               => facts("token_cache_hit",       None,           "token_cache_hits",       "Tokens whose signature was known to hold."),
            Self::TokenCacheMiss              => facts("token_cache_miss",      None,           "token_cache_misses",     "Tokens whose signature was not known."),
            Self::SessionOpened               => facts("session_opened",        None,           "sessions_opened",        "Sessions opened."),
            Self::SessionRefreshed            => facts("session_refreshed",     None,           "sessions_refreshed",     "Refresh tokens exchanged."),
            Self::RefreshReused               => facts("refresh_reused",        Some(Error),    "refresh_reuses",         "Sessions ended because a refresh token was used twice."),
            Self::Revoked { .. }              => facts("revoked",               Some(Info),     "revocations",            "Revocations acknowledged."),
            Self::ClientRefused               => facts("client_refused",        Some(Warn),     "clients_refused",        "Client authentications refused."),
            Self::RequestRefused { .. }       => facts("request_refused",       None,           "requests_refused",       "Requests refused, by code."),
            Self::LimitDenied { .. }          => facts("limit_denied",          None,           "limit_denials",          "Denials, by policy."),
            Self::RequestProxied              => facts("request_proxied",       None,           "requests_proxied",       "Requests passed on to the upstream."),
            Self::UpstreamFailed { .. }       => facts("upstream_failed",       Some(Error),    "upstream_failures",      "Requests that the upstream did not answer."),
            Self::ProxyUnproven               => facts("proxy_unproven",        None,           "proxies_unproven",       "Requests of a proxy that did not show its secret."),
            Self::LimitKnown { .. }           => facts("limit_known",           None,           "limit_denials_known",    "Denials known from a moment ago, for which the store was not asked."),
            Self::LimitOverflow { .. }        => facts("limit_overflow",        Some(Warn),     "limit_overflows",        "Takes counted in a policy's overflow bucket."),
            Self::StoreFailed { .. }          => facts("store_failed",          Some(Error),    "store_failures",         "Store calls that failed."),
            Self::StoreCorrupt { .. }         => facts("store_corrupt",         Some(Error),    "store_corrupt",          "Unreadable store entries."),
            Self::SecondaryFailed { .. }      => facts("secondary_failed",      Some(Warn),     "secondary_failures",     "Calls of the secondary store that failed."),
            Self::StoreUnauthorized           => facts("store_unauthorized",    Some(Critical), "store_unauthorized",     "Calls for which the store refused our credentials."),
            Self::BreakerOpened { .. }        => facts("breaker_opened",        Some(Warn),     "breaker_openings",       "Outages: a breaker opened."),
            Self::FallbackUsed { .. }         => facts("fallback_used",         None,           "fallbacks",              "Answers given without the store."),
            Self::StoreRecovered { .. }       => facts("store_recovered",       Some(Info),     "store_recoveries",       "Outages that ended."),
            Self::RevocationJournalled { .. } => facts("revocation_journalled", Some(Warn),     "revocations_journalled", "Revocations kept here for the store."),
            Self::JournalFull { .. }          => facts("journal_full",          Some(Error),    "journal_full",           "Revocations not acknowledged for want of room."),
            Self::RevocationsReplayed { .. }  => facts("revocations_replayed",  Some(Info),     "revocations_replayed",   "Revocations the store took afterwards."),
            Self::RevocationUnreplayed { .. } => facts("revocation_unreplayed", Some(Error),    "revocations_unreplayed", "Revocations the store will never take."),
            Self::SecondaryDrained { .. }     => facts("secondary_drained",     Some(Info),     "secondary_drained",      "Revocations the store took out of the secondary."),
            Self::TakesMerged { .. }          => facts("takes_merged",          Some(Info),     "takes_merged",           "Keys whose cost the store took afterwards."),
            Self::TakesUnmerged { .. }        => facts("takes_unmerged",        Some(Warn),     "takes_unmerged",         "Keys whose cost the store never hears of."),
            Self::StoreLostData               => facts("store_lost_data",       Some(Error),    "store_lost_data",        "Times the store was found to have lost its data."),
            Self::RulesLearned { .. }         => facts("rules_learned",         Some(Info),     "rules_learned",          "Times other access rules were read."),
            Self::RulesUnreadable             => facts("rules_unreadable",      Some(Error),    "rules_unreadable",       "Times the access rules could not be read."),
            Self::RulesRetold { .. }          => facts("rules_retold",          Some(Warn),     "rules_retold",           "Times the store was told the access rules it had lost."),
            Self::StoreClockOff               => facts("store_clock_off",       Some(Warn),     "store_clock_off",        "Times the store's clock was found seconds off."),
            Self::LimitsRepaired { .. }       => facts("limits_repaired",       Some(Warn),     "limits_repaired",        "Unreadable states of limits replaced."),
            Self::RevocationForgotten         => facts("revocation_forgotten",  Some(Warn),     "revocations_forgotten",  "Revoked tokens seen and not remembered."),
            Self::JwksFetched { .. }          => facts("jwks_fetched",          None,           "jwks_fetches",           "Key sets of foreign issuers fetched or confirmed."),
            Self::JwksFailed { .. }           => facts("jwks_failed",           Some(Error),    "jwks_failures",          "Key sets that could not be fetched."),
            Self::JwksStale { .. }            => facts("jwks_stale",            None,           "jwks_stale",             "Tokens checked by keys older than they should be."),
            Self::JwksUnavailable { .. }      => facts("jwks_unavailable",      None,           "jwks_unavailable",       "Tokens that could not be checked for want of keys."),
            Self::MintFailed { .. }           => facts("mint_failed",           Some(Error),    "mint_failures",          "Tokens that could not be minted."),
            Self::EntropyUnavailable          => facts("entropy_unavailable",   Some(Error),    "entropy_failures",       "Calls for random bytes failed."),
            Self::LogLineDropped              => facts("log_line_dropped",      None,           "log_lines_dropped",      "Log lines over the bound."),
        }
    }

    /// Its level; `None` for what happens in every good request and is only counted.
    #[must_use]
    pub const fn level(&self) -> Option<Level> {
        self.facts().level
    }

    pub(super) const fn metric(&self) -> Metric {
        self.facts().metric
    }

    /// Its labels, each from a bounded set.
    pub(super) fn labels(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::TokenRefused { code }
            | Self::RequestRefused { code }
            | Self::MintFailed { code } => {
                vec![("code", (*code).to_owned())]
            }
            Self::SignatureChecked { engine, algorithm } => {
                let engine = ("engine", engine.name().to_owned());
                vec![engine, ("algorithm", algorithm.name().to_owned())]
            }
            Self::NativeRefused { algorithm } | Self::NativeFailed { algorithm } => {
                vec![("algorithm", algorithm.name().to_owned())]
            }
            Self::Revoked { scope, durability } => {
                vec![("scope", scope.to_string()), ("durability", durability.to_string())]
            }
            Self::LimitDenied { policy, shadow } => {
                vec![("policy", policy.to_string()), ("shadow", shadow.to_string())]
            }
            Self::LimitKnown { policy } | Self::LimitOverflow { policy } => {
                vec![("policy", policy.to_string())]
            }
            Self::StoreFailed { verb, error } | Self::SecondaryFailed { verb, error } => {
                vec![("verb", (*verb).to_owned()), ("cause", error.cause().to_owned())]
            }
            Self::JwksFetched { issuer } | Self::JwksStale { issuer } => {
                vec![("issuer", issuer.to_string())]
            }
            Self::JwksFailed { issuer, error } | Self::JwksUnavailable { issuer, error } => {
                vec![("issuer", issuer.to_string()), ("cause", error.cause().to_owned())]
            }
            Self::UpstreamFailed { cause } => vec![("cause", (*cause).to_owned())],
            Self::BreakerOpened { store, cause } => {
                vec![("store", store.name().to_owned()), ("cause", (*cause).to_owned())]
            }
            Self::FallbackUsed { verb, cause } => {
                vec![("verb", (*verb).to_owned()), ("cause", (*cause).to_owned())]
            }
            Self::StoreCorrupt { scope }
            | Self::RevocationJournalled { scope }
            | Self::RevocationUnreplayed { scope }
            | Self::JournalFull { scope } => vec![("scope", scope.to_string())],
            _ => Vec::new(),
        }
    }

    /// How much it adds to its counter.
    pub(super) fn amount(&self) -> u64 {
        match self {
            Self::RevocationsReplayed { count }
            | Self::SecondaryDrained { count }
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
                Some((Metric { name: "store_outage_milliseconds", help }, *outage_ms))
            }
            _ => None,
        }
    }

    /// Numbers of its log line, which no label could bound.
    fn numbers(&self) -> Option<(&'static str, u64)> {
        match self {
            Self::StoreRecovered { outage_ms } => Some(("outage_ms", *outage_ms)),
            Self::RevocationsReplayed { .. }
            | Self::SecondaryDrained { .. }
            | Self::TakesMerged { .. }
            | Self::TakesUnmerged { .. }
            | Self::LimitsRepaired { .. } => Some(("count", self.amount())),
            _ => None,
        }
    }

    pub(super) fn json(&self, level: Level) -> String {
        let mut line = String::from("{");
        let fixed = [("level", level.name().to_owned()), ("event", self.facts().name.to_owned())];
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
