//! What is kept of a key between takes.

use super::fixed_window::{Counter, FixedWindow};
use super::gcra::{ArrivalTime, Gcra};
use super::sliding_log::{Log, OWED_ENTRIES_MAX, SlidingLog};
use super::sliding_window::{Counters, SlidingWindow};
use super::standing::Standing;
use super::token_bucket::{Bucket, TokenBucket};
use super::{Algorithm, Quota};
use crate::UnixMs;

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
pub(super) use by_algorithm;

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
        let added: Self =
            by_algorithm!(self, S, kept => S::at(kept, quota, now).take(cost).kept().into());
        added.coarse(OWED_ENTRIES_MAX)
    }

    /// How many takes it has: one, unless it is a log.
    pub(crate) fn entries(&self) -> usize {
        match self {
            Self::SlidingLog(log) => log.len(),
            _ => 1,
        }
    }

    /// With at most so many takes, and at least one: those closest to each other are taken together, as of the
    /// later, so that it counts for as long or longer.
    pub(crate) fn coarse(self, most: usize) -> Self {
        match self {
            Self::SlidingLog(log) => Self::SlidingLog(log.coarse(most)),
            state => state,
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
