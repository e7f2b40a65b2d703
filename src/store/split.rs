//! Two stores as one: what must be seen everywhere in one, what may be counted apart in the other.

use super::{
    Admission, Admit, Durability, EntryKey, MergeBatch, Outcome, Penalty, Record, Revocation,
    Rotated, Rotation, SessionRecord, Store, StoreError, StoredRules, Take,
};
use crate::UnixMs;
use crate::limit::{Adjustment, Policy};

/// Revocations, sessions and records in `shared`; limits in `limits`.
///
/// Workers KV is eventually consistent and cannot count, so the Worker keeps revocations there and
/// counts in each instance's memory.
#[derive(Debug)]
pub struct Split<S, L> {
    shared: S,
    limits: L,
}

impl<S, L> Split<S, L> {
    /// A store of both.
    pub const fn new(shared: S, limits: L) -> Self {
        Self { shared, limits }
    }
}

impl<S: Store, L: Store> Store for Split<S, L> {
    /// Asks `shared` about the token first: a revoked token takes nothing.
    async fn admit(&self, admit: &Admit<'_>, now: UnixMs) -> Result<Admission, StoreError> {
        let mut shared = Admission::default();
        if admit.token.is_some() {
            let question = Admit { takes: Vec::new(), ..*admit };
            shared = self.shared.admit(&question, now).await?;
            if shared.revoked.is_some() {
                return Ok(shared);
            }
        }
        let takes = Admit { token: None, takes: admit.takes.clone(), closed: false };
        let limits = self.limits.admit(&takes, now).await?;
        Ok(Admission { outcomes: limits.outcomes, repaired: limits.repaired, ..shared })
    }

    async fn revoke(&self, revocation: &Revocation, now: UnixMs) -> Result<Durability, StoreError> {
        self.shared.revoke(revocation, now).await
    }

    async fn rotate(&self, rotation: &Rotation, now: UnixMs) -> Result<Rotated, StoreError> {
        self.shared.rotate(rotation, now).await
    }

    async fn sessions(
        &self,
        subject: EntryKey,
        now: UnixMs,
    ) -> Result<Vec<SessionRecord>, StoreError> {
        self.shared.sessions(subject, now).await
    }

    async fn peek(&self, takes: &[Take<'_>], now: UnixMs) -> Result<Vec<Outcome>, StoreError> {
        self.limits.peek(takes, now).await
    }

    async fn reset(&self, policy: &Policy, key: EntryKey, now: UnixMs) -> Result<(), StoreError> {
        self.limits.reset(policy, key, now).await
    }

    async fn adjust(
        &self,
        policy: &Policy,
        key: EntryKey,
        by: Adjustment,
        now: UnixMs,
    ) -> Result<Outcome, StoreError> {
        self.limits.adjust(policy, key, by, now).await
    }

    async fn penalise(&self, penalty: &Penalty<'_>, now: UnixMs) -> Result<(), StoreError> {
        self.limits.penalise(penalty, now).await
    }

    async fn merge(&self, batch: &MergeBatch, now: UnixMs) -> Result<(), StoreError> {
        self.limits.merge(batch, now).await
    }

    async fn put(&self, name: EntryKey, record: Record, now: UnixMs) -> Result<(), StoreError> {
        self.shared.put(name, record, now).await
    }

    async fn get(&self, name: EntryKey, now: UnixMs) -> Result<Option<Record>, StoreError> {
        self.shared.get(name, now).await
    }

    async fn rules(&self, now: UnixMs) -> Result<StoredRules, StoreError> {
        self.shared.rules(now).await
    }

    async fn write_rules(
        &self,
        expected: u64,
        text: &str,
        now: UnixMs,
    ) -> Result<Option<u64>, StoreError> {
        self.shared.write_rules(expected, text, now).await
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::store::contract::{Bench, store_contract};
    use crate::store::memory::MemoryStore;

    /// Two memory stores as one, the second by reference as in the Worker.
    struct InTwo {
        store: Split<MemoryStore, &'static MemoryStore>,
        now: Cell<UnixMs>,
    }

    impl InTwo {
        fn new() -> Self {
            let limits = Box::leak(Box::new(MemoryStore::new([8; 16])));
            let store = Split::new(MemoryStore::new([7; 16]), &*limits);
            Self { store, now: Cell::new(UnixMs(1_700_000_000_250)) }
        }
    }

    impl Bench for InTwo {
        type Store = Split<MemoryStore, &'static MemoryStore>;

        fn store(&self) -> &Self::Store {
            &self.store
        }

        fn now(&self) -> UnixMs {
            self.now.get()
        }

        async fn pass(&self, ms: u64) {
            self.now.set(self.now.get().plus(ms));
        }
    }

    store_contract!(InTwo::new());
}
