//! What the algorithms promise, on random takes.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::unwrap_used,
    reason = "an overflow or an error here fails the test, as it should"
)]

mod every_algorithm;
mod fixed_window;
mod pace;
mod sliding_log;
mod sliding_window;

use proptest::prelude::*;

use super::{Algorithm, Quota};

const ALGORITHMS: [Algorithm; 5] = [
    Algorithm::FixedWindow,
    Algorithm::SlidingWindow,
    Algorithm::SlidingLog,
    Algorithm::TokenBucket,
    Algorithm::Gcra,
];

/// Every take that was allowed: the instant and its cost.
#[derive(Default)]
struct Log(Vec<(u64, u64)>);

impl Log {
    /// Cost taken in `[from, to)`.
    fn cost_in(&self, from: u64, to: u64) -> u64 {
        self.0.iter().filter(|(at, _)| (from..to).contains(at)).map(|(_, cost)| cost).sum()
    }
}

/// A small quota, and steps of (time passed in ms, cost).
fn scenario() -> impl Strategy<Value = (Quota, Vec<(u64, u64)>)> {
    (1_u64..=20, 1_u64..=40).prop_flat_map(|(limit, window)| {
        let steps = proptest::collection::vec((0..=window * 3 / 2, 1..=limit), 1..60);
        (Just(Quota::new(limit, window).unwrap()), steps)
    })
}

/// As [`scenario`], with an algorithm, and a burst where it has one; costs are within what comes at once.
fn any_scenario() -> impl Strategy<Value = (Algorithm, Quota, Vec<(u64, u64)>)> {
    let parts = (proptest::sample::select(ALGORITHMS.to_vec()), scenario(), 1_u64..=30);
    parts.prop_map(|(algorithm, (quota, steps), burst)| {
        let quota = match algorithm {
            Algorithm::TokenBucket | Algorithm::Gcra => quota.with_burst(burst).unwrap(),
            _ => quota,
        };
        let within = |(passed, cost)| (passed, 1 + (cost - 1) % quota.burst());
        (algorithm, quota, steps.into_iter().map(within).collect())
    })
}
