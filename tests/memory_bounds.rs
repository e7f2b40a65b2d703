//! Measures what a memory store takes when every partition is full: less than it says it may.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    unsafe_code,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "an allocator can only be counted by being one; the rest fails the test, as it should"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use pollster::block_on;
use portcullis::UnixMs;
use portcullis::limit::{Algorithm, KeyPart, OnOutage, Policy, PolicyName, Quota, Trigger};
use portcullis::store::memory::{MemoryBounds, MemoryStore};
use portcullis::store::{
    Admit, EntryKey, KeySpace, Penalty, Record, Revocation, RevocationScope, Rotation,
    SessionStart, Store, StoreError, Take,
};

const NOW: UnixMs = UnixMs(1_700_000_000_000);

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator unchanged; only sizes are counted beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        PEAK.fetch_max(LIVE.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn key(number: usize) -> EntryKey {
    EntryKey::new(KeySpace::Subject, "https://bounds", &number.to_string())
}

/// Ends in no order, so that queues are filled as badly as they get.
fn expires(number: usize) -> UnixMs {
    NOW.plus(1 + (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) % 1_000_000)
}

/// Writes numbered entries until the store says that there is no room. How many it took.
fn fill(mut write: impl FnMut(usize) -> Result<(), StoreError>) -> usize {
    (0..).find(|number| matches!(write(*number), Err(StoreError::Full { .. }))).unwrap()
}

fn fill_revocations(store: &MemoryStore, scope: RevocationScope) -> usize {
    fill(|number| {
        let (key, expires) = (key(number), expires(number));
        let revocation = Revocation { scope, key, expires, acknowledged: None };
        block_on(store.revoke(&revocation, NOW)).map(drop)
    })
}

fn policy(number: usize, algorithm: Algorithm, limit: u64) -> Policy {
    Policy {
        name: PolicyName::new(format!("policy-{number}")).unwrap(),
        key: [KeyPart::Ip].into(),
        applies: Arc::default(),
        algorithm,
        quota: Quota::new(limit, 60_000).unwrap(),
        trigger: Trigger::Request,
        shadow: false,
        on_outage: OnOutage::default(),
    }
}

/// Takes one from a key. Whether that was counted with others'.
fn overflows(store: &MemoryStore, policy: &Policy, key: EntryKey, now: UnixMs) -> bool {
    let takes = vec![Take { policy, key, cost: 1 }];
    let admission =
        block_on(store.admit(&Admit { token: None, takes, closed: false }, now)).unwrap();
    admission.outcomes.iter().any(|outcome| outcome.overflow)
}

/// Counts keys and blocks others, as many as the policy has room for. How many of each.
fn fill_policy(store: &MemoryStore, number: usize) -> (usize, usize) {
    let policy = &policy(number, Algorithm::SlidingWindow, 10);
    let counted = (0..).find(|number| overflows(store, policy, key(*number), NOW)).unwrap();
    let blocked = fill(|number| {
        let duration_ms = expires(number).since(NOW);
        block_on(store.penalise(&Penalty { policy, key: key(number), duration_ms }, NOW))
    });
    (counted, blocked)
}

fn fill_sessions(store: &MemoryStore) -> usize {
    fill(|number| {
        // None of those that are revoked.
        let (session, subject) = (key(1_000_000 + number), key(1_000_000 + number / 2));
        let start = SessionStart { session, subject, expires: expires(number), idle_ms: u64::MAX };
        block_on(store.rotate(&Rotation::Open(start), NOW)).map(drop)
    })
}

fn fill_records(store: &MemoryStore) -> usize {
    fill(|number| {
        // With spare capacity, which is not to be kept.
        let mut value = Vec::with_capacity(3 * Record::BYTES_MAX);
        value.resize(Record::BYTES_MAX, 0);
        block_on(store.put(key(number), Record { value, expires: expires(number) }, NOW))
    })
}

/// One test, so that nothing else allocates meanwhile.
#[test]
fn a_store_takes_less_memory_than_its_bounds_say() {
    a_full_store_takes_less_memory_than_its_bounds_say();
    a_flood_of_keys_takes_no_more_than_a_full_partition();
    logs_that_are_full_take_no_more_than_other_keys();
}

fn a_flood_of_keys_takes_no_more_than_a_full_partition() {
    let (bounds, policy) = (MemoryBounds::default(), policy(0, Algorithm::SlidingWindow, 10));
    let most = bounds.keys_per_policy * 256;
    for keys in [1_000, 100_000, 1_000_000] {
        let before = LIVE.load(Relaxed);
        let store = MemoryStore::new([7; 16]);
        for number in 0..keys {
            overflows(&store, &policy, key(number), NOW);
        }
        let live = LIVE.load(Relaxed) - before;
        println!("{keys} keys: {live} bytes, {:.1} a key", live as f64 / keys as f64);
        assert!(live < most, "{live} bytes of {keys} keys, {most} allowed");
        drop(store);
    }
}

fn logs_that_are_full_take_no_more_than_other_keys() {
    let most = MemoryBounds::default().keys_per_policy * 256;
    for (number, limit) in [(0, 1), (1, 100), (2, 2_000)] {
        let before = LIVE.load(Relaxed);
        let (store, policy) =
            (MemoryStore::new([7; 16]), policy(number, Algorithm::SlidingLog, limit));
        let keys = (0..).find(|number| overflows(&store, &policy, key(*number), NOW)).unwrap();
        // As many as fill the room for takes.
        let filled = keys.min(40_000 / limit as usize);
        for key in (0..filled).map(key) {
            for take in 0..limit {
                assert!(!overflows(&store, &policy, key, NOW.plus(take)));
            }
        }
        let live = LIVE.load(Relaxed) - before;
        assert!(live < most, "{live} bytes of {keys} logs of {limit}, {most} allowed");
        assert!(live > most / 8, "{live} bytes of {keys} logs of {limit}: a loose bound");
        drop(store);
    }
}

fn a_full_store_takes_less_memory_than_its_bounds_say() {
    let bounds = MemoryBounds::default();
    let before = LIVE.load(Relaxed);
    let store = MemoryStore::new([7; 16]);
    assert_eq!(fill_revocations(&store, RevocationScope::Token), bounds.revoked_tokens);
    assert_eq!(fill_revocations(&store, RevocationScope::Session), bounds.revoked_sessions);
    assert_eq!(fill_revocations(&store, RevocationScope::Subject), bounds.revoked_subjects);
    for number in 0..bounds.policies {
        let filled = (bounds.keys_per_policy, bounds.penalties_per_policy);
        assert_eq!(fill_policy(&store, number), filled);
    }
    assert_eq!(fill_sessions(&store), bounds.sessions);
    assert_eq!(fill_records(&store), bounds.records);

    let (live, peak) = (LIVE.load(Relaxed) - before, PEAK.load(Relaxed) - before);
    assert!(peak < bounds.bytes(), "{peak} bytes at the peak, {} allowed", bounds.bytes());
    assert!(live > bounds.bytes() / 3, "{live} bytes of {}: a loose bound", bounds.bytes());
    drop(store);
}
