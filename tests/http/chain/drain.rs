//! What instances left in the secondary is told to the primary, by whoever runs the schedule.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use pollster::block_on;
use portcullis::fallback::Fallback;
use portcullis::fallback::drain::{Listing, Page};
use portcullis::store::kv::{Entry, key};
use portcullis::store::{EntryKey, KeySpace, Revocation, RevocationScope, StoreError};

use super::Chain;
use crate::bench::setup::ISSUER;
use crate::bench::{Fault, Rigged};

/// A key-value store in a map, in pages of 30.
#[derive(Default)]
struct Kv {
    entries: RefCell<BTreeMap<String, String>>,
    /// What is written to an entry between its reading and the next call, once.
    meanwhile: RefCell<Option<(String, String)>>,
    fails: Cell<bool>,
}

impl Kv {
    fn answer(&self) -> Result<(), StoreError> {
        let fault = StoreError::Unavailable { cause: "kv_error" };
        if self.fails.get() { Err(fault) } else { Ok(()) }
    }

    fn put(&self, scope: RevocationScope, name: EntryKey, text: String) {
        self.entries.borrow_mut().insert(key(scope, name), text);
    }
}

impl Listing for Kv {
    async fn keys(&self, cursor: Option<String>) -> Result<Page, StoreError> {
        self.answer()?;
        let entries = self.entries.borrow();
        let revoked = entries.keys().filter(|key| key.starts_with("portcullis:1:revoked:"));
        let rest: Vec<String> =
            revoked.filter(|key| cursor.as_ref().is_none_or(|from| *key > from)).cloned().collect();
        let keys: Vec<String> = rest.iter().take(30).cloned().collect();
        let cursor = keys.last().filter(|_| rest.len() > 30).cloned();
        Ok(Page { keys, cursor })
    }

    async fn read(&self, keys: &[String]) -> Result<Vec<Option<String>>, StoreError> {
        self.answer()?;
        assert!(keys.len() <= 100, "KV reads no more at once");
        let values = keys.iter().map(|key| self.entries.borrow().get(key).cloned()).collect();
        self.entries.borrow_mut().extend(self.meanwhile.take());
        Ok(values)
    }

    async fn write(&self, key: &str, value: String, _: u64) -> Result<(), StoreError> {
        self.answer()?;
        self.entries.borrow_mut().insert(key.to_owned(), value);
        Ok(())
    }
}

fn drain(chain: &Chain, kv: &Kv) {
    let (instance, primary) = (Arc::clone(&chain.bench.instance), chain.primary.clone());
    let store = Fallback::new(instance, primary, None::<Rigged>, chain.queue.clone());
    block_on(store.drain(kv, chain.bench.now()));
}

/// How many revocations the primary was told since this was last asked.
fn told(chain: &Chain) -> usize {
    chain.primary.calls().iter().filter(|verb| **verb == "revoke").count()
}

fn session(name: &str) -> EntryKey {
    EntryKey::new(KeySpace::Session, ISSUER, name)
}

/// The entry of a session revoked now, for a minute.
fn entry(chain: &Chain, name: &str) -> String {
    let (scope, key) = (RevocationScope::Session, session(name));
    let expires = chain.bench.now().plus(60_000);
    let revocation = Revocation { scope, key, expires, acknowledged: None };
    Entry::extending(None, &revocation, chain.bench.now()).to_text()
}

fn left(chain: &Chain, name: &str, kv: &Kv) {
    kv.put(RevocationScope::Session, session(name), entry(chain, name));
}

#[test]
fn what_was_left_is_told_once_and_stays() {
    let (chain, kv) = (Chain::new(), Kv::default());
    for number in 0..70 {
        left(&chain, &number.to_string(), &kv);
    }
    drain(&chain, &kv);
    assert_eq!(told(&chain), 70);
    drain(&chain, &kv);
    assert_eq!(told(&chain), 0);
    assert_eq!(chain.bench.count("secondary_drained", ""), 70);
    assert_eq!(kv.entries.borrow().keys().filter(|key| key.contains("revoked")).count(), 70);
}

#[test]
fn a_run_goes_on_where_the_one_before_ended_however_many_there_are() {
    let (chain, kv) = (Chain::new(), Kv::default());
    for number in 0..700 {
        left(&chain, &number.to_string(), &kv);
    }
    let runs: Vec<usize> = (0..6)
        .map(|_| {
            drain(&chain, &kv);
            told(&chain)
        })
        .collect();
    assert_eq!(runs.iter().sum::<usize>(), 700, "{runs:?}");
    assert_eq!(runs[0], 200);
}

#[test]
fn an_entry_that_was_extended_while_it_was_told_is_told_again() {
    let (chain, kv) = (Chain::new(), Kv::default());
    left(&chain, "s", &kv);
    chain.bench.pass(5);
    let extended = (key(RevocationScope::Session, session("s")), entry(&chain, "s"));
    kv.meanwhile.replace(Some(extended.clone()));
    drain(&chain, &kv);
    assert_eq!(kv.entries.borrow()[&extended.0], extended.1, "the drain writes over no entry");
    drain(&chain, &kv);
    assert_eq!(told(&chain), 2);
}

#[test]
fn what_cannot_be_read_or_is_over_stands_in_nobodys_way() {
    let (chain, kv) = (Chain::new(), Kv::default());
    for number in 0..250 {
        kv.put(RevocationScope::Session, session(&format!("garbage {number}")), "x".to_owned());
    }
    kv.put(RevocationScope::Session, session("over"), "1 1 1".to_owned());
    left(&chain, "s", &kv);
    drain(&chain, &kv);
    assert_eq!(told(&chain), 1);
    assert_eq!(chain.bench.count("secondary_drained", ""), 1);
}

#[test]
fn one_run_tells_so_much_and_the_next_one_goes_on() {
    let (chain, kv) = (Chain::new(), Kv::default());
    for number in 0..250 {
        left(&chain, &number.to_string(), &kv);
    }
    drain(&chain, &kv);
    assert_eq!(told(&chain), 200);
    drain(&chain, &kv);
    assert_eq!(told(&chain), 50);
}

#[test]
fn a_primary_that_does_not_take_it_leaves_it_for_the_next_run() {
    let (chain, kv) = (Chain::new(), Kv::default());
    left(&chain, "s", &kv);
    chain.primary.fault(Fault::Unreachable);
    drain(&chain, &kv);
    assert_eq!(chain.bench.count("secondary_drained", ""), 0);
    chain.primary.fault(None);
    drain(&chain, &kv);
    assert_eq!(chain.bench.count("secondary_drained", ""), 1);
}

#[test]
fn a_secondary_that_fails_is_said_to() {
    let (chain, kv) = (Chain::new(), Kv::default());
    left(&chain, "s", &kv);
    kv.fails.set(true);
    drain(&chain, &kv);
    assert_eq!(chain.bench.count("secondary_failures", "verb=\"drain\",cause=\"kv_error\""), 1);
    assert_eq!(told(&chain), 0);
}

#[test]
fn a_primary_that_lost_its_data_is_told_all_of_it_again() {
    let (chain, kv) = (Chain::new(), Kv::default());
    left(&chain, "s", &kv);
    drain(&chain, &kv);
    chain.primary.lose_data();
    drain(&chain, &kv);
    assert_eq!(told(&chain), 2);
}
