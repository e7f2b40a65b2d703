//! The system's random bytes, as jwt-simple draws them for its keys, but without a panic where there
//! are none.

use superboring::reexports::rand::rngs::{OsRng, StdRng};
use superboring::reexports::rand::{RngCore as _, SeedableRng as _};

const NONE: &str = "there are no random bytes";

pub(super) fn fill(bytes: &mut [u8]) -> Result<(), &'static str> {
    OsRng.try_fill_bytes(bytes).map_err(|_| NONE)
}

/// A generator seeded from them, for code that cannot be told that there are none.
pub(super) fn generator() -> Result<StdRng, &'static str> {
    StdRng::from_rng(OsRng).map_err(|_| NONE)
}
