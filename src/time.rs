//! Time as the core knows it: an argument, never a clock.

use serde::{Deserialize, Serialize};

/// An instant in milliseconds since the Unix epoch.
///
/// All arithmetic saturates: an instant is never wrapped around.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct UnixMs(pub u64);

impl UnixMs {
    /// The instant `duration_ms` milliseconds later, at most the last one there is.
    #[must_use]
    pub const fn plus(self, duration_ms: u64) -> Self {
        Self(self.0.saturating_add(duration_ms))
    }

    /// The instant `duration_ms` milliseconds earlier, at least the epoch.
    #[must_use]
    pub const fn minus(self, duration_ms: u64) -> Self {
        Self(self.0.saturating_sub(duration_ms))
    }

    /// Milliseconds from `earlier` to `self`, 0 when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The instant of a JWT NumericDate.
    #[must_use]
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Whole seconds since the epoch, rounded down: a JWT NumericDate (RFC 7519 section 2).
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0 / 1000
    }
}
