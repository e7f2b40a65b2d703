//! How much a policy allows in which time.

use super::{Algorithm, LimitError};

/// 366 days in milliseconds, the longest window.
const WINDOW_MS_MAX: u64 = 366 * 24 * 60 * 60 * 1000;
/// The longest a burst may take to come back, in milliseconds: 36,600 days.
const FREE_MS_MAX: u64 = 100 * WINDOW_MS_MAX;
/// The largest integer every double below it represents exactly.
const DOUBLE_EXACT_MAX: u64 = 1 << 53;

/// A limit per window, and the most that may come at once. None can be zero, and their products fit a
/// double exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Quota {
    limit: u64,
    window_ms: u64,
    burst: u64,
}

impl Quota {
    /// A quota of `limit` units of cost per `window_ms` milliseconds.
    ///
    /// # Errors
    /// [`LimitError::LimitZero`], [`LimitError::WindowOutOfRange`] (1 ms to 366 days) or
    /// [`LimitError::QuotaTooLarge`] (`limit * window_ms` over 2^53).
    pub fn new(limit: u64, window_ms: u64) -> Result<Self, LimitError> {
        if limit == 0 {
            return Err(LimitError::LimitZero);
        }
        if window_ms == 0 || window_ms > WINDOW_MS_MAX {
            return Err(LimitError::WindowOutOfRange { window_ms });
        }
        match limit.checked_mul(window_ms) {
            Some(product) if product <= DOUBLE_EXACT_MAX => {
                Ok(Self { limit, window_ms, burst: limit })
            }
            _ => Err(LimitError::QuotaTooLarge { limit, window_ms }),
        }
    }

    /// The same quota of which at most `burst` units can be taken at once: for
    /// [`Algorithm::TokenBucket`] and [`Algorithm::Gcra`], whose burst is the limit otherwise. Windows
    /// take no notice of it.
    ///
    /// # Errors
    /// [`LimitError::BurstZero`] or [`LimitError::BurstTooLarge`] (`burst * window_ms + limit` over
    /// 2^53, or more than 36,600 days until it is free again).
    pub fn with_burst(self, burst: u64) -> Result<Self, LimitError> {
        if burst == 0 {
            return Err(LimitError::BurstZero);
        }
        let scaled = burst.checked_mul(self.window_ms);
        let sum = scaled.and_then(|scaled| scaled.checked_add(self.limit));
        // Until when it is free again is an instant that scripts read.
        let free_ms = scaled.map_or(u64::MAX, |scaled| scaled.div_ceil(self.limit.max(1)));
        match sum {
            Some(..=DOUBLE_EXACT_MAX) if free_ms <= FREE_MS_MAX => Ok(Self { burst, ..self }),
            _ => Err(LimitError::BurstTooLarge { burst }),
        }
    }

    /// As [`Quota::with_burst`] for an algorithm that has one, whose burst is the limit unless it is said.
    ///
    /// # Errors
    /// As [`Quota::with_burst`], or [`LimitError::BurstUnused`].
    pub fn with(self, algorithm: Algorithm, burst: Option<u64>) -> Result<Self, LimitError> {
        match burst {
            Some(_) if !algorithm.has_burst() => Err(LimitError::BurstUnused),
            None if !algorithm.has_burst() => Ok(self),
            burst => self.with_burst(burst.unwrap_or(self.limit)),
        }
    }

    /// Units of cost allowed in a window; at least 1.
    #[must_use]
    pub const fn limit(self) -> u64 {
        self.limit
    }

    /// Length of the window in milliseconds; at least 1.
    #[must_use]
    pub const fn window_ms(self) -> u64 {
        self.window_ms
    }

    /// The most that can be taken at once; the limit, unless stated otherwise.
    #[must_use]
    pub const fn burst(self) -> u64 {
        self.burst
    }

    /// For how long a take can count, in milliseconds: two windows, or until the whole burst is free again.
    #[must_use]
    pub fn memory_ms(self) -> u64 {
        let scaled = self.burst.saturating_mul(self.window_ms);
        self.window_ms.saturating_mul(2).max(scaled.div_ceil(self.limit.max(1)))
    }

    /// `percent` of this quota in the same window, rounded down, and at least 1.
    #[must_use]
    pub fn share(self, percent: u8) -> Self {
        let share = |of: u64| {
            let hundredths = u128::from(of).saturating_mul(u128::from(percent));
            u64::try_from(hundredths.div_euclid(100)).unwrap_or(of).clamp(1, of)
        };
        Self { limit: share(self.limit), burst: share(self.burst), ..self }
    }

    /// Whether a take of `cost` units can ever succeed: 1 to the burst.
    #[must_use]
    pub const fn accepts(self, cost: u64) -> bool {
        cost >= 1 && cost <= self.burst
    }
}
