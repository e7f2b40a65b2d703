//! Cost that was taken elsewhere: counted once, whatever is repeated.

use super::counters::Counters;
use crate::UnixMs;
use crate::store::expiring::{Expiring, Full, Seed};
use crate::store::{InstanceId, MergeBatch, StoreError};

/// The most instances whose last sequence is remembered. Small beside the other partitions:
/// nobody owes an embedded store anything.
pub(super) const INSTANCES_MAX: usize = 224;

/// The last sequence applied of each instance.
pub(super) struct Merges {
    last: Expiring<u64, InstanceId>,
}

impl Merges {
    pub(super) fn new(seed: Seed) -> Self {
        Self { last: Expiring::new(INSTANCES_MAX, seed) }
    }

    /// Counts a batch, all of it or nothing.
    pub(super) fn merge(
        &mut self,
        counters: &mut Counters,
        batch: &MergeBatch,
        now: UnixMs,
    ) -> Result<(), StoreError> {
        batch.check()?;
        let MergeBatch { instance, sequence, ref entries } = *batch;
        // One that has ended is as good as any while it is there.
        let last = self.last.kept(&instance).copied().unwrap_or(0);
        if sequence <= last {
            return Ok(());
        }
        counters.open_for(entries)?;
        let until = now.plus(batch.matters_ms());
        let written = self.last.extend(instance, sequence, until, now);
        written.map_err(|Full| StoreError::Full { what: "instances" })?;
        for owed in entries {
            counters.merge(owed, now);
        }
        Ok(())
    }
}
