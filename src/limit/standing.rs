//! What the algorithms have in common: a level that rises with takes and falls with time.

use super::{Decision, Quota};
use crate::UnixMs;

/// How much is in use, and of how much. `unit` of either is one of cost: so every algorithm compares
/// exactly, in integers.
#[derive(Clone, Copy)]
pub(super) struct Level {
    pub used: u128,
    pub capacity: u128,
    pub unit: u128,
}

impl Level {
    fn after(self, cost: u64) -> u128 {
        let more = match u64::try_from(self.unit) {
            Ok(unit) => product(unit, cost),
            Err(_) => self.unit.saturating_mul(u128::from(cost)),
        };
        self.used.saturating_add(more)
    }

    /// By how much `cost` does not fit, 0 when it does.
    pub(super) fn excess(self, cost: u64) -> u128 {
        self.after(cost).saturating_sub(self.capacity)
    }

    /// Whole units of cost that still fit.
    fn remaining(self) -> u64 {
        part(quotient(self.capacity.saturating_sub(self.used), self.unit))
    }
}

/// What one algorithm keeps for a key, as it stands at an instant.
pub(super) trait Standing: Sized {
    /// What is kept between takes.
    type Kept;

    /// Brings `kept` to `now`. A clock that went backwards is held where `kept` was last counted,
    /// and waits are measured from the clock as it was told.
    fn at(kept: Self::Kept, quota: Quota, now: UnixMs) -> Self;

    fn quota(&self) -> Quota;

    fn level(&self) -> Level;

    /// Until the whole quota is free, in milliseconds.
    fn reset_ms(&self) -> u64;

    /// Until a `cost` the quota accepts, which does not fit now, does: in milliseconds.
    fn wait_ms(&self, cost: u64) -> u64;

    /// With `cost` taken, whether or not it fits.
    fn take(self, cost: u64) -> Self;

    /// With `cost` given back, at most what was taken; of that the latest.
    fn give(self, cost: u64) -> Self;

    /// With what was `taken` elsewhere added; no level is raised above the capacity, and none lowered.
    fn merge(self, taken: Self::Kept) -> Self;

    /// What to keep.
    fn kept(self) -> Self::Kept;

    /// Whether `cost` fits.
    fn fits(&self, cost: u64) -> bool {
        self.level().excess(cost) == 0
    }

    /// The answer to `cost`, with nothing of it taken. One the quota does not accept never fits.
    fn probe(&self, cost: u64) -> Decision {
        let accepted = self.quota().accepts(cost);
        let level = self.level();
        let fits = level.excess(cost) == 0;
        Decision {
            allowed: accepted && fits,
            limit: self.quota().limit(),
            remaining: level.remaining(),
            reset_ms: self.reset_ms(),
            retry_after_ms: (accepted && !fits).then(|| self.wait_ms(cost)),
        }
    }

    /// The answer to a `cost` that was taken.
    fn taken(&self) -> Decision {
        Decision {
            allowed: true,
            limit: self.quota().limit(),
            remaining: self.level().remaining(),
            reset_ms: self.reset_ms(),
            retry_after_ms: None,
        }
    }
}

/// How long a level of `used` takes to fall to nothing when `per_ms` of it falls each millisecond:
/// whole milliseconds, rounded up.
pub(super) fn fall_ms(used: u128, per_ms: u64) -> u64 {
    let per_ms = per_ms.max(1);
    match u64::try_from(used) {
        Ok(used) => used.div_ceil(per_ms),
        Err(_) => u64::try_from(used.div_ceil(u128::from(per_ms))).unwrap_or(u64::MAX),
    }
}

/// The start of the window `at` falls in. Windows are aligned to the epoch.
pub(super) fn aligned(at: UnixMs, quota: Quota) -> UnixMs {
    at.minus(at.0.checked_rem(quota.window_ms()).unwrap_or(0))
}

/// A count with `more` of it, not above `most` unless it was there already.
pub(super) fn raised(count: u128, more: u128, most: u128) -> u128 {
    count.saturating_add(more).min(most).max(count)
}

/// `one * other`: likewise, and it cannot be too large.
pub(super) const fn product(one: u64, other: u64) -> u128 {
    if one.leading_zeros().saturating_add(other.leading_zeros()) >= u64::BITS {
        one.wrapping_mul(other) as u128
    } else {
        (one as u128).wrapping_mul(other as u128)
    }
}

/// `of / by`, by the processor's own division where both fit it, as they mostly do: WebAssembly has none
/// for 128 bits.
pub(super) fn quotient(of: u128, by: u128) -> Option<u128> {
    match (u64::try_from(of), u64::try_from(by)) {
        (Ok(of), Ok(by)) => of.checked_div(by).map(u128::from),
        _ => of.checked_div(by),
    }
}

/// A part of what a quota bounds, as it is kept.
pub(super) fn part(of: Option<u128>) -> u64 {
    u64::try_from(of.unwrap_or(0)).unwrap_or(u64::MAX)
}
