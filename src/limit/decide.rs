//! The pure decision every store runs or mirrors.

use super::fixed_window::{Counter, FixedWindow};
use super::gcra::{ArrivalTime, Gcra};
use super::sliding_log::{Log, SlidingLog};
use super::sliding_window::{Counters, SlidingWindow};
use super::standing::Standing;
use super::token_bucket::{Bucket, TokenBucket};
use super::{LimitError, Quota};
use crate::UnixMs;

/// How a policy counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// One counter for windows that follow each other.
    FixedWindow,
    /// Two counters, the previous window's weighted by how much of it still overlaps.
    SlidingWindow,
    /// Every take that still counts.
    SlidingLog,
    /// Tokens that are refilled evenly, of which a burst can be saved up.
    TokenBucket,
    /// The generic cell rate algorithm: decides as a token bucket does, of one instant.
    Gcra,
}

/// Cost that is counted once it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adjustment {
    /// More was used than was taken.
    Take(u64),
    /// Less was.
    Give(u64),
}

/// What a store keeps for one key of one policy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// State of [`Algorithm::FixedWindow`].
    FixedWindow(Counter),
    /// State of [`Algorithm::SlidingWindow`].
    SlidingWindow(Counters),
    /// State of [`Algorithm::SlidingLog`].
    SlidingLog(Log),
    /// State of [`Algorithm::TokenBucket`].
    TokenBucket(Bucket),
    /// State of [`Algorithm::Gcra`].
    Gcra(ArrivalTime),
}

/// Evaluates to `$body` with `$as` the algorithm of `$state`, and `$kept` what it keeps.
macro_rules! by_algorithm {
    ($state:expr, $as:ident, $kept:ident => $body:expr) => {
        match $state {
            State::FixedWindow($kept) => {
                type $as = FixedWindow;
                $body
            }
            State::SlidingWindow($kept) => {
                type $as = SlidingWindow;
                $body
            }
            State::SlidingLog($kept) => {
                type $as = SlidingLog;
                $body
            }
            State::TokenBucket($kept) => {
                type $as = TokenBucket;
                $body
            }
            State::Gcra($kept) => {
                type $as = Gcra;
                $body
            }
        }
    };
}

impl State {
    /// The state of a key nothing was ever taken from.
    #[must_use]
    pub const fn empty(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::FixedWindow => Self::FixedWindow(Counter::EMPTY),
            Algorithm::SlidingWindow => Self::SlidingWindow(Counters::EMPTY),
            Algorithm::SlidingLog => Self::SlidingLog(Log::EMPTY),
            Algorithm::TokenBucket => Self::TokenBucket(Bucket::EMPTY),
            Algorithm::Gcra => Self::Gcra(ArrivalTime::EMPTY),
        }
    }

    /// The state, if it is one of `algorithm`'s; [`State::empty`] if the policy had another one before.
    #[must_use]
    pub fn of(self, algorithm: Algorithm) -> Self {
        if self.algorithm() == algorithm { self } else { Self::empty(algorithm) }
    }

    /// Whose state it is.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match self {
            Self::FixedWindow(_) => Algorithm::FixedWindow,
            Self::SlidingWindow(_) => Algorithm::SlidingWindow,
            Self::SlidingLog(_) => Algorithm::SlidingLog,
            Self::TokenBucket(_) => Algorithm::TokenBucket,
            Self::Gcra(_) => Algorithm::Gcra,
        }
    }

    /// Integers that say it all: as a store writes them. Three, or of a log two for each entry.
    pub(crate) fn numbers(&self) -> Vec<u64> {
        match self {
            Self::FixedWindow(kept) => kept.parts().to_vec(),
            Self::SlidingWindow(kept) => kept.parts().to_vec(),
            Self::SlidingLog(kept) => kept.numbers(),
            Self::TokenBucket(kept) => kept.parts().to_vec(),
            Self::Gcra(kept) => kept.parts().to_vec(),
        }
    }

    /// The state whose [`State::numbers`] these are; `None` where there is none.
    pub(crate) fn from_numbers(algorithm: Algorithm, numbers: &[u64]) -> Option<Self> {
        if algorithm == Algorithm::SlidingLog {
            return Log::from_numbers(numbers).map(Self::SlidingLog);
        }
        let parts = *numbers.as_array::<3>()?;
        Some(match algorithm {
            Algorithm::FixedWindow => Self::FixedWindow(Counter::from_parts(parts)),
            Algorithm::TokenBucket => Self::TokenBucket(Bucket::from_parts(parts)),
            Algorithm::Gcra => Self::Gcra(ArrivalTime::from_parts(parts)),
            _ => Self::SlidingWindow(Counters::from_parts(parts)),
        })
    }

    /// The same with no number that counts nothing more beside `quota`: all are within what a double holds.
    pub(crate) fn at_most(&self, quota: Quota) -> Self {
        match self {
            Self::FixedWindow(kept) => Self::FixedWindow(kept.at_most(quota.limit())),
            Self::SlidingWindow(kept) => Self::SlidingWindow(kept.at_most(quota.limit())),
            Self::SlidingLog(kept) => Self::SlidingLog(kept.at_most(quota.limit())),
            Self::TokenBucket(kept) => Self::TokenBucket(kept.at_most(quota.burst())),
            Self::Gcra(_) => self.clone(),
        }
    }

    /// The instant from which this state decides like [`State::empty`] and need not be kept.
    #[must_use]
    pub fn free_at(&self, quota: Quota) -> UnixMs {
        match self {
            Self::FixedWindow(kept) => kept.free_at(quota),
            Self::SlidingWindow(kept) => kept.free_at(quota),
            Self::SlidingLog(kept) => kept.free_at(quota),
            Self::TokenBucket(kept) => kept.free_at(quota),
            Self::Gcra(kept) => kept.free_at(quota),
        }
    }

    /// The state with `cost` counted at `now`, whether or not it fits: how an instance keeps what
    /// it admits while it cannot reach the store, and owes it. Saturates. A log's entries are few then:
    /// what was taken closely together counts as of the latest.
    #[must_use]
    pub fn add(self, quota: Quota, now: UnixMs, cost: u64) -> Self {
        let added =
            by_algorithm!(self, S, kept => S::at(kept, quota, now).take(cost).kept().into());
        match added {
            Self::SlidingLog(log) => Self::SlidingLog(log.coarse()),
            added => added,
        }
    }

    /// The state with `cost` counted after the fact: all of it whether or not it fits, but no more than the
    /// quota holds; or given back, but no more than was taken nor than the quota holds, the latest first.
    #[must_use]
    pub fn adjust(self, quota: Quota, now: UnixMs, adjustment: Adjustment) -> Self {
        let most = quota.limit().max(quota.burst());
        match adjustment {
            Adjustment::Take(cost) => {
                let taken = Self::empty(self.algorithm()).add(quota, now, cost.min(most));
                self.merge(taken, quota, now)
            }
            Adjustment::Give(cost) => {
                by_algorithm!(self, S, kept => S::at(kept, quota, now).give(cost.min(most)).kept().into())
            }
        }
    }

    /// The state at `now` with what was `taken` elsewhere added, as [`State::add`] kept it.
    ///
    /// No count is raised above what the quota holds, so a merged key denies until that fades. What
    /// of `taken` has faded by now counts nothing. What lies ahead, by a clock that was, counts as
    /// taken now: no clock but `now` moves a key's state on. A state of another algorithm, which the
    /// policy had before, counts nothing.
    #[must_use]
    pub fn merge(self, taken: Self, quota: Quota, now: UnixMs) -> Self {
        match (self, taken) {
            (Self::FixedWindow(kept), Self::FixedWindow(taken)) => {
                FixedWindow::at(kept, quota, now).merge(taken).kept().into()
            }
            (Self::SlidingWindow(kept), Self::SlidingWindow(taken)) => {
                SlidingWindow::at(kept, quota, now).merge(taken).kept().into()
            }
            (Self::SlidingLog(kept), Self::SlidingLog(taken)) => {
                SlidingLog::at(kept, quota, now).merge(taken).kept().into()
            }
            (Self::TokenBucket(kept), Self::TokenBucket(taken)) => {
                TokenBucket::at(kept, quota, now).merge(taken).kept().into()
            }
            (Self::Gcra(kept), Self::Gcra(taken)) => {
                Gcra::at(kept, quota, now).merge(taken).kept().into()
            }
            (kept, _) => kept,
        }
    }
}

impl From<Counter> for State {
    fn from(kept: Counter) -> Self {
        Self::FixedWindow(kept)
    }
}

impl From<Counters> for State {
    fn from(kept: Counters) -> Self {
        Self::SlidingWindow(kept)
    }
}

impl From<Log> for State {
    fn from(kept: Log) -> Self {
        Self::SlidingLog(kept)
    }
}

impl From<Bucket> for State {
    fn from(kept: Bucket) -> Self {
        Self::TokenBucket(kept)
    }
}

impl From<ArrivalTime> for State {
    fn from(kept: ArrivalTime) -> Self {
        Self::Gcra(kept)
    }
}

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
        let decision = standing.probe(cost);
        if !decision.allowed {
            return Ok((decision, state.clone()));
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
