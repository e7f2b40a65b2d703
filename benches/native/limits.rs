//! One take from one limit, natively: by each algorithm, and over how many keys; beside governor.
//!
//! `npm run bench -- limits native` runs it and reads what divan prints.
#![allow(clippy::expect_used, reason = "a benchmark that cannot run as it should must not go on")]

use std::num::NonZeroU32;
use std::sync::Arc;

use divan::{Bencher, black_box};
use governor::RateLimiter;
use pollster::block_on;
use portcullis::UnixMs;
use portcullis::limit::{
    Algorithm, KeyPart, OnOutage, Policy, PolicyName, Quota, State, Trigger, decide,
};
use portcullis::store::memory::{MemoryBounds, MemoryStore};
use portcullis::store::{Admit, EntryKey, KeySpace, Store as _, Take};

const NOW: UnixMs = UnixMs(1_700_000_000_000);
const LIMIT: u64 = 100;
const WINDOW_MS: u64 = 60_000;
/// Distinct keys; the store counts as many apart as it has room for.
const KEYS: [usize; 4] = [1, 1_000, 100_000, 1_000_000];
/// As many keys of one policy as fit beside the rest into the 64 MiB a store may have.
const KEYS_APART: usize = 200_000;

fn main() {
    divan::main();
}

fn policy(algorithm: Algorithm) -> Policy {
    Policy {
        name: PolicyName::new("bench").expect("a good name"),
        key: [KeyPart::Ip].into(),
        applies: Arc::default(),
        algorithm,
        quota: Quota::new(LIMIT, WINDOW_MS).expect("a good quota"),
        trigger: Trigger::Request,
        shadow: false,
        on_outage: OnOutage::default(),
    }
}

/// Keys, hashed before the clock starts.
fn keys(count: usize) -> Vec<EntryKey> {
    let key = |number: usize| EntryKey::new(KeySpace::Subject, "bench", &number.to_string());
    (0..count).map(key).collect()
}

#[divan::bench(args = [
    Algorithm::FixedWindow,
    Algorithm::SlidingWindow,
    Algorithm::SlidingLog,
    Algorithm::TokenBucket,
    Algorithm::Gcra,
])]
fn decision(bencher: Bencher<'_, '_>, algorithm: Algorithm) {
    let quota = policy(algorithm).quota;
    let (mut state, mut now) = (State::empty(algorithm), NOW);
    bencher.bench_local(|| {
        // A take each 600 ms keeps all of them at their limit.
        now = now.plus(600);
        let (decision, kept) = decide(&state, quota, now, black_box(1)).expect("a good cost");
        state = kept;
        decision
    });
}

fn take_each(bencher: Bencher<'_, '_>, bounds: MemoryBounds, count: usize) {
    let store = MemoryStore::with_bounds(bounds, [7; 16]).expect("good bounds");
    let (policy, keys) = (policy(Algorithm::SlidingWindow), keys(count));
    let mut now = NOW;
    let mut take = |key: EntryKey| {
        now = now.plus(1);
        let takes = vec![Take { policy: &policy, key, cost: 1 }];
        block_on(store.admit(&Admit { token: None, takes, closed: false }, now)).expect("an answer")
    };
    for key in &keys {
        take(*key);
    }
    let mut order = keys.iter().cycle();
    bencher.bench_local(|| take(black_box(*order.next().expect("there is a key"))));
}

/// The store as it is.
#[divan::bench(args = KEYS, sample_size = 1_000)]
fn store(bencher: Bencher<'_, '_>, keys: usize) {
    take_each(bencher, MemoryBounds::default(), keys);
}

/// The store with as much memory as it may be given.
#[divan::bench(args = KEYS, sample_size = 1_000)]
fn large_store(bencher: Bencher<'_, '_>, keys: usize) {
    let bounds =
        MemoryBounds { policies: 1, keys_per_policy: KEYS_APART, ..MemoryBounds::default() };
    take_each(bencher, bounds, keys);
}

/// The peer: GCRA over a map of keys, unbounded, by a clock of its own.
#[divan::bench(args = KEYS, sample_size = 1_000)]
fn governor(bencher: Bencher<'_, '_>, count: usize) {
    let limit = NonZeroU32::new(100).expect("not 0");
    let limiter = RateLimiter::hashmap(governor::Quota::per_minute(limit));
    let keys = keys(count);
    for key in &keys {
        let _ = limiter.check_key(key);
    }
    let mut order = keys.iter().cycle();
    bencher.bench_local(|| {
        limiter.check_key(black_box(order.next().expect("there is a key"))).is_ok()
    });
}
