//! Limits around a request: the gate before it, the charge after a failed authentication, and the
//! administration of keys.

use super::{Address, Caller, Guard, GuardError, Limited, NamedKey};
use crate::UnixMs;
use crate::config::Client;
use crate::limit::{Adjustment, LimitError, Policy, Trigger};
use crate::planted::{self, Bug};
use crate::rules::List;
use crate::store::{Admit, EntryKey, KeySpace, Outcome, Penalty, Store, Take};
use crate::telemetry::Event;

/// For how long an address over an `auth_failure` quota is refused without asking the store: so
/// that a reset shows within this time.
const LOCAL_BLOCK_MS: u64 = 5_000;

/// The answer to one take or peek of one policy's key.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The policy, with the quota it has for this key.
    pub policy: Policy,
    /// What it decided.
    pub outcome: Outcome,
}

impl<S: Store> Guard<S> {
    /// The isolate-local gate: counts the address, and refuses one that is over an `auth_failure`
    /// quota as far as this instance knows. Never calls the store.
    pub(super) async fn pass_gate(&self, caller: &Caller) -> Result<(), GuardError> {
        match self.list_of_caller(caller) {
            Some(List::Deny) => return Err(GuardError::AccessDenied),
            Some(List::Allow) => return Ok(()),
            None => {}
        }
        let takes = takes_by_address(self.config().gate.iter(), caller);
        let memory = &self.instance.memory;
        let gate = Admit { token: None, takes, closed: false };
        let admission = memory.admit(&gate, caller.now).await?;
        self.check_limits(&gate.takes, &admission.outcomes)?;
        self.pass_failures(caller).await
    }

    /// Refuses an address that is over an `auth_failure` quota as far as this instance knows. Asked
    /// again once a body has come in: meanwhile others may have failed.
    pub(crate) async fn pass_failures(&self, caller: &Caller) -> Result<(), GuardError> {
        let failures = self.failure_takes(caller);
        let mut outcomes = self.instance.memory.peek(&failures, caller.now).await?;
        for outcome in outcomes.iter_mut().filter(|outcome| outcome.overflow) {
            // Looking takes nothing. And the failures of an address without a count of its own are
            // others' too: they must not lock it out before it has failed itself.
            outcome.overflow = false;
            outcome.decision.allowed = true;
        }
        self.check_limits(&failures, &outcomes)
    }

    /// Charges the `auth_failure` policies for a refusal that is one; over quota, that is the
    /// answer instead.
    pub(super) async fn charge_failure(&self, refusal: GuardError, caller: &Caller) -> GuardError {
        let takes = self.failure_takes(caller);
        if takes.is_empty() || !refusal.is_authentication_failure() {
            return refusal;
        }
        let admit = Admit { token: None, takes, closed: false };
        let Ok(admission) = self.asked(&admit, caller.now).await else { return refusal };
        match self.check_limits(&admit.takes, &admission.outcomes) {
            Ok(()) => refusal,
            Err(limited) => {
                self.block_locally(&admit.takes, &admission.outcomes, caller.now).await;
                limited
            }
        }
    }

    /// Remembers denied keys here, so that the gate refuses them without a store call.
    async fn block_locally(&self, takes: &[Take<'_>], outcomes: &[Outcome], now: UnixMs) {
        for (take, outcome) in takes.iter().zip(outcomes) {
            let Some(retry_after_ms) = outcome.decision.retry_after_ms else { continue };
            let duration_ms = retry_after_ms.min(LOCAL_BLOCK_MS);
            let penalty = Penalty { policy: take.policy, key: take.key, duration_ms };
            // Without room for it the next failure asks the store again: slower, not weaker.
            let _ = self.instance.memory.penalise(&penalty, now).await;
        }
    }

    /// Refuses what the store denied a moment ago, without asking it: a denial takes nothing from any
    /// policy, so nothing is left out.
    pub(super) fn refuse_denied(&self, takes: &[Take<'_>], now: UnixMs) -> Result<(), GuardError> {
        if !self.instance.denied.has_any(now) {
            return Ok(());
        }
        let mut refused: (Vec<Take<'_>>, Vec<Outcome>) = Default::default();
        for take in takes.iter().filter(|take| !take.policy.shadow) {
            let number = self.number_of(take.policy);
            let Some(decision) = self.instance.denied.find(number, take.key, take.cost, now) else {
                continue;
            };
            let outcome = Outcome { decision, shadow: false, overflow: false, degraded: None };
            self.telemetry().record(&Event::LimitKnown { policy: &take.policy.name });
            refused.0.push(*take);
            refused.1.push(outcome);
        }
        self.check_limits(&refused.0, &refused.1)
    }

    /// Counts a request of `client` by the limit of its record, if that has one. What ends or revokes something is
    /// not to be counted so: it must never have to wait.
    ///
    /// # Errors
    /// [`GuardError::RateLimited`], [`GuardError::Store`].
    pub async fn pass_client(&self, client: &Client, now: UnixMs) -> Result<(), GuardError> {
        let Some(policy) = &client.limit else { return Ok(()) };
        let key = EntryKey::new(KeySpace::Client, &self.config().issuer, client.id.as_str());
        let takes = [Take { policy, key, cost: 1 }];
        self.refuse_denied(&takes, now)?;
        let admit = Admit { token: None, takes: takes.to_vec(), closed: false };
        let admission = self.asked(&admit, now).await?;
        self.note_denied(&takes, &admission.outcomes, now);
        self.check_limits(&takes, &admission.outcomes)
    }

    /// Remembers what the store denied; not what this instance did, which it knows as well as that.
    pub(super) fn note_denied(&self, takes: &[Take<'_>], outcomes: &[Outcome], now: UnixMs) {
        for (take, outcome) in takes.iter().zip(outcomes) {
            let of_store = outcome.degraded.is_none() && !outcome.overflow && !outcome.shadow;
            if of_store && !outcome.decision.allowed {
                let number = self.number_of(take.policy);
                self.instance.denied.note(number, take.key, take.cost, outcome.decision, now);
            }
        }
    }

    /// The place of a policy in the configuration.
    fn number_of(&self, policy: &Policy) -> usize {
        let limits = &self.config().limits;
        limits.iter().position(|other| other.name == policy.name).unwrap_or(limits.len())
    }

    fn failure_takes(&self, caller: &Caller) -> Vec<Take<'_>> {
        if self.list_of_caller(caller) == Some(List::Allow) {
            return Vec::new();
        }
        let limits = self.config().limits.iter();
        takes_by_address(limits.filter(|policy| policy.trigger == Trigger::AuthFailure), caller)
    }

    /// Counts what was denied or overflowed, and refuses if any policy that is not a shadow denies.
    pub(super) fn check_limits(
        &self,
        takes: &[Take<'_>],
        outcomes: &[Outcome],
    ) -> Result<(), GuardError> {
        for (take, outcome) in takes.iter().zip(outcomes) {
            let policy = &take.policy.name;
            if outcome.overflow {
                self.telemetry().record(&Event::LimitOverflow { policy });
            }
            if !outcome.decision.allowed {
                self.telemetry().record(&Event::LimitDenied { policy, shadow: outcome.shadow });
            }
        }
        let limited = |(take, outcome): (&Take<'_>, &Outcome)| Limited {
            policy: take.policy.clone(),
            outcome: *outcome,
        };
        let denied = outcomes.iter().any(|outcome| !outcome.decision.allowed && !outcome.shadow);
        if denied && !planted::is(Bug::DenialIgnored) {
            return Err(GuardError::RateLimited(takes.iter().zip(outcomes).map(limited).collect()));
        }
        Ok(())
    }

    /// Takes `cost` from a key of a policy, as an administrator names it.
    ///
    /// # Errors
    /// [`GuardError::PolicyUnknown`], [`GuardError::Invalid`] for the key, [`GuardError::Limit`] for
    /// a cost of 0 or above what is taken at once, [`GuardError::Store`].
    pub async fn take(
        &self,
        policy: &str,
        key: &NamedKey<'_>,
        cost: u64,
        now: UnixMs,
    ) -> Result<Taken, GuardError> {
        let (policy, key) = self.named(policy, key, now)?;
        if !policy.quota.accepts(cost) {
            return Err(LimitError::CostOutOfRange { cost, limit: policy.quota.burst() }.into());
        }
        let admit =
            Admit { token: None, takes: vec![Take { policy: &policy, key, cost }], closed: false };
        let admission = self.asked(&admit, now).await?;
        // Counted here; whether it is refused is for the caller to say.
        let _ = self.check_limits(&admit.takes, &admission.outcomes);
        only(&policy, &admission.outcomes)
    }

    /// What a take of 1 would decide, taking nothing.
    ///
    /// # Errors
    /// As [`Guard::take`].
    pub async fn peek(
        &self,
        policy: &str,
        key: &NamedKey<'_>,
        now: UnixMs,
    ) -> Result<Taken, GuardError> {
        let (policy, key) = self.named(policy, key, now)?;
        let answer = self.store.peek(&[Take { policy: &policy, key, cost: 1 }], now).await;
        only(&policy, &self.answered("peek", answer, now)?)
    }

    /// Counts cost of a key of a policy once it is known, or gives it back; what a take of 1 would decide then.
    ///
    /// # Errors
    /// As [`Guard::take`].
    pub async fn adjust(
        &self,
        policy: &str,
        key: &NamedKey<'_>,
        by: Adjustment,
        now: UnixMs,
    ) -> Result<Taken, GuardError> {
        let (policy, key) = self.named(policy, key, now)?;
        let answer = self.store.adjust(&policy, key, by, now).await;
        let outcome = self.answered("adjust", answer, now)?;
        // What is given back may be taken at once.
        self.instance.denied.forget(self.number_of(&policy), key);
        Ok(Taken { policy, outcome })
    }

    /// Denies one key of a policy for a time, whatever its count. A running longer block stays.
    ///
    /// # Errors
    /// As [`Guard::take`].
    pub async fn block(
        &self,
        policy: &str,
        key: &NamedKey<'_>,
        duration_ms: u64,
        now: UnixMs,
    ) -> Result<(), GuardError> {
        let (policy, key) = self.named(policy, key, now)?;
        let penalty = Penalty { policy: &policy, key, duration_ms };
        self.answered("penalise", self.store.penalise(&penalty, now).await, now)?;
        // So that it holds here without the store too, as far as there is room.
        let _ = self.instance.memory.penalise(&penalty, now).await;
        Ok(())
    }

    /// Forgets the count and any penalty of exactly one key of a policy.
    ///
    /// # Errors
    /// As [`Guard::take`].
    pub async fn reset(
        &self,
        policy: &str,
        key: &NamedKey<'_>,
        now: UnixMs,
    ) -> Result<(), GuardError> {
        let (policy, key) = self.named(policy, key, now)?;
        let answer = self.store.reset(&policy, key, now).await;
        self.answered("reset", answer, now)?;
        self.instance.denied.forget(self.number_of(&policy), key);
        // What this instance counted in an outage, or blocks for a while, is the key's count too.
        self.instance.outages.ledger(|ledger| ledger.forget(&policy, key));
        Ok(self.instance.memory.reset(&policy, key, now).await?)
    }

    /// A policy, with the quota it has for this key, and the key.
    pub(super) fn named(
        &self,
        policy: &str,
        key: &NamedKey<'_>,
        now: UnixMs,
    ) -> Result<(Policy, EntryKey), GuardError> {
        let policy = self.config().limit(policy).ok_or(GuardError::PolicyUnknown)?;
        let key = key.resolve(policy, self.config())?;
        Ok((self.rules().policy(policy, key, now).clone(), key))
    }
}

/// One from each of these policies by the caller's address, which is hashed only if there is one.
fn takes_by_address<'a>(
    policies: impl Iterator<Item = &'a Policy>,
    caller: &Caller,
) -> Vec<Take<'a>> {
    let take = |policy| Take { policy, key: Address::key(caller.address), cost: 1 };
    policies.map(take).collect()
}

fn only(policy: &Policy, outcomes: &[Outcome]) -> Result<Taken, GuardError> {
    let unavailable = crate::store::StoreError::Unavailable { cause: "protocol" };
    let outcome = *outcomes.first().ok_or(GuardError::Store(unavailable))?;
    Ok(Taken { policy: policy.clone(), outcome })
}
