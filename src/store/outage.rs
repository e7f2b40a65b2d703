//! What happens when a store does not answer: the whole policy, in one place.
//!
//! | what fails | what the call counts as | what is done |
//! |---|---|---|
//! | no connection, deadline, 5xx, quota, out of memory, not the protocol | a failure | 5 in a row or half of 20 open the breaker |
//! | 401, 403 | refused credentials | the breaker opens at once |
//! | an entry that cannot be read, no room, not supported | an answer | the caller is told |
//!
//! | what is asked without the store | answer |
//! |---|---|
//! | is this token revoked? | [`RevocationOutage::accepts`] |
//! | take from a limit | [`OnOutage`] of its policy |
//! | revoke | kept here and journalled, written to the secondary; no room: refused |
//! | sessions, records, reset, penalise | refused: [`StoreError::Outage`] |
//!
//! | what is sent again | when |
//! |---|---|
//! | revocations | after recovery, in the background: entries only ever extend |
//! | takes that were never sent | after recovery, once: merged by instance and sequence |
//! | takes whose outcome is unknown | never |

use super::{StoreError, TokenCheck};
use crate::UnixMs;
#[cfg(doc)]
use crate::limit::OnOutage;
use crate::planted::{self, Bug};

/// What a store call's outcome says of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It answered.
    Well,
    /// It failed.
    Failed,
    /// It refuses our credentials: opens at once.
    Refused,
}

impl Health {
    /// What `error` says of the store that returned it.
    #[must_use]
    pub const fn of(error: &StoreError) -> Self {
        match error {
            StoreError::Unavailable { .. }
            | StoreError::Outage { .. }
            | StoreError::Timeout { .. }
            | StoreError::Protocol { .. } => Self::Failed,
            StoreError::Unauthorized => Self::Refused,
            StoreError::Corrupt { .. }
            | StoreError::Full { .. }
            | StoreError::RecordTooLarge { .. }
            | StoreError::Unsupported { .. } => Self::Well,
        }
    }
}

/// Whether tokens are accepted that cannot be checked against the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationOutage {
    /// Whether any are.
    pub mode: RevocationMode,
    /// How much longer a token may live to be accepted unchecked, in milliseconds: the longest a
    /// token revoked elsewhere lives on where nobody heard of it.
    pub exposure_ms_max: u64,
    /// How long ago a token that lives longer must have been checked, in milliseconds, to be accepted.
    pub stale_ms_max: u64,
    /// Tokens with any of these scopes are never accepted unchecked.
    pub closed_scopes: Vec<String>,
}

/// Whether any token is accepted unchecked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationMode {
    /// Those this instance does not know as revoked, within the bounds.
    Local,
    /// None.
    Closed,
}

impl Default for RevocationOutage {
    fn default() -> Self {
        Self {
            mode: RevocationMode::Local,
            exposure_ms_max: 15 * 60 * 1000,
            stale_ms_max: 60 * 1000,
            closed_scopes: Vec::new(),
        }
    }
}

impl RevocationOutage {
    /// Whether the token is accepted although the store cannot be asked, this instance not knowing
    /// it as revoked. `closed`: it must not be; `fresh`: it was checked within [`Self::stale_ms_max`].
    #[must_use]
    pub fn accepts(&self, check: &TokenCheck, closed: bool, fresh: bool, now: UnixMs) -> bool {
        match self.mode {
            RevocationMode::Closed => false,
            _ if planted::is(Bug::ExposureIgnored) => true,
            RevocationMode::Local => !closed && (self.is_exposed(check, now) || fresh),
        }
    }

    /// Whether the token's remaining life is within what may be accepted unchecked.
    #[must_use]
    pub fn is_exposed(&self, check: &TokenCheck, now: UnixMs) -> bool {
        check.expires.since(now) <= self.exposure_ms_max
    }

    /// Whether a token with this `scope` (RFC 6749 section 3.3) is never accepted unchecked.
    #[must_use]
    pub fn closes(&self, scope: &str) -> bool {
        scope.split(' ').any(|token| self.closed_scopes.iter().any(|closed| closed == token))
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::jwt::IssuedAt;
    use crate::store::{EntryKey, KeySpace};

    const NOW: UnixMs = UnixMs(1_700_000_000_000);

    fn living(ms: u64) -> TokenCheck {
        TokenCheck {
            token: EntryKey::new(KeySpace::Token, "i", "v"),
            session: None,
            subject: None,
            issued_at: IssuedAt::Unknown,
            expires: NOW.plus(ms),
        }
    }

    #[test]
    fn a_token_is_accepted_unchecked_when_it_ends_soon_or_was_checked_lately() {
        let policy = RevocationOutage::default();
        let accepts = |ms, closed, fresh| policy.accepts(&living(ms), closed, fresh, NOW);
        assert!(accepts(900_000, false, false));
        assert!(!accepts(900_001, false, false));
        assert!(accepts(900_001, false, true));
        assert!(!accepts(1, true, true), "a closed scope is never let in");
    }

    #[test]
    fn closed_accepts_nothing_unchecked() {
        let policy = RevocationOutage { mode: RevocationMode::Closed, ..Default::default() };
        assert!(!policy.accepts(&living(1), false, true, NOW));
    }

    #[test]
    fn a_closed_scope_is_a_whole_scope_token() {
        let closed_scopes = vec!["admin".to_owned()];
        let policy = RevocationOutage { closed_scopes, ..Default::default() };
        for (scope, closes) in
            [("admin", true), ("read admin", true), ("administer", false), ("", false)]
        {
            assert_eq!(policy.closes(scope), closes, "{scope}");
        }
    }

    #[test]
    fn an_error_of_one_keys_data_says_nothing_against_the_store() {
        let well = [
            StoreError::Corrupt { what: "x" },
            StoreError::Full { what: "x" },
            StoreError::Unsupported { verb: "x" },
            StoreError::RecordTooLarge { bytes: 2, bytes_max: 1 },
        ];
        assert!(well.iter().all(|error| Health::of(error) == Health::Well));
        let failed = [
            StoreError::Unavailable { cause: "x" },
            StoreError::Timeout { deadline_ms: 1 },
            StoreError::Protocol { cause: "x" },
        ];
        assert!(failed.iter().all(|error| Health::of(error) == Health::Failed));
        assert_eq!(Health::of(&StoreError::Unauthorized), Health::Refused);
    }
}
