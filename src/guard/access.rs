//! Authorising a request by its access token.

use super::foreign::{Foreign, foreign_check};
use super::issue::check_subject;
use super::key::Counted;
use super::rules::Presented;
use super::{Caller, Degraded, Guard, GuardError, Limited, Requested};
use crate::UnixMs;
use crate::jwt::{ClaimReason, Claims, JwtError};
use crate::limit::Trigger;
use crate::planted::{self, Bug};
use crate::rules::Rules;
use crate::store::{
    Admission, Admit, Revocation, RevocationScope, Store, StoreError, Take, TokenCheck,
};
use crate::telemetry::Event;

/// An authorised request: whose it is, and what is left of each limit.
#[derive(Clone, Debug)]
pub struct Access {
    /// `iss`, where there are others than our own: it is what `sub` is to be read with.
    pub issuer: Option<String>,
    /// `sub`.
    pub subject: String,
    /// `client_id`; of a foreign token without one `azp`; empty without either.
    pub client_id: String,
    /// `scope`, empty when absent.
    pub scope: String,
    /// `jti`, empty when a foreign token has none.
    pub token_id: String,
    /// `sid`, when there is one.
    pub session_id: Option<String>,
    /// The claims set exactly as signed: JSON text.
    pub payload: String,
    /// What each policy decided.
    pub limits: Vec<Limited>,
    /// What was decided without the store.
    pub degraded: Degraded,
}

impl<S: Store> Guard<S> {
    /// Authorises by `token`: parse, signature, claims, then one store call that checks the
    /// revocations and takes 1 from every policy that counts what is `requested`, all or nothing.
    ///
    /// # Errors
    /// [`GuardError::Token`], [`GuardError::ScopeInsufficient`], [`GuardError::Revoked`], [`GuardError::RateLimited`],
    /// [`GuardError::Store`], or [`GuardError::Jwks`] of a foreign token. Run it in [`Guard::guarded`], which counts them.
    pub async fn authorize(
        &self,
        token: &str,
        requested: &Requested<'_>,
        caller: &Caller,
    ) -> Result<Access, GuardError> {
        let config = self.config();
        if let Some(foreign) = self.foreign(token) {
            // On the heap: so seldom, and our own tokens would carry its room with them.
            return Box::pin(self.authorize_foreign(token, foreign, requested, caller)).await;
        }
        let signed = self.signed(token, &config.keys, &config.access, caller.now).await?;
        let claims = signed.claims(&config.access, caller.now)?;
        self.instance.tokens.keep(&signed);
        let check = self.check_of(&claims, &signed, caller.now);
        let (check, claims, signed) = (&check, &claims, &signed);
        self.access(Counted { check, claims, signed, caller, requested }).await
    }

    async fn authorize_foreign(
        &self,
        token: &str,
        foreign: Foreign<'_>,
        requested: &Requested<'_>,
        caller: &Caller,
    ) -> Result<Access, GuardError> {
        let issuer = foreign.issuer;
        let (signed, stale) =
            self.check_foreign(token, foreign, &issuer.access, caller.now).await?;
        let mut claims = signed.claims(&issuer.access, caller.now)?;
        let subject = claims.subject.as_deref().unwrap_or_default();
        // One that our own tokens could not have could neither be revoked nor stand in a header field.
        check_subject("sub", subject).map_err(|_| JwtError::ClaimValidationFailed {
            claim: "sub",
            reason: ClaimReason::CheckFailed,
        })?;
        if claims.client_id.is_none() {
            // What OpenID Connect Core section 2 calls the client.
            claims.client_id = signed.text_claim("azp");
        }
        self.instance.tokens.keep(&signed);
        let check = foreign_check(&claims, &signed, issuer, caller.now);
        let (check, claims, signed) = (&check, &claims, &signed);
        let mut access = self.access(Counted { check, claims, signed, caller, requested }).await?;
        access.degraded.keys = stale.map(|error| error.cause());
        Ok(access)
    }

    /// The one store call of a token that holds, and what it allows.
    async fn access(&self, counted: Counted<'_>) -> Result<Access, GuardError> {
        let Counted { claims, signed, requested, .. } = counted;
        let scope = claims.scope.as_deref().unwrap_or_default();
        // Before the store is asked: what is not let through takes nothing.
        if let Some(rule) = requested.rule.filter(|rule| !rule.allows(scope)) {
            return Err(GuardError::ScopeInsufficient { scope: rule.scopes.join(" ") });
        }
        let admitted = self.admit(&counted).await;
        let (limits, degraded) =
            admitted.inspect_err(|refusal| self.forget(signed.token(), refusal))?;
        self.telemetry().record(&Event::TokenAccepted);
        let owned = |claim: &Option<_>| claim.as_deref().map(str::to_owned);
        let issuers = &self.config().issuers;
        Ok(Access {
            issuer: if issuers.is_empty() { None } else { owned(&claims.issuer) },
            subject: owned(&claims.subject).unwrap_or_default(),
            client_id: owned(&claims.client_id).unwrap_or_default(),
            scope: owned(&claims.scope).unwrap_or_default(),
            token_id: owned(&claims.token_id).unwrap_or_default(),
            session_id: owned(&claims.session_id),
            payload: signed.payload().to_owned(),
            limits,
            degraded,
        })
    }

    /// A token that is revoked is not worth remembering.
    pub(super) fn forget(&self, token: &str, refusal: &GuardError) {
        if matches!(refusal, GuardError::Revoked) {
            self.instance.tokens.forget(token);
        }
    }

    async fn admit(&self, counted: &Counted<'_>) -> Result<(Vec<Limited>, Degraded), GuardError> {
        let rules = self.rules();
        match self.admit_by(&rules, counted).await {
            // Its answer brought other rules, by which this may not be denied.
            Err(GuardError::RateLimited(limits)) => {
                let newer = self.rules();
                if newer.version() == rules.version() {
                    return Err(GuardError::RateLimited(limits));
                }
                Box::pin(self.admit_by(&newer, counted)).await
            }
            other => other,
        }
    }

    /// Admits by these rules; denied by those the store's answer may have brought.
    async fn admit_by(
        &self,
        rules: &Rules,
        counted: &Counted<'_>,
    ) -> Result<(Vec<Limited>, Degraded), GuardError> {
        let (claims, caller, now) = (counted.claims, counted.caller, counted.caller.now);
        let presented = Presented {
            subject: counted.check.subject,
            issuer: claims.issuer.as_deref().unwrap_or_default(),
            client: claims.client_id.as_deref(),
        };
        let exempt = Self::pass_rules(rules, &presented, caller)?;
        let takes = if exempt { Vec::new() } else { self.takes(counted, rules) };
        let strict = counted.requested.rule.is_some_and(|rule| rule.strict);
        let Admission { unchecked, outcomes, .. } =
            self.ask(*counted.check, claims, &takes, strict, now).await?;
        let newer = self.rules();
        if newer.version() == rules.version() {
            self.note_denied(&takes, &outcomes, now);
        } else {
            // What was denied by others may be allowed by these.
            Self::pass_rules(&newer, &presented, caller)?;
        }
        self.check_limits(&takes, &outcomes)?;
        let degraded = Degraded::new(unchecked, &outcomes);
        let limited = takes.iter().zip(outcomes);
        let limits = limited
            .map(|(take, outcome)| Limited { policy: take.policy.clone(), outcome })
            .collect();
        Ok((limits, degraded))
    }

    /// The one store call of a request that presents a token. What this instance knows as revoked or
    /// as denied is refused without it, and what it sees revoked it knows from then on: an eventually
    /// consistent store may forget for a while, an instance may not. `strict`: it is never accepted unchecked.
    pub(super) async fn ask(
        &self,
        check: TokenCheck,
        claims: &Claims<'_>,
        takes: &[Take<'_>],
        strict: bool,
        now: UnixMs,
    ) -> Result<Admission, GuardError> {
        self.refuse_known(&check, now)?;
        self.refuse_denied(takes, now)?;
        let scope = claims.scope.as_deref().unwrap_or_default();
        let closed = strict || self.config().revocation.closes(scope);
        let admit = Admit { token: Some(check), takes: takes.to_vec(), closed };
        let admission = self.asked(&admit, now).await?;
        let Some(scope) = admission.revoked else {
            // While the store was asked, this instance may have acknowledged a revocation.
            self.refuse_known(&check, now)?;
            return Ok(admission);
        };
        if admission.unreadable {
            self.telemetry().record(&Event::StoreCorrupt { scope });
        } else if !planted::is(Bug::PositiveForgotten) {
            let (scope, key) = (RevocationScope::Token, check.token);
            let expires = check.expires.plus(self.config().check_late_ms_max());
            // Without room the store is asked again the next time.
            let revocation = Revocation { scope, key, expires, acknowledged: None };
            let _ = self.remember(&revocation, now).await;
        }
        Err(GuardError::Revoked)
    }

    /// Refuses what this instance knows as revoked.
    fn refuse_known(&self, check: &TokenCheck, now: UnixMs) -> Result<(), GuardError> {
        match self.instance.memory.revoked(check, now) {
            Some(_) => Err(GuardError::Revoked),
            None => Ok(()),
        }
    }

    /// Keeps a revocation in the local map, as far as there is room.
    pub(super) async fn remember(
        &self,
        revocation: &Revocation,
        now: UnixMs,
    ) -> Result<(), StoreError> {
        let remembered = self.instance.memory.revoke(revocation, now).await;
        if remembered.is_err() {
            self.telemetry().record(&Event::RevocationForgotten);
            // What it cannot remember it cannot tell from what it never heard of.
            self.instance.outages.forget(revocation.expires);
        }
        remembered.map(drop)
    }

    fn takes<'a>(&'a self, counted: &Counted<'_>, rules: &'a Rules) -> Vec<Take<'a>> {
        let limits = self.config().limits.iter();
        let take = |policy| {
            let key = counted.key(policy)?;
            let policy = rules.policy(policy, key, counted.caller.now);
            Some(Take { policy, key, cost: 1 })
        };
        limits.filter(|policy| policy.trigger == Trigger::Request).filter_map(take).collect()
    }
}
