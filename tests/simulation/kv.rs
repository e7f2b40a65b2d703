//! The secondary: a key-value store like Workers KV. A write is seen at once where it was made, and
//! elsewhere when the lag has passed; of two writes the later one stays, whatever it says.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use portcullis::UnixMs;
use portcullis::fallback::drain::{Listing, Page};
use portcullis::limit::{Adjustment, Policy};
use portcullis::store::kv::{self, Entry, Verdict};
use portcullis::store::{
    Admission, Admit, Durability, EntryKey, MergeBatch, Outcome, Penalty, Record, Revocation,
    Rotated, Rotation, SessionRecord, Store, StoreError, StoredRules, Take,
};

use super::network::{Link, exchange};
use super::rng::Rng;
use super::world::World;

/// Keys of a page: few, so that there are several.
const PAGE: usize = 3;

/// One write of a key.
struct Version {
    at_ms: u64,
    by: usize,
    value: String,
    ends_s: u64,
}

#[derive(Default)]
pub struct Kv {
    versions: RefCell<BTreeMap<String, Vec<Version>>>,
    /// Keys of which a later write said less than an earlier one, which it had not seen.
    raced: RefCell<BTreeSet<String>>,
}

impl Kv {
    /// What `isolate` sees of a key.
    fn seen(&self, world: &World, isolate: usize, key: &str) -> Option<String> {
        let lag_ms = Rng::of(&[world.seed, 5, isolate as u64, world.now_ms() / 500])
            .between(0, world.setup.lag_ms_max);
        let versions = self.versions.borrow();
        let seen =
            |version: &&Version| version.by == isolate || version.at_ms + lag_ms <= world.now_ms();
        let last = versions.get(key)?.iter().rfind(seen)?;
        (world.now_ms() < last.ends_s * 1000).then(|| last.value.clone())
    }

    fn write(&self, world: &World, isolate: usize, key: &str, value: String, ends_s: u64) {
        let mut versions = self.versions.borrow_mut();
        let of_key = versions.entry(key.to_owned()).or_default();
        if of_key.last().is_some_and(|last| says_less(&value, &last.value)) {
            self.raced.borrow_mut().insert(key.to_owned());
        }
        of_key.push(Version { at_ms: world.now_ms(), by: isolate, value, ends_s });
    }

    /// Whether one of two writes at once of this key may be lost.
    pub fn is_raced(&self, revocation: (portcullis::store::RevocationScope, EntryKey)) -> bool {
        self.raced.borrow().contains(&kv::key(revocation.0, revocation.1))
    }

    fn keys(&self, world: &World, isolate: usize) -> Vec<String> {
        let keys: Vec<String> = self
            .versions
            .borrow()
            .keys()
            .filter(|key| key.starts_with(kv::PREFIX))
            .cloned()
            .collect();
        keys.into_iter().filter(|key| self.seen(world, isolate, key).is_some()).collect()
    }
}

/// Of two entries, `version cut until`.
fn says_less(new: &str, old: &str) -> bool {
    let numbers = |text: &str| {
        text.split(' ').filter_map(|part| part.parse::<u64>().ok()).collect::<Vec<_>>()
    };
    numbers(new).iter().zip(numbers(old)).any(|(new, old)| *new < old)
}

/// The secondary as an isolate sees it.
#[derive(Clone)]
pub struct KvStore {
    pub world: Rc<World>,
    pub isolate: usize,
}

impl KvStore {
    async fn read_keys(&self, keys: Vec<String>) -> Result<Vec<Option<String>>, StoreError> {
        let isolate = self.isolate;
        let read = move |world: &World| {
            Ok(keys.iter().map(|key| world.kv.seen(world, isolate, key)).collect())
        };
        exchange(&self.world, Link::Kv, "kv_read", false, read).await
    }

    async fn write_key(&self, key: String, value: String, ends_s: u64) -> Result<(), StoreError> {
        let (isolate, request) = (self.isolate, self.world.current_request());
        let write = move |world: &World| {
            world.kv.write(world, isolate, &key, value.clone(), ends_s);
            if let Some(request) = &request {
                request.stored_secondary.set(true);
            }
            Ok(())
        };
        exchange(&self.world, Link::Kv, "kv_write", true, write).await
    }
}

impl Listing for KvStore {
    async fn keys(&self, cursor: Option<String>) -> Result<Page, StoreError> {
        let isolate = self.isolate;
        let list = move |world: &World| {
            let all = world.kv.keys(world, isolate);
            let rest =
                all.into_iter().filter(|key| cursor.as_ref().is_none_or(|cursor| key > cursor));
            let mut keys: Vec<String> = rest.take(PAGE + 1).collect();
            let more = keys.len() > PAGE;
            keys.truncate(PAGE);
            Ok(Page { cursor: keys.last().filter(|_| more).cloned(), keys })
        };
        exchange(&self.world, Link::Kv, "kv_list", false, list).await
    }

    async fn read(&self, keys: &[String]) -> Result<Vec<Option<String>>, StoreError> {
        self.read_keys(keys.to_vec()).await
    }

    async fn write(&self, key: &str, value: String, expiration_s: u64) -> Result<(), StoreError> {
        self.write_key(key.to_owned(), value, expiration_s).await
    }
}

const fn unsupported<T>(verb: &'static str) -> Result<T, StoreError> {
    Err(StoreError::Unsupported { verb })
}

/// As `src/worker/kv_store.rs`, over this network.
impl Store for KvStore {
    async fn admit(&self, admit: &Admit<'_>, now: UnixMs) -> Result<Admission, StoreError> {
        let mut admission = Admission::default();
        let Some(check) = &admit.token else { return Ok(admission) };
        let (scopes, keys): (Vec<_>, Vec<_>) = kv::keys(check).into_iter().unzip();
        for (scope, stored) in scopes.into_iter().zip(self.read_keys(keys).await?) {
            let Some(stored) = stored else { continue };
            match kv::verdict(scope, &stored, check, now) {
                Verdict::Stands => continue,
                Verdict::Revoked => admission.revoked = Some(scope),
                Verdict::Unreadable => {
                    (admission.revoked, admission.unreadable) = (Some(scope), true)
                }
            }
            break;
        }
        Ok(admission)
    }

    async fn revoke(&self, revocation: &Revocation, now: UnixMs) -> Result<Durability, StoreError> {
        let key = kv::key(revocation.scope, revocation.key);
        let stored = self.read_keys(vec![key.clone()]).await?.pop().flatten();
        let entry = Entry::extending(stored.as_deref(), revocation, now);
        if entry.is_covered_by(stored.as_deref(), revocation.scope) {
            if let Some(request) = self.world.current_request() {
                request.stored_secondary.set(true);
            }
        } else {
            self.write_key(key, entry.to_text(), entry.expiration_s(now)).await?;
        }
        Ok(Durability::Store)
    }

    async fn get(&self, name: EntryKey, _: UnixMs) -> Result<Option<Record>, StoreError> {
        self.read_keys(vec![format!("portcullis:1:record:{name}")]).await.map(|_| None)
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
        Err(StoreError::Unsupported { verb: "adjust" })
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

    async fn rules(&self, _: UnixMs) -> Result<StoredRules, StoreError> {
        unsupported("rules")
    }

    async fn write_rules(&self, _: u64, _: &str, _: UnixMs) -> Result<Option<u64>, StoreError> {
        unsupported("write_rules")
    }
}
