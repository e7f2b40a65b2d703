//! Fixed window: one counter.
//!
//! Windows of `W` ms are aligned to the epoch; a take of `cost` fits when what was taken in the
//! window so far and `cost` are at most the limit. At the next window's start all is free.
//!
//! Bounds: never more than `limit` in an aligned window; in any other interval of `W` ms at most
//! `2 * limit`, half of it at the end of one window and half at the start of the next. All keys of a
//! policy are freed at the same instant, which draws whoever waits to it.
//!
//! Memory: two integers a key. Error against an exact count of the window: none.

use super::Quota;
use super::standing::{Level, Standing, aligned, part, raised};
use crate::UnixMs;

/// A counter and the window it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counter {
    /// Start of the window. Kept under another window length, it stands for the window of the
    /// present length it falls in.
    start: UnixMs,
    count: u64,
}

impl Counter {
    /// A key nothing was taken from.
    pub(super) const EMPTY: Self = Self { start: UnixMs(0), count: 0 };

    pub(super) fn free_at(self, quota: Quota) -> UnixMs {
        match self.count {
            0 => UnixMs(0),
            _ => aligned(self.start, quota).plus(quota.window_ms()),
        }
    }

    /// The window's start and the count: as a store writes them.
    pub(super) const fn parts(self) -> [u64; 3] {
        [self.start.0, self.count, 0]
    }

    /// The same from what a store has.
    pub(super) const fn from_parts(parts: [u64; 3]) -> Self {
        let [start, count, _] = parts;
        Self { start: UnixMs(start), count }
    }

    /// No count above `most`.
    pub(super) fn at_most(self, most: u64) -> Self {
        Self { count: self.count.min(most), ..self }
    }

    /// The count in the window that begins at `start`, or in a later one, by a clock that is ahead.
    fn count_at(self, quota: Quota, start: UnixMs) -> u64 {
        if aligned(self.start, quota) >= start { self.count } else { 0 }
    }
}

pub(super) struct FixedWindow {
    counter: Counter,
    quota: Quota,
    now: UnixMs,
}

impl Standing for FixedWindow {
    type Kept = Counter;

    fn at(kept: Counter, quota: Quota, now: UnixMs) -> Self {
        let start = aligned(now.max(aligned(kept.start, quota)), quota);
        Self { counter: Counter { start, count: kept.count_at(quota, start) }, quota, now }
    }

    fn quota(&self) -> Quota {
        self.quota
    }

    fn level(&self) -> Level {
        let of = |count: u64| u128::from(count);
        Level { used: of(self.counter.count), capacity: of(self.quota.limit()), unit: 1 }
    }

    fn reset_ms(&self) -> u64 {
        self.counter.free_at(self.quota).since(self.now)
    }

    fn wait_ms(&self, _: u64) -> u64 {
        self.counter.start.plus(self.quota.window_ms()).since(self.now)
    }

    fn take(mut self, cost: u64) -> Self {
        self.counter.count = self.counter.count.saturating_add(cost);
        self
    }

    fn give(mut self, cost: u64) -> Self {
        self.counter.count = self.counter.count.saturating_sub(cost);
        self
    }

    fn merge(mut self, taken: Counter) -> Self {
        let more = taken.count_at(self.quota, self.counter.start);
        let Level { used, capacity, .. } = self.level();
        self.counter.count = part(Some(raised(used, u128::from(more), capacity)));
        self
    }

    fn kept(self) -> Counter {
        self.counter
    }
}
