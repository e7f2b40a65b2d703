//! The contract over rows in a map; what a broken command or row comes to.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use pollster::block_on;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::fetch::{Fetch, FetchError, Request, Response};
use crate::jwt::IssuedAt;
use crate::limit::{Algorithm, Policy, State};
use crate::store::contract::{Bench, key, opening, policy, store_contract, take};
use crate::store::redis::{KeyPrefix, RedisStore};
use crate::store::{
    Admit, EntryKey, InstanceId, MergeBatch, Owed, RevocationScope, Store as _, StoreError,
    StoredRules, TokenCheck,
};

/// An object in this process, and its time.
pub(crate) struct Object {
    pub(crate) rows: RefCell<BTreeMap<String, (String, UnixMs)>>,
    pub(crate) now: Cell<UnixMs>,
    /// How many writes are made before they fail, and what by.
    fails: Cell<Option<(u32, RowsError)>>,
    layout: Cell<u32>,
}

impl Object {
    pub(crate) fn new() -> Self {
        let now = Cell::new(UnixMs(1_700_000_000_250));
        Self { rows: RefCell::default(), now, fails: Cell::new(None), layout: Cell::new(LAYOUT) }
    }

    /// One write more, or why not.
    fn write(&self) -> Result<(), RowsError> {
        match self.fails.get() {
            None => Ok(()),
            Some((0, error)) => Err(error),
            Some((left, error)) => {
                self.fails.set(Some((left.saturating_sub(1), error)));
                Ok(())
            }
        }
    }

    fn set(&self, key: &str, value: &str) {
        self.rows.borrow_mut().insert(key.to_owned(), (value.to_owned(), UnixMs(u64::MAX)));
    }

    /// What is kept under the one key that ends so.
    fn value(&self, end: &str) -> Option<String> {
        let rows = self.rows.borrow();
        rows.iter().find(|(key, _)| key.ends_with(end)).map(|(_, (value, _))| value.clone())
    }
}

impl Rows for Object {
    fn layout(&self) -> Result<u32, RowsError> {
        Ok(self.layout.get())
    }

    fn get(&self, key: &str) -> Result<Option<String>, RowsError> {
        Ok(self.rows.borrow().get(key).map(|(value, _)| value.clone()))
    }

    fn put(&self, key: &str, value: &str, until: UnixMs) -> Result<(), RowsError> {
        self.write()?;
        self.rows.borrow_mut().insert(key.to_owned(), (value.to_owned(), until));
        Ok(())
    }

    fn delete(&self, key: &str) -> Result<bool, RowsError> {
        self.write()?;
        Ok(self.rows.borrow_mut().remove(key).is_some())
    }
}

impl Fetch for Object {
    async fn fetch(&self, request: Request<'_>) -> Result<Response, FetchError> {
        let (status, body) = answer(self, &request.body, self.now.get());
        Ok(Response { status, fields: Vec::new(), body: body.into_bytes() })
    }
}

pub(crate) type OverObject = RedisStore<ObjectTransport<Object>>;

struct InProcess(OverObject);

impl InProcess {
    fn new() -> Self {
        Self(RedisStore::new(ObjectTransport::new(Object::new()), KeyPrefix::default()))
    }

    fn object(&self) -> &Object {
        self.0.transport().fetch()
    }

    fn admit(
        &self,
        token: Option<EntryKey>,
        cost: u64,
    ) -> Result<crate::store::Admission, StoreError> {
        let (one, now) = (policy("one", 5, 60_000), self.now());
        let token = token.map(|token| TokenCheck {
            token,
            session: None,
            subject: None,
            issued_at: IssuedAt::Ms(now),
            expires: now.plus(60_000),
        });
        let admit = Admit { token, takes: vec![take(&one, "k", cost)], closed: false };
        block_on(self.0.admit(&admit, now))
    }
}

impl Bench for InProcess {
    type Store = OverObject;

    fn store(&self) -> &OverObject {
        &self.0
    }

    fn now(&self) -> UnixMs {
        self.object().now.get()
    }

    async fn pass(&self, ms: u64) {
        self.object().now.set(self.now().plus(ms));
    }
}

store_contract!(InProcess::new());

#[test]
fn the_largest_batch_and_the_longest_rules_fit_into_a_command() {
    let bench = InProcess::new();
    let name = "p".repeat(64);
    let log = Policy { algorithm: Algorithm::SlidingLog, ..policy(&name, 10_000, 31_622_400_000) };
    let full = (0..40).fold(State::empty(log.algorithm), |state, take| {
        state.add(log.quota, bench.now().plus(take * 1_000), 1_000)
    });
    assert!(full.entries() >= 16);
    let owed = |number: usize| Owed {
        policy: log.clone(),
        key: key(&number.to_string()),
        taken: full.clone(),
    };
    let entries = (0..MergeBatch::ENTRIES_MAX).map(owed).collect();
    let batch = MergeBatch { instance: InstanceId::new([1; 16]), sequence: 1, entries };
    assert_eq!(block_on(bench.0.merge(&batch, bench.now())), Ok(()));
    let text = "x".repeat(StoredRules::BYTES_MAX);
    assert!(block_on(bench.0.write_rules(0, &text, bench.now())).unwrap().is_some());
}

#[test]
fn a_command_that_is_none_is_refused_by_name_and_writes_nothing() {
    let object = Object::new();
    let long = format!("[\"admit\",\"0\",\"{}\"]", "x".repeat(COMMAND_BYTES_MAX));
    for (body, error) in [
        ("", "ERR malformed command"),
        ("{}", "ERR malformed command"),
        ("[]", "ERR malformed command"),
        ("[1]", "ERR malformed command"),
        (r#"["admit"]"#, "ERR malformed command"),
        (r#"["admit","2","k"]"#, "ERR malformed command"),
        (r#"["admit","18446744073709551615"]"#, "ERR malformed command"),
        (r#"["admit","1","k","admit","0","1","t","0"]"#, "ERR malformed command"),
        (r#"["revoke","1","k","0","-1","1","0"]"#, "ERR malformed command"),
        (r#"["revoke","2","k","l","0","1","1","0"]"#, "ERR malformed command"),
        (r#"["records","1","k","move","0"]"#, "ERR malformed command"),
        (r#"["flush","0"]"#, "ERR unknown command"),
        (long.as_str(), "ERR malformed command"),
    ] {
        let expected = (400, format!(r#"{{"error":"{error}"}}"#));
        assert_eq!(answer(&object, body, object.now.get()), expected, "{:.60}", body);
    }
    assert!(object.rows.borrow().is_empty());
}

#[test]
fn rows_that_fail_are_an_error_with_its_cause() {
    let bench = InProcess::new();
    for (fault, cause) in [
        (RowsError::Full, "out_of_memory"),
        (RowsError::OverQuota, "quota"),
        (RowsError::Failed, "http_5xx"),
    ] {
        bench.object().fails.set(Some((0, fault)));
        assert_eq!(bench.admit(None, 1), Err(StoreError::Unavailable { cause }));
    }
}

#[test]
fn a_command_of_which_any_write_fails_is_refused_so_that_all_of_it_is_taken_back() {
    let policies = [policy("one", 5, 60_000), policy("two", 5, 60_000)];
    let takes = || policies.iter().map(|policy| take(policy, "k", 1)).collect::<Vec<_>>();
    // The epoch and two limits; nothing is written by a command that wrote less than it means to.
    for (writes, done) in [(0, false), (1, false), (2, false), (3, true)] {
        let bench = InProcess::new();
        bench.object().fails.set(Some((writes, RowsError::Failed)));
        let admit = Admit { token: None, takes: takes(), closed: false };
        let admission = block_on(bench.0.admit(&admit, bench.now()));
        assert_eq!(admission.is_ok(), done, "{writes} writes made");
    }
    // The session, and its name in its subject's list.
    for (writes, done) in [(0, false), (1, false), (2, true)] {
        let bench = InProcess::new();
        bench.object().fails.set(Some((writes, RowsError::Failed)));
        let (session, subject) = (key("s"), key("u"));
        let start = opening(session, subject, bench.now().plus(9));
        let opened = block_on(bench.0.rotate(&start, bench.now()));
        assert_eq!(opened.is_ok(), done, "{writes} writes made");
    }
}

#[test]
fn rows_of_another_layout_are_refused_and_left_alone() {
    for layout in [0, LAYOUT + 1] {
        let bench = InProcess::new();
        bench.object().layout.set(layout);
        let cause = "other_layout";
        assert_eq!(bench.admit(None, 1), Err(StoreError::Unavailable { cause }));
        assert!(bench.object().rows.borrow().is_empty());
    }
}

#[test]
fn what_cannot_be_read_refuses_its_own_token_and_is_replaced_where_it_counts() {
    let bench = InProcess::new();
    let entry = format!("{{portcullis}}:1:revoked:token:{}", key("t"));
    assert!(bench.admit(Some(key("t")), 1).unwrap().allowed());
    let limit = bench.object().rows.borrow().keys().find(|key| key.contains("limit")).cloned();
    for garbage in ["", "x", "1", "1 2 3", "-1 2", "01 2", "1 9007199254740993"] {
        bench.object().set(&entry, garbage);
        let admission = bench.admit(Some(key("t")), 1).unwrap();
        assert_eq!(admission.revoked, Some(RevocationScope::Token), "{garbage:?}");
        assert!(admission.unreadable);
        assert!(bench.admit(Some(key("another")), 1).unwrap().revoked.is_none());
        bench.object().set(limit.as_ref().unwrap(), garbage);
        let admission = bench.admit(None, 1).unwrap();
        assert_eq!((admission.repaired, admission.outcomes[0].decision.remaining), (1, 4));
    }
}

#[test]
fn the_epoch_names_the_rows_until_they_are_gone() {
    let bench = InProcess::new();
    let epoch = || bench.admit(None, 1).unwrap().epoch.unwrap();
    let first = epoch();
    block_on(bench.pass(40 * 24 * 60 * 60 * 1000));
    assert_eq!(epoch(), first);
    let until = bench.object().rows.borrow()["{portcullis}:1:epoch"].1;
    assert!(until > bench.now().plus(399 * 24 * 60 * 60 * 1000), "kept alive");
    bench.object().rows.borrow_mut().clear();
    assert_ne!(epoch(), first);
}

#[test]
fn a_row_is_kept_until_its_end_and_a_little_longer() {
    let bench = InProcess::new();
    bench.admit(None, 1).unwrap();
    let rows = bench.object().rows.borrow();
    let (_, (value, until)) = rows.iter().find(|(key, _)| key.contains("limit")).unwrap();
    let free_at: u64 = value.split(' ').nth(3).unwrap().parse().unwrap();
    assert_eq!(*until, UnixMs(free_at + 60_000));
    drop(rows);
    assert!(bench.object().value("epoch").is_some());
}
