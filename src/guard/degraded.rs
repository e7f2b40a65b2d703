//! What of an answer was decided without the store, or by keys older than they should be.

use super::Limited;
use crate::planted::{self, Bug};
use crate::store::Outcome;

/// The parts of an answer that rest on less than they should, each with the cause in fixed words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Degraded {
    /// Whether the token is revoked: by what this instance knows.
    pub revocation: Option<&'static str>,
    /// The limits: by what this instance counts.
    pub limits: Option<&'static str>,
    /// The signature: by an issuer's key set that could not be refreshed.
    pub keys: Option<&'static str>,
}

impl Degraded {
    /// Of a decision over limits alone.
    #[must_use]
    pub fn of_limits(limits: &[Limited]) -> Self {
        Self::new(None, limits.iter().map(|limited| &limited.outcome))
    }

    pub(super) fn new<'o>(
        revocation: Option<&'static str>,
        outcomes: impl IntoIterator<Item = &'o Outcome>,
    ) -> Self {
        if planted::is(Bug::DegradedUnsaid) {
            return Self::default();
        }
        let limits = outcomes.into_iter().find_map(|outcome| outcome.degraded);
        Self { revocation, limits, keys: None }
    }
}
