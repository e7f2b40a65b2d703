//! What the sliding window promises, against a log of every take ever allowed.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::unwrap_used,
    reason = "an overflow or an error here fails the test, as it should"
)]

use proptest::prelude::*;

use super::{Algorithm, Quota, State, decide, peek};
use crate::UnixMs;

const EMPTY: State = State::empty(Algorithm::SlidingWindow);

/// Every take that was allowed: the instant and its cost.
#[derive(Default)]
struct Log(Vec<(u64, u64)>);

impl Log {
    /// Cost taken in `[from, to)`.
    fn cost_in(&self, from: u64, to: u64) -> u64 {
        self.0.iter().filter(|(at, _)| (from..to).contains(at)).map(|(_, cost)| cost).sum()
    }

    /// Whether `cost` fits at `now`, by the documented formula over the whole log.
    fn fits(&self, quota: Quota, now: u64, cost: u64) -> bool {
        let window = quota.window_ms();
        let start = now / window * window;
        let previous = self.cost_in(start.saturating_sub(window), start);
        let current = self.cost_in(start, start + window);
        previous * (window - (now - start)) + (current + cost) * window <= quota.limit() * window
    }
}

/// The most any interval of one window's length can hold.
fn bound(quota: Quota) -> u64 {
    match quota.window_ms() {
        1 => quota.limit(),
        window => 2 * quota.limit() - (2 * quota.limit()).div_ceil(window),
    }
}

/// A small quota, and steps of (time passed in ms, cost).
fn scenario() -> impl Strategy<Value = (Quota, Vec<(u64, u64)>)> {
    (1_u64..=20, 1_u64..=40).prop_flat_map(|(limit, window)| {
        let steps = proptest::collection::vec((0..=window * 3 / 2, 1..=limit), 1..60);
        (Just(Quota::new(limit, window).unwrap()), steps)
    })
}

proptest! {
    #[test]
    fn two_counters_decide_like_the_whole_log_and_stay_within_the_bounds(
        (quota, steps) in scenario()
    ) {
        let (mut state, mut log, mut now) = (EMPTY, Log::default(), 1_000_u64);
        for (passed, cost) in steps {
            now += passed;
            let (decision, kept) = decide(state, quota, UnixMs(now), cost).unwrap();
            prop_assert_eq!(decision.allowed, log.fits(quota, now, cost));
            if decision.allowed {
                log.0.push((now, cost));
            }
            state = kept;
        }
        let window = quota.window_ms();
        for &(at, _) in &log.0 {
            let aligned = at / window * window;
            prop_assert!(log.cost_in(aligned, aligned + window) <= quota.limit());
            prop_assert!(log.cost_in(at, at + window) <= bound(quota));
        }
    }

    #[test]
    fn a_refusal_lasts_until_exactly_the_promised_instant((quota, steps) in scenario()) {
        let (mut state, mut now) = (EMPTY, 1_000_u64);
        for (passed, cost) in steps {
            now += passed / 4;
            let (decision, kept) = decide(state, quota, UnixMs(now), cost).unwrap();
            if let Some(wait) = decision.retry_after_ms {
                prop_assert!(wait > 0);
                for refused in now..now + wait {
                    prop_assert!(!peek(state, quota, UnixMs(refused), cost).allowed);
                }
                prop_assert!(decide(state, quota, UnixMs(now + wait), cost).unwrap().0.allowed);
            }
            state = kept;
        }
    }

    #[test]
    fn the_whole_quota_is_free_at_exactly_the_reset((quota, steps) in scenario()) {
        let (mut state, mut now) = (EMPTY, 1_000_u64);
        for (passed, cost) in steps {
            now += passed;
            let (decision, kept) = decide(state, quota, UnixMs(now), cost).unwrap();
            let free = now + decision.reset_ms;
            prop_assert_eq!(kept.free_at(quota), UnixMs(free));
            for at in [free, free + 1] {
                prop_assert_eq!(peek(kept, quota, UnixMs(at), 1), peek(EMPTY, quota, UnixMs(at), 1));
            }
            prop_assert!(peek(kept, quota, UnixMs(free - 1), 1).remaining < quota.limit());
            state = kept;
        }
    }

    #[test]
    fn a_clock_that_jumps_about_never_gives_more_than_a_steady_one(
        (quota, steps) in scenario(), back in proptest::collection::vec(0_u64..100, 60)
    ) {
        let (mut state, mut log, mut latest) = (EMPTY, Log::default(), 1_000_u64);
        for ((passed, cost), back) in steps.into_iter().zip(back) {
            latest += passed;
            let (decision, kept) = decide(state, quota, UnixMs(latest - back), cost).unwrap();
            // Held at the start of the latest window counted, the log would have allowed it too.
            if decision.allowed {
                let counted = kept.free_at(quota).0 - 2 * quota.window_ms();
                let at = (latest - back).max(counted);
                prop_assert!(log.fits(quota, at, cost));
                log.0.push((at, cost));
            }
            state = kept;
        }
        let window = quota.window_ms();
        for &(at, _) in &log.0 {
            let aligned = at / window * window;
            prop_assert!(log.cost_in(aligned, aligned + window) <= quota.limit());
        }
    }
}

/// What was counted with no limit applied, up to `now`.
fn owed(quota: Quota, steps: &[(u64, u64)], now: &mut u64) -> State {
    steps.iter().fold(EMPTY, |state, &(passed, cost)| {
        *now += passed;
        state.add(quota, UnixMs(*now), cost)
    })
}

proptest! {
    #[test]
    fn merging_nothing_only_brings_a_state_to_now(
        (quota, steps) in scenario(), later in 0_u64..100
    ) {
        let mut now = 1_000;
        let kept = owed(quota, &steps, &mut now);
        let merged = kept.merge(EMPTY, quota, UnixMs(now + later));
        prop_assert_eq!(merged, kept.add(quota, UnixMs(now + later), 0));
        prop_assert_eq!(merged, merged.merge(EMPTY, quota, UnixMs(now + later)));
    }

    #[test]
    fn merging_raises_no_count_above_the_limit_and_admits_no_more_than_before(
        (quota, kept) in scenario(), (_, taken) in scenario(), apart in 0_u64..60,
        later in proptest::collection::vec(0_u64..20, 10)
    ) {
        let (mut now, mut elsewhere) = (1_000, 1_000 + apart);
        let (kept, taken) = (owed(quota, &kept, &mut now), owed(quota, &taken, &mut elsewhere));
        let merged = kept.merge(taken, quota, UnixMs(now));
        let stood = kept.add(quota, UnixMs(now), 0);
        let (State::SlidingWindow(merged_counts), State::SlidingWindow(stood)) = (merged, stood);
        let counts = merged_counts.parts().into_iter().zip(stood.parts()).skip(1);
        for (count, before) in counts {
            prop_assert!(count >= before && count <= before.max(quota.limit()));
        }
        for passed in later {
            now += passed;
            for cost in 1..=quota.limit() {
                let (after, before) = (
                    peek(merged, quota, UnixMs(now), cost),
                    peek(kept, quota, UnixMs(now), cost),
                );
                prop_assert!(before.allowed || !after.allowed);
                prop_assert!(before.remaining >= after.remaining);
            }
        }
    }

    #[test]
    fn in_which_order_two_are_merged_does_not_matter(
        (quota, kept) in scenario(), (_, one) in scenario(), (_, other) in scenario(),
        later in 0_u64..60
    ) {
        let [mut now, mut first, mut second] = [1_000; 3];
        let kept = owed(quota, &kept, &mut now);
        let (one, other) = (owed(quota, &one, &mut first), owed(quota, &other, &mut second));
        let now = UnixMs(now + later);
        let merged = |first, second| kept.merge(first, quota, now).merge(second, quota, now);
        prop_assert_eq!(merged(one, other), merged(other, one));
    }
}

#[test]
fn the_bound_of_any_interval_is_reached_by_a_burst_at_a_windows_end() {
    for (limit, window) in [(10, 1000), (7, 3), (100, 60_000), (5, 2)] {
        let quota = Quota::new(limit, window).unwrap();
        let (burst, first) = decide(EMPTY, quota, UnixMs(2 * window - 1), limit).unwrap();
        let mut state = first;
        let mut more = 0;
        while decide(state, quota, UnixMs(3 * window - 2), 1).unwrap().0.allowed {
            state = decide(state, quota, UnixMs(3 * window - 2), 1).unwrap().1;
            more += 1;
        }
        assert!(burst.allowed);
        assert_eq!(limit + more, bound(quota), "limit {limit}, window {window}");
    }
}
