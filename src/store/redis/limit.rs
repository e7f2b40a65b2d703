//! A limit as the scripts take it.

use super::script::number;
use crate::limit::{Algorithm, LOG_LIMIT_MAX, Quota, State};

/// How it counts: its letter, limit, window and burst.
pub(super) fn algorithm(algorithm: Algorithm, quota: Quota) -> [String; 4] {
    let limit = match algorithm {
        Algorithm::SlidingLog => quota.limit().min(LOG_LIMIT_MAX),
        _ => quota.limit(),
    };
    let [limit, window_ms, burst] =
        [limit, quota.window_ms(), quota.burst()].map(|number| number.to_string());
    [algorithm.letter().to_owned(), limit, window_ms, burst]
}

/// What was taken, in numbers a double holds with a space between them: more than the quota holds adds
/// no more.
pub(super) fn taken(taken: &State, quota: Quota) -> String {
    let log = taken.algorithm() == Algorithm::SlidingLog;
    let is_instant = |at: usize| if log { at.is_multiple_of(2) } else { at == 0 };
    let numbers = taken.at_most(quota).numbers().into_iter().enumerate();
    let text = numbers.map(|(at, of)| if is_instant(at) { number(of) } else { of.to_string() });
    text.collect::<Vec<_>>().join(" ")
}
