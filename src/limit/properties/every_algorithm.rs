//! What every algorithm promises.

use proptest::prelude::*;

use super::any_scenario;
use crate::UnixMs;
use crate::limit::{Adjustment, Algorithm, Decision, Quota, State, decide, peek};

proptest! {
    #[test]
    fn a_refusal_lasts_until_exactly_the_promised_instant((algorithm, quota, steps) in any_scenario()) {
        let (mut state, mut now) = (State::empty(algorithm), 1_000_u64);
        for (passed, cost) in steps {
            now += passed / 4;
            let (decision, kept) = decide(&state, quota, UnixMs(now), cost).unwrap();
            if let Some(wait) = decision.retry_after_ms {
                prop_assert!(wait > 0);
                for refused in now..now + wait {
                    prop_assert!(!peek(&state, quota, UnixMs(refused), cost).allowed);
                }
                prop_assert!(decide(&state, quota, UnixMs(now + wait), cost).unwrap().0.allowed);
            }
            state = kept;
        }
    }

    #[test]
    fn the_whole_quota_is_free_at_exactly_the_reset((algorithm, quota, steps) in any_scenario()) {
        let (mut state, mut now) = (State::empty(algorithm), 1_000_u64);
        for (passed, cost) in steps {
            now += passed;
            let (decision, kept) = decide(&state, quota, UnixMs(now), cost).unwrap();
            let free = now + decision.reset_ms;
            prop_assert_eq!(kept.free_at(quota), UnixMs(free));
            for at in [free, free + 1] {
                prop_assert_eq!(peek(&kept, quota, UnixMs(at), 1), peek(&State::empty(algorithm), quota, UnixMs(at), 1));
            }
            prop_assert!(peek(&kept, quota, UnixMs(free - 1), 1).remaining < quota.burst());
            state = kept;
        }
    }
}

/// What was counted with no limit applied, up to `now`.
fn owed(algorithm: Algorithm, quota: Quota, steps: &[(u64, u64)], now: &mut u64) -> State {
    steps.iter().fold(State::empty(algorithm), |state, &(passed, cost)| {
        *now += passed;
        state.add(quota, UnixMs(*now), cost)
    })
}

proptest! {
    #[test]
    fn merging_nothing_only_brings_a_state_to_now(
        (algorithm, quota, steps) in any_scenario(), later in 0_u64..100
    ) {
        let (mut now, empty) = (1_000, State::empty(algorithm));
        let kept = owed(algorithm, quota, &steps, &mut now);
        let merged = kept.clone().merge(empty.clone(), quota, UnixMs(now + later));
        prop_assert_eq!(&merged, &kept.add(quota, UnixMs(now + later), 0));
        prop_assert_eq!(&merged, &merged.clone().merge(empty, quota, UnixMs(now + later)));
    }

    #[test]
    fn merging_admits_no_more_than_before_and_denies_no_longer_than_what_the_quota_holds(
        (algorithm, quota, kept) in any_scenario(), (_, _, taken) in any_scenario(),
        apart in 0_u64..60, later in proptest::collection::vec(0_u64..20, 10)
    ) {
        let (mut now, mut elsewhere) = (1_000, 1_000 + apart);
        let kept = owed(algorithm, quota, &kept, &mut now);
        let taken = owed(algorithm, quota, &taken, &mut elsewhere);
        let merged = kept.clone().merge(taken, quota, UnixMs(now));
        let stood = peek(&kept, quota, UnixMs(now), 1).reset_ms;
        prop_assert!(peek(&merged, quota, UnixMs(now), 1).reset_ms <= stood.max(quota.memory_ms()));
        for passed in later {
            now += passed;
            for cost in 1..=quota.burst() {
                let (after, before) = (
                    peek(&merged, quota, UnixMs(now), cost),
                    peek(&kept, quota, UnixMs(now), cost),
                );
                prop_assert!(before.allowed || !after.allowed);
                prop_assert!(before.remaining >= after.remaining);
            }
        }
    }

    #[test]
    fn in_which_order_two_are_merged_does_not_matter(
        (algorithm, quota, kept) in any_scenario(), (_, _, one) in any_scenario(),
        (_, _, other) in any_scenario(), later in 0_u64..60
    ) {
        let [mut now, mut first, mut second] = [1_000; 3];
        let kept = owed(algorithm, quota, &kept, &mut now);
        let one = owed(algorithm, quota, &one, &mut first);
        let other = owed(algorithm, quota, &other, &mut second);
        let now = UnixMs(now + later);
        // What a log takes over comes after what it has: there the order shows, in how long it counts.
        prop_assume!(algorithm != Algorithm::SlidingLog);
        let merged = |first: &State, second: &State| {
            kept.clone().merge(first.clone(), quota, now).merge(second.clone(), quota, now)
        };
        prop_assert_eq!(merged(&one, &other), merged(&other, &one));
    }

    /// Held where it was last counted, it gives nothing again; a steady one would have allowed as much.
    #[test]
    fn a_clock_that_goes_back_gives_no_more_than_one_that_stood_still(
        (algorithm, quota, steps) in any_scenario(), back in 1_u64..200
    ) {
        let (mut state, mut now) = (State::empty(algorithm), 1_000_u64);
        for (passed, cost) in steps {
            now += passed;
            for cost in 1..=cost {
                let (then, since) = (
                    peek(&state, quota, UnixMs(now - back), cost),
                    peek(&state, quota, UnixMs(now), cost),
                );
                prop_assert!(since.allowed || !then.allowed);
            }
            state = decide(&state, quota, UnixMs(now), cost).unwrap().1;
        }
    }

    #[test]
    fn what_is_given_back_at_once_was_never_taken_and_no_more_than_all_can_be(
        (algorithm, quota, steps) in any_scenario(), cost in 1_u64..30, later in 0_u64..60
    ) {
        let mut now = 1_000;
        let kept = owed(algorithm, quota, &steps, &mut now);
        let at = UnixMs(now);
        let cost = 1 + cost % quota.burst();
        if let Ok((Decision { allowed: true, .. }, taken)) = decide(&kept, quota, at, cost) {
            let given = taken.adjust(quota, at, Adjustment::Give(cost));
            let stands = |state: &State| peek(state, quota, UnixMs(now + later), 1);
            prop_assert_eq!(stands(&given), stands(&kept));
        }
        let more = kept.clone().adjust(quota, at, Adjustment::Take(cost));
        let less = kept.clone().adjust(quota, at, Adjustment::Give(cost));
        for later in now..now + 60 {
            let left = |state: &State| peek(state, quota, UnixMs(later), 1).remaining;
            prop_assert!(left(&more) <= left(&kept) && left(&kept) <= left(&less));
            prop_assert!(left(&less) <= quota.burst());
        }
    }

    #[test]
    fn a_state_of_another_algorithm_counts_nothing((algorithm, quota, steps) in any_scenario()) {
        let mut now = 1_000;
        let kept = owed(algorithm, quota, &steps, &mut now);
        prop_assert_eq!(&kept.clone().of(algorithm), &kept);
        for other in super::ALGORITHMS.into_iter().filter(|other| *other != algorithm) {
            let empty = State::empty(other);
            prop_assert_eq!(&kept.clone().of(other), &empty);
            prop_assert_eq!(&empty.clone().merge(kept.clone(), quota, UnixMs(now)), &empty);
        }
    }
}
