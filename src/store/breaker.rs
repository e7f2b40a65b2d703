//! A circuit breaker: after enough failures no request waits for the store, until a probe has found
//! it well again.
//!
//! ```text
//!            5 failures in a row, half of the last 20, or refused credentials
//!   closed ------------------------------------------------------------------> open
//!     ^                                                                      wait |
//!     |  the probe succeeds                                                       v
//!     +-------------------------------------------------------------------- half-open
//!                                             the probe fails: open again, waiting longer
//! ```
//!
//! Source: Nygard, *Release It!* (2007), "Circuit Breaker"; the numbers are the design's. Time comes
//! in; nothing here waits.

use std::fmt;
use std::hash::Hasher as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use siphasher::sip::SipHasher13;

use crate::UnixMs;
use crate::planted::{self, Bug};

/// Failures in a row that open it.
const IN_A_ROW: u32 = 5;
/// Of how many last calls half must fail to open it.
const RECENT: u32 = 20;
/// The first wait before a probe, in milliseconds; it doubles with each probe that fails.
const WAIT_MS_MIN: u64 = 1_000;
/// The longest wait before a probe, in milliseconds.
const WAIT_MS_MAX: u64 = 10_000;

/// How far the clock may go back before a wait is given up, in milliseconds: longer than any request
/// waits for its stores, so that its time is not taken for one of a clock that went back.
const CLOCK_BACK_MS: u64 = 60_000;

/// A breaker for one store.
pub struct Breaker {
    state: Mutex<State>,
    /// How long a probe may take, in milliseconds: one that is never heard of again frees its place.
    probe_ms_max: u64,
    /// Keys the jitter, so that instances which opened together do not probe together.
    seed: [u8; 16],
}

struct State {
    /// Rises with every transition: what a call of an earlier one came to no longer matters.
    generation: u64,
    phase: Phase,
}

enum Phase {
    Closed { in_a_row: u32, recent: Recent },
    Open { outage: Outage, probes: u32, wait_ms: u64, until: UnixMs },
    HalfOpen { outage: Outage, probes: u32, until: UnixMs },
}

/// An outage as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// When the breaker opened.
    pub since: UnixMs,
    /// Why, in fixed words.
    pub cause: &'static str,
}

/// What a call may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Pass {
    /// Go on, and say what came of it.
    Call(Ticket),
    /// Do without the store; this caller is to start the probe.
    Probe(Ticket),
    /// Do without the store.
    Shut,
}

/// Names the time a call was let through in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(u64);

impl Breaker {
    /// A closed breaker. `probe_ms_max`: how long a probe may take, in milliseconds. `seed`: 16
    /// random bytes.
    #[must_use]
    pub const fn new(probe_ms_max: u64, seed: [u8; 16]) -> Self {
        let phase = Phase::Closed { in_a_row: 0, recent: Recent::NONE };
        let state = Mutex::new(State { generation: 0, phase });
        Self { state, probe_ms_max, seed }
    }

    /// Whether a call may go to the store at `now`.
    pub fn pass(&self, now: UnixMs) -> Pass {
        let mut state = self.lock();
        let (outage, probes) = match state.phase {
            Phase::Closed { .. } => return Pass::Call(Ticket(state.generation)),
            Phase::Open { .. } if planted::is(Bug::OpenWaits) => {
                return Pass::Call(Ticket(state.generation));
            }
            Phase::Open { outage, probes, wait_ms, until } if due(until, wait_ms, now) => {
                (outage, probes)
            }
            Phase::HalfOpen { outage, probes, until } if due(until, self.probe_ms_max, now) => {
                (outage, probes)
            }
            _ => return Pass::Shut,
        };
        let until = now.plus(self.probe_ms_max);
        Pass::Probe(state.enter(Phase::HalfOpen { outage, probes, until }))
    }

    /// A call's ticket if the breaker is closed: for one that will not start the probe.
    pub fn call(&self) -> Option<Ticket> {
        let state = self.lock();
        matches!(state.phase, Phase::Closed { .. }).then_some(Ticket(state.generation))
    }

    /// A call or probe was answered. The outage it ends, if it ends one.
    pub fn succeeded(&self, ticket: Ticket) -> Option<Outage> {
        let mut state = self.lock();
        if state.generation != ticket.0 {
            return None;
        }
        match &mut state.phase {
            Phase::Closed { in_a_row, recent } => {
                *in_a_row = 0;
                recent.push(false);
                None
            }
            Phase::Open { .. } => None,
            Phase::HalfOpen { outage, .. } => {
                let outage = *outage;
                state.enter(Phase::Closed { in_a_row: 0, recent: Recent::NONE });
                Some(outage)
            }
        }
    }

    /// A call or probe failed at `now`, for `cause`; `refused` opens at once. The outage that begins
    /// with it, if one does.
    pub fn failed(
        &self,
        ticket: Ticket,
        cause: &'static str,
        refused: bool,
        now: UnixMs,
    ) -> Option<Outage> {
        let mut state = self.lock();
        if state.generation != ticket.0 {
            return None;
        }
        match &mut state.phase {
            Phase::Closed { in_a_row, recent } => {
                *in_a_row = in_a_row.saturating_add(1);
                recent.push(true);
                if !refused && *in_a_row < IN_A_ROW && recent.failures() < RECENT.div_ceil(2) {
                    return None;
                }
                let outage = Outage { since: now, cause };
                self.open(&mut state, outage, 0, now);
                Some(outage)
            }
            Phase::Open { .. } => None,
            Phase::HalfOpen { outage, probes, .. } => {
                // The latest cause is what an operator has to look at.
                let (outage, probes) = (Outage { cause, ..*outage }, *probes);
                self.open(&mut state, outage, probes.saturating_add(1), now);
                None
            }
        }
    }

    /// The outage there is, from the opening until a probe has succeeded.
    #[must_use]
    pub fn outage(&self) -> Option<Outage> {
        match self.lock().phase {
            Phase::Closed { .. } => None,
            Phase::Open { outage, .. } | Phase::HalfOpen { outage, .. } => Some(outage),
        }
    }

    fn open(&self, state: &mut State, outage: Outage, probes: u32, now: UnixMs) {
        let wait_ms = self.wait_ms(probes, state.generation);
        state.enter(Phase::Open { outage, probes, wait_ms, until: now.plus(wait_ms) });
    }

    /// 1 s before the first probe, then doubling to 10 s, less up to a quarter.
    fn wait_ms(&self, probes: u32, generation: u64) -> u64 {
        let doubled = WAIT_MS_MIN.saturating_mul(1_u64.checked_shl(probes).unwrap_or(u64::MAX));
        let wait_ms = doubled.min(WAIT_MS_MAX);
        if probes == 0 {
            return wait_ms;
        }
        let mut hasher = SipHasher13::new_with_key(&self.seed);
        hasher.write_u64(generation);
        let jitter_ms = hasher.finish().checked_rem(wait_ms.div_ceil(4)).unwrap_or(0);
        wait_ms.saturating_sub(jitter_ms)
    }

    /// A thread that died in here left whole values: see [`super::memory::MemoryStore`].
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a wait is over. One that lies much further ahead than it was long is too: the clock went
/// back.
fn due(until: UnixMs, wait_ms: u64, now: UnixMs) -> bool {
    if planted::is(Bug::OpenForEver) {
        return false;
    }
    now.0 >= until.0 || until.since(now) > wait_ms.saturating_add(CLOCK_BACK_MS)
}

impl State {
    fn enter(&mut self, phase: Phase) -> Ticket {
        self.generation = self.generation.wrapping_add(1);
        self.phase = phase;
        Ticket(self.generation)
    }
}

impl fmt::Debug for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Breaker").field("outage", &self.outage()).finish_non_exhaustive()
    }
}

/// Which of the last [`RECENT`] calls failed, the latest in the lowest bit.
#[derive(Clone, Copy)]
struct Recent(u32);

impl Recent {
    const NONE: Self = Self(0);

    fn push(&mut self, failed: bool) {
        const KEPT: u32 = (1 << RECENT) - 1;
        self.0 = self.0.wrapping_shl(1) & KEPT | u32::from(failed);
    }

    const fn failures(self) -> u32 {
        self.0.count_ones()
    }
}

#[cfg(test)]
mod tests;
