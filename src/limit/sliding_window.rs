//! Sliding window over two counters.
//!
//! Windows of `W` ms are aligned to the epoch. Of `elapsed` ms into the current one,
//!
//! ```text
//! used = previous * (W - elapsed) / W + current
//! ```
//!
//! and a take of `cost` fits when `used + cost <= limit`. It is compared exactly, in integers
//! scaled by `W`. Source: the approximation Cloudflare describes in "How we built rate limiting
//! capable of scaling to millions of domains" (2017), and Figma in "An alternative approach to
//! rate limiting" (2017): the previous window's takes are assumed to be spread evenly over it.
//!
//! Where they were not, a burst passes: with `limit` at the very end of a window, the next one
//! gives back `limit * elapsed / W` as it goes. So the bounds are
//!
//! - in a window aligned to the epoch: never more than `limit`;
//! - in any interval of `W` ms: at most `2 * limit - ceil(2 * limit / W)`, so less than twice the
//!   limit, however short the window (and `limit` for `W` = 1, where every interval is aligned).
//!
//! Memory: three integers a key, whatever the limit.
//!
//! A clock that goes backwards is held at the start of the latest window seen: no instant opens a
//! window that was already counted, and promised waits are measured from the clock as it was told.

use super::Quota;
use super::standing::{Level, Standing, aligned, part, product, quotient, raised};
use crate::UnixMs;

/// Two counters and the window they belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counters {
    /// Start of the current window. Kept under another window length, it stands for the window of
    /// the present length it falls in.
    start: UnixMs,
    /// Cost taken in the window before.
    previous: u64,
    /// Cost taken in the current window.
    current: u64,
}

impl Counters {
    /// A key nothing was taken from.
    pub(super) const EMPTY: Self = Self { start: UnixMs(0), previous: 0, current: 0 };

    /// When nothing of the counters matters any more and the whole quota is free.
    pub(super) fn free_at(self, quota: Quota) -> UnixMs {
        Self { start: aligned(self.start, quota), ..self }.aligned_free_at(quota)
    }

    /// The same of counters whose start is one of a window.
    fn aligned_free_at(self, quota: Quota) -> UnixMs {
        let start = self.start;
        match (self.current, self.previous) {
            (0, 0) => UnixMs(0),
            (0, _) => start.plus(quota.window_ms()),
            _ => start.plus(quota.window_ms()).plus(quota.window_ms()),
        }
    }

    /// The window's start and both counts, the earlier one first: as a store writes them.
    pub(super) const fn parts(self) -> [u64; 3] {
        [self.start.0, self.previous, self.current]
    }

    /// The same from what a store has.
    pub(super) const fn from_parts(parts: [u64; 3]) -> Self {
        let [start, previous, current] = parts;
        Self { start: UnixMs(start), previous, current }
    }

    /// No count above `most`.
    pub(super) fn at_most(self, most: u64) -> Self {
        Self { previous: self.previous.min(most), current: self.current.min(most), ..self }
    }

    /// What counts of them as the window before the one that begins at `start`, and as that one.
    /// Counts of a later window, by a clock that is ahead, stay as they are.
    fn counts_at(self, quota: Quota, start: UnixMs) -> (u64, u64) {
        match start.since(aligned(self.start, quota)) {
            0 => (self.previous, self.current),
            moved if moved == quota.window_ms() => (self.current, 0),
            _ => (0, 0),
        }
    }
}

/// Counters as they stand at an instant.
#[derive(Clone, Copy)]
pub(super) struct SlidingWindow {
    counters: Counters,
    quota: Quota,
    /// How much of the previous window a window ending now still covers, in milliseconds.
    overlap_ms: u64,
    /// What the clock said, which may be before the counters' window.
    now: UnixMs,
}

impl Standing for SlidingWindow {
    type Kept = Counters;

    fn at(kept: Counters, quota: Quota, now: UnixMs) -> Self {
        let (mut start, mut effective, mut counters) = (aligned(now, quota), now, kept);
        // Else it is in the window it was last counted in, and divisions take time.
        if start != kept.start {
            effective = now.max(aligned(kept.start, quota));
            start = aligned(effective, quota);
            let (previous, current) = kept.counts_at(quota, start);
            counters = Counters { start, previous, current };
        }
        Self {
            counters,
            quota,
            overlap_ms: quota.window_ms().saturating_sub(effective.since(start)),
            now,
        }
    }

    fn quota(&self) -> Quota {
        self.quota
    }

    /// Times the window's length.
    fn level(&self) -> Level {
        let window_ms = self.quota.window_ms();
        let fading = product(self.counters.previous, self.overlap_ms);
        Level {
            used: fading.saturating_add(product(self.counters.current, window_ms)),
            capacity: product(self.quota.limit(), window_ms),
            unit: u128::from(window_ms),
        }
    }

    fn reset_ms(&self) -> u64 {
        self.counters.aligned_free_at(self.quota).since(self.now)
    }

    fn wait_ms(&self, cost: u64) -> u64 {
        let Counters { start, previous, current } = self.counters;
        let window_ms = self.quota.window_ms();
        let room = self.quota.limit().saturating_sub(cost);
        let (fading, free, from) = match room.checked_sub(current) {
            // It fits beside this window's count once enough of the previous one has faded.
            Some(free) => (previous, free, start),
            // It fits once enough of this window's count has faded, in the next window.
            None => (current, room, start.plus(window_ms)),
        };
        // The largest overlap with fading * overlap <= free * window_ms: the first such instant.
        let overlap = quotient(product(free, window_ms), u128::from(fading))
            .and_then(|ms| u64::try_from(ms).ok())
            .map_or(window_ms, |ms| ms.min(window_ms));
        from.plus(window_ms.saturating_sub(overlap)).since(self.now)
    }

    fn take(mut self, cost: u64) -> Self {
        self.counters.current = self.counters.current.saturating_add(cost);
        self
    }

    /// Window by window, so that what a double holds exactly stays so.
    fn give(mut self, cost: u64) -> Self {
        let Counters { previous, current, .. } = &mut self.counters;
        let before = cost.saturating_sub(*current);
        *current = current.saturating_sub(cost);
        *previous = previous.saturating_sub(before);
        self
    }

    fn merge(mut self, taken: Counters) -> Self {
        let limit = self.quota.limit();
        let sum = |kept: u64, more: u64| part(Some(raised(kept.into(), more.into(), limit.into())));
        let (previous, current) = taken.counts_at(self.quota, self.counters.start);
        self.counters.previous = sum(self.counters.previous, previous);
        self.counters.current = sum(self.counters.current, current);
        self
    }

    fn kept(self) -> Counters {
        self.counters
    }
}
