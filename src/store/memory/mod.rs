//! The store in this instance's memory: the embedded default, the fallback, and the one every
//! other store is compared with.
//!
//! Strong and exact in one instance, and gone with it. Bounded: [`MemoryBounds`] says how many
//! entries each partition takes, and an entry that still matters is never evicted for a newcomer.

mod bounds;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod calls;
mod counters;
#[cfg(test)]
mod flood;
mod merges;
mod records;
mod revocations;
mod rules;
mod sessions;
mod states;

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::store::expiring::Seed;
pub use bounds::{BoundsError, MemoryBounds};
use counters::Counters;
use merges::Merges;
use records::Records;
use revocations::Revocations;
use sessions::Sessions;

use super::{
    Admission, Admit, Durability, EntryKey, MergeBatch, Outcome, Penalty, Record, Revocation,
    RevocationScope, Rotated, Rotation, SessionRecord, Store, StoreError, StoredRules, Take,
    TokenCheck,
};
use crate::UnixMs;
use crate::limit::{Adjustment, Policy};
use crate::planted::{self, Bug};

/// A [`Store`] in memory. It decides by the caller's `now`; every verb is one critical section
/// without a wait in it.
pub struct MemoryStore {
    partitions: Mutex<Partitions>,
}

struct Partitions {
    revocations: Revocations,
    counters: Counters,
    merges: Merges,
    sessions: Sessions,
    records: Records,
    rules: StoredRules,
}

impl MemoryStore {
    /// An empty store with the default bounds. `seed` is 16 random bytes that key its hash maps,
    /// so that nobody outside can choose keys that collide.
    #[must_use]
    pub fn new(seed: [u8; 16]) -> Self {
        Self::build(&MemoryBounds::default(), Seed::Keyed(seed))
    }

    /// An empty store with `bounds`, and `seed` as for [`MemoryStore::new`].
    ///
    /// # Errors
    /// [`BoundsError`] when a partition has no room, or all of them full are over 64 MiB.
    pub fn with_bounds(bounds: MemoryBounds, seed: [u8; 16]) -> Result<Self, BoundsError> {
        Ok(Self::build(&bounds.validate()?, Seed::Keyed(seed)))
    }

    /// An empty store with the default bounds, of keys that are [`EntryKey::local`].
    #[cfg(feature = "npm")]
    pub(crate) fn of_local() -> Self {
        Self::build(&MemoryBounds::default(), Seed::Hashed)
    }

    fn build(bounds: &MemoryBounds, seed: Seed) -> Self {
        let partitions = Partitions {
            revocations: Revocations::new(bounds, seed),
            counters: Counters::new(bounds, seed),
            merges: Merges::new(seed),
            sessions: Sessions::new(bounds, seed),
            records: Records::new(bounds, seed),
            rules: StoredRules::default(),
        };
        Self { partitions: Mutex::new(partitions) }
    }

    /// As [`Store::admit`] of this take alone, at once: nothing here waits.
    ///
    /// # Errors
    /// [`StoreError::Full`] for more policies than there is room for.
    pub fn take(&self, take: &Take<'_>, now: UnixMs) -> Result<Outcome, StoreError> {
        self.lock().counters.take(take, now)
    }

    /// As [`Store::peek`] of it, at once.
    ///
    /// # Errors
    /// As [`MemoryStore::take`].
    pub fn look(&self, take: &Take<'_>, now: UnixMs) -> Result<Outcome, StoreError> {
        self.lock().counters.look(take, now)
    }

    /// As [`Store::reset`], at once.
    pub fn forget(&self, policy: &Policy, key: EntryKey) {
        self.lock().counters.reset(policy, key);
    }

    /// What this instance knows the token as revoked by.
    #[must_use]
    pub fn revoked(&self, check: &TokenCheck, now: UnixMs) -> Option<RevocationScope> {
        self.lock().revocations.check(check, now)
    }

    /// The first revocation this instance knows after `place`; `None` begins a walk over all of them,
    /// and ends it.
    #[must_use]
    pub fn revocation_after(&self, place: Option<Revocation>, now: UnixMs) -> Option<Revocation> {
        self.lock().revocations.after(place, now)
    }

    /// Nothing under the lock panics by itself. Should a thread die in it all the same, what is
    /// there serves on: a store that refused for good would forget every revocation it knows.
    fn lock(&self) -> MutexGuard<'_, Partitions> {
        self.partitions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says nothing of what is stored, nor of the seed.
impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

impl Store for MemoryStore {
    async fn admit(&self, admit: &Admit<'_>, now: UnixMs) -> Result<Admission, StoreError> {
        let mut partitions = self.lock();
        let check = admit.token.as_ref();
        let revoked = check.and_then(|check| partitions.revocations.check(check, now));
        let outcomes = match revoked {
            Some(_) => Vec::new(),
            None => partitions.counters.admit(&admit.takes, now)?,
        };
        let rules = Some(partitions.rules.version);
        Ok(Admission { revoked, outcomes, rules, ..Admission::default() })
    }

    async fn revoke(&self, revocation: &Revocation, now: UnixMs) -> Result<Durability, StoreError> {
        let Partitions { revocations, sessions, .. } = &mut *self.lock();
        revocations.revoke(revocation, now)?;
        match revocation.scope {
            RevocationScope::Token => {}
            RevocationScope::Session => sessions.end(revocation.key),
            RevocationScope::Subject => {
                let cut = revocations.cut(revocation.key).unwrap_or(revocation.cut(now));
                sessions.cut(revocation.key, cut);
            }
        }
        Ok(Durability::Local)
    }

    async fn rotate(&self, rotation: &Rotation, now: UnixMs) -> Result<Rotated, StoreError> {
        let Partitions { revocations, sessions, .. } = &mut *self.lock();
        if let Rotation::Open(start) = rotation
            && revocations.refuses(start, now)
        {
            return Ok(Rotated::Unknown);
        }
        let rotated = sessions.rotate(rotation, now)?;
        if let (Rotated::Reused, Rotation::Advance(presented)) = (rotated, rotation) {
            // First: were there no room for it, the session could be killed by the next attempt still.
            revocations.revoke(&presented.kill(), now)?;
            if !planted::is(Bug::ReuseSpared) {
                sessions.end(presented.session);
            }
        }
        Ok(rotated)
    }

    async fn sessions(
        &self,
        subject: EntryKey,
        now: UnixMs,
    ) -> Result<Vec<SessionRecord>, StoreError> {
        Ok(self.lock().sessions.of(subject, now))
    }

    async fn peek(&self, takes: &[Take<'_>], now: UnixMs) -> Result<Vec<Outcome>, StoreError> {
        let mut partitions = self.lock();
        takes.iter().map(|take| partitions.counters.look(take, now)).collect()
    }

    async fn reset(&self, policy: &Policy, key: EntryKey, _now: UnixMs) -> Result<(), StoreError> {
        self.forget(policy, key);
        Ok(())
    }

    async fn adjust(
        &self,
        policy: &Policy,
        key: EntryKey,
        by: Adjustment,
        now: UnixMs,
    ) -> Result<Outcome, StoreError> {
        self.lock().counters.adjust(policy, key, by, now)
    }

    async fn penalise(&self, penalty: &Penalty<'_>, now: UnixMs) -> Result<(), StoreError> {
        self.lock().counters.penalise(penalty, now)
    }

    async fn merge(&self, batch: &MergeBatch, now: UnixMs) -> Result<(), StoreError> {
        let Partitions { merges, counters, .. } = &mut *self.lock();
        merges.merge(counters, batch, now)
    }

    async fn put(&self, name: EntryKey, record: Record, now: UnixMs) -> Result<(), StoreError> {
        self.lock().records.put(name, record, now)
    }

    async fn get(&self, name: EntryKey, now: UnixMs) -> Result<Option<Record>, StoreError> {
        Ok(self.lock().records.get(name, now))
    }

    async fn rules(&self, _now: UnixMs) -> Result<StoredRules, StoreError> {
        Ok(self.lock().rules.clone())
    }

    async fn write_rules(
        &self,
        expected: u64,
        text: &str,
        now: UnixMs,
    ) -> Result<Option<u64>, StoreError> {
        self.lock().write_rules(expected, text, now)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use std::cell::Cell;

    use super::*;
    use crate::store::contract::{Bench, store_contract};

    /// A memory store and a time that passes when told to.
    struct InMemory {
        store: MemoryStore,
        now: Cell<UnixMs>,
    }

    impl InMemory {
        fn new() -> Self {
            Self { store: MemoryStore::new([7; 16]), now: Cell::new(UnixMs(1_700_000_000_250)) }
        }
    }

    impl Bench for InMemory {
        type Store = MemoryStore;

        fn store(&self) -> &MemoryStore {
            &self.store
        }

        fn now(&self) -> UnixMs {
            self.now.get()
        }

        async fn pass(&self, ms: u64) {
            self.now.set(self.now.get().plus(ms));
        }
    }

    store_contract!(InMemory::new());

    #[test]
    fn a_memory_store_can_be_shared_between_threads_and_shows_nothing() {
        fn shared(_: &(impl Send + Sync)) {}
        let store = MemoryStore::new([7; 16]);
        shared(&store);
        assert_eq!(format!("{store:?}"), "MemoryStore { .. }");
    }
}
