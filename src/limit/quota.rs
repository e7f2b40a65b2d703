//! How much a policy allows in which time.

use super::LimitError;

/// 366 days in milliseconds, the longest window.
const WINDOW_MS_MAX: u64 = 366 * 24 * 60 * 60 * 1000;
/// The largest integer every double below it represents exactly.
const DOUBLE_EXACT_MAX: u64 = 1 << 53;

/// A limit per window. Neither can be zero, and their product fits a double exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Quota {
    limit: u64,
    window_ms: u64,
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
            Some(product) if product <= DOUBLE_EXACT_MAX => Ok(Self { limit, window_ms }),
            _ => Err(LimitError::QuotaTooLarge { limit, window_ms }),
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

    /// `percent` of this quota in the same window, rounded down, and at least 1.
    #[must_use]
    pub fn share(self, percent: u8) -> Self {
        let hundredths = u128::from(self.limit).saturating_mul(u128::from(percent));
        let limit = u64::try_from(hundredths.div_euclid(100)).unwrap_or(self.limit);
        Self { limit: limit.clamp(1, self.limit), ..self }
    }

    /// Whether a take of `cost` units can ever succeed: 1 to the limit.
    #[must_use]
    pub const fn accepts(self, cost: u64) -> bool {
        cost >= 1 && cost <= self.limit
    }
}
