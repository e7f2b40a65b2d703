//! What the sliding window promises, against a log of every take ever allowed.

use proptest::prelude::*;

use super::{Log, scenario};
use crate::UnixMs;
use crate::limit::{Algorithm, Quota, State, decide};

const EMPTY: State = State::empty(Algorithm::SlidingWindow);

/// Whether `cost` fits at `now`, by the documented formula over the whole log.
fn fits(log: &Log, quota: Quota, now: u64, cost: u64) -> bool {
    let window = quota.window_ms();
    let start = now / window * window;
    let previous = log.cost_in(start.saturating_sub(window), start);
    let current = log.cost_in(start, start + window);
    previous * (window - (now - start)) + (current + cost) * window <= quota.limit() * window
}

/// The most any interval of one window's length can hold.
fn bound(quota: Quota) -> u64 {
    match quota.window_ms() {
        1 => quota.limit(),
        window => 2 * quota.limit() - (2 * quota.limit()).div_ceil(window),
    }
}

proptest! {
    #[test]
    fn two_counters_decide_like_the_whole_log_and_stay_within_the_bounds(
        (quota, steps) in scenario()
    ) {
        let (mut state, mut log, mut now) = (EMPTY, Log::default(), 1_000_u64);
        for (passed, cost) in steps {
            now += passed;
            let (decision, kept) = decide(&state, quota, UnixMs(now), cost).unwrap();
            prop_assert_eq!(decision.allowed, fits(&log, quota, now, cost));
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
    fn a_clock_that_jumps_about_never_gives_more_than_a_steady_one(
        (quota, steps) in scenario(), back in proptest::collection::vec(0_u64..100, 60)
    ) {
        let (mut state, mut log, mut latest) = (EMPTY, Log::default(), 1_000_u64);
        for ((passed, cost), back) in steps.into_iter().zip(back) {
            latest += passed;
            let (decision, kept) = decide(&state, quota, UnixMs(latest - back), cost).unwrap();
            // Held at the start of the latest window counted, the log would have allowed it too.
            if decision.allowed {
                let counted = kept.free_at(quota).0 - 2 * quota.window_ms();
                let at = (latest - back).max(counted);
                prop_assert!(fits(&log, quota, at, cost));
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

#[test]
fn the_bound_of_any_interval_is_reached_by_a_burst_at_a_windows_end() {
    for (limit, window) in [(10, 1000), (7, 3), (100, 60_000), (5, 2)] {
        let quota = Quota::new(limit, window).unwrap();
        let (burst, first) = decide(&EMPTY, quota, UnixMs(2 * window - 1), limit).unwrap();
        let mut state = first;
        let mut more = 0;
        while decide(&state, quota, UnixMs(3 * window - 2), 1).unwrap().0.allowed {
            state = decide(&state, quota, UnixMs(3 * window - 2), 1).unwrap().1;
            more += 1;
        }
        assert!(burst.allowed);
        assert_eq!(limit + more, bound(quota), "limit {limit}, window {window}");
    }
}
