//! Finding out that a store is back, and telling it what it missed. In the background of a request:
//! bounded in calls, each of which has its deadline.

use super::chain::{Chain, Unanswered};
use crate::UnixMs;
use crate::instance::Instance;
use crate::planted::{self, Bug};
use crate::store::breaker::Ticket;
use crate::store::ledger::Ledger;
use crate::store::outages::Again;
use crate::store::{EntryKey, MergeBatch, Record, Revocation, Store, StoreError};
use crate::telemetry::{Event, Telemetry};

/// Calls of one replay. A Worker's request may make fifty; what is left goes on with the next one.
const CALLS_MAX: usize = 32;
/// How many of them cost gets its turn: one of so many.
const TAKES_EVERY: usize = 4;
/// How long the entry a probe writes lives, in milliseconds.
const PROBE_MS: u64 = 60_000;

/// Something the primary missed.
enum Missed {
    /// Cost that was taken here.
    Takes(MergeBatch),
    /// A revocation it has not taken yet.
    Revocation(Revocation),
    /// One it took, and lost with its data.
    Known(Again),
}

/// What a replay came to.
#[derive(Default)]
struct Told {
    revocations: usize,
    /// Keys whose cost was merged, and keys whose cost never will be.
    takes: usize,
    given_up: usize,
}

impl Told {
    fn revoked(&mut self, refused: bool, revocation: &Revocation, telemetry: &Telemetry) {
        if refused {
            telemetry.record(&Event::RevocationUnreplayed { scope: revocation.scope });
        } else {
            self.revocations = self.revocations.saturating_add(1);
        }
    }
}

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

    /// Tells the primary what it missed. Stops at the first failure, but that cost is not taken keeps no
    /// revocation waiting; what is left stays for the next time.
    pub(super) async fn replay(self, now: UnixMs) {
        let Instance { telemetry, outages, .. } = &*self.instance;
        let mut told = Told::default();
        let (mut failed, mut merges) = (false, true);
        for call in 0..CALLS_MAX {
            let Some(missed) = self.next_missed(call, merges, now) else { break };
            if self.tell_missed(&missed, &mut told, now).await.is_err() {
                failed = true;
                if !matches!(missed, Missed::Takes(_)) {
                    break;
                }
                merges = false;
            }
        }
        let lost = outages.ledger(Ledger::take_lost);
        let Told { revocations, takes, given_up } = told;
        let counts = [
            (revocations, Event::RevocationsReplayed { count: revocations }),
            (takes, Event::TakesMerged { count: takes }),
            (
                lost.saturating_add(given_up),
                Event::TakesUnmerged { count: lost.saturating_add(given_up) },
            ),
        ];
        counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .for_each(|(_, event)| telemetry.record(event));
        outages.end_replay(failed, now);
    }

    /// Revocations first, but every few calls some cost, whose windows end; then what a primary that
    /// lost its data was told before. Cost only where it `merges`.
    fn next_missed(&self, call: usize, merges: bool, now: UnixMs) -> Option<Missed> {
        let Instance { config, memory, outages, .. } = &*self.instance;
        let batch = || outages.ledger(|ledger| ledger.next(&config.limits, now));
        let takes = || if merges { batch().map(Missed::Takes) } else { None };
        let revocation = || outages.journal(|journal| journal.next(now)).map(Missed::Revocation);
        let revocation = || revocation().filter(|_| !planted::is(Bug::JournalNotReplayed));
        let known = || outages.next_to_retell(|place| memory.revocation_after(place, now));
        let turn = if call % TAKES_EVERY == TAKES_EVERY - 1 { takes() } else { None };
        turn.or_else(revocation).or_else(takes).or_else(|| known().map(Missed::Known))
    }

    /// What the primary is well and refuses is given up, and said to be: what is behind it must not
    /// wait for it.
    async fn tell_missed(
        &self,
        missed: &Missed,
        told: &mut Told,
        now: UnixMs,
    ) -> Result<(), Unanswered> {
        let Instance { telemetry, outages, .. } = &*self.instance;
        let answer = match missed {
            Missed::Takes(batch) => self.tell("merge", now, self.primary.merge(batch, now)).await,
            Missed::Revocation(revocation) | Missed::Known(Again { revocation, .. }) => {
                let work = self.primary.revoke(revocation, now);
                self.tell("revoke", now, work).await.map(drop)
            }
        };
        let refused = matches!(answer, Err(Unanswered::Answered(_)));
        if !refused {
            answer?;
        }
        match missed {
            Missed::Takes(batch) => {
                outages.ledger(|ledger| ledger.done(batch.sequence));
                let count = if refused { &mut told.given_up } else { &mut told.takes };
                *count = count.saturating_add(batch.entries.len());
            }
            Missed::Revocation(revocation) => {
                outages.journal(|journal| journal.done(revocation, now));
                told.revoked(refused, revocation, telemetry);
            }
            Missed::Known(again) => {
                outages.was_retold(*again);
                told.revoked(refused, &again.revocation, telemetry);
            }
        }
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
