//! What the fixed window promises, against a log of every take ever allowed.

use proptest::prelude::*;

use super::{Log, scenario};
use crate::UnixMs;
use crate::limit::{Algorithm, Quota, State, decide};

const EMPTY: State = State::empty(Algorithm::FixedWindow);

proptest! {
    #[test]
    fn one_counter_decides_like_the_whole_log_and_stays_within_the_bounds(
        (quota, steps) in scenario()
    ) {
        let (mut state, mut log, mut now) = (EMPTY, Log::default(), 1_000_u64);
        let (limit, window) = (quota.limit(), quota.window_ms());
        for (passed, cost) in steps {
            now += passed;
            let (decision, kept) = decide(&state, quota, UnixMs(now), cost).unwrap();
            let start = now / window * window;
            let taken = log.cost_in(start, start + window);
            prop_assert_eq!(decision.allowed, taken + cost <= limit);
            if decision.allowed {
                log.0.push((now, cost));
                prop_assert_eq!(decision.remaining, limit - taken - cost);
            }
            state = kept;
        }
        for &(at, _) in &log.0 {
            prop_assert!(log.cost_in(at, at + window) <= 2 * limit);
        }
    }
}

#[test]
fn the_bound_of_any_interval_is_reached_at_a_windows_end() {
    let quota = Quota::new(7, 1_000).unwrap();
    let (first, state) = decide(&EMPTY, quota, UnixMs(1_999), 7).unwrap();
    let (second, _) = decide(&state, quota, UnixMs(2_000), 7).unwrap();
    assert!(first.allowed && second.allowed);
}
