//! Small records under names: bans, overrides.

use super::MemoryBounds;
use crate::UnixMs;
use crate::store::expiring::{Expiring, Full, Seed};
use crate::store::{EntryKey, Record, StoreError};

/// The records there are.
pub(super) struct Records(Expiring<Box<[u8]>>);

impl Records {
    pub(super) fn new(bounds: &MemoryBounds, seed: Seed) -> Self {
        Self(Expiring::new(bounds.records, seed))
    }

    pub(super) fn put(
        &mut self,
        name: EntryKey,
        record: Record,
        now: UnixMs,
    ) -> Result<(), StoreError> {
        let Record { value, expires } = record;
        if value.len() > Record::BYTES_MAX {
            return Err(StoreError::RecordTooLarge {
                bytes: value.len(),
                bytes_max: Record::BYTES_MAX,
            });
        }
        // Boxed: spare capacity would be room nobody counts.
        let written = self.0.insert(name, value.into_boxed_slice(), expires, now);
        written.map(drop).map_err(|Full| StoreError::Full { what: "records" })
    }

    pub(super) fn get(&self, name: EntryKey, now: UnixMs) -> Option<Record> {
        let expires = self.0.expires(&name, now)?;
        self.0.get(&name, now).map(|value| Record { value: value.to_vec(), expires })
    }
}
