//! Whether this instance is fit to answer.

use super::{Guard, GuardError};
use crate::UnixMs;
use crate::store::outage::RevocationMode;
use crate::store::{EntryKey, Store};
use crate::telemetry;

/// Shortest time between a failed store call and one on behalf of a caller nobody knows.
const PROBE_WAIT_MS: u64 = 1_000;

/// How far an instance can do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// All of it.
    Ready,
    /// All but asking the store: answers say so.
    Degraded,
    /// Not what it is for.
    NotReady,
}

impl<S: Store> Guard<S> {
    /// Whether the store answers: asks it for a record that need not exist.
    ///
    /// # Errors
    /// [`GuardError::Store`].
    pub async fn probe(&self, now: UnixMs) -> Result<(), GuardError> {
        let answer = self.store.get(EntryKey::probe(), now).await;
        self.reached("get", answer, now).map(drop)
    }

    /// How far this instance can do its work, as far as a caller nobody knows may spend store calls
    /// on it: as of its last call, or of one more a second after that failed. So an instance that was
    /// taken out of service for not being ready finds out that it is again.
    pub async fn ready(&self, now: UnixMs) -> Readiness {
        if let Some(readiness) = self.outage_readiness() {
            let outages = &self.instance.outages;
            // While the breaker waits this asks nothing, and then it starts the probe.
            if outages.primary.outage().is_some() || outages.may_ask(PROBE_WAIT_MS, now) {
                let _ = self.store.get(EntryKey::probe(), now).await;
            }
            return self.outage_readiness().unwrap_or(readiness);
        }
        let answers = if self.telemetry().store_is_to_be_asked(PROBE_WAIT_MS, now) {
            self.probe(now).await.is_ok()
        } else {
            self.telemetry().store_answers()
        };
        if answers { Readiness::Ready } else { Readiness::NotReady }
    }

    /// What a chain's failing first store means: credentials that are refused will not mend by themselves, and
    /// where nothing is accepted unchecked there is nothing to do but wait.
    pub fn outage_readiness(&self) -> Option<Readiness> {
        let outages = &self.instance.outages;
        let outage = outages.primary.outage();
        if outage.is_none() && !outages.is_failing() {
            return None;
        }
        let closed = self.config().revocation.mode == RevocationMode::Closed;
        Some(if outages.is_refused() || closed { Readiness::NotReady } else { Readiness::Degraded })
    }

    /// All counters, and how the stores stand at `now`, in the Prometheus text format, version 0.0.4.
    #[must_use]
    pub fn metrics(&self, now: UnixMs) -> String {
        let outages = &self.instance.outages;
        let outage = outages.primary.outage();
        let up = outage.is_none() && !outages.is_failing() && self.telemetry().store_answers();
        let outage_s = outage.map_or(0, |outage| now.since(outage.since).div_euclid(1000));
        let waiting = u64::try_from(outages.journal(|journal| journal.len())).unwrap_or(u64::MAX);
        let gauges = [
            ("store_up", "Whether the store answers.", u64::from(up)),
            ("outage_seconds", "How long the breaker of the store has been open.", outage_s),
            ("journal_entries", "Revocations the store has not taken yet.", waiting),
        ];
        self.telemetry().prometheus() + &telemetry::gauges(&gauges)
    }
}
