//! The pure decision every store runs or mirrors.

use super::fixed_window::FixedWindow;
use super::gcra::Gcra;
use super::sliding_log::SlidingLog;
use super::sliding_window::SlidingWindow;
use super::standing::Standing;
use super::state::by_algorithm;
use super::token_bucket::TokenBucket;
use super::{LimitError, Quota, State};
use crate::UnixMs;

/// The answer to one take or peek. All times are durations in milliseconds from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether the cost fits.
    pub allowed: bool,
    /// The policy's limit.
    pub limit: u64,
    /// Whole units left after this decision: with the cost taken if it was, untouched if it was
    /// denied or only looked at. With a burst it can be more than the limit.
    pub remaining: u64,
    /// Until the whole quota is free again if nothing more is taken.
    pub reset_ms: u64,
    /// When denied, the exact wait after which the same take succeeds if nothing else is taken.
    /// `None` when allowed, and when no wait would help: a cost of 0 or above [`Quota::burst`].
    pub retry_after_ms: Option<u64>,
}

impl Decision {
    /// A blocked key's answer: nothing is left, and what its quota says stands behind the block.
    #[must_use]
    pub fn blocked(self, for_ms: u64) -> Self {
        let wait = if self.allowed { Some(0) } else { self.retry_after_ms };
        Self {
            allowed: false,
            remaining: 0,
            reset_ms: self.reset_ms.max(for_ms),
            retry_after_ms: wait.map(|wait_ms| wait_ms.max(for_ms)),
            ..self
        }
    }
}

/// Takes `cost` units from `quota` at `now`, if they fit.
///
/// Returns the decision and the state to keep once the caller commits to it: with the cost
/// counted when allowed, `state` itself when denied. Nothing is committed here, so a caller can
/// decide over several policies first and then keep all new states or none.
///
/// # Errors
/// [`LimitError::CostOutOfRange`] when `cost` is 0 or above [`Quota::burst`].
pub fn decide(
    state: &State,
    quota: Quota,
    now: UnixMs,
    cost: u64,
) -> Result<(Decision, State), LimitError> {
    if !quota.accepts(cost) {
        return Err(LimitError::CostOutOfRange { cost, limit: quota.burst() });
    }
    by_algorithm!(state.clone(), S, kept => {
        let standing = S::at(kept, quota, now);
        if !standing.fits(cost) {
            return Ok((standing.probe(cost), state.clone()));
        }
        let standing = standing.take(cost);
        Ok((standing.taken(), standing.kept().into()))
    })
}

/// Whether `cost` units would fit at `now`, taking nothing: the verdict of [`decide`], with
/// `remaining` and `reset_ms` as they stand. A cost of 0 or above [`Quota::burst`] never fits, and no
/// wait is promised for it.
#[must_use]
pub fn peek(state: &State, quota: Quota, now: UnixMs, cost: u64) -> Decision {
    by_algorithm!(state.clone(), S, kept => S::at(kept, quota, now).probe(cost))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::limit::Algorithm;

    const NONE: State = State::empty(Algorithm::SlidingWindow);

    fn quota(limit: u64, window_ms: u64) -> Quota {
        Quota::new(limit, window_ms).unwrap()
    }

    /// The window's start, the previous count and the current one.
    fn counts(state: &State) -> Vec<u64> {
        state.numbers()
    }

    /// Takes, expecting room.
    fn taken(state: &State, quota: Quota, now: u64, cost: u64) -> State {
        let (decision, state) = decide(state, quota, UnixMs(now), cost).unwrap();
        assert!(decision.allowed, "{decision:?}");
        state
    }

    #[test]
    fn a_take_reports_what_is_left_and_when_all_is_free_again() {
        let (decision, _) = decide(&NONE, quota(10, 1000), UnixMs(5_250), 4).unwrap();
        let expected = Decision {
            allowed: true,
            limit: 10,
            remaining: 6,
            reset_ms: 1_750,
            retry_after_ms: None,
        };
        assert_eq!(decision, expected);
    }

    #[test]
    fn the_previous_window_fades_as_the_current_one_goes_on() {
        let state = taken(&NONE, quota(10, 1000), 5_999, 10);
        let remaining_at = |now| peek(&state, quota(10, 1000), UnixMs(now), 1).remaining;
        assert_eq!(remaining_at(6_000), 0);
        assert_eq!(remaining_at(6_099), 0);
        assert_eq!(remaining_at(6_100), 1);
        assert_eq!(remaining_at(6_999), 9);
        assert_eq!(remaining_at(7_000), 10);
    }

    #[test]
    fn a_peek_reports_what_stands_and_takes_nothing() {
        let state = taken(&NONE, quota(10, 1000), 5_000, 4);
        let decision = peek(&state, quota(10, 1000), UnixMs(5_000), 6);
        assert!(decision.allowed);
        assert_eq!(decision.remaining, 6);
        assert_eq!(peek(&state, quota(10, 1000), UnixMs(5_000), 6), decision);
    }

    #[test]
    fn a_denied_take_gives_the_state_back_as_it_came() {
        let state = taken(&NONE, quota(10, 1000), 5_000, 8);
        let (decision, after) = decide(&state, quota(10, 1000), UnixMs(6_000), 3).unwrap();
        assert!(!decision.allowed);
        assert_eq!(decision.remaining, 2);
        assert_eq!(after, state);
    }

    #[test]
    fn a_cost_no_wait_would_satisfy_is_an_error_and_never_fits() {
        for cost in [0, 11, u64::MAX] {
            let error = decide(&NONE, quota(10, 1000), UnixMs(0), cost).unwrap_err();
            assert_eq!(error, LimitError::CostOutOfRange { cost, limit: 10 });
            let decision = peek(&NONE, quota(10, 1000), UnixMs(0), cost);
            assert!(!decision.allowed);
            assert_eq!(decision.retry_after_ms, None);
        }
    }

    #[test]
    fn a_clock_that_goes_backwards_opens_no_window() {
        let state = taken(&NONE, quota(10, 1000), 7_500, 10);
        for now in [7_499, 7_000, 6_999, 5_000, 0] {
            let decision = peek(&state, quota(10, 1000), UnixMs(now), 1);
            assert!(!decision.allowed, "at {now}");
            // Free again when a tenth of the next window has gone, by the clock as it was told.
            assert_eq!(decision.retry_after_ms, Some(8_100 - now));
            assert_eq!(decision.reset_ms, 9_000 - now);
        }
    }

    #[test]
    fn the_ends_of_time_do_not_panic() {
        let largest = quota(1, 366 * 24 * 60 * 60 * 1000);
        for now in [0, 1, u64::MAX - 1, u64::MAX] {
            let state = taken(&NONE, largest, now, 1);
            for later in [0, now, u64::MAX] {
                assert_eq!(peek(&state, largest, UnixMs(later), 1).limit, 1);
            }
        }
    }

    #[test]
    fn cost_is_added_beyond_the_limit_and_to_the_ends_of_numbers() {
        let state =
            NONE.add(quota(10, 1000), UnixMs(5_000), 8).add(quota(10, 1000), UnixMs(5_500), 8);
        assert_eq!(counts(&state), [5_000, 0, 16]);
        let state = state.add(quota(10, 1000), UnixMs(6_000), u64::MAX);
        assert_eq!(counts(&state.add(quota(10, 1000), UnixMs(6_999), 1)), [6_000, 16, u64::MAX]);
    }

    #[test]
    fn what_was_taken_elsewhere_is_added_window_by_window() {
        let quota = quota(10, 1000);
        let kept = NONE.add(quota, UnixMs(5_000), 1).add(quota, UnixMs(6_000), 2);
        let taken = NONE.add(quota, UnixMs(5_000), 3).add(quota, UnixMs(6_000), 4);
        let merged = |now| counts(&kept.clone().merge(taken.clone(), quota, UnixMs(now)));
        assert_eq!(merged(6_500), [6_000, 4, 6]);
        assert_eq!(merged(7_500), [7_000, 6, 0]);
        assert_eq!(merged(8_000), [8_000, 0, 0]);
    }

    #[test]
    fn windows_that_are_over_count_nothing() {
        let quota = quota(10, 1000);
        let taken = NONE.add(quota, UnixMs(5_999), 10);
        let merged = |now| counts(&NONE.merge(taken.clone(), quota, UnixMs(now)));
        assert_eq!(merged(6_999), [6_000, 10, 0]);
        assert_eq!(merged(7_000), [7_000, 0, 0]);
    }

    #[test]
    fn no_count_is_raised_above_the_limit_and_none_is_lowered() {
        let quota = quota(10, 1000);
        let taken = NONE.add(quota, UnixMs(5_000), u64::MAX).add(quota, UnixMs(6_000), 6);
        for (kept, merged) in [(0, 6), (4, 10), (5, 10), (10, 10), (25, 25), (u64::MAX, u64::MAX)] {
            let kept = NONE.add(quota, UnixMs(6_000), kept);
            assert_eq!(
                counts(&kept.clone().merge(taken.clone(), quota, UnixMs(6_000))),
                [6_000, 10, merged]
            );
        }
    }

    #[test]
    fn a_clock_that_was_ahead_moves_no_window_on() {
        let quota = quota(10, 1000);
        let taken = NONE.add(quota, UnixMs(8_999), 2).add(quota, UnixMs(9_000), 3);
        assert_eq!(counts(&NONE.merge(taken.clone(), quota, UnixMs(6_500))), [6_000, 2, 3]);
    }

    #[test]
    fn a_lowered_limit_denies_until_the_count_fits_it() {
        let state = taken(&NONE, quota(100, 1000), 5_000, 100);
        let decision = peek(&state, quota(10, 1000), UnixMs(5_000), 1);
        assert_eq!((decision.allowed, decision.remaining), (false, 0));
        assert_eq!(decision.retry_after_ms, Some(1_910));
    }

    #[test]
    fn a_changed_window_keeps_the_count() {
        let state = taken(&NONE, quota(10, 1000), 61_000, 10);
        assert!(!peek(&state, quota(10, 60_000), UnixMs(61_500), 1).allowed);
    }
}
