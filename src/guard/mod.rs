//! The guard: everything below composed for one request.
//!
//! The order of a request is fixed: the isolate-local gate by address (no store), parse,
//! signature, claims, then one store call that checks revocation and takes from every limit.

mod access;
mod address;
mod degraded;
mod error;
mod foreign;
mod introspect;
mod issue;
mod key;
mod limits;
mod names;
mod ready;
mod revoke;
mod rules;
mod session;
mod verified;

pub use access::Access;
pub use address::Address;
pub use degraded::Degraded;
pub use error::{CredentialsFault, GuardError, Limited};
pub use foreign::refresh_due;
pub use introspect::Introspection;
pub use issue::{Issued, TokenOrder};
pub use key::{NamedKey, Requested};
pub use limits::Taken;
pub use ready::Readiness;
pub use revoke::{Of, RevokeTarget};
pub use rules::Listed;
pub use session::{Refresh, RefreshOrder};

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use crate::UnixMs;
use crate::config::{Client, Config, Grant};
use crate::fetch::{AnyFetch, Fetch};
use crate::instance::Instance;
use crate::jwt::Signatures;
use crate::store::{Admission, Admit, Store, StoreError};
use crate::telemetry::{Event, Telemetry};

/// Source of random bytes; `None` when the platform has none to give.
pub type Entropy = fn() -> Option<[u8; 32]>;

/// Who is calling, and when.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// The caller's address, if it is known.
    pub address: Option<Address>,
    /// The time of the request.
    pub now: UnixMs,
}

/// The facade of one instance over one store.
pub struct Guard<S> {
    instance: Arc<Instance>,
    store: S,
    entropy: Entropy,
    /// `None`: nothing can be fetched.
    fetch: Option<Box<dyn AnyFetch>>,
    /// `None`: signatures are checked and made here.
    signatures: Option<&'static dyn Signatures>,
}

impl<S: fmt::Debug> fmt::Debug for Guard<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("store", &self.store).finish_non_exhaustive()
    }
}

impl<S: Store> Guard<S> {
    /// A guard over `store`, with random bytes from `entropy`.
    pub const fn new(instance: Arc<Instance>, store: S, entropy: Entropy) -> Self {
        Self { instance, store, entropy, fetch: None, signatures: None }
    }

    /// The same, able to fetch the key sets of foreign issuers.
    #[must_use]
    pub fn with_fetch(self, fetch: impl Fetch + 'static) -> Self {
        Self { fetch: Some(Box::new(fetch)), ..self }
    }

    /// The same with the runtime's own cryptography for signatures.
    #[must_use]
    pub fn with_signatures(self, signatures: &'static dyn Signatures) -> Self {
        Self { signatures: Some(signatures), ..self }
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.instance.config
    }

    /// The counters and pending log lines.
    #[must_use]
    pub fn telemetry(&self) -> &Telemetry {
        &self.instance.telemetry
    }

    /// Runs `action` behind the gate, and accounts for its refusal: every request passes here.
    ///
    /// # Errors
    /// What `action` returns, or [`GuardError::RateLimited`] when the gate or an `auth_failure`
    /// policy denies.
    pub async fn guarded<T>(
        &self,
        caller: &Caller,
        action: impl Future<Output = Result<T, GuardError>>,
    ) -> Result<T, GuardError> {
        let refusal = match self.pass_gate(caller).await {
            Ok(()) => match action.await {
                Ok(value) => return Ok(value),
                // Boxed: else every request would carry the room of one that is refused.
                Err(refusal) => Box::pin(self.charge_failure(refusal, caller)).await,
            },
            Err(refusal) => refusal,
        };
        self.telemetry().record(&refusal.event());
        Err(refusal)
    }

    /// The client of these credentials.
    ///
    /// # Errors
    /// [`GuardError::ClientRefused`].
    pub fn authenticate(&self, id: &str, secret: &str) -> Result<&Client, GuardError> {
        self.config().clients.authenticate(id, secret).ok_or(GuardError::ClientRefused)
    }

    /// The store's admission. One that leaves a take out decides nothing: a limit that was not
    /// answered for would be a limit that allows.
    async fn asked(&self, admit: &Admit<'_>, now: UnixMs) -> Result<Admission, GuardError> {
        let whole = |admission: &Admission| {
            admission.revoked.is_some() || admission.outcomes.len() == admit.takes.len()
        };
        let answer = self.store.admit(admit, now).await.and_then(|admission| {
            let protocol = StoreError::Unavailable { cause: "protocol" };
            if whole(&admission) { Ok(admission) } else { Err(protocol) }
        });
        if let Ok(Admission { repaired: count @ 1.., .. }) = answer {
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            self.telemetry().record(&Event::LimitsRepaired { count });
        }
        if let Ok(admission) = &answer
            && admission.is_of_store()
        {
            self.learn_rules(admission.rules, now).await;
        }
        match admit.token {
            Some(_) => self.reached("admit", answer, now),
            None => self.answered("admit", answer, now),
        }
    }

    /// Counts a store call's failure by verb and cause, and notes that the store does not answer.
    fn answered<T>(
        &self,
        verb: &'static str,
        answer: Result<T, StoreError>,
        now: UnixMs,
    ) -> Result<T, GuardError> {
        answer.map_err(|error| {
            if matches!(error, StoreError::Unavailable { .. } | StoreError::Timeout { .. }) {
                self.telemetry().store_answered(false, now);
            }
            // An outage was reported by whoever found it out.
            if !matches!(error, StoreError::Outage { .. }) {
                self.telemetry().record(&Event::StoreFailed { verb, error: &error });
            }
            GuardError::Store(error)
        })
    }

    /// As [`Guard::answered`], for the verbs that ask after revocations and records, and so tell
    /// that the store answers. One that only counts tells nothing: it may be kept apart
    /// ([`crate::store::Split`]).
    fn reached<T>(
        &self,
        verb: &'static str,
        answer: Result<T, StoreError>,
        now: UnixMs,
    ) -> Result<T, GuardError> {
        let answer = self.answered(verb, answer, now)?;
        self.telemetry().store_answered(true, now);
        Ok(answer)
    }
}

/// Refuses a client whose record lacks the grant.
///
/// # Errors
/// [`GuardError::GrantMissing`].
pub fn require(client: &Client, grant: Grant) -> Result<(), GuardError> {
    if client.may(grant) { Ok(()) } else { Err(GuardError::GrantMissing { grant: grant.name() }) }
}
