//! Tokens of foreign issuers: whose one is, and the keys of that issuer alone to check it with.

use std::sync::Arc;

use super::{Guard, GuardError, names};
use crate::UnixMs;
use crate::background::Background;
use crate::config::{ForeignIssuer, KeySource};
use crate::fetch::{AnyFetch, Fetch, FetchError, Request, Response};
use crate::instance::Instance;
use crate::jwks::{IssuerName, JwksError, Keys, Lookup, RemoteJwks, Ticket, Unavailable};
use crate::jwt::{self, Claims, IssuedAt, JwtError, KeySet, Policy, Signed};
use crate::store::{Store, TokenCheck};
use crate::telemetry::{Event, Telemetry};

/// A foreign issuer, and its keys as this instance has them.
#[derive(Clone, Copy)]
pub(super) struct Foreign<'g> {
    pub(super) issuer: &'g ForeignIssuer,
    keys: ForeignKeys<'g>,
}

#[derive(Clone, Copy)]
enum ForeignKeys<'g> {
    Fixed(&'g Arc<KeySet>),
    Remote(&'g RemoteJwks),
}

impl<S: Store> Guard<S> {
    /// The foreign issuer whose token this says it is: as yet only a reason to check it by that
    /// issuer's keys and policy, which holds its `iss` to be that very issuer.
    pub(super) fn foreign(&self, token: &str) -> Option<Foreign<'_>> {
        let issuers = &self.config().issuers;
        if issuers.is_empty() {
            return None;
        }
        let names = issuers.iter().map(|issuer| issuer.issuer.as_str());
        let index = jwt::issuer_hint(token, self.config().own.token_bytes_max, names)?;
        let issuer = issuers.get(index)?;
        let keys = match (&issuer.keys, self.instance.jwks.get(index)) {
            (KeySource::Fixed(set), _) => ForeignKeys::Fixed(set),
            (KeySource::Remote(_), Some(Some(remote))) => ForeignKeys::Remote(remote),
            // An instance has a set for each.
            (KeySource::Remote(_), _) => return None,
        };
        Some(Foreign { issuer, keys })
    }

    /// Checks a token's signature by the keys of a foreign issuer, under one of its policies; beside
    /// it, why the keys are older than they should be, when they are.
    ///
    /// # Errors
    /// [`GuardError::Token`], or [`GuardError::Jwks`] when that cannot be told for want of keys.
    pub(super) async fn check_foreign<'t>(
        &self,
        token: &'t str,
        foreign: Foreign<'_>,
        policy: &Policy,
        now: UnixMs,
    ) -> Result<(Signed<'t>, Option<JwksError>), GuardError> {
        let keys = self.keys(foreign, now).await?;
        let refused = match self.signed(token, &keys.set, policy, now).await {
            Ok(signed) => return Ok((signed, keys.stale)),
            Err(refused) => refused,
        };
        // The issuer may have a key that is not at hand.
        if !matches!(refused, JwtError::NoMatchingKey | JwtError::AlgNotAllowed) {
            return Err(refused.into());
        }
        match self.newer_keys(token, foreign, now).await? {
            Some(keys) => Ok((self.signed(token, &keys.set, policy, now).await?, keys.stale)),
            None => Err(refused.into()),
        }
    }

    /// The keys of a foreign issuer, fetched if there are none.
    async fn keys(&self, foreign: Foreign<'_>, now: UnixMs) -> Result<Keys, GuardError> {
        let remote = match foreign.keys {
            ForeignKeys::Fixed(set) => return Ok(Keys { set: Arc::clone(set), stale: None }),
            ForeignKeys::Remote(remote) => remote,
        };
        let keys = match remote.look_up(now) {
            Lookup::Keys(keys) => Ok(keys),
            Lookup::Unavailable(unavailable) => Err(unavailable),
            Lookup::Fetch(ticket) => {
                let fetched = self.fetch_keys(foreign.issuer, remote, ticket).await;
                remote.at_hand(now).ok_or(fetched.err().unwrap_or(Unavailable::BUSY))
            }
        };
        let keys = keys.map_err(|unavailable| self.no_keys(foreign.issuer, unavailable))?;
        if keys.stale.is_some() {
            self.telemetry().record(&Event::JwksStale { issuer: &foreign.issuer.name });
        }
        Ok(keys)
    }

    /// The keys of a foreign issuer, newer than those that lack the one this token names; `None`
    /// when there are none newer, or none could verify it.
    async fn newer_keys(
        &self,
        token: &str,
        Foreign { issuer, keys }: Foreign<'_>,
        now: UnixMs,
    ) -> Result<Option<Keys>, GuardError> {
        let ForeignKeys::Remote(remote) = keys else { return Ok(None) };
        let algorithms = &remote.settings().algorithms;
        if !jwt::asks_for(token, issuer.access.token_bytes_max, algorithms) {
            return Ok(None);
        }
        let no_keys = |unavailable| self.no_keys(issuer, unavailable);
        let Some(ticket) = remote.look_for_newer(now).map_err(no_keys)? else { return Ok(None) };
        // If it fails the keys at hand may be good; whether they are all there are cannot be told.
        self.fetch_keys(issuer, remote, ticket).await.map_err(no_keys)?;
        Ok(remote.at_hand(now))
    }

    async fn fetch_keys(
        &self,
        issuer: &ForeignIssuer,
        remote: &RemoteJwks,
        ticket: Ticket,
    ) -> Result<(), Unavailable> {
        let fetch: &dyn AnyFetch = match &self.fetch {
            Some(fetch) => &**fetch,
            None => &NoFetch,
        };
        refresh(self.telemetry(), &issuer.name, remote, ticket, fetch).await
    }

    fn no_keys(&self, issuer: &ForeignIssuer, unavailable: Unavailable) -> GuardError {
        let error = &unavailable.error;
        self.telemetry().record(&Event::JwksUnavailable { issuer: &issuer.name, error });
        GuardError::Jwks(unavailable)
    }
}

/// The names under which a foreign token may have been revoked, when it was issued at the earliest,
/// and until when it could be accepted. Its issue time counts by the second, as RFC 7519 has it: what
/// a claim of ours would mean in another's token is not known.
pub(super) fn foreign_check(
    claims: &Claims<'_>,
    signed: &Signed<'_>,
    issuer: &ForeignIssuer,
    now: UnixMs,
) -> TokenCheck {
    let tolerance_ms = issuer.access.clock_tolerance.ms();
    let issued_at =
        claims.issued_at.map_or(IssuedAt::Unknown, |at| IssuedAt::Seconds(at.seconds()));
    let accepted_until = match claims.expires {
        Some(end) => end.plus(tolerance_ms),
        None => now.plus(issuer.acceptance_ms_max()),
    };
    let earliest = names::earliest(issued_at, tolerance_ms, now);
    names::token_check(claims, signed.signing_input(), earliest, accepted_until)
}

/// Refreshes in the background every key set that is due: to be called once a request is answered.
pub fn refresh_due<F: Fetch + Clone + 'static>(
    instance: &Arc<Instance>,
    fetch: &F,
    background: &impl Background,
    now: UnixMs,
) {
    for (index, remote) in instance.jwks.iter().enumerate() {
        let Some(ticket) = remote.as_ref().and_then(|remote| remote.take_due(now)) else {
            continue;
        };
        let (instance, fetch) = (Arc::clone(instance), fetch.clone());
        background.spawn(async move {
            let Instance { config, telemetry, jwks, .. } = &*instance;
            if let (Some(issuer), Some(Some(remote))) = (config.issuers.get(index), jwks.get(index))
            {
                // What it comes to is told and kept; nobody waits for it.
                let _ = refresh(telemetry, &issuer.name, remote, ticket, &fetch).await;
            }
        });
    }
}

/// Fetches a key set, and tells what it came to.
async fn refresh(
    telemetry: &Telemetry,
    issuer: &IssuerName,
    remote: &RemoteJwks,
    ticket: Ticket,
    fetch: &dyn AnyFetch,
) -> Result<(), Unavailable> {
    let fetched = remote.refresh(ticket, fetch).await;
    telemetry.record(&match &fetched {
        Ok(()) => Event::JwksFetched { issuer },
        Err(Unavailable { error, .. }) => Event::JwksFailed { issuer, error },
    });
    fetched
}

/// Where there is nothing to fetch with.
struct NoFetch;

impl Fetch for NoFetch {
    async fn fetch(&self, _: Request<'_>) -> Result<Response, FetchError> {
        Err(FetchError::Unreachable)
    }
}
