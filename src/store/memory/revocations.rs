//! What is revoked: tokens, sessions and subjects, each with room of its own.

use super::MemoryBounds;
use crate::UnixMs;
use crate::store::expiring::{Expiring, Full, Seed};
use crate::store::{EntryKey, Revocation, RevocationScope, SessionStart, StoreError, TokenCheck};

/// Three partitions: a flood of revoked tokens leaves the room of sessions and subjects alone.
pub(super) struct Revocations {
    tokens: Expiring<()>,
    sessions: Expiring<()>,
    /// Up to when a subject's tokens are refused.
    subjects: Expiring<UnixMs>,
}

impl Revocations {
    pub(super) fn new(bounds: &MemoryBounds, seed: Seed) -> Self {
        Self {
            tokens: Expiring::new(bounds.revoked_tokens, seed),
            sessions: Expiring::new(bounds.revoked_sessions, seed),
            subjects: Expiring::new(bounds.revoked_subjects, seed),
        }
    }

    /// Writes a revocation, or extends it. A subject is cut at `now`, or when the revocation was
    /// acknowledged, or where it already was if that is later.
    pub(super) fn revoke(
        &mut self,
        revocation: &Revocation,
        now: UnixMs,
    ) -> Result<(), StoreError> {
        let Revocation { scope, key, expires, .. } = *revocation;
        let cut = revocation.cut(now);
        let (written, what) = match scope {
            RevocationScope::Token => (self.tokens.extend(key, (), expires, now), "tokens"),
            RevocationScope::Session => (self.sessions.extend(key, (), expires, now), "sessions"),
            RevocationScope::Subject => (self.subjects.extend(key, cut, expires, now), "subjects"),
        };
        written.map_err(|Full| StoreError::Full { what })
    }

    /// Up to when a subject is cut, as it was written last.
    pub(super) fn cut(&self, subject: EntryKey) -> Option<UnixMs> {
        self.subjects.kept(&subject).copied()
    }

    /// The first revocation after `place`, where a walk over all of them has come: subjects, then
    /// sessions, then tokens.
    pub(super) fn after(&self, place: Option<Revocation>, now: UnixMs) -> Option<Revocation> {
        let scopes = [RevocationScope::Subject, RevocationScope::Session, RevocationScope::Token];
        let reached = place.and_then(|place| scopes.iter().position(|scope| *scope == place.scope));
        scopes.into_iter().skip(reached.unwrap_or(0)).find_map(|scope| {
            let within = place.filter(|place| place.scope == scope);
            let within = within.map(|place| (place.expires, place.key));
            let (key, acknowledged, expires) = match scope {
                RevocationScope::Subject => {
                    let (key, cut, expires) = self.subjects.after(within, now)?;
                    (key, *cut, expires)
                }
                RevocationScope::Session => {
                    let (key, (), expires) = self.sessions.after(within, now)?;
                    (key, now, expires)
                }
                RevocationScope::Token => {
                    let (key, (), expires) = self.tokens.after(within, now)?;
                    (key, now, expires)
                }
            };
            Some(Revocation { scope, key, expires, acknowledged: Some(acknowledged) })
        })
    }

    /// Whether a session that is opened at `now` has been revoked by then, or its subject cut.
    pub(super) fn refuses(&self, start: &SessionStart, now: UnixMs) -> bool {
        let cut = self.subjects.get(&start.subject, now);
        self.sessions.get(&start.session, now).is_some() || cut.is_some_and(|cut| now <= *cut)
    }

    /// What the token is revoked by, the narrowest scope first.
    pub(super) fn check(&self, check: &TokenCheck, now: UnixMs) -> Option<RevocationScope> {
        let revoked = |map: &Expiring<()>, key: EntryKey| map.get(&key, now).is_some();
        if revoked(&self.tokens, check.token) {
            return Some(RevocationScope::Token);
        }
        if check.session.is_some_and(|session| revoked(&self.sessions, session)) {
            return Some(RevocationScope::Session);
        }
        let cut = check.subject.and_then(|subject| self.subjects.get(&subject, now));
        cut.is_some_and(|cut| check.issued_at.is_cut(*cut)).then_some(RevocationScope::Subject)
    }
}
