//! The store that a key-value namespace can be: of revocations and access rules.

use super::{Entry, RULES_KEY, Verdict, key, keys, probe_key, verdict};
use crate::UnixMs;
use crate::limit::{Adjustment, Policy};
use crate::store::{
    Admission, Admit, Durability, EntryKey, MergeBatch, Outcome, Penalty, Record, Revocation,
    Rotated, Rotation, SessionRecord, Store, StoreError, StoredRules, Take, TokenCheck,
};

/// A key-value namespace. Each call has its deadline.
#[allow(
    async_fn_in_trait,
    reason = "isolates are single-threaded; a Send bound would shut out JavaScript futures"
)]
pub trait Namespace {
    /// The values of at most a hundred keys, in their order.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn read(&self, keys: &[String]) -> Result<Vec<Option<String>>, StoreError>;

    /// Writes a value that ends then, in Unix seconds.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn write(&self, key: &str, value: String, expiration_s: u64) -> Result<(), StoreError>;
}

/// A [`Store`] of revocations and access rules: without compare-and-set no session is rotated, and nothing is counted.
/// What it cannot keep it refuses with [`StoreError::Unsupported`].
#[derive(Clone, Debug)]
pub struct KvRevocations<N>(N);

impl<N: Namespace> KvRevocations<N> {
    /// Over `namespace`.
    #[must_use]
    pub const fn new(namespace: N) -> Self {
        Self(namespace)
    }
}

/// What the entries under a token's names, in the order of [`keys`], say of it.
fn admission(check: &TokenCheck, stored: Vec<Option<String>>, now: UnixMs) -> Admission {
    let mut admission = Admission::default();
    for ((scope, _), stored) in check.names().zip(stored) {
        let Some(stored) = stored else { continue };
        match verdict(scope, &stored, check, now) {
            Verdict::Stands => continue,
            Verdict::Revoked => admission.revoked = Some(scope),
            Verdict::Unreadable => {
                admission.revoked = Some(scope);
                admission.unreadable = true;
            }
        }
        break;
    }
    admission
}

const fn unsupported<T>(verb: &'static str) -> Result<T, StoreError> {
    Err(StoreError::Unsupported { verb })
}

impl<N: Namespace> Store for KvRevocations<N> {
    /// One read of all keys the token may have been revoked under.
    async fn admit(&self, admit: &Admit<'_>, now: UnixMs) -> Result<Admission, StoreError> {
        if !admit.takes.is_empty() {
            return unsupported("admit with limits");
        }
        let Some(check) = &admit.token else { return Ok(Admission::default()) };
        let (_, keys): (Vec<_>, Vec<_>) = keys(check).into_iter().unzip();
        Ok(admission(check, self.0.read(&keys).await?, now))
    }

    async fn revoke(&self, revocation: &Revocation, now: UnixMs) -> Result<Durability, StoreError> {
        let key = key(revocation.scope, revocation.key);
        let stored = self.0.read(std::slice::from_ref(&key)).await?.pop().flatten();
        let entry = Entry::extending(stored.as_deref(), revocation, now);
        if !entry.is_covered_by(stored.as_deref(), revocation.scope) {
            self.0.write(&key, entry.to_text(), entry.expiration_s(now)).await?;
        }
        Ok(Durability::Store)
    }

    async fn rotate(&self, _: &Rotation, _: UnixMs) -> Result<Rotated, StoreError> {
        unsupported("rotate")
    }

    async fn sessions(&self, _: EntryKey, _: UnixMs) -> Result<Vec<SessionRecord>, StoreError> {
        unsupported("sessions")
    }

    async fn peek(&self, _: &[Take<'_>], _: UnixMs) -> Result<Vec<Outcome>, StoreError> {
        unsupported("peek")
    }

    async fn reset(&self, _: &Policy, _: EntryKey, _: UnixMs) -> Result<(), StoreError> {
        unsupported("reset")
    }

    async fn adjust(
        &self,
        _: &Policy,
        _: EntryKey,
        _: Adjustment,
        _: UnixMs,
    ) -> Result<Outcome, StoreError> {
        unsupported("adjust")
    }

    async fn penalise(&self, _: &Penalty<'_>, _: UnixMs) -> Result<(), StoreError> {
        unsupported("penalise")
    }

    async fn merge(&self, _: &MergeBatch, _: UnixMs) -> Result<(), StoreError> {
        unsupported("merge")
    }

    async fn put(&self, _: EntryKey, _: Record, _: UnixMs) -> Result<(), StoreError> {
        unsupported("put")
    }

    /// There are no records; reading for one tells whether the namespace answers.
    async fn get(&self, name: EntryKey, _: UnixMs) -> Result<Option<Record>, StoreError> {
        self.0.read(&[probe_key(name)]).await.map(|_| None)
    }

    async fn rules(&self, _: UnixMs) -> Result<StoredRules, StoreError> {
        let stored = self.0.read(&[RULES_KEY.to_owned()]).await?.pop().flatten();
        stored.map_or(Ok(StoredRules::default()), |text| {
            let read = text.split_once(' ').and_then(|(version, text)| {
                Some(StoredRules { version: version.parse().ok()?, text: text.to_owned() })
            });
            read.ok_or(StoreError::Corrupt { what: "rules" })
        })
    }

    /// KV compares nothing: of two written at once one is lost.
    async fn write_rules(
        &self,
        expected: u64,
        text: &str,
        now: UnixMs,
    ) -> Result<Option<u64>, StoreError> {
        StoredRules::check(text)?;
        // What cannot be read is replaced.
        let stands = match self.rules(now).await {
            Err(StoreError::Corrupt { .. }) => 0,
            other => other?.version,
        };
        if stands != expected {
            return Ok(None);
        }
        let version = StoredRules::next_version(expected, now);
        let expiration_s = now.plus(StoredRules::LIFE_MS).seconds();
        self.0.write(RULES_KEY, format!("{version} {text}"), expiration_s).await?;
        Ok(Some(version))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::cell::{Cell, RefCell};
    use std::collections::BTreeMap;

    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::store::contract::{Bench, store_contract};

    /// What a namespace keeps of the contract: revocations, and that it refuses what it cannot keep.
    macro_rules! kv_contract {
        (ignored: $why:literal, $bench:expr) => {
            kv_contract!(@checks [ignored: $why,] $bench);
        };
        (@checks [$($mark:tt)*] $bench:expr) => {
            store_contract!(
                $($mark)* $bench;
                a_subjects_cut_refuses_what_was_issued_up_to_it,
                a_replayed_cut_spares_what_was_issued_after_it_was_acknowledged,
                a_revocation_only_ever_extends,
                rules_replace_the_version_they_were_made_of_and_no_other,
                what_is_not_kept_is_refused_and_never_granted
            );
        };
        ($bench:expr) => {
            kv_contract!(@checks [] $bench);
        };
    }
    pub(in crate::store::kv) use kv_contract;

    #[derive(Default)]
    struct InMemory(RefCell<BTreeMap<String, String>>);

    impl Namespace for InMemory {
        async fn read(&self, keys: &[String]) -> Result<Vec<Option<String>>, StoreError> {
            Ok(keys.iter().map(|key| self.0.borrow().get(key).cloned()).collect())
        }

        async fn write(&self, key: &str, value: String, _: u64) -> Result<(), StoreError> {
            self.0.borrow_mut().insert(key.to_owned(), value);
            Ok(())
        }
    }

    struct OverMemory(KvRevocations<InMemory>, Cell<UnixMs>);

    impl OverMemory {
        fn new() -> Self {
            let now = Cell::new(UnixMs(1_700_000_000_250));
            Self(KvRevocations::new(InMemory::default()), now)
        }
    }

    impl Bench for OverMemory {
        type Store = KvRevocations<InMemory>;

        fn store(&self) -> &Self::Store {
            &self.0
        }

        fn now(&self) -> UnixMs {
            self.1.get()
        }

        async fn pass(&self, ms: u64) {
            self.1.set(self.now().plus(ms));
        }
    }

    kv_contract!(OverMemory::new());
}
