//! Adding cost that was taken where the store could not be reached.

use super::limits::{admit, left};
use super::{Bench, key, policy, take};
use crate::UnixMs;
use crate::limit::{Algorithm, Policy, State};
use crate::store::{InstanceId, MergeBatch, Owed, Penalty, Store, StoreError};

fn owed(policy: &Policy, value: &str, cost: u64, at: UnixMs) -> Owed {
    let taken = State::empty(Algorithm::SlidingWindow).add(policy.quota, at, cost);
    Owed { policy: policy.clone(), key: key(value), taken }
}

/// Merges what instance number `instance` took.
async fn merge(
    bench: &impl Bench,
    instance: u8,
    sequence: u64,
    entries: Vec<Owed>,
) -> Result<(), StoreError> {
    let batch = MergeBatch { instance: InstanceId::new([instance; 16]), sequence, entries };
    bench.store().merge(&batch, bench.now()).await
}

pub(crate) async fn merged_cost_counts_against_the_quota(bench: &impl Bench) {
    let policy = policy("contract-merged", 5, 60_000);
    let takes = [take(&policy, "merged", 1)];
    assert!(admit(bench, &takes).await.allowed());
    merge(bench, 1, 1, vec![owed(&policy, "merged", 3, bench.now())]).await.unwrap();
    assert_eq!(left(bench, &takes).await, [1]);
    assert!(admit(bench, &takes).await.allowed());
    assert!(!admit(bench, &takes).await.allowed());
}

pub(crate) async fn a_repeated_batch_counts_once(bench: &impl Bench) {
    let policy = policy("contract-repeated", 10, 60_000);
    let takes = [take(&policy, "repeated", 1)];
    for _ in 0..3 {
        merge(bench, 2, 1, vec![owed(&policy, "repeated", 2, bench.now())]).await.unwrap();
        assert_eq!(left(bench, &takes).await, [8]);
    }
    merge(bench, 3, 1, vec![owed(&policy, "repeated", 2, bench.now())]).await.unwrap();
    assert_eq!(left(bench, &takes).await, [6], "another instance's first batch is another one");
    merge(bench, 2, 2, vec![owed(&policy, "repeated", 2, bench.now())]).await.unwrap();
    assert_eq!(left(bench, &takes).await, [4]);
}

pub(crate) async fn a_sequence_below_the_last_one_counts_nothing(bench: &impl Bench) {
    let policy = policy("contract-older", 10, 60_000);
    for (sequence, stands) in [(0, 10), (3, 8), (2, 8), (1, 8), (0, 8), (4, 6)] {
        merge(bench, 4, sequence, vec![owed(&policy, "older", 2, bench.now())]).await.unwrap();
        assert_eq!(left(bench, &[take(&policy, "older", 1)]).await, [stands], "{sequence}");
    }
}

pub(crate) async fn a_batch_of_several_keys_and_policies_counts_each(bench: &impl Bench) {
    let (a, b) = (policy("contract-many-a", 10, 60_000), policy("contract-many-b", 20, 3_600_000));
    let at = bench.now();
    let entries = vec![
        owed(&a, "x", 1, at),
        owed(&a, "y", 2, at),
        owed(&b, "x", 3, at),
        owed(&a, "x", 4, at),
    ];
    merge(bench, 5, 1, entries).await.unwrap();
    let takes = [take(&a, "x", 1), take(&a, "y", 1), take(&b, "x", 1), take(&b, "y", 1)];
    assert_eq!(left(bench, &takes).await, [5, 8, 17, 20]);
    merge(bench, 6, 1, Vec::new()).await.unwrap();
}

pub(crate) async fn a_batch_too_large_is_refused_whole(bench: &impl Bench) {
    let policy = policy("contract-large", 10, 60_000);
    let names: Vec<String> = (0..=MergeBatch::ENTRIES_MAX).map(|n| n.to_string()).collect();
    let mut entries: Vec<Owed> =
        names.iter().map(|name| owed(&policy, name, 1, bench.now())).collect();
    let takes = [take(&policy, "0", 1), take(&policy, "99", 1)];
    let refused = merge(bench, 7, 1, entries.clone()).await;
    assert_eq!(refused, Err(StoreError::Full { what: "entries of a batch" }));
    assert_eq!(left(bench, &takes).await, [10, 10]);
    entries.pop();
    merge(bench, 7, 1, entries).await.unwrap();
    assert_eq!(left(bench, &takes).await, [9, 9]);
}

pub(crate) async fn windows_that_are_over_are_not_merged(bench: &impl Bench) {
    let policy = policy("contract-over", 10, 60_000);
    let long_ago = bench.now().minus(120_000);
    merge(bench, 8, 1, vec![owed(&policy, "over", 10, long_ago)]).await.unwrap();
    assert_eq!(left(bench, &[take(&policy, "over", 1)]).await, [10]);
}

pub(crate) async fn merging_never_unblocks(bench: &impl Bench) {
    let policy = policy("contract-blocked", 5, 60_000);
    let penalty = Penalty { policy: &policy, key: key("penalised"), duration_ms: 60_000 };
    bench.store().penalise(&penalty, bench.now()).await.unwrap();
    let takes = [take(&policy, "spent", 1), take(&policy, "penalised", 1)];
    assert!(admit(bench, &[take(&policy, "spent", 5)]).await.allowed());
    for (sequence, cost) in [(1, 0), (2, 1), (3, u64::MAX)] {
        let at = bench.now();
        let entries = vec![owed(&policy, "spent", cost, at), owed(&policy, "penalised", cost, at)];
        merge(bench, 9, sequence, entries).await.unwrap();
        assert!(!admit(bench, &takes[..1]).await.allowed(), "spent, {cost} merged");
        assert!(!admit(bench, &takes[1..]).await.allowed(), "penalised, {cost} merged");
    }
}
