//! What token bucket and GCRA promise: against a log of every take ever allowed, and against governor,
//! a rate limiter of others.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, FakeRelativeClock};
use governor::{Quota as Theirs, RateLimiter};
use proptest::prelude::*;
use proptest::sample::select;

use super::{Log, scenario};
use crate::UnixMs;
use crate::limit::{Algorithm, Quota, State, decide};

/// Whether `cost` fits at `now`: from each instant on, with it, at most what is saved up and what came
/// since.
fn fits(log: &Log, quota: Quota, now: u64, cost: u64) -> bool {
    let window = quota.window_ms();
    let fits_since = |from: u64| {
        let taken = log.cost_in(from, now + 1) + cost;
        taken * window <= quota.burst() * window + quota.limit() * (now - from)
    };
    log.0.iter().all(|(at, _)| fits_since(*at)) && cost <= quota.burst()
}

proptest! {
    #[test]
    fn both_decide_like_the_whole_log((quota, steps) in scenario(), burst in 1_u64..=30) {
        let quota = quota.with_burst(burst).unwrap();
        let mut states = [Algorithm::TokenBucket, Algorithm::Gcra].map(State::empty);
        let (mut log, mut now) = (Log::default(), 1_000_u64);
        for (passed, cost) in steps {
            now += passed / 4;
            let cost = 1 + (cost - 1) % burst;
            let decided = states.map(|state| decide(&state, quota, UnixMs(now), cost).unwrap());
            let [(bucket, _), (gcra, _)] = decided;
            prop_assert_eq!(bucket, gcra);
            prop_assert_eq!(bucket.allowed, fits(&log, quota, now, cost));
            if bucket.allowed {
                log.0.push((now, cost));
            }
            states = decided.map(|(_, kept)| kept);
        }
    }

    /// Limits that divide a window into whole nanoseconds, which is what governor counts in.
    #[test]
    fn gcra_decides_and_promises_as_governor_does(
        limit in select(vec![1_u64, 2, 4, 5, 8, 10, 16, 20, 50]), window in 1_u64..=2_000,
        burst in 1_u32..=30, steps in proptest::collection::vec((0_u64..400, 1_u32..=30), 1..60)
    ) {
        let period = Duration::from_nanos(window * 1_000_000 / limit);
        let burst_max = NonZeroU32::new(burst).unwrap();
        let theirs = Theirs::with_period(period).unwrap().allow_burst(burst_max);
        let clock = FakeRelativeClock::default();
        let limiter = RateLimiter::direct_with_clock(theirs, clock.clone());
        let quota = Quota::new(limit, window).unwrap().with_burst(burst.into()).unwrap();
        let (mut state, mut now) = (State::empty(Algorithm::Gcra), 1_000_u64);
        for (passed, cost) in steps {
            now += passed;
            clock.advance(Duration::from_millis(passed));
            let cost = 1 + (cost - 1) % burst;
            let (ours, kept) = decide(&state, quota, UnixMs(now), cost.into()).unwrap();
            let theirs = limiter.check_n(NonZeroU32::new(cost).unwrap()).unwrap();
            prop_assert_eq!(ours.allowed, theirs.is_ok());
            if let Err(not_until) = theirs {
                let wait = not_until.wait_time_from(clock.now());
                let wait_ms = u64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap();
                prop_assert_eq!(ours.retry_after_ms, Some(wait_ms));
            }
            state = kept;
        }
    }
}

#[test]
fn the_bound_of_a_window_is_reached_by_a_burst_and_a_steady_rest() {
    for algorithm in [Algorithm::TokenBucket, Algorithm::Gcra] {
        let quota = Quota::new(10, 1_000).unwrap().with_burst(4).unwrap();
        let (mut state, mut taken) = (State::empty(algorithm), 0);
        for now in 5_000..=6_000 {
            while let (decision, kept) = decide(&state, quota, UnixMs(now), 1).unwrap()
                && decision.allowed
            {
                (state, taken) = (kept, taken + 1);
            }
        }
        assert_eq!(taken, 14, "{algorithm:?}");
    }
}
