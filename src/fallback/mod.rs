//! A chain of stores that goes on when its first one does not answer: primary, secondary, and this
//! instance's memory. [`crate::store::outage`] is the policy; here it is carried out.
//!
//! An answer costs one call of the primary while it is well. While its breaker is open nothing waits
//! for it: probe and replay run in the background.

mod admit;
mod chain;
pub mod drain;
mod recovery;
mod revoke;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::Arc;

use crate::UnixMs;
use crate::background::Background;
use crate::instance::Instance;
use crate::limit::{Adjustment, Policy};
use crate::planted::{self, Bug};
use crate::store::breaker::Pass;
use crate::store::{
    Admission, Admit, Durability, EntryKey, MergeBatch, Outcome, Penalty, Record, Revocation,
    Rotated, Rotation, SessionRecord, Store, StoreError, StoredRules, Take,
};
use chain::{Chain, Unanswered};

/// The stores of one request, and the background its probes and replays run in.
#[derive(Debug)]
pub struct Fallback<P, S, B> {
    chain: Chain<P, S>,
    background: B,
}

impl<P, S, B> Fallback<P, S, B>
where
    P: Store + Clone + 'static,
    S: Store + Clone + 'static,
    B: Background,
{
    /// A chain of `primary`, `secondary` where there is one, and the memory of `instance`.
    pub const fn new(
        instance: Arc<Instance>,
        primary: P,
        secondary: Option<S>,
        background: B,
    ) -> Self {
        Self { chain: Chain { instance, primary, secondary }, background }
    }

    /// Asks the primary, unless it is known not to answer.
    async fn ask<T>(
        &self,
        verb: &'static str,
        now: UnixMs,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, Unanswered> {
        let outages = &self.chain.instance.outages;
        match outages.primary.pass(now) {
            Pass::Call(ticket) => {
                let answer = self.chain.heard(verb, ticket, work.await, now)?;
                self.catch_up(now);
                Ok(answer)
            }
            Pass::Probe(ticket) => {
                self.background.spawn(self.chain.clone().probe(ticket, now));
                Err(Unanswered::NotSent)
            }
            Pass::Shut => Err(Unanswered::NotSent),
        }
    }

    /// Tells a primary that answers what it missed, in the background.
    fn catch_up(&self, now: UnixMs) {
        let outages = &self.chain.instance.outages;
        if outages.is_behind() && outages.begin_replay(now) {
            self.background.spawn(self.chain.clone().replay(now));
        }
    }

    /// As [`Fallback::ask`], for what nothing but the primary may answer.
    async fn demand<T>(
        &self,
        verb: &'static str,
        now: UnixMs,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.ask(verb, now, work).await.map_err(Unanswered::into_error)
    }

    /// Asks the secondary, unless there is none or it is known not to answer.
    async fn ask_secondary<T, W: Future<Output = Result<T, StoreError>>>(
        &self,
        verb: &'static str,
        now: UnixMs,
        work: impl FnOnce(S) -> W,
    ) -> Option<T> {
        let secondary = self.chain.secondary.clone()?;
        match self.chain.instance.outages.secondary.pass(now) {
            Pass::Call(ticket) => {
                let answer = work(secondary).await;
                self.chain.heard_secondary(verb, ticket, answer, now)
            }
            Pass::Probe(ticket) => {
                self.background.spawn(self.chain.clone().probe_secondary(ticket, now));
                None
            }
            Pass::Shut => None,
        }
    }
}

impl<P, S, B> Store for Fallback<P, S, B>
where
    P: Store + Clone + 'static,
    S: Store + Clone + 'static,
    B: Background,
{
    async fn admit(&self, admit: &Admit<'_>, now: UnixMs) -> Result<Admission, StoreError> {
        match self.ask("admit", now, self.chain.primary.admit(admit, now)).await {
            Ok(admission) => {
                if self.chain.learn(admit, &admission, now) {
                    self.catch_up(now);
                }
                Ok(admission)
            }
            Err(Unanswered::Answered(error)) => Err(error),
            // Boxed: else every request would carry the room of one without the store.
            Err(unanswered) => Box::pin(self.admit_without_store(admit, unanswered, now)).await,
        }
    }

    async fn revoke(&self, revocation: &Revocation, now: UnixMs) -> Result<Durability, StoreError> {
        match self.ask("revoke", now, self.chain.primary.revoke(revocation, now)).await {
            Ok(durability) => Ok(durability),
            Err(Unanswered::Answered(error)) => Err(error),
            Err(_) if planted::is(Bug::UnknownAcknowledged) => Ok(Durability::Store),
            Err(unanswered) => self.revoke_without_store(revocation, unanswered, now).await,
        }
    }

    async fn rotate(&self, rotation: &Rotation, now: UnixMs) -> Result<Rotated, StoreError> {
        self.demand("rotate", now, self.chain.primary.rotate(rotation, now)).await
    }

    async fn sessions(
        &self,
        subject: EntryKey,
        now: UnixMs,
    ) -> Result<Vec<SessionRecord>, StoreError> {
        self.demand("sessions", now, self.chain.primary.sessions(subject, now)).await
    }

    async fn peek(&self, takes: &[Take<'_>], now: UnixMs) -> Result<Vec<Outcome>, StoreError> {
        match self.ask("peek", now, self.chain.primary.peek(takes, now)).await {
            Ok(outcomes) => Ok(outcomes),
            Err(Unanswered::Answered(error)) => Err(error),
            Err(unanswered) => self.chain.peek_locally(takes, unanswered, now).await,
        }
    }

    async fn reset(&self, policy: &Policy, key: EntryKey, now: UnixMs) -> Result<(), StoreError> {
        self.demand("reset", now, self.chain.primary.reset(policy, key, now)).await
    }

    async fn adjust(
        &self,
        policy: &Policy,
        key: EntryKey,
        by: Adjustment,
        now: UnixMs,
    ) -> Result<Outcome, StoreError> {
        self.demand("adjust", now, self.chain.primary.adjust(policy, key, by, now)).await
    }

    async fn penalise(&self, penalty: &Penalty<'_>, now: UnixMs) -> Result<(), StoreError> {
        self.demand("penalise", now, self.chain.primary.penalise(penalty, now)).await
    }

    async fn merge(&self, batch: &MergeBatch, now: UnixMs) -> Result<(), StoreError> {
        self.demand("merge", now, self.chain.primary.merge(batch, now)).await
    }

    async fn put(&self, name: EntryKey, record: Record, now: UnixMs) -> Result<(), StoreError> {
        self.demand("put", now, self.chain.primary.put(name, record, now)).await
    }

    async fn get(&self, name: EntryKey, now: UnixMs) -> Result<Option<Record>, StoreError> {
        self.demand("get", now, self.chain.primary.get(name, now)).await
    }

    async fn rules(&self, now: UnixMs) -> Result<StoredRules, StoreError> {
        self.demand("rules", now, self.chain.primary.rules(now)).await
    }

    async fn write_rules(
        &self,
        expected: u64,
        text: &str,
        now: UnixMs,
    ) -> Result<Option<u64>, StoreError> {
        self.demand("write_rules", now, self.chain.primary.write_rules(expected, text, now)).await
    }
}
