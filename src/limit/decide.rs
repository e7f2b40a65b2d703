//! The pure decision every store runs or mirrors.

use super::{Quota, sliding_window};
use crate::UnixMs;

/// How a policy counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// Two counters, the previous window's weighted by how much of it still overlaps.
    SlidingWindow,
}

/// What a store keeps for one key of one policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// State of [`Algorithm::SlidingWindow`].
    SlidingWindow(sliding_window::Counters),
}

/// The answer to one take or peek. All times are durations in milliseconds from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether the cost fits.
    pub allowed: bool,
    /// The policy's limit.
    pub limit: u64,
    /// What is left after this decision: with the cost taken if allowed, untouched if not.
    pub remaining: u64,
    /// Until the whole quota is free again if nothing more is taken.
    pub reset_ms: u64,
    /// When denied, the exact wait after which the same take succeeds if nothing else is taken;
    /// `None` when allowed.
    pub retry_after_ms: Option<u64>,
}
