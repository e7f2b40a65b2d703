//! Taking, peeking, resetting, penalising.

use super::{Bench, key, policy, take};
use crate::limit::{Adjustment, Algorithm, Policy};
use crate::store::{Admission, Admit, Penalty, Store, Take};

pub(super) async fn admit(bench: &impl Bench, takes: &[Take<'_>]) -> Admission {
    let admit = Admit { token: None, takes: takes.to_vec(), closed: false };
    bench.store().admit(&admit, bench.now()).await.unwrap()
}

/// What is left of each take's quota.
pub(super) async fn left(bench: &impl Bench, takes: &[Take<'_>]) -> Vec<u64> {
    let outcomes = bench.store().peek(takes, bench.now()).await.unwrap();
    outcomes.iter().map(|outcome| outcome.decision.remaining).collect()
}

pub(crate) async fn a_quota_admits_its_limit_and_no_more(bench: &impl Bench) {
    let policy = policy("contract-limit", 3, 60_000);
    for remaining in [2, 1, 0] {
        let admission = admit(bench, &[take(&policy, "limit", 1)]).await;
        assert!(admission.allowed());
        let outcome = admission.outcomes[0];
        assert_eq!((outcome.decision.limit, outcome.decision.remaining), (3, remaining));
        assert!(!outcome.overflow);
    }
    let denied = admit(bench, &[take(&policy, "limit", 1)]).await;
    assert!(!denied.allowed());
    assert!(denied.outcomes[0].decision.retry_after_ms > Some(0));
}

pub(crate) async fn a_refusal_ends_when_it_was_said_to(bench: &impl Bench) {
    let policy = policy("contract-refusal", 4, 400);
    admit(bench, &[take(&policy, "refusal", 4)]).await;
    let denied = admit(bench, &[take(&policy, "refusal", 1)]).await;
    bench.pass(denied.outcomes[0].decision.retry_after_ms.unwrap()).await;
    assert!(admit(bench, &[take(&policy, "refusal", 1)]).await.allowed());
}

pub(crate) async fn a_denied_take_takes_nothing_from_any_policy(bench: &impl Bench) {
    let (wide, narrow) =
        (policy("contract-wide", 10, 60_000), policy("contract-narrow", 1, 60_000));
    let both = [take(&wide, "all", 2), take(&narrow, "all", 1), take(&wide, "other", 3)];
    assert!(admit(bench, &both).await.allowed());
    let denied = admit(bench, &both).await;
    assert!(!denied.allowed());
    let allowed: Vec<bool> = denied.outcomes.iter().map(|o| o.decision.allowed).collect();
    let remaining: Vec<u64> = denied.outcomes.iter().map(|o| o.decision.remaining).collect();
    assert_eq!(allowed, [true, false, true]);
    assert_eq!(remaining, [8, 0, 7], "what is left is reported untouched");
    assert_eq!(left(bench, &both).await, [8, 0, 7]);
}

pub(crate) async fn a_key_taken_from_twice_in_one_call_is_counted_twice(bench: &impl Bench) {
    let policy = policy("contract-twice", 5, 60_000);
    let twice = [take(&policy, "twice", 2), take(&policy, "twice", 1)];
    let admission = admit(bench, &twice).await;
    let remaining: Vec<u64> = admission.outcomes.iter().map(|o| o.decision.remaining).collect();
    assert_eq!(remaining, [3, 2]);
    let denied = admit(bench, &twice).await;
    assert!(denied.outcomes[0].decision.allowed);
    assert!(!denied.outcomes[1].decision.allowed);
    assert_eq!(left(bench, &twice).await, [2, 2]);
}

pub(crate) async fn a_cost_out_of_range_is_denied_for_good(bench: &impl Bench) {
    let policy = policy("contract-cost", 5, 60_000);
    for cost in [0, 6, u64::MAX] {
        let admission = admit(bench, &[take(&policy, "cost", cost)]).await;
        assert!(!admission.allowed());
        let decision = admission.outcomes[0].decision;
        assert_eq!((decision.remaining, decision.retry_after_ms), (5, None));
    }
}

pub(crate) async fn peeking_takes_nothing(bench: &impl Bench) {
    let policy = policy("contract-peek", 5, 60_000);
    let takes = [take(&policy, "peek", 5), take(&policy, "peek", 5)];
    for _ in 0..2 {
        let outcomes = bench.store().peek(&takes, bench.now()).await.unwrap();
        assert!(outcomes.iter().all(|o| o.decision.allowed && o.decision.remaining == 5));
    }
    assert!(admit(bench, &takes[..1]).await.allowed());
}

pub(crate) async fn a_shadow_counts_and_never_denies(bench: &impl Bench) {
    let real = policy("contract-real", 2, 60_000);
    let shadow = Policy { shadow: true, ..policy("contract-shadow", 1, 60_000) };
    let both = [take(&shadow, "shadow", 1), take(&real, "shadow", 1)];
    assert!(admit(bench, &both).await.allowed());
    assert_eq!(left(bench, &both).await, [0, 1]);
    let second = admit(bench, &both).await;
    assert!(second.allowed() && second.outcomes[0].shadow && !second.outcomes[1].shadow);
    assert!(!second.outcomes[0].decision.allowed);
    let other = Policy { shadow: true, ..policy("contract-shadow-2", 1, 60_000) };
    let third = [take(&other, "shadow", 1), take(&real, "shadow", 1)];
    assert!(!admit(bench, &third).await.allowed());
    assert_eq!(left(bench, &third).await, [1, 0], "counted only when the whole is admitted");
}

pub(crate) async fn keys_and_policies_are_counted_apart(bench: &impl Bench) {
    let (a, b) = (policy("contract-a", 1, 60_000), policy("contract-b", 1, 60_000));
    for take in [take(&a, "x", 1), take(&a, "y", 1), take(&b, "x", 1)] {
        assert!(admit(bench, &[take]).await.allowed());
    }
}

pub(crate) async fn reset_forgets_one_key_of_one_policy(bench: &impl Bench) {
    let (a, b) = (policy("contract-reset", 1, 60_000), policy("contract-kept", 1, 60_000));
    let takes = [take(&a, "reset", 1), take(&a, "kept", 1), take(&b, "reset", 1)];
    assert!(admit(bench, &takes).await.allowed());
    let penalty = Penalty { policy: &a, key: key("reset"), duration_ms: 60_000 };
    bench.store().penalise(&penalty, bench.now()).await.unwrap();
    bench.store().reset(&a, key("reset"), bench.now()).await.unwrap();
    assert_eq!(left(bench, &takes).await, [1, 0, 0]);
}

pub(crate) async fn a_penalty_denies_for_its_time_and_a_shorter_one_does_not_end_it(
    bench: &impl Bench,
) {
    let policy = policy("contract-penalty", 5, 100);
    for duration_ms in [600, 100] {
        let penalty = Penalty { policy: &policy, key: key("penalty"), duration_ms };
        bench.store().penalise(&penalty, bench.now()).await.unwrap();
    }
    let takes = [take(&policy, "penalty", 1)];
    bench.pass(300).await;
    let decision = admit(bench, &takes).await.outcomes[0].decision;
    assert!(!decision.allowed);
    assert_eq!(decision.remaining, 0);
    assert!(decision.reset_ms >= decision.retry_after_ms.unwrap());
    assert!(admit(bench, &[take(&policy, "free", 1)]).await.allowed());
    bench.pass(decision.retry_after_ms.unwrap()).await;
    assert!(admit(bench, &takes).await.allowed());
}

pub(crate) async fn cost_is_counted_after_the_fact_or_given_back_within_what_the_quota_holds(
    bench: &impl Bench,
) {
    use Adjustment::{Give, Take};
    for algorithm in [
        Algorithm::FixedWindow,
        Algorithm::SlidingWindow,
        Algorithm::SlidingLog,
        Algorithm::TokenBucket,
        Algorithm::Gcra,
    ] {
        let name = format!("contract-adjust-{algorithm:?}").to_lowercase();
        let policy = Policy { algorithm, ..policy(&name, 5, 3_600_000) };
        let adjust = async |by, name: &str| {
            let adjusted = bench.store().adjust(&policy, key(name), by, bench.now()).await;
            adjusted.unwrap().decision
        };
        let taken = take(&policy, "k", 3);
        assert!(admit(bench, &[taken]).await.allowed());
        assert_eq!(adjust(Take(1), "k").await.remaining, 1);
        assert_eq!(adjust(Give(2), "k").await.remaining, 3);
        let full = adjust(Take(u64::MAX), "k").await;
        assert_eq!((full.allowed, full.remaining), (false, 0));
        assert!(full.retry_after_ms.unwrap() > 0);
        assert!(!admit(bench, &[take(&policy, "k", 1)]).await.allowed());
        assert_eq!(adjust(Give(1), "k").await.remaining, 1, "it was no more than full");
        assert_eq!(adjust(Give(u64::MAX), "k").await.remaining, 5);
        assert_eq!(adjust(Give(1), "never taken").await.remaining, 5);
        assert!(admit(bench, &[take(&policy, "k", 5)]).await.allowed());
    }
}

pub(crate) async fn an_adjustment_lifts_no_penalty(bench: &impl Bench) {
    let policy = policy("contract-adjusted", 5, 60_000);
    let penalty = Penalty { policy: &policy, key: key("k"), duration_ms: 60_000 };
    bench.store().penalise(&penalty, bench.now()).await.unwrap();
    let by = Adjustment::Give(5);
    let outcome = bench.store().adjust(&policy, key("k"), by, bench.now()).await.unwrap();
    assert!(!outcome.decision.allowed);
    assert!(!admit(bench, &[take(&policy, "k", 1)]).await.allowed());
}
