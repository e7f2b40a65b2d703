//! The store port: one async trait, shaped by the domain and not by any database.

use std::fmt;

use super::{EntryKey, MergeBatch, StoreError};
use crate::UnixMs;
use crate::jwt::IssuedAt;
use crate::limit::{Adjustment, Decision, Policy};

/// A store of revocations, counters, sessions and records.
///
/// Every verb takes `now`, the caller's time; a store with a clock of its own decides by that
/// and uses `now` only where stated. Every verb is answered within the platform's deadline.
#[allow(
    async_fn_in_trait,
    reason = "isolates are single-threaded; a Send bound would shut out JavaScript futures"
)]
pub trait Store {
    /// Checks a token against the revocations and takes from all limits, in one call.
    ///
    /// All or nothing: a revoked token or one denied take that is no shadow's leaves every counter
    /// as it was; the takes that would have been allowed then report what is left untouched. A
    /// take sees the earlier takes of the same key, and after a denied one (of a policy that is no
    /// shadow) is denied too. A cost of 0 or above the limit is denied, and no wait is promised.
    async fn admit(&self, admit: &Admit<'_>, now: UnixMs) -> Result<Admission, StoreError>;

    /// Revokes. Idempotent: an entry only ever extends, so order and repetition do not matter. Ends the session
    /// it is about, or those of the subject that were opened up to its cut, in the same step.
    async fn revoke(&self, revocation: &Revocation, now: UnixMs) -> Result<Durability, StoreError>;

    /// Opens a session, or exchanges its refresh generation for the next, by compare-and-set.
    ///
    /// Opening an open session again that was not refreshed yet is answered as the first time was. One that is
    /// revoked, or whose subject was cut since `now`, is not opened: a call that arrives late opens nothing.
    /// A subject at its most sessions loses the oldest one to the new one. A generation used twice outside its
    /// grace ends the session and revokes its access tokens, in the same step.
    async fn rotate(&self, rotation: &Rotation, now: UnixMs) -> Result<Rotated, StoreError>;

    /// The live sessions of a subject, oldest first.
    async fn sessions(
        &self,
        subject: EntryKey,
        now: UnixMs,
    ) -> Result<Vec<SessionRecord>, StoreError>;

    /// What [`Store::admit`] would decide for each take by itself, taking nothing: what is left is
    /// reported untouched.
    async fn peek(&self, takes: &[Take<'_>], now: UnixMs) -> Result<Vec<Outcome>, StoreError>;

    /// Forgets the count and any penalty of exactly one key of one policy.
    async fn reset(&self, policy: &Policy, key: EntryKey, now: UnixMs) -> Result<(), StoreError>;

    /// Counts cost of one key of one policy after the fact, or gives it back ([`State::adjust`]). What a take of
    /// 1 would decide then. A penalty stays.
    ///
    /// [`State::adjust`]: crate::limit::State::adjust
    async fn adjust(
        &self,
        policy: &Policy,
        key: EntryKey,
        by: Adjustment,
        now: UnixMs,
    ) -> Result<Outcome, StoreError>;

    /// Denies one key of one policy for a time. A running longer penalty stays.
    async fn penalise(&self, penalty: &Penalty<'_>, now: UnixMs) -> Result<(), StoreError>;

    /// Adds cost that an instance admitted while it could not reach this store: once, whatever is
    /// repeated. Penalties stay.
    ///
    /// A batch whose sequence is not above the last one applied of its instance changes nothing
    /// and is acknowledged. All or nothing: one that is refused changes nothing.
    async fn merge(&self, batch: &MergeBatch, now: UnixMs) -> Result<(), StoreError>;

    /// Writes a small record (bans, overrides) under a name; replaces what was there.
    async fn put(&self, name: EntryKey, record: Record, now: UnixMs) -> Result<(), StoreError>;

    /// Reads a record; `None` when there is none or it has expired.
    async fn get(&self, name: EntryKey, now: UnixMs) -> Result<Option<Record>, StoreError>;

    /// The access rules as they were written last; version 0 and no text where none were.
    async fn rules(&self, now: UnixMs) -> Result<StoredRules, StoreError>;

    /// Writes the access rules in place of version `expected`, and returns their new version: higher than
    /// every one before. `None` where another version stands there by now, and nothing was written.
    async fn write_rules(
        &self,
        expected: u64,
        text: &str,
        now: UnixMs,
    ) -> Result<Option<u64>, StoreError>;
}

/// One request's questions to the store.
#[derive(Clone, Debug, Default)]
pub struct Admit<'a> {
    /// The token whose revocation is checked, if there is one.
    pub token: Option<TokenCheck>,
    /// What is taken, in the order the outcomes come back.
    pub takes: Vec<Take<'a>>,
    /// A store that cannot be asked must refuse the token, whatever the outage mode: the token
    /// carries a scope that is configured so.
    pub closed: bool,
}

/// The names under which a token may have been revoked.
#[derive(Clone, Copy, Debug)]
pub struct TokenCheck {
    /// By itself.
    pub token: EntryKey,
    /// By its session.
    pub session: Option<EntryKey>,
    /// By its subject.
    pub subject: Option<EntryKey>,
    /// When it was issued: what a subject's cut is compared with.
    pub issued_at: IssuedAt,
    /// Until when it could be accepted: how long an instance that saw it revoked remembers.
    pub expires: UnixMs,
}

impl TokenCheck {
    /// The names, the narrowest scope first: the order in which they are looked up.
    pub fn names(&self) -> impl Iterator<Item = (RevocationScope, EntryKey)> {
        let names = [
            (RevocationScope::Token, Some(self.token)),
            (RevocationScope::Session, self.session),
            (RevocationScope::Subject, self.subject),
        ];
        names.into_iter().filter_map(|(scope, name)| Some((scope, name?)))
    }
}

/// One take from one policy's key.
#[derive(Clone, Copy, Debug)]
pub struct Take<'a> {
    /// The policy taken from.
    pub policy: &'a Policy,
    /// Whose count it is.
    pub key: EntryKey,
    /// Units of cost: 1 to the policy's limit.
    pub cost: u64,
}

/// The answer to [`Admit`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admission {
    /// What the token was revoked by; `None` when it stands. A revoked token takes nothing.
    pub revoked: Option<RevocationScope>,
    /// The entry `revoked` speaks of is there and cannot be read: refused, fail secure.
    pub unreadable: bool,
    /// Why the token was let stand without having been checked against the store: the cause, in
    /// fixed words. `None` when it was checked.
    pub unchecked: Option<&'static str>,
    /// One outcome a take, in order; empty when revoked.
    pub outcomes: Vec<Outcome>,
    /// How many limits' states could not be read and were replaced by empty ones.
    pub repaired: u32,
    /// Names the store's data: when it changes, what was written before may be lost. `None` from a
    /// store that cannot tell.
    pub epoch: Option<u64>,
    /// The version of the access rules there are, 0 for none; `None` from a store that cannot tell.
    pub rules: Option<u64>,
    /// How far the store's clock is ahead of the caller's `now`, in milliseconds, a call's way
    /// there included; 0 from a store without a clock of its own.
    pub clock_ahead_ms: i64,
}

impl Admission {
    /// Whether the token stands and every policy that is not a shadow allows.
    #[must_use]
    pub fn allowed(&self) -> bool {
        self.revoked.is_none() && self.outcomes.iter().all(|o| o.decision.allowed || o.shadow)
    }

    /// Whether all of it was decided by the store.
    #[must_use]
    pub fn is_of_store(&self) -> bool {
        self.unchecked.is_none() && self.outcomes.iter().all(|o| o.degraded.is_none())
    }
}

/// One policy's part of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What was decided.
    pub decision: Decision,
    /// The policy is a shadow: its denial is counted, never enforced.
    pub shadow: bool,
    /// The partition was full and the key was counted in the policy's shared overflow bucket.
    pub overflow: bool,
    /// Why this was decided without the store: the cause, in fixed words. `None` when it was the
    /// store's decision.
    pub degraded: Option<&'static str>,
}

/// What a revocation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RevocationScope {
    /// One token.
    Token,
    /// A session: every token with its `sid`.
    Session,
    /// A subject: every token issued up to now.
    Subject,
}

/// A revocation to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// What is revoked.
    pub scope: RevocationScope,
    /// Its name, of the matching [`super::KeySpace`].
    pub key: EntryKey,
    /// Until when the entry must live: as long as the last token it refuses could.
    pub expires: UnixMs,
    /// When it was acknowledged, if that was before now, by the clock it was acknowledged by: a
    /// subject is cut there and not at `now`, so that a replay spares what was issued since.
    /// `None`: now.
    pub acknowledged: Option<UnixMs>,
}

impl Revocation {
    /// Up to when what was issued to a subject is refused, by the caller's clock.
    pub(super) fn cut(&self, now: UnixMs) -> UnixMs {
        self.acknowledged.unwrap_or(now)
    }
}

/// How durable an acknowledged revocation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Durability {
    /// Known to this instance only; lost with it.
    Local,
    /// Written to the secondary store.
    Secondary,
    /// As durable as the store is configured to be.
    Store,
}

/// A change of a session's refresh generation.
#[derive(Clone, Copy, Debug)]
pub enum Rotation {
    /// A new session at generation 0.
    Open(SessionStart),
    /// A refresh token was presented.
    Advance(Presented),
}

/// A refresh token that was presented.
#[derive(Clone, Copy, Debug)]
pub struct Presented {
    /// Its session.
    pub session: EntryKey,
    /// Whose it says the session is: of another's it is unknown.
    pub subject: EntryKey,
    /// Its generation.
    pub generation: u64,
    /// For how long the generation before the current one is given the same successor again.
    pub grace_ms: u64,
    /// For how long the session lives on without being refreshed.
    pub idle_ms: u64,
    /// Until when an access token of the session could be accepted: if the generation was used twice, they are
    /// refused for as long.
    pub access_until: UnixMs,
}

impl Presented {
    /// What refuses the session's access tokens once its refresh token was used twice.
    pub(crate) const fn kill(&self) -> Revocation {
        let (scope, key, expires) = (RevocationScope::Session, self.session, self.access_until);
        Revocation { scope, key, expires, acknowledged: None }
    }
}

/// What a session is opened with.
#[derive(Clone, Copy, Debug)]
pub struct SessionStart {
    /// Its name.
    pub session: EntryKey,
    /// Whose it is.
    pub subject: EntryKey,
    /// When it ends whatever happens.
    pub expires: UnixMs,
    /// For how long it lives on without being refreshed.
    pub idle_ms: u64,
}

/// The answer to a [`Rotation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rotated {
    /// The session stands at this generation, whose refresh token is the answer. A repeated
    /// request within its grace gets the same one.
    Current(SessionRecord),
    /// A generation was used twice outside its grace: the session is dead now (RFC 9700).
    Reused,
    /// No such live session of this subject, a generation it has not reached; or, of one to be opened, a name that
    /// is taken, an end that is past, or a revocation since.
    Unknown,
}

/// A session as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    /// Its name.
    pub session: EntryKey,
    /// Whose it is.
    pub subject: EntryKey,
    /// When it was opened, by the store's time.
    pub started: UnixMs,
    /// When the current generation was reached, by the store's time.
    pub rotated: UnixMs,
    /// When it ends whatever happens.
    pub expires: UnixMs,
    /// How often it was refreshed.
    pub generation: u64,
}

/// A block of one key of one policy for a time.
#[derive(Clone, Copy, Debug)]
pub struct Penalty<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// The key that is blocked.
    pub key: EntryKey,
    /// For how long, in milliseconds from now.
    pub duration_ms: u64,
}

/// A small opaque value with an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// At most [`Record::BYTES_MAX`] bytes.
    pub value: Vec<u8>,
    /// Until when it lives.
    pub expires: UnixMs,
}

impl Record {
    /// The most bytes a value has.
    pub const BYTES_MAX: usize = 4_096;
}

/// The access rules as a store has them: text that it does not read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredRules {
    /// Which writing of them this is: Unix microseconds by the store's clock, or 1 more than the one before; 0:
    /// there are none.
    pub version: u64,
    /// What was written: at most [`StoredRules::BYTES_MAX`] bytes of ASCII.
    pub text: String,
}

impl StoredRules {
    /// The most bytes a text has: it fits into one answer of every store.
    pub const BYTES_MAX: usize = 48 << 10;
    /// How long they are kept after they were written, in milliseconds: 400 days, longer than any rule lasts.
    pub const LIFE_MS: u64 = 34_560_000_000;

    /// Whether a store takes `text`.
    ///
    /// # Errors
    /// [`StoreError::RecordTooLarge`].
    pub(super) const fn check(text: &str) -> Result<(), StoreError> {
        let (bytes, bytes_max) = (text.len(), Self::BYTES_MAX);
        if bytes > bytes_max {
            return Err(StoreError::RecordTooLarge { bytes, bytes_max });
        }
        Ok(())
    }

    /// The version of what is written at `now` in place of version `before`.
    pub(super) const fn next_version(before: u64, now: UnixMs) -> u64 {
        let (written, next) = (now.0.saturating_mul(1000), before.saturating_add(1));
        if written > next { written } else { next }
    }
}

/// Stands in storage keys: a change of it is a change of their layout.
impl RevocationScope {
    /// Its name, as it stands in keys, metrics and log lines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Session => "session",
            Self::Subject => "subject",
        }
    }
}

impl fmt::Display for RevocationScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local => "local",
            Self::Secondary => "secondary",
            Self::Store => "store",
        })
    }
}
