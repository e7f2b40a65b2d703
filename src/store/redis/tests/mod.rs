//! The Redis store over a real redis-server, and over replies nobody should send.
#![allow(clippy::arithmetic_side_effects, reason = "an overflow here fails the test, as it should")]

mod bridge;
mod contract;
mod differential;
mod faults;
mod hostile;
mod server;
mod steps;
mod storage;

use crate::UnixMs;

/// The wall clock, which a server on this machine shares.
#[allow(clippy::disallowed_methods, reason = "the store under test decides by the real time")]
fn wall_clock() -> UnixMs {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    UnixMs(u64::try_from(since_epoch.as_millis()).unwrap())
}
