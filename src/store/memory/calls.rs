//! What one call over several takes promises, against models and by trying every instant.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "an overflow or an error here fails the test, as it should"
)]

use std::collections::HashMap;

use pollster::block_on;
use proptest::prelude::*;

use super::flood::{admit, remaining, small, small_with};
use super::*;
use crate::limit::{Algorithm, State, decide};
use crate::store::contract::{key, policy, take};

const NOW: UnixMs = UnixMs(1_700_000_000_000);

proptest! {
    /// Against a model that keeps every key's state for good and copies all of it to undo.
    #[test]
    fn calls_over_several_policies_take_all_or_nothing(
        calls in proptest::collection::vec(
            (0_u64..700, proptest::collection::vec((0_usize..3, 0_usize..2, 0_u64..=4), 1..5)),
            1..40,
        )
    ) {
        let store = small();
        let mut policies = [policy("a", 3, 1_000), policy("b", 5, 400), policy("c", 4, 700)];
        policies[2].shadow = true;
        let names = ["x", "y"];
        let empty = State::empty(Algorithm::SlidingWindow);
        let (mut model, mut now) = (HashMap::new(), NOW);
        for (passed, wanted) in calls {
            now = now.plus(passed);
            let takes: Vec<Take<'_>> = wanted
                .iter()
                .map(|&(policy, name, cost)| take(&policies[policy], names[name], cost))
                .collect();
            let (mut after, mut denied) = (model.clone(), Vec::new());
            let mut expected = Vec::new();
            for (take, &(policy, name, cost)) in takes.iter().zip(&wanted) {
                let state = after.entry((policy, name)).or_insert_with(|| empty.clone());
                let decided = decide(state, take.policy.quota, now, cost);
                let fits = decided.as_ref().is_ok_and(|(decision, _)| decision.allowed);
                let fits = fits && !denied.contains(&(policy, name));
                match decided {
                    Ok((_, kept)) if fits => *state = kept,
                    Ok(_) if !take.policy.shadow => denied.push((policy, name)),
                    _ => {}
                }
                expected.push(fits);
            }
            let admission = admit(&store, &takes, now);
            let allowed: Vec<bool> =
                admission.outcomes.iter().map(|outcome| outcome.decision.allowed).collect();
            prop_assert_eq!(&allowed, &expected);
            if admission.allowed() {
                model = after;
            }
            for (take, &(policy, name, _)) in takes.iter().zip(&wanted) {
                let state = model.get(&(policy, name)).unwrap_or(&empty);
                let stands = crate::limit::peek(state, take.policy.quota, now, 1).remaining;
                prop_assert_eq!(remaining(&store, *take, now), stands);
            }
        }
    }

    /// A take at once is one by a call of it alone, whatever came before.
    #[test]
    fn a_take_at_once_decides_as_a_call_does(
        steps in proptest::collection::vec(
            (0_u64..700, 0_usize..5, 0_usize..4, 0_u64..=4, 0_u64..1_000), 1..60,
        )
    ) {
        let (at_once, by_call) = (small_with(5), small_with(5));
        let names = ["f", "s", "l", "b", "g"];
        let policies = names.map(|letter| Policy {
            algorithm: Algorithm::from_letter(letter).unwrap(),
            ..policy(letter, 3, 1_000)
        });
        let mut now = NOW;
        for (passed, number, name, cost, block_ms) in steps {
            now = now.plus(passed);
            let (policy, name) = (&policies[number], ["w", "x", "y", "z"][name]);
            if block_ms > 900 {
                let penalty = Penalty { policy, key: key(name), duration_ms: block_ms };
                let blocked = block_on(at_once.penalise(&penalty, now));
                prop_assert_eq!(blocked, block_on(by_call.penalise(&penalty, now)));
            }
            let take = take(policy, name, cost);
            let called = admit(&by_call, &[take], now).outcomes;
            prop_assert_eq!(at_once.take(&take, now).unwrap(), called[0]);
        }
    }

    /// The wait a repeated key is promised is exact for the call as a whole.
    #[test]
    fn a_denied_call_is_denied_until_exactly_its_longest_wait(
        before in proptest::collection::vec((0_u64..60, 1_u64..=4), 0..12),
        first in 1_u64..=3, second in 1_u64..=3, penalty_ms in 0_u64..120,
    ) {
        let (store, policy) = (small(), policy("p", 6, 100));
        let mut now = NOW;
        for (passed, cost) in before {
            now = now.plus(passed);
            admit(&store, &[take(&policy, "k", cost)], now);
        }
        let penalty = Penalty { policy: &policy, key: key("k"), duration_ms: penalty_ms };
        block_on(store.penalise(&penalty, now)).unwrap();
        let takes = [take(&policy, "k", first), take(&policy, "k", second)];
        let probe = |at| {
            let denied = admit(&store, &takes, at);
            let waits = denied.outcomes.iter().map(|outcome| outcome.decision.retry_after_ms);
            (denied.allowed(), waits.max().flatten())
        };
        if let (false, wait) = probe(now) {
            let wait = wait.unwrap();
            for ms in 0..wait {
                prop_assert!(!probe(now.plus(ms)).0);
            }
            prop_assert!(probe(now.plus(wait)).0);
        }
    }
}
