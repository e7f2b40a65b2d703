//! Sliding log: every take that still counts.
//!
//! Of a key each take is kept with its instant, those of one instant together, for `W` ms; a take of
//! `cost` fits when it and what was taken in the `W` ms before it are at most the limit. A take frees its
//! own cost when it is `W` ms old, so waiting is as long as it must be and no longer.
//!
//! Bound: never more than `limit` in any interval of `W` ms. Error against an exact count: none.
//!
//! Memory: two integers for each take that counts, at most `limit` of them, so the limit is at most
//! [`LOG_LIMIT_MAX`]. Here a decision takes time in their number, in Redis in its logarithm.

use std::sync::Arc;

use super::Quota;
use super::standing::{Level, Standing, part};
use crate::UnixMs;

/// The largest limit of [`Algorithm::SlidingLog`](super::Algorithm::SlidingLog). [`super::Policy::check`]
/// refuses a larger one; where nobody asked it counts as this.
pub const LOG_LIMIT_MAX: u64 = 10_000;
/// The most entries of what an instance owes.
pub(super) const OWED_ENTRIES_MAX: usize = 16;

/// What was taken at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    at: UnixMs,
    cost: u64,
}

/// The takes of a key, oldest first, no two of one instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log(Option<Arc<[Entry]>>);

impl Log {
    /// A key nothing was taken from.
    pub(super) const EMPTY: Self = Self(None);

    fn new(entries: Vec<Entry>) -> Self {
        Self::of(entries.into_iter())
    }

    fn of(entries: impl Iterator<Item = Entry>) -> Self {
        let entries: Arc<[Entry]> = entries.collect();
        Self((!entries.is_empty()).then_some(entries))
    }

    fn entries(&self) -> &[Entry] {
        self.0.as_deref().unwrap_or_default()
    }

    fn last_at(&self) -> UnixMs {
        self.entries().last().map_or(UnixMs(0), |last| last.at)
    }

    pub(super) fn free_at(&self, quota: Quota) -> UnixMs {
        self.entries().last().map_or(UnixMs(0), |last| last.at.plus(quota.window_ms()))
    }

    /// The instant and the cost of each entry: as a store writes them.
    pub(super) fn numbers(&self) -> Vec<u64> {
        self.entries().iter().flat_map(|entry| [entry.at.0, entry.cost]).collect()
    }

    /// The same from what a store has; `None` for what no log is.
    pub(super) fn from_numbers(numbers: &[u64]) -> Option<Self> {
        let (pairs, []) = numbers.as_chunks::<2>() else { return None };
        let entries: Vec<_> =
            pairs.iter().map(|&[at, cost]| Entry { at: UnixMs(at), cost }).collect();
        let ordered = entries.is_sorted_by_key(|entry| entry.at);
        let counted = entries.iter().all(|entry| entry.cost > 0);
        let few = u64::try_from(entries.len()).is_ok_and(|len| len <= LOG_LIMIT_MAX);
        (ordered && counted && few).then(|| Self::new(entries))
    }

    /// No cost above `most`, so that all are numbers a store holds.
    pub(super) fn at_most(&self, most: u64) -> Self {
        let capped = |entry: &Entry| Entry { cost: entry.cost.min(most), ..*entry };
        Self::new(self.entries().iter().map(capped).collect())
    }

    /// How many takes there are.
    pub(super) fn len(&self) -> usize {
        self.entries().len()
    }

    /// With at most so many entries: those closest to each other are taken together.
    pub(super) fn coarse(self, most: usize) -> Self {
        if self.len() <= most.max(1) {
            return self;
        }
        let mut entries = self.entries().to_vec();
        while entries.len() > most.max(1) {
            let gaps = entries.windows(2).map(|pair| match pair {
                [earlier, later] => later.at.since(earlier.at),
                _ => u64::MAX,
            });
            let closest = gaps.enumerate().min_by_key(|(_, gap_ms)| *gap_ms);
            let at = closest.map_or(0, |(at, _)| at);
            let earlier = entries.remove(at);
            if let Some(later) = entries.get_mut(at) {
                later.cost = later.cost.saturating_add(earlier.cost);
            }
        }
        Self::new(entries)
    }
}

pub(super) struct SlidingLog {
    /// As it was kept: those from `live` up to `end` count still.
    log: Log,
    live: usize,
    end: usize,
    /// Behind them, what was taken at `at`.
    last: Option<Entry>,
    /// The instant it stands at: `now`, or that of the last take when the clock went back.
    at: UnixMs,
    quota: Quota,
    now: UnixMs,
}

impl SlidingLog {
    fn over(log: Log, live: usize, at: UnixMs, quota: Quota, now: UnixMs) -> Self {
        let end = log.entries().len();
        Self { log, live, end, last: None, at, quota, now }
    }

    /// Those that count at `at`, oldest first.
    fn entries(&self) -> impl DoubleEndedIterator<Item = Entry> {
        let kept = self.log.entries().get(self.live..self.end).unwrap_or_default();
        kept.iter().copied().chain(self.last)
    }

    /// When what was taken at an instant no longer counts.
    fn ends(&self, entry: Entry) -> UnixMs {
        entry.at.plus(self.quota.window_ms())
    }
}

impl Standing for SlidingLog {
    type Kept = Log;

    fn at(kept: Log, quota: Quota, now: UnixMs) -> Self {
        let at = now.max(kept.last_at());
        let over = |entry: &Entry| entry.at.plus(quota.window_ms()) <= at;
        let live = kept.entries().partition_point(over);
        Self::over(kept, live, at, quota, now)
    }

    fn quota(&self) -> Quota {
        self.quota
    }

    fn level(&self) -> Level {
        let capacity = u128::from(self.quota.limit().min(LOG_LIMIT_MAX));
        let used = self.entries().map(|entry| u128::from(entry.cost)).sum();
        Level { used, capacity, unit: 1 }
    }

    fn reset_ms(&self) -> u64 {
        self.entries().next_back().map_or(0, |last| self.ends(last).since(self.now))
    }

    fn wait_ms(&self, cost: u64) -> u64 {
        let mut excess = self.level().excess(cost);
        let enough = self.entries().find(|entry| {
            excess = excess.saturating_sub(u128::from(entry.cost));
            excess == 0
        });
        enough.map_or(0, |entry| self.ends(entry).since(self.now))
    }

    fn take(mut self, cost: u64) -> Self {
        if self.last.is_none() && self.log.last_at() == self.at && self.live < self.end {
            self.end = self.end.saturating_sub(1);
            self.last = self.log.entries().get(self.end).copied();
        }
        self.last = match self.last {
            Some(last) => Some(Entry { cost: last.cost.saturating_add(cost), ..last }),
            None => (cost > 0).then_some(Entry { at: self.at, cost }),
        };
        self
    }

    fn give(self, mut cost: u64) -> Self {
        let mut entries: Vec<Entry> = self.entries().collect();
        while let Some(last) = entries.last_mut()
            && cost > 0
        {
            let given = last.cost.min(cost);
            (last.cost, cost) = (last.cost.saturating_sub(given), cost.saturating_sub(given));
            if last.cost == 0 {
                entries.pop();
            }
        }
        Self::over(Log::new(entries), 0, self.at, self.quota, self.now)
    }

    /// What was taken elsewhere comes after what there is: of takes before the last one it counts as of that
    /// one, so that nothing has to be put in between. Of both the newest are kept, as many as the quota holds,
    /// and no fewer than there were.
    fn merge(self, taken: Log) -> Self {
        let Level { used, capacity, .. } = self.level();
        let taken = taken.at_most(part(Some(capacity)));
        let from = self.entries().next_back().map_or(UnixMs(0), |last| last.at);
        let within = |entry: &Entry| Entry { at: entry.at.max(from).min(self.at), ..*entry };
        let counts = |entry: &Entry| self.ends(*entry) > self.at;
        let taken = taken.entries().iter().map(within).filter(counts);
        let takes: Vec<Entry> = self.entries().chain(taken).collect();
        let mut room = used.max(capacity);
        let mut merged: Vec<Entry> = Vec::with_capacity(takes.len());
        for entry in takes.iter().rev() {
            let cost = part(Some(room.min(u128::from(entry.cost))));
            room = room.saturating_sub(u128::from(cost));
            match merged.last_mut() {
                Some(same) if same.at == entry.at => same.cost = same.cost.saturating_add(cost),
                _ if cost > 0 => merged.push(Entry { at: entry.at, cost }),
                _ => {}
            }
        }
        merged.reverse();
        Self::over(Log::new(merged), 0, self.at, self.quota, self.now)
    }

    fn kept(self) -> Log {
        match (self.live, self.last) {
            (0, None) => self.log,
            _ => Log::of(self.entries()),
        }
    }
}
