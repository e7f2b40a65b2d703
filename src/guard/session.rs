//! Sessions: opening them, exchanging their refresh tokens, listing them.

use super::issue::{Minting, check_subject, check_within, narrowed};
use super::{Guard, GuardError, Issued, Listed, names, require};
use crate::UnixMs;
use crate::config::{Client, Grant};
use crate::jwt::{self, Claims, IssuedAt, Signed};
use crate::planted::{self, Bug};
use crate::session::{RefreshToken, Sessions};
use crate::store::{
    EntryKey, KeySpace, Presented, Rotated, Rotation, SessionRecord, SessionStart, Store,
    StoreError, TokenCheck,
};
use crate::telemetry::Event;

/// What a client asks for with a refresh token.
#[derive(Clone, Copy)]
pub struct RefreshOrder<'a> {
    /// The refresh token.
    pub refresh_token: &'a str,
    /// Scopes of the access token, within those of the session; `None`: all of them.
    pub scope: Option<&'a str>,
    /// The one audience of the access token, of those of the session; `None`: all of them.
    pub audience: Option<&'a str>,
}

/// A session's refresh token. It has no `Debug`: it must not reach a log.
pub struct Refresh {
    /// The token.
    pub refresh_token: String,
    /// How long it can be exchanged, in seconds, unless it is before.
    pub expires_in_s: u64,
}

impl<S: Store> Guard<S> {
    pub(super) fn sessions(&self) -> Result<&Sessions, GuardError> {
        self.config().sessions.as_ref().ok_or(GuardError::SessionsUnavailable)
    }

    /// Opens the session that `first` is the first refresh token of.
    pub(super) async fn open_session(
        &self,
        first: &RefreshToken,
        now: UnixMs,
    ) -> Result<Refresh, GuardError> {
        let sessions = self.sessions()?;
        let (session, subject) = self.names_of(&first.session_id, &first.subject);
        let expires = UnixMs::from_seconds(first.exp);
        let start = SessionStart { session, subject, expires, idle_ms: sessions.times.idle_ms };
        match self.rotate(&Rotation::Open(start), now).await? {
            Rotated::Current(record) => {
                self.telemetry().record(&Event::SessionOpened);
                self.refresh_of(first, &record, now)
            }
            // Its subject was cut since, as far as the store's clock tells; its name is 128 random bits.
            Rotated::Reused | Rotated::Unknown => Err(GuardError::SessionRefused),
        }
    }

    /// Exchanges a refresh token for an access token and the next refresh token: once, or within the grace for
    /// the same one again. One that is used twice otherwise ends its session (RFC 9700 section 4.14.2).
    ///
    /// # Errors
    /// [`GuardError::SessionsUnavailable`], [`GuardError::GrantMissing`], [`GuardError::RefreshInvalid`],
    /// [`GuardError::RefreshReused`], [`GuardError::AccessDenied`], [`GuardError::BeyondGrant`],
    /// [`GuardError::Invalid`], [`GuardError::Mint`], [`GuardError::EntropyUnavailable`],
    /// [`GuardError::Store`]: whether it can be exchanged cannot be told.
    pub async fn refresh(
        &self,
        order: &RefreshOrder<'_>,
        client: &Client,
        now: UnixMs,
    ) -> Result<Issued, GuardError> {
        require(client, Grant::TokensIssue)?;
        let times = self.sessions()?.times;
        let token = self.presented(order.refresh_token, client, now)?;
        let who = [Listed::Subject(&token.subject), Listed::Client(client.id.as_str())];
        self.refuse_denied_names(&who, now)?;
        if self.config().clients.has(&token.subject) {
            // A client of this name was added since: its own tokens have this subject.
            return Err(GuardError::RefreshInvalid);
        }
        let scope = match order.scope {
            Some(wanted) => {
                check_within(wanted, &narrowed(&token.scope, client))?;
                wanted.to_owned()
            }
            None => narrowed(&token.scope, client),
        };
        let audience = audience_of(&token, order.audience, client)?;
        let (token_id, _) = self.new_names()?;
        let access = Minting {
            token_id: &token_id,
            subject: &token.subject,
            audience: &audience,
            scope: &scope,
            session_id: Some(&token.session_id),
            lifetime_s: self.access_lifetime_s(&token, now),
            claims: token.claims.as_ref().map_or("{}", |claims| claims.get()),
        };
        // All that can fail by itself fails before the token is exchanged.
        let access_token = self.mint(&access, client, now).await?;
        let (session, subject) = self.names_of(&token.session_id, &token.subject);
        let presented = Presented {
            session,
            subject,
            generation: token.generation,
            grace_ms: if planted::is(Bug::GraceIgnored) { u64::MAX } else { times.grace_ms },
            idle_ms: times.idle_ms,
            access_until: self.access_until(now),
        };
        let record = match self.rotate(&Rotation::Advance(presented), now).await? {
            Rotated::Current(record) => record,
            Rotated::Reused => {
                self.telemetry().record(&Event::RefreshReused);
                let _ = self.remember(&presented.kill(), now).await;
                return Err(GuardError::RefreshReused);
            }
            Rotated::Unknown => return Err(GuardError::RefreshInvalid),
        };
        // While the store was asked, this instance may have acknowledged a revocation.
        self.refuse_ended(&token, now)?;
        let refresh = Some(self.refresh_of(&token, &record, now)?);
        self.telemetry().record(&Event::SessionRefreshed);
        self.telemetry().record(&Event::TokenIssued);
        let expires_in_s = access.lifetime_s;
        Ok(Issued {
            access_token,
            expires_in_s,
            scope,
            token_id,
            session_id: Some(token.session_id.clone()),
            refresh,
        })
    }

    /// The live sessions of a subject, oldest first.
    ///
    /// # Errors
    /// [`GuardError::GrantMissing`], [`GuardError::SessionsUnavailable`], [`GuardError::Invalid`],
    /// [`GuardError::Store`].
    pub async fn sessions_of(
        &self,
        subject: &str,
        client: &Client,
        now: UnixMs,
    ) -> Result<Vec<SessionRecord>, GuardError> {
        require(client, Grant::TokensRevoke)?;
        check_subject("subject", subject)?;
        self.sessions()?;
        let subject = EntryKey::new(KeySpace::Subject, &self.config().issuer, subject);
        self.live_sessions(subject, now).await
    }

    /// What a refresh token says, if it can be exchanged now and `client` is the one it was issued to.
    pub(super) async fn refresh_info(
        &self,
        token: &str,
        client: &Client,
        now: UnixMs,
    ) -> Result<Option<RefreshToken>, GuardError> {
        let Ok(token) = self.presented(token, client, now) else { return Ok(None) };
        let who = [Listed::Subject(&token.subject), Listed::Client(client.id.as_str())];
        if self.refuse_denied_names(&who, now).is_err() {
            return Ok(None);
        }
        let (session, subject) = self.names_of(&token.session_id, &token.subject);
        let live = self.live_sessions(subject, now).await?;
        let current = |record: &SessionRecord| {
            record.session == session && record.generation == token.generation
        };
        Ok(live.iter().any(current).then_some(token))
    }

    /// The session of a refresh token that `client` presents; `None` when it is none of ours, or over.
    pub(super) fn session_of(
        &self,
        token: &str,
        client: &Client,
        now: UnixMs,
    ) -> Result<Option<EntryKey>, GuardError> {
        let Some(token) = self.own_refresh_token(token, now) else { return Ok(None) };
        if token.client_id != client.id.as_str() {
            return Err(GuardError::ForeignToken);
        }
        Ok(Some(self.names_of(&token.session_id, &token.subject).0))
    }

    /// Until when an access token that is minted now could be accepted.
    pub(super) fn access_until(&self, now: UnixMs) -> UnixMs {
        let config = self.config();
        now.plus(config.acceptance_ms_max()).plus(config.check_late_ms_max())
    }

    /// As ordered, within what is configured now and what is left of the session.
    fn access_lifetime_s(&self, token: &RefreshToken, now: UnixMs) -> u64 {
        let config = self.config();
        let left_s = token.exp.saturating_sub(now.seconds()).max(1);
        token.access_ttl.unwrap_or(config.access_ttl_s).min(config.lifetime_s_max).min(left_s)
    }

    async fn live_sessions(
        &self,
        subject: EntryKey,
        now: UnixMs,
    ) -> Result<Vec<SessionRecord>, GuardError> {
        let answer = self.store.sessions(subject, now).await;
        self.reached("sessions", answer, now).map_err(sessions_unavailable)
    }

    async fn rotate(&self, rotation: &Rotation, now: UnixMs) -> Result<Rotated, GuardError> {
        let answer = match self.store.rotate(rotation, now).await {
            // It is there, and says nothing of what it was: refused, fail secure.
            Err(StoreError::Corrupt { .. }) => {
                let scope = crate::store::RevocationScope::Session;
                self.telemetry().record(&Event::StoreCorrupt { scope });
                Ok(Rotated::Unknown)
            }
            answer => answer,
        };
        self.reached("rotate", answer, now).map_err(sessions_unavailable)
    }

    /// A refresh token of ours that holds, that `client` was issued, and that this instance does not know as
    /// ended.
    fn presented(
        &self,
        token: &str,
        client: &Client,
        now: UnixMs,
    ) -> Result<RefreshToken, GuardError> {
        let token = self.own_refresh_token(token, now).ok_or(GuardError::RefreshInvalid)?;
        if token.client_id != client.id.as_str() {
            return Err(GuardError::RefreshInvalid);
        }
        self.refuse_ended(&token, now)?;
        Ok(token)
    }

    fn own_refresh_token(&self, token: &str, now: UnixMs) -> Option<RefreshToken> {
        let Sessions { keys, policy, .. } = self.config().sessions.as_ref()?;
        // A secret of our own: HMAC, which is quickest here.
        let selected = jwt::select(token, keys, policy, now).ok()?;
        let signed: Signed<'_> = selected.check_signature().ok()?;
        let _: Claims<'_> = signed.claims(policy, now).ok()?;
        RefreshToken::read(signed.payload()).ok()
    }

    /// Refuses what this instance knows as revoked.
    fn refuse_ended(&self, token: &RefreshToken, now: UnixMs) -> Result<(), GuardError> {
        let (session, subject) = self.names_of(&token.session_id, &token.subject);
        let tolerance_ms = self.config().own.clock_tolerance.ms();
        let check = TokenCheck {
            // It is revoked by its session alone.
            token: session,
            session: Some(session),
            subject: Some(subject),
            issued_at: names::earliest(IssuedAt::Ms(token.iat_ms), tolerance_ms, now),
            expires: UnixMs::from_seconds(token.exp),
        };
        match self.instance.memory.revoked(&check, now) {
            Some(_) if planted::is(Bug::EndedRefreshed) => Ok(()),
            Some(_) => Err(GuardError::RefreshInvalid),
            None => Ok(()),
        }
    }

    /// The refresh token of a session as it stands.
    fn refresh_of(
        &self,
        token: &RefreshToken,
        record: &SessionRecord,
        now: UnixMs,
    ) -> Result<Refresh, GuardError> {
        let Sessions { keys, times, .. } = self.sessions()?;
        let mut token = RefreshToken { generation: record.generation, ..token.clone() };
        if planted::is(Bug::SuccessorVaries) {
            token.iat = token.iat.saturating_sub(now.0 % 1000);
        }
        let refresh_token = token.sign(keys, now).map_err(|error| self.not_minted(error))?;
        let left_ms = UnixMs::from_seconds(token.exp).since(now).min(times.idle_ms);
        Ok(Refresh { refresh_token, expires_in_s: left_ms.div_euclid(1000) })
    }

    fn names_of(&self, session: &str, subject: &str) -> (EntryKey, EntryKey) {
        let named = |space, value| EntryKey::new(space, &self.config().issuer, value);
        (named(KeySpace::Session, session), named(KeySpace::Subject, subject))
    }
}

/// A store that cannot compare and set (Workers KV) has no sessions.
fn sessions_unavailable(error: GuardError) -> GuardError {
    match error {
        GuardError::Store(StoreError::Unsupported { .. }) => GuardError::SessionsUnavailable,
        other => other,
    }
}

/// The audiences of a session's next access token: those that are asked for and the client still has.
fn audience_of(
    token: &RefreshToken,
    wanted: Option<&str>,
    client: &Client,
) -> Result<Vec<String>, GuardError> {
    let of_client = |audience: &&String| client.audiences.contains(audience);
    let is_wanted = |audience: &&String| wanted.is_none_or(|wanted| *audience == wanted);
    let audience: Vec<String> =
        token.audience.iter().filter(of_client).filter(is_wanted).cloned().collect();
    if audience.is_empty() { Err(GuardError::BeyondGrant { field: "aud" }) } else { Ok(audience) }
}
