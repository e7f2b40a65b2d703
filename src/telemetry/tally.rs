//! Counts of what happens in every good request: no look-up by name, no text made for a label, until
//! somebody reads them.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{Event, metrics::Counters};
use crate::jwt::{Algorithm, Engine};

/// The events that carry nothing, and the checks of signatures by engine and algorithm.
#[derive(Debug, Default)]
pub(super) struct Tallies {
    accepted: AtomicU64,
    cache_hits: AtomicU64,
    cache_misses: AtomicU64,
    checks: [[AtomicU64; Algorithm::ALL.len()]; Engine::ALL.len()],
}

impl Tallies {
    /// Counts `event`, if it is one of these.
    pub(super) fn count(&self, event: &Event<'_>) -> bool {
        let tally = match event {
            Event::TokenAccepted => Some(&self.accepted),
            Event::TokenCacheHit => Some(&self.cache_hits),
            Event::TokenCacheMiss => Some(&self.cache_misses),
            Event::SignatureChecked { engine, algorithm } => {
                let by_engine = Engine::ALL.iter().zip(&self.checks);
                let mut of_engine = by_engine.filter(|(each, _)| *each == engine);
                of_engine.next().and_then(|(_, checks)| checks.get(*algorithm as usize))
            }
            _ => None,
        };
        let Some(tally) = tally else { return false };
        tally.fetch_add(1, Ordering::Relaxed);
        true
    }

    /// Moves what was counted to `counters`.
    pub(super) fn tell(&self, counters: &mut Counters) {
        let mut told = |event: &Event<'_>, tally: &AtomicU64| {
            let count = tally.swap(0, Ordering::Relaxed);
            if count > 0 {
                counters.count_many(event, count);
            }
        };
        told(&Event::TokenAccepted, &self.accepted);
        told(&Event::TokenCacheHit, &self.cache_hits);
        told(&Event::TokenCacheMiss, &self.cache_misses);
        for (engine, checks) in Engine::ALL.into_iter().zip(&self.checks) {
            for (algorithm, tally) in Algorithm::ALL.into_iter().zip(checks) {
                told(&Event::SignatureChecked { engine, algorithm }, tally);
            }
        }
    }
}
