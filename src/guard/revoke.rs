//! Revoking by token, session or subject.

use super::issue::check_subject;
use super::{Guard, GuardError, names, require};
use crate::UnixMs;
use crate::config::{Client, Grant};
use crate::jwt::{Claims, Signed};
use crate::store::{
    Durability, EntryKey, KeySpace, Revocation, RevocationScope, Store, TokenCheck,
};
use crate::telemetry::Event;

/// What is revoked.
#[derive(Clone, Copy)]
pub enum RevokeTarget<'a> {
    /// This token.
    Token(&'a str),
    /// Every token of the session with this `sid`.
    Session(&'a str),
    /// Every token of this subject issued up to now; with a clock tolerance, up to that much later,
    /// because a clock that is ahead by as much may have issued it before.
    Subject(&'a str),
}

impl<S: Store> Guard<S> {
    /// Revokes for `client`; how durably, or `None` when the token is none of ours, is over, or is
    /// malformed: nothing to revoke (RFC 7009 section 2.2).
    ///
    /// # Errors
    /// [`GuardError::ForeignToken`] for another client's token, [`GuardError::GrantMissing`] for
    /// session and subject, [`GuardError::Invalid`], [`GuardError::Store`]: not revoked.
    pub async fn revoke(
        &self,
        target: RevokeTarget<'_>,
        client: &Client,
        now: UnixMs,
    ) -> Result<Option<Durability>, GuardError> {
        let Some(revocation) = self.revocation(target, client, now).await? else { return Ok(None) };
        if let RevokeTarget::Token(token) = target {
            self.instance.tokens.forget(token);
        }
        // First here: whatever the store answers, this instance never accepts it again.
        let remembered = self.remember(&revocation, now).await;
        let answer = self.store.revoke(&revocation, now).await;
        let durability = self.reached("revoke", answer, now)?;
        // Stored, but not acknowledged: with an eventually consistent store this instance, which
        // has no room to remember it, could still accept the token for a while.
        remembered?;
        self.telemetry().record(&Event::Revoked { scope: revocation.scope, durability });
        Ok(Some(durability))
    }

    async fn revocation(
        &self,
        target: RevokeTarget<'_>,
        client: &Client,
        now: UnixMs,
    ) -> Result<Option<Revocation>, GuardError> {
        let issuer = &self.config().issuer;
        let expires = now.plus(self.config().acceptance_ms_max());
        let (scope, key) = match target {
            RevokeTarget::Token(token) => {
                return self.token_revocation(token, client, now).await;
            }
            RevokeTarget::Session(session) => {
                require(client, Grant::TokensRevoke)?;
                if session.is_empty() || session.len() > 255 {
                    let reason = "must have 1 to 255 bytes";
                    return Err(GuardError::Invalid { field: "session", reason });
                }
                (RevocationScope::Session, EntryKey::new(KeySpace::Session, issuer, session))
            }
            RevokeTarget::Subject(subject) => {
                require(client, Grant::TokensRevoke)?;
                check_subject("subject", subject)?;
                (RevocationScope::Subject, EntryKey::new(KeySpace::Subject, issuer, subject))
            }
        };
        Ok(Some(Revocation { scope, key, expires, acknowledged: None }))
    }

    /// Signature and issuing client are checked before anything is written.
    async fn token_revocation(
        &self,
        token: &str,
        client: &Client,
        now: UnixMs,
    ) -> Result<Option<Revocation>, GuardError> {
        let Some(signed) = self.own_token(token, now).await else { return Ok(None) };
        let Ok(claims) = signed.claims(&self.config().revocable, now) else { return Ok(None) };
        if claims.client_id.as_deref() != Some(client.id.as_str()) {
            return Err(GuardError::ForeignToken);
        }
        let check = self.check_of(&claims, &signed, now);
        if check.expires <= now {
            return Ok(None);
        }
        let scope = RevocationScope::Token;
        let (key, expires) = (check.token, check.expires);
        Ok(Some(Revocation { scope, key, expires, acknowledged: None }))
    }

    /// The token if its signature is ours.
    pub(super) async fn own_token<'t>(&self, token: &'t str, now: UnixMs) -> Option<Signed<'t>> {
        self.signed(token, &self.config().own, now).await.ok()
    }

    /// The names under which the token may have been revoked, when it was issued at the earliest,
    /// and until when it could be accepted: how long its revocation must live.
    pub(super) fn check_of(
        &self,
        claims: &Claims<'_>,
        signed: &Signed<'_>,
        now: UnixMs,
    ) -> TokenCheck {
        let config = self.config();
        let tolerance_ms = config.own.clock_tolerance.ms();
        let accepted_until = match claims.expires {
            Some(end) => end.plus(tolerance_ms),
            None => now.plus(config.acceptance_ms_max()),
        };
        let issued_at = names::earliest(claims.issued(), tolerance_ms, now);
        names::token_check(claims, signed.signing_input(), issued_at, accepted_until)
    }
}
