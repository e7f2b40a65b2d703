//! Revoking by token, session or subject.

use super::foreign::{Foreign, foreign_check};
use super::issue::check_subject;
use super::{Guard, GuardError, names, require};
use crate::UnixMs;
use crate::config::{Client, Grant};
use crate::jwt::{Claims, Signed};
use crate::store::{
    Durability, EntryKey, KeySpace, Revocation, RevocationScope, Store, TokenCheck,
};
use crate::telemetry::Event;

/// What is revoked. A session's refresh token goes with it, and a subject's.
#[derive(Clone, Copy)]
pub enum RevokeTarget<'a> {
    /// This token; of a refresh token its session.
    Token(&'a str),
    /// Every token of the session with this `sid`.
    Session(Of<'a>),
    /// The same, by the session's name in a store.
    SessionKey(EntryKey),
    /// Every token of this subject issued up to now; with a clock tolerance, up to that much later,
    /// because a clock that is ahead by as much may have issued it before.
    Subject(Of<'a>),
}

/// A session or subject of an issuer: two issuers may have one of the same name.
#[derive(Clone, Copy)]
pub struct Of<'a> {
    /// The `iss` of its tokens; `None`: ours.
    pub issuer: Option<&'a str>,
    /// Its name there.
    pub name: &'a str,
}

impl<S: Store> Guard<S> {
    /// Revokes for `client`; how durably, or `None` when the token is none of ours, is over, or is
    /// malformed: nothing to revoke (RFC 7009 section 2.2).
    ///
    /// # Errors
    /// [`GuardError::ForeignToken`] for another client's token, [`GuardError::GrantMissing`] for
    /// session, subject and a foreign issuer's token, [`GuardError::Invalid`],
    /// [`GuardError::Jwks`] and [`GuardError::Store`]: not revoked.
    pub async fn revoke(
        &self,
        target: RevokeTarget<'_>,
        client: &Client,
        now: UnixMs,
    ) -> Result<Option<Durability>, GuardError> {
        let Some(revocation) = self.revocation(target, client, now).await? else { return Ok(None) };
        let expires = revocation.expires.plus(self.config().check_late_ms_max());
        let revocation = Revocation { expires, ..revocation };
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
        let (scope, space, of) = match target {
            RevokeTarget::Token(token) => return self.token_revocation(token, client, now).await,
            RevokeTarget::SessionKey(key) => {
                require(client, Grant::TokensRevoke)?;
                return Ok(Some(of_session(key, now.plus(self.config().acceptance_ms_max()))));
            }
            RevokeTarget::Session(of) => {
                require(client, Grant::TokensRevoke)?;
                if of.name.is_empty() || of.name.len() > 255 {
                    let reason = "must have 1 to 255 bytes";
                    return Err(GuardError::Invalid { field: "session", reason });
                }
                (RevocationScope::Session, KeySpace::Session, of)
            }
            RevokeTarget::Subject(of) => {
                require(client, Grant::TokensRevoke)?;
                check_subject("subject", of.name)?;
                (RevocationScope::Subject, KeySpace::Subject, of)
            }
        };
        let (issuer, acceptance_ms_max) = self.issuer_of(of)?;
        let (key, expires) = (EntryKey::new(space, issuer, of.name), now.plus(acceptance_ms_max));
        Ok(Some(Revocation { scope, key, expires, acknowledged: None }))
    }

    /// The issuer meant, and for how long a token of it that exists now can be accepted.
    fn issuer_of<'g>(&'g self, of: Of<'g>) -> Result<(&'g str, u64), GuardError> {
        let config = self.config();
        let own = (config.issuer.as_str(), config.acceptance_ms_max());
        let Some(named) = of.issuer.filter(|named| *named != config.issuer) else { return Ok(own) };
        let foreign = config.issuers.iter().find(|foreign| foreign.issuer == named);
        let foreign = foreign.ok_or(GuardError::Invalid {
            field: "issuer",
            reason: "is none whose tokens are accepted here",
        })?;
        Ok((&foreign.issuer, foreign.acceptance_ms_max()))
    }

    /// Signature and issuing client are checked before anything is written.
    async fn token_revocation(
        &self,
        token: &str,
        client: &Client,
        now: UnixMs,
    ) -> Result<Option<Revocation>, GuardError> {
        if let Some(foreign) = self.foreign(token) {
            return self.foreign_revocation(token, foreign, client, now).await;
        }
        let Some(signed) = self.own_token(token, now).await else {
            let session = self.session_of(token, client, now)?;
            let expires = now.plus(self.config().acceptance_ms_max());
            return Ok(session.map(|session| of_session(session, expires)));
        };
        let Ok(claims) = signed.claims(&self.config().revocable, now) else { return Ok(None) };
        if claims.client_id.as_deref() != Some(client.id.as_str()) {
            return Err(GuardError::ForeignToken);
        }
        Ok(of_token(self.check_of(&claims, &signed, now), now))
    }

    /// Of a foreign token: none of our clients issued it, so the grant decides, before anything is
    /// fetched.
    async fn foreign_revocation(
        &self,
        token: &str,
        foreign: Foreign<'_>,
        client: &Client,
        now: UnixMs,
    ) -> Result<Option<Revocation>, GuardError> {
        require(client, Grant::TokensRevoke)?;
        let issuer = foreign.issuer;
        let signed = match self.check_foreign(token, foreign, &issuer.revocable, now).await {
            Ok((signed, _)) => signed,
            Err(GuardError::Token(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let Ok(claims) = signed.claims(&issuer.revocable, now) else { return Ok(None) };
        Ok(of_token(foreign_check(&claims, &signed, issuer, now), now))
    }

    /// The token if its signature is ours.
    pub(super) async fn own_token<'t>(&self, token: &'t str, now: UnixMs) -> Option<Signed<'t>> {
        let config = self.config();
        self.signed(token, &config.keys, &config.own, now).await.ok()
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

const fn of_session(key: EntryKey, expires: UnixMs) -> Revocation {
    Revocation { scope: RevocationScope::Session, key, expires, acknowledged: None }
}

/// The revocation of a token, unless it is over.
fn of_token(check: TokenCheck, now: UnixMs) -> Option<Revocation> {
    let (scope, key, expires) = (RevocationScope::Token, check.token, check.expires);
    (expires > now).then_some(Revocation { scope, key, expires, acknowledged: None })
}
