//! A limit as the scripts take it.

use super::script::number;
use crate::limit::{Algorithm, Quota, State};

/// How it counts: its letter, limit, window and burst.
pub(super) fn algorithm(algorithm: Algorithm, quota: Quota) -> [String; 4] {
    let letter = match algorithm {
        Algorithm::FixedWindow => "f",
        Algorithm::SlidingWindow => "s",
        Algorithm::TokenBucket => "b",
        Algorithm::Gcra => "g",
    };
    let [limit, window_ms, burst] =
        [quota.limit(), quota.window_ms(), quota.burst()].map(|number| number.to_string());
    [letter.to_owned(), limit, window_ms, burst]
}

/// What was taken, in three numbers a double holds: more than the quota holds adds no more.
pub(super) fn taken(taken: State, quota: Quota) -> [String; 3] {
    let [at, first, second] = taken.parts();
    let [first, second] = match taken.algorithm() {
        Algorithm::FixedWindow | Algorithm::SlidingWindow => {
            [first, second].map(|count| count.min(quota.limit()))
        }
        Algorithm::TokenBucket => [first.min(quota.burst()), second],
        Algorithm::Gcra => [first, second],
    };
    [number(at), first.to_string(), second.to_string()]
}
