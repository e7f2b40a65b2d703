//! One of two stores, chosen at run time.

use super::{
    Admission, Admit, Durability, EntryKey, MergeBatch, Outcome, Penalty, Record, Revocation,
    Rotated, Rotation, SessionRecord, Store, StoreError, StoredRules, Take,
};
use crate::UnixMs;
use crate::limit::{Adjustment, Policy};

/// The store a deployment is configured with: one type, so that all above is compiled once.
#[derive(Clone, Debug)]
pub enum Either<A, B> {
    /// The one.
    First(A),
    /// The other.
    Second(B),
}

/// The same call of whichever it is.
macro_rules! either {
    ($this:ident, $store:ident => $call:expr) => {
        match $this {
            Either::First($store) => $call.await,
            Either::Second($store) => $call.await,
        }
    };
}

impl<A: Store, B: Store> Store for Either<A, B> {
    async fn admit(&self, admit: &Admit<'_>, now: UnixMs) -> Result<Admission, StoreError> {
        either!(self, store => store.admit(admit, now))
    }

    async fn revoke(&self, revocation: &Revocation, now: UnixMs) -> Result<Durability, StoreError> {
        either!(self, store => store.revoke(revocation, now))
    }

    async fn rotate(&self, rotation: &Rotation, now: UnixMs) -> Result<Rotated, StoreError> {
        either!(self, store => store.rotate(rotation, now))
    }

    async fn sessions(
        &self,
        subject: EntryKey,
        now: UnixMs,
    ) -> Result<Vec<SessionRecord>, StoreError> {
        either!(self, store => store.sessions(subject, now))
    }

    async fn peek(&self, takes: &[Take<'_>], now: UnixMs) -> Result<Vec<Outcome>, StoreError> {
        either!(self, store => store.peek(takes, now))
    }

    async fn reset(&self, policy: &Policy, key: EntryKey, now: UnixMs) -> Result<(), StoreError> {
        either!(self, store => store.reset(policy, key, now))
    }

    async fn adjust(
        &self,
        policy: &Policy,
        key: EntryKey,
        by: Adjustment,
        now: UnixMs,
    ) -> Result<Outcome, StoreError> {
        either!(self, store => store.adjust(policy, key, by, now))
    }

    async fn penalise(&self, penalty: &Penalty<'_>, now: UnixMs) -> Result<(), StoreError> {
        either!(self, store => store.penalise(penalty, now))
    }

    async fn merge(&self, batch: &MergeBatch, now: UnixMs) -> Result<(), StoreError> {
        either!(self, store => store.merge(batch, now))
    }

    async fn put(&self, name: EntryKey, record: Record, now: UnixMs) -> Result<(), StoreError> {
        either!(self, store => store.put(name, record, now))
    }

    async fn get(&self, name: EntryKey, now: UnixMs) -> Result<Option<Record>, StoreError> {
        either!(self, store => store.get(name, now))
    }

    async fn rules(&self, now: UnixMs) -> Result<StoredRules, StoreError> {
        either!(self, store => store.rules(now))
    }

    async fn write_rules(
        &self,
        expected: u64,
        text: &str,
        now: UnixMs,
    ) -> Result<Option<u64>, StoreError> {
        either!(self, store => store.write_rules(expected, text, now))
    }
}
