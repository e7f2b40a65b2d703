//! The stores themselves, and how what they say is heard: each failure once, by breaker and telemetry.

use std::sync::Arc;

use crate::UnixMs;
use crate::instance::Instance;
use crate::planted::{self, Bug};
use crate::store::breaker::Ticket;
use crate::store::outage::Health;
use crate::store::outages::Data;
use crate::store::{Admission, Admit, StoreError};
use crate::telemetry::{Event, StoreRole};

/// How far the store's clock may be off before it is said, in milliseconds.
const CLOCK_OFF_MS: u64 = 5_000;

/// What a background task takes along: nothing of it belongs to a request.
#[derive(Clone, Debug)]
pub(super) struct Chain<P, S> {
    pub(super) instance: Arc<Instance>,
    pub(super) primary: P,
    pub(super) secondary: Option<S>,
}

/// Why the primary gave no answer that can be acted on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unanswered {
    /// It was not asked: its breaker is open.
    NotSent,
    /// It failed; whether the call took effect is unknown.
    Unknown {
        /// How, in fixed words.
        cause: &'static str,
    },
    /// It is well, and says no.
    Answered(StoreError),
}

impl Unanswered {
    /// The cause in fixed words, as degraded answers give it.
    pub(super) const fn cause(&self) -> &'static str {
        match self {
            Self::NotSent => "breaker_open",
            Self::Unknown { cause } => cause,
            Self::Answered(error) => error.cause(),
        }
    }

    /// The refusal where nothing else may answer. A failure was reported where it was heard.
    pub(super) fn into_error(self) -> StoreError {
        match self {
            Self::Answered(error) => error,
            outage => StoreError::Outage { cause: outage.cause() },
        }
    }
}

impl<P, S> Chain<P, S> {
    /// Takes note of what the primary answered to a call of `now`.
    pub(super) fn heard<T>(
        &self,
        verb: &'static str,
        ticket: Ticket,
        answer: Result<T, StoreError>,
        now: UnixMs,
    ) -> Result<T, Unanswered> {
        let Instance { telemetry, outages, .. } = &*self.instance;
        let error = match answer {
            Ok(answer) => {
                outages.answered(true);
                self.recovered(verb, ticket, now);
                return Ok(answer);
            }
            Err(error) => error,
        };
        let health = Health::of(&error);
        if health == Health::Well {
            outages.answered(true);
            self.recovered(verb, ticket, now);
            return Err(Unanswered::Answered(error));
        }
        outages.answered(false);
        if !planted::is(Bug::FailureUntold) {
            telemetry.record(&Event::StoreFailed { verb, error: &error });
        }
        let refused = health == Health::Refused;
        if refused {
            outages.refuse();
            telemetry.record(&Event::StoreUnauthorized);
        }
        let cause = error.cause();
        let began = outages.primary.failed(ticket, cause, refused, failed_at(&error, now));
        if began.is_some() {
            telemetry.record(&Event::BreakerOpened { store: StoreRole::Primary, cause });
        }
        Err(Unanswered::Unknown { cause })
    }

    /// An answer ends the outage, if its call was the probe. One to a call that only reads does not
    /// speak for a store that cannot be written to.
    fn recovered(&self, verb: &str, ticket: Ticket, now: UnixMs) {
        let Instance { telemetry, outages, .. } = &*self.instance;
        if matches!(verb, "get" | "peek" | "sessions") {
            return;
        }
        if let Some(outage) = outages.primary.succeeded(ticket) {
            telemetry.record(&Event::StoreRecovered { outage_ms: now.since(outage.since) });
        }
    }

    /// The same for the secondary, of which no more is asked than an answer or none.
    pub(super) fn heard_secondary<T>(
        &self,
        verb: &'static str,
        ticket: Ticket,
        answer: Result<T, StoreError>,
        now: UnixMs,
    ) -> Option<T> {
        let Instance { telemetry, outages, .. } = &*self.instance;
        let error = match answer {
            Ok(answer) => {
                outages.secondary.succeeded(ticket);
                return Some(answer);
            }
            Err(error) => error,
        };
        telemetry.record(&Event::SecondaryFailed { verb, error: &error });
        let cause = error.cause();
        // KV takes one write a second for each key: that one of them is over says nothing of KV.
        let of_its_key = verb == "revoke" && cause == "quota";
        let health = Health::of(&error);
        if of_its_key || health == Health::Well {
            outages.secondary.succeeded(ticket);
            return None;
        }
        let (refused, at) = (health == Health::Refused, failed_at(&error, now));
        if outages.secondary.failed(ticket, cause, refused, at).is_some() {
            telemetry.record(&Event::BreakerOpened { store: StoreRole::Secondary, cause });
        }
        None
    }

    /// What a good answer teaches: that this token was checked, whether the clocks agree, and whether
    /// the store still has what it was told. Returns whether it is to be told that again.
    pub(super) fn learn(&self, admit: &Admit<'_>, admission: &Admission, now: UnixMs) -> bool {
        let Instance { config, telemetry, outages, memory, .. } = &*self.instance;
        let off = admission.clock_ahead_ms.unsigned_abs() > CLOCK_OFF_MS;
        if outages.clock_is_off(off) {
            telemetry.record(&Event::StoreClockOff);
        }
        let known = || memory.revocation_after(None, now).is_some();
        let data = admission.epoch.map_or(Data::Kept, |epoch| outages.epoch_is(epoch, known));
        if data == Data::Lost {
            telemetry.record(&Event::StoreLostData);
        }
        let policy = &config.revocation;
        // A token that ends soon is accepted unchecked in any case.
        let standing = admit.token.filter(|_| admission.revoked.is_none());
        if let Some(check) = standing.filter(|check| !policy.is_exposed(check, now)) {
            outages.checked(check.token, now.plus(policy.stale_ms_max), now);
        }
        data != Data::Kept
    }
}

/// When a call of `now` failed. Nothing here reads a clock, but a deadline says how long it took.
const fn failed_at(error: &StoreError, now: UnixMs) -> UnixMs {
    match error {
        StoreError::Timeout { deadline_ms } => now.plus(*deadline_ms),
        _ => now,
    }
}
