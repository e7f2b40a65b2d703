//! A store by reference, or shared.

use std::sync::Arc;

use super::{
    Admission, Admit, Durability, EntryKey, MergeBatch, Outcome, Penalty, Record, Revocation,
    Rotated, Rotation, SessionRecord, Store, StoreError, StoredRules, Take,
};
use crate::UnixMs;
use crate::limit::{Adjustment, Policy};

/// A store behind a pointer is the store.
macro_rules! behind {
    ($pointer:ty) => {
        impl<S: Store> Store for $pointer {
            async fn admit(&self, admit: &Admit<'_>, now: UnixMs) -> Result<Admission, StoreError> {
                (**self).admit(admit, now).await
            }

            async fn revoke(
                &self,
                revocation: &Revocation,
                now: UnixMs,
            ) -> Result<Durability, StoreError> {
                (**self).revoke(revocation, now).await
            }

            async fn rotate(
                &self,
                rotation: &Rotation,
                now: UnixMs,
            ) -> Result<Rotated, StoreError> {
                (**self).rotate(rotation, now).await
            }

            async fn sessions(
                &self,
                subject: EntryKey,
                now: UnixMs,
            ) -> Result<Vec<SessionRecord>, StoreError> {
                (**self).sessions(subject, now).await
            }

            async fn peek(
                &self,
                takes: &[Take<'_>],
                now: UnixMs,
            ) -> Result<Vec<Outcome>, StoreError> {
                (**self).peek(takes, now).await
            }

            async fn reset(
                &self,
                policy: &Policy,
                key: EntryKey,
                now: UnixMs,
            ) -> Result<(), StoreError> {
                (**self).reset(policy, key, now).await
            }

            async fn adjust(
                &self,
                policy: &Policy,
                key: EntryKey,
                by: Adjustment,
                now: UnixMs,
            ) -> Result<Outcome, StoreError> {
                (**self).adjust(policy, key, by, now).await
            }

            async fn penalise(&self, penalty: &Penalty<'_>, now: UnixMs) -> Result<(), StoreError> {
                (**self).penalise(penalty, now).await
            }

            async fn merge(&self, batch: &MergeBatch, now: UnixMs) -> Result<(), StoreError> {
                (**self).merge(batch, now).await
            }

            async fn put(
                &self,
                name: EntryKey,
                record: Record,
                now: UnixMs,
            ) -> Result<(), StoreError> {
                (**self).put(name, record, now).await
            }

            async fn get(&self, name: EntryKey, now: UnixMs) -> Result<Option<Record>, StoreError> {
                (**self).get(name, now).await
            }

            async fn rules(&self, now: UnixMs) -> Result<StoredRules, StoreError> {
                (**self).rules(now).await
            }

            async fn write_rules(
                &self,
                expected: u64,
                text: &str,
                now: UnixMs,
            ) -> Result<Option<u64>, StoreError> {
                (**self).write_rules(expected, text, now).await
            }
        }
    };
}

behind!(&S);
behind!(Arc<S>);
