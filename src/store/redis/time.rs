//! Whose clock a call is decided by.

use super::script::number;
use crate::UnixMs;

/// The caller's clock, and which one the script decides by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clocks {
    now: UnixMs,
    decides: Decides,
}

/// Which clock a script decides by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decides {
    /// The store's own, and no other outside tests: it is the one all instances share.
    Store,
    /// The caller's, this far ahead.
    #[cfg(all(test, not(target_arch = "wasm32")))]
    Given { ahead_ms: i64 },
}

impl Clocks {
    pub(super) const fn new(now: UnixMs, decides: Decides) -> Self {
        Self { now, decides }
    }

    /// The script's argument `now`, 0 for the store's own time.
    pub(super) fn decided_by(self) -> String {
        match self.decides {
            Decides::Store => number(0),
            #[cfg(all(test, not(target_arch = "wasm32")))]
            Decides::Given { ahead_ms } => number(self.now.0.saturating_add_signed(ahead_ms)),
        }
    }

    /// The caller's time.
    pub(super) const fn now(self) -> UnixMs {
        self.now
    }

    /// The same as an argument.
    pub(super) fn caller(self) -> String {
        number(self.now.0)
    }

    /// How long something lives that ends at `expires` by the caller's clock. A store whose clock
    /// is off is told a duration, so that it ends nothing early.
    pub(super) fn life_ms(self, expires: UnixMs) -> String {
        number(expires.since(self.now))
    }
}
