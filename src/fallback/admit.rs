//! Admitting and peeking without the primary.

use super::Fallback;
use super::chain::{Chain, Unanswered};
use crate::UnixMs;
use crate::background::Background;
use crate::instance::Instance;
use crate::limit::{Decision, OnOutage, Policy};
use crate::planted::{self, Bug};
use crate::store::{Admission, Admit, Outcome, Store, StoreError, Take, TokenCheck};
use crate::telemetry::Event;

impl<P, S, B> Fallback<P, S, B>
where
    P: Store + Clone + 'static,
    S: Store + Clone + 'static,
    B: Background,
{
    /// What this instance and the secondary know as revoked is refused; the rest as the outage modes
    /// say. All or nothing, as ever.
    pub(super) async fn admit_without_store(
        &self,
        admit: &Admit<'_>,
        unanswered: Unanswered,
        now: UnixMs,
    ) -> Result<Admission, StoreError> {
        let cause = unanswered.cause();
        if let Some(check) = admit.token
            && let Some(revoked) = self.known_as_revoked(check, now).await?
        {
            return Ok(revoked);
        }
        self.chain.accept_unchecked(admit, cause, now)?;
        let outcomes = self.chain.take_locally(&admit.takes, &unanswered, now).await?;
        self.chain.instance.telemetry.record(&Event::FallbackUsed { verb: "admit", cause });
        let unchecked = admit.token.map(|_| cause);
        Ok(Admission { unchecked, outcomes, ..Admission::default() })
    }

    /// The refusal by what is known here, or else in the secondary. That one holds only what was
    /// revoked in outages: that it knows nothing does not count as a check.
    async fn known_as_revoked(
        &self,
        check: TokenCheck,
        now: UnixMs,
    ) -> Result<Option<Admission>, StoreError> {
        let known_here = || {
            let revoked = self.chain.instance.memory.revoked(&check, now);
            revoked.map(|scope| Admission { revoked: Some(scope), ..Admission::default() })
        };
        if let Some(known) = known_here() {
            return Ok(Some(known));
        }
        let asked = self.ask_secondary("admit", now, |secondary| async move {
            secondary.admit(&Admit { token: Some(check), ..Admit::default() }, now).await
        });
        let known_there = asked.await.filter(|admission| admission.revoked.is_some());
        // While it was asked, this instance may have acknowledged a revocation: what that refuses must
        // take from no limit.
        Ok(known_there.or_else(known_here))
    }
}

impl<P, S> Chain<P, S> {
    /// Refuses a token that must not be accepted unchecked.
    fn accept_unchecked(
        &self,
        admit: &Admit<'_>,
        cause: &'static str,
        now: UnixMs,
    ) -> Result<(), StoreError> {
        let Instance { config, outages, .. } = &*self.instance;
        let Some(check) = admit.token else { return Ok(()) };
        let fresh = outages.is_fresh(check.token, now);
        let accepted = !outages.is_refused_from_start()
            && !outages.has_forgotten(now)
            && config.revocation.accepts(&check, admit.closed, fresh, now);
        if accepted { Ok(()) } else { Err(StoreError::Outage { cause }) }
    }

    /// Takes from the limits that are counted here, all or nothing, and owes the store what was not
    /// sent to it. What may have been counted there is counted here too, and never sent again.
    async fn take_locally(
        &self,
        takes: &[Take<'_>],
        unanswered: &Unanswered,
        now: UnixMs,
    ) -> Result<Vec<Outcome>, StoreError> {
        let cause = unanswered.cause();
        let shares = shares(takes, cause)?;
        let local = Admit { takes: local_takes(takes, &shares), ..Admit::default() };
        let admission = self.instance.memory.admit(&local, now).await?;
        let unsent = *unanswered == Unanswered::NotSent || planted::is(Bug::UnknownMerged);
        if unsent && admission.allowed() {
            self.owe(takes, &shares, &admission, now);
        }
        Ok(outcomes(takes, &shares, admission.outcomes, cause))
    }

    fn owe(&self, takes: &[Take<'_>], shares: &Shares, admission: &Admission, now: UnixMs) {
        let Instance { telemetry, outages, .. } = &*self.instance;
        let counted = takes.iter().zip(shares).filter(|(_, share)| share.is_some());
        let taken = counted
            .zip(&admission.outcomes)
            .filter(|(_, outcome)| outcome.decision.allowed)
            .map(|((take, _), _)| take);
        let lost =
            outages.ledger(|ledger| taken.filter(|take| ledger.owe(take, now).is_err()).count());
        if lost > 0 {
            telemetry.record(&Event::TakesUnmerged { count: lost });
        }
    }

    /// What a take would decide, by the limits that are counted here.
    pub(super) async fn peek_locally(
        &self,
        takes: &[Take<'_>],
        unanswered: Unanswered,
        now: UnixMs,
    ) -> Result<Vec<Outcome>, StoreError> {
        let cause = unanswered.cause();
        let shares = shares(takes, cause)?;
        let counted = self.instance.memory.peek(&local_takes(takes, &shares), now).await?;
        self.instance.telemetry.record(&Event::FallbackUsed { verb: "peek", cause });
        Ok(outcomes(takes, &shares, counted, cause))
    }
}

/// For each take the policy it is counted by here; `None` where nothing counts it.
type Shares = [Option<Policy>];

/// Refuses when a policy that is closed in an outage is no shadow.
fn shares(takes: &[Take<'_>], cause: &'static str) -> Result<Box<Shares>, StoreError> {
    let share = |take: &Take<'_>| match take.policy.on_outage {
        OnOutage::Local { share_percent } => {
            let all = planted::is(Bug::ShareIgnored);
            let quota = take.policy.quota.share(if all { 100 } else { share_percent });
            // More than the share holds at once is no more than the quota does: it cannot be told.
            let beyond = take.policy.quota.accepts(take.cost) && !quota.accepts(take.cost);
            if beyond && !take.policy.shadow {
                return Err(StoreError::Outage { cause });
            }
            Ok(Some(Policy { quota, ..take.policy.clone() }))
        }
        OnOutage::Closed if !take.policy.shadow => Err(StoreError::Outage { cause }),
        OnOutage::Closed | OnOutage::Open => Ok(None),
    };
    takes.iter().map(share).collect()
}

fn local_takes<'s>(takes: &[Take<'_>], shares: &'s Shares) -> Vec<Take<'s>> {
    let counted = takes.iter().zip(shares);
    counted
        .filter_map(|(take, share)| {
            Some(Take { policy: share.as_ref()?, key: take.key, cost: take.cost })
        })
        .collect()
}

/// The outcomes in the order of the takes: of those counted here, and a yes for the others.
fn outcomes(
    takes: &[Take<'_>],
    shares: &Shares,
    counted: Vec<Outcome>,
    cause: &'static str,
) -> Vec<Outcome> {
    let mut counted = counted.into_iter();
    let outcome = |(take, share): (&Take<'_>, &Option<Policy>)| {
        let outcome = match share {
            Some(_) => counted.next(),
            None => None,
        };
        outcome.unwrap_or_else(|| uncounted(take.policy))
    };
    let decided = takes.iter().zip(shares).map(outcome);
    decided.map(|outcome| Outcome { degraded: Some(cause), ..outcome }).collect()
}

/// Let through without being counted.
const fn uncounted(policy: &Policy) -> Outcome {
    let (limit, remaining) = (policy.quota.limit(), policy.quota.burst());
    let decision = Decision { allowed: true, limit, remaining, reset_ms: 0, retry_after_ms: None };
    Outcome { decision, shadow: policy.shadow, overflow: false, degraded: None }
}
