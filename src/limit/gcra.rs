//! GCRA, the generic cell rate algorithm.
//!
//! Of a key one instant is kept, its theoretical arrival time (TAT): when it would have gone back to
//! rest, had each unit of cost been taken `T = W / limit` ms after the one before. A take of `cost`
//! moves it by `cost * T`, from now at the earliest, and fits when it then lies at most `burst * T`
//! ahead. Source: ITU-T I.371 (2004) annex A.1, the virtual scheduling algorithm.
//!
//! It decides as the token bucket of the same quota does, keeping one number less: the bound is that
//! one's, at most `burst + limit * t / W` in `t` ms, and with a `burst` of 1 takes come evenly. `T`
//! need not be whole: the TAT is kept exactly, in parts of `1 / limit` ms. Error none.
//!
//! Memory: two integers a key.

use super::Quota;
use super::standing::{Level, Standing, fall_ms, part, product, quotient, raised};
use crate::UnixMs;

/// The theoretical arrival time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArrivalTime {
    at: UnixMs,
    /// Behind it, in parts of `1 / limit` ms.
    fraction: u64,
}

impl ArrivalTime {
    /// A key at rest.
    pub(super) const EMPTY: Self = Self { at: UnixMs(0), fraction: 0 };

    pub(super) fn free_at(self, _: Quota) -> UnixMs {
        self.at.plus(u64::from(self.fraction > 0))
    }

    /// The instant and the fraction: as a store writes them.
    pub(super) const fn parts(self) -> [u64; 3] {
        [self.at.0, self.fraction, 0]
    }

    /// The same from what a store has.
    pub(super) const fn from_parts(parts: [u64; 3]) -> Self {
        let [at, fraction, _] = parts;
        Self { at: UnixMs(at), fraction }
    }

    /// How far it lies ahead of `now`, times the limit: a unit of cost is `W` of it. A fraction of another limit's
    /// counts as less than a millisecond.
    fn ahead(self, quota: Quota, now: UnixMs) -> u128 {
        if self.at < now {
            return 0;
        }
        let limit = quota.limit();
        let fraction = self.fraction.min(limit.saturating_sub(1));
        product(self.at.since(now), limit).saturating_add(u128::from(fraction))
    }
}

pub(super) struct Gcra {
    ahead: u128,
    quota: Quota,
    now: UnixMs,
}

impl Standing for Gcra {
    type Kept = ArrivalTime;

    fn at(kept: ArrivalTime, quota: Quota, now: UnixMs) -> Self {
        Self { ahead: kept.ahead(quota, now), quota, now }
    }

    fn quota(&self) -> Quota {
        self.quota
    }

    fn level(&self) -> Level {
        let unit = u128::from(self.quota.window_ms());
        let capacity = product(self.quota.burst(), self.quota.window_ms());
        Level { used: self.ahead, capacity, unit }
    }

    fn reset_ms(&self) -> u64 {
        fall_ms(self.ahead, self.quota.limit())
    }

    fn wait_ms(&self, cost: u64) -> u64 {
        fall_ms(self.level().excess(cost), self.quota.limit())
    }

    fn take(mut self, cost: u64) -> Self {
        let window = u128::from(self.quota.window_ms());
        self.ahead = self.ahead.saturating_add(window.saturating_mul(u128::from(cost)));
        self
    }

    fn give(mut self, cost: u64) -> Self {
        let window = u128::from(self.quota.window_ms());
        self.ahead = self.ahead.saturating_sub(window.saturating_mul(u128::from(cost)));
        self
    }

    fn merge(mut self, taken: ArrivalTime) -> Self {
        let more = taken.ahead(self.quota, self.now);
        self.ahead = raised(self.ahead, more, self.level().capacity);
        self
    }

    fn kept(self) -> ArrivalTime {
        let limit = u128::from(self.quota.limit());
        match self.ahead {
            0 => ArrivalTime::EMPTY,
            ahead => ArrivalTime {
                at: self.now.plus(part(quotient(ahead, limit))),
                fraction: part(ahead.checked_rem(limit)),
            },
        }
    }
}
