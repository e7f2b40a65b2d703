//! Token bucket.
//!
//! A bucket holds `burst` tokens and is refilled with `limit` of them in `W` ms, evenly: one every
//! `W / limit` ms. A take of `cost` fits when the bucket has as many. Source: the token bucket of
//! RFC 2697 and RFC 3290 section 5.1.3, kept as what is missing from it, so that nothing kept is a
//! full one.
//!
//! Bound: in any interval of `t` ms at most `burst + limit * t / W`; so in one of `W` ms at most
//! `burst + limit`. It is compared exactly, in integers scaled by `W`: error none.
//!
//! Memory: three integers a key.

use super::Quota;
use super::standing::{Level, Standing, fall_ms, part, product, quotient, raised};
use crate::UnixMs;

/// What is missing from a bucket, and when that was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    at: UnixMs,
    /// Whole tokens missing.
    spent: u64,
    /// Of a further token, in parts of `1 / W`.
    fraction: u64,
}

impl Bucket {
    /// A full one.
    pub(super) const EMPTY: Self = Self { at: UnixMs(0), spent: 0, fraction: 0 };

    pub(super) fn free_at(self, quota: Quota) -> UnixMs {
        match self.scaled(quota) {
            0 => UnixMs(0),
            spent => self.at.plus(fall_ms(spent, quota.limit())),
        }
    }

    /// When, and what was missing then: as a store writes them.
    pub(super) const fn parts(self) -> [u64; 3] {
        [self.at.0, self.spent, self.fraction]
    }

    /// The same from what a store has.
    pub(super) const fn from_parts(parts: [u64; 3]) -> Self {
        let [at, spent, fraction] = parts;
        Self { at: UnixMs(at), spent, fraction }
    }

    /// No more missing than `most`.
    pub(super) fn at_most(self, most: u64) -> Self {
        Self { spent: self.spent.min(most), ..self }
    }

    /// What is missing, times the window's length: at most all of it. A fraction of another window's
    /// counts as less than a token of this one.
    fn scaled(self, quota: Quota) -> u128 {
        let window_ms = quota.window_ms();
        let fraction = self.fraction.min(window_ms.saturating_sub(1));
        let spent = product(self.spent, window_ms).saturating_add(u128::from(fraction));
        spent.min(product(quota.burst(), window_ms))
    }

    /// The same at `now`, by which some of it was refilled.
    fn scaled_at(self, quota: Quota, now: UnixMs) -> u128 {
        let refilled = product(quota.limit(), now.since(self.at));
        self.scaled(quota).saturating_sub(refilled)
    }
}

pub(super) struct TokenBucket {
    /// The later of now and when the bucket was last counted.
    at: UnixMs,
    spent: u128,
    quota: Quota,
    now: UnixMs,
}

impl TokenBucket {
    /// From the clock as it was told until the bucket is refilled on.
    fn behind_ms(&self) -> u64 {
        self.at.since(self.now)
    }
}

impl Standing for TokenBucket {
    type Kept = Bucket;

    fn at(kept: Bucket, quota: Quota, now: UnixMs) -> Self {
        let at = now.max(kept.at);
        Self { at, spent: kept.scaled_at(quota, at), quota, now }
    }

    fn quota(&self) -> Quota {
        self.quota
    }

    fn level(&self) -> Level {
        let unit = u128::from(self.quota.window_ms());
        let capacity = product(self.quota.burst(), self.quota.window_ms());
        Level { used: self.spent, capacity, unit }
    }

    fn reset_ms(&self) -> u64 {
        match self.spent {
            0 => 0,
            spent => self.behind_ms().saturating_add(fall_ms(spent, self.quota.limit())),
        }
    }

    fn wait_ms(&self, cost: u64) -> u64 {
        let excess = self.level().excess(cost);
        self.behind_ms().saturating_add(fall_ms(excess, self.quota.limit()))
    }

    fn take(mut self, cost: u64) -> Self {
        let window = u128::from(self.quota.window_ms());
        self.spent = self.spent.saturating_add(window.saturating_mul(u128::from(cost)));
        self
    }

    fn give(mut self, cost: u64) -> Self {
        let window = u128::from(self.quota.window_ms());
        self.spent = self.spent.saturating_sub(window.saturating_mul(u128::from(cost)));
        self
    }

    fn merge(mut self, taken: Bucket) -> Self {
        let more = taken.scaled_at(self.quota, self.at);
        self.spent = raised(self.spent, more, self.level().capacity);
        self
    }

    fn kept(self) -> Bucket {
        let window = u128::from(self.quota.window_ms());
        Bucket {
            at: self.at,
            spent: part(quotient(self.spent, window)),
            fraction: part(self.spent.checked_rem(window)),
        }
    }
}
