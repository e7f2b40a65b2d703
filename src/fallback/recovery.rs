//! Finding out that a store is back, and telling it what it missed. In the background of a request:
//! bounded in calls, each of which has its deadline.

use super::chain::{Chain, Unanswered};
use crate::UnixMs;
use crate::instance::Instance;
use crate::store::breaker::Ticket;
use crate::store::{EntryKey, MergeBatch, Record, Revocation, Store, StoreError};
use crate::telemetry::Event;

/// Calls of one replay. A Worker's request may make fifty; what is left goes on with the next one.
const CALLS_MAX: usize = 32;
/// How long the entry a probe writes lives, in milliseconds.
const PROBE_MS: u64 = 60_000;

impl<P: Store, S: Store> Chain<P, S> {
    /// Asks the primary the one question that is open to it while its breaker is. It writes, so that
    /// a store which can only be read (full, or a replica) is not taken for one that is back.
    pub(super) async fn probe(self, ticket: Ticket, now: UnixMs) {
        let record = Record { value: b"probe".to_vec(), expires: now.plus(PROBE_MS) };
        let answer = self.primary.put(EntryKey::probe(), record, now).await;
        let answered = self.heard("probe", ticket, answer, now);
        if !matches!(answered, Err(Unanswered::Unknown { .. }))
            && self.instance.outages.begin_replay(now)
        {
            self.replay(now).await;
        }
    }

    /// The same for the secondary, which can only be read where it is KV.
    pub(super) async fn probe_secondary(self, ticket: Ticket, now: UnixMs) {
        if let Some(secondary) = &self.secondary {
            let answer = secondary.get(EntryKey::probe(), now).await;
            self.heard_secondary("probe", ticket, answer, now);
        }
    }

    /// Tells the primary what it missed: revocations first, then cost, then what it knew and lost.
    /// Stops at the first failure;
    /// what is left stays for the next time.
    pub(super) async fn replay(self, now: UnixMs) {
        let Instance { config, telemetry, outages, .. } = &*self.instance;
        let (mut revocations, mut takes) = (0_usize, 0_usize);
        for _ in 0..CALLS_MAX {
            if let Some(revocation) = outages.journal(|journal| journal.next(now)) {
                let Ok(()) = self.replay_revocation(&revocation, now).await else { break };
                revocations = revocations.saturating_add(1);
            } else if let Some(batch) = outages.ledger(|ledger| ledger.next(&config.limits, now)) {
                let Ok(()) = self.replay_takes(&batch, now).await else { break };
                takes = takes.saturating_add(batch.entries.len());
            } else if let Some(known) = self.known_to_retell(now) {
                let Ok(_) = self.tell("revoke", now, self.primary.revoke(&known, now)).await else {
                    break;
                };
                outages.was_retold(known);
                revocations = revocations.saturating_add(1);
            } else {
                break;
            }
        }
        if revocations > 0 {
            telemetry.record(&Event::RevocationsReplayed { count: revocations });
        }
        if takes > 0 {
            telemetry.record(&Event::TakesMerged { count: takes });
        }
        outages.end_replay();
    }

    /// What this instance knows as revoked and a store that lost its data does not, the next of it.
    fn known_to_retell(&self, now: UnixMs) -> Option<Revocation> {
        let Instance { memory, outages, .. } = &*self.instance;
        outages.next_to_retell(|place| memory.revocation_after(place, now))
    }

    /// One that the primary is well and refuses is given up, and said to be: what is behind it must
    /// not wait for it.
    async fn replay_revocation(
        &self,
        revocation: &Revocation,
        now: UnixMs,
    ) -> Result<(), Unanswered> {
        let Instance { telemetry, outages, .. } = &*self.instance;
        let answer = self.tell("revoke", now, self.primary.revoke(revocation, now)).await;
        if let Err(Unanswered::Answered(_)) = answer {
            telemetry.record(&Event::RevocationUnreplayed { scope: revocation.scope });
        } else {
            answer?;
        }
        outages.journal(|journal| journal.done(revocation, now));
        Ok(())
    }

    /// The same of a batch.
    async fn replay_takes(&self, batch: &MergeBatch, now: UnixMs) -> Result<(), Unanswered> {
        let Instance { telemetry, outages, .. } = &*self.instance;
        let answer = self.tell("merge", now, self.primary.merge(batch, now)).await;
        if let Err(Unanswered::Answered(_)) = answer {
            telemetry.record(&Event::TakesUnmerged { count: batch.entries.len() });
        } else {
            answer?;
        }
        outages.ledger(|ledger| ledger.done(batch.sequence));
        Ok(())
    }

    /// One call of a replay, which counts for the breaker like any other.
    async fn tell<T>(
        &self,
        verb: &'static str,
        now: UnixMs,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, Unanswered> {
        match self.instance.outages.primary.call() {
            Some(ticket) => self.heard(verb, ticket, work.await, now),
            None => Err(Unanswered::NotSent),
        }
    }
}
