//! The events, their counters, their levels.

use crate::jwks::{IssuerName, JwksError};
use crate::jwt::{Algorithm, Engine};
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
    /// A token's signature was checked.
    SignatureChecked {
        /// By whom.
        engine: Engine,
        /// The key's algorithm.
        algorithm: Algorithm,
    },
    /// The runtime's own cryptography does not take a key: its signatures are checked and made here.
    NativeRefused {
        /// The key's algorithm.
        algorithm: Algorithm,
    },
    /// The runtime's own cryptography failed at a signature, which was then checked or made here.
    NativeFailed {
        /// The key's algorithm.
        algorithm: Algorithm,
    },
    /// A token was remembered: its signature was not checked again.
    TokenCacheHit,
    /// A token was not remembered.
    TokenCacheMiss,
    /// A session was opened.
    SessionOpened,
    /// A refresh token was exchanged, or given the same successor again.
    SessionRefreshed,
    /// A refresh token was used twice outside its grace: somebody has a copy. Its session was ended.
    RefreshReused,
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
    /// A request was authorised and passed on to the upstream.
    RequestProxied,
    /// The upstream did not answer a request that was passed on to it.
    UpstreamFailed {
        /// Why.
        cause: &'static str,
    },
    /// A proxy did not show the secret that `forward_auth` asks for: what it says was asked for does not count.
    ProxyUnproven,
    /// A policy denied by what the store had said a moment ago: it was not asked.
    LimitKnown {
        /// The policy.
        policy: &'a PolicyName,
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
    /// The store answers, and refuses a revocation it had missed: it is known here alone.
    RevocationUnreplayed {
        /// What was revoked.
        scope: RevocationScope,
    },
    /// The store took revocations that instances which may have died left in the secondary.
    SecondaryDrained {
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
    /// The store's data is another than it was: what it was told may be lost.
    StoreLostData,
    /// The access rules there are were read: they are others than before.
    RulesLearned {
        /// How many.
        count: usize,
    },
    /// The store's access rules cannot be read: those known before stay.
    RulesUnreadable,
    /// The store was told the access rules that it had lost.
    RulesRetold {
        /// How many.
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
    /// The key set of a foreign issuer was fetched, or confirmed to be the same.
    JwksFetched {
        /// Whose.
        issuer: &'a IssuerName,
    },
    /// The key set of a foreign issuer could not be fetched.
    JwksFailed {
        /// Whose.
        issuer: &'a IssuerName,
        /// Why.
        error: &'a JwksError,
    },
    /// A token was checked by keys that are older than they should be, because there are no newer.
    JwksStale {
        /// Whose.
        issuer: &'a IssuerName,
    },
    /// A token could not be checked for want of keys.
    JwksUnavailable {
        /// Whose.
        issuer: &'a IssuerName,
        /// Why.
        error: &'a JwksError,
    },
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
    pub(super) const fn name(self) -> &'static str {
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
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}
