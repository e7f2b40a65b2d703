//! How much a memory store may hold.

use thiserror::Error;

use super::merges::INSTANCES_MAX;
use super::states::TAKES_EACH;
use crate::limit::{Algorithm, Policy};
use crate::store::Record;

/// Half of an isolate's 128 MB: the guest's own work needs the rest.
const BYTES_MAX: usize = 64 << 20;
/// The most bytes an entry (32 bytes of key, up to 32 of value) takes in a hash map and a queue,
/// both as badly filled as they get. With the defaults an entry was measured at 106 to 134 bytes;
/// `tests/memory_bounds.rs` holds the total to the estimate.
const ENTRY_BYTES: usize = 256;
/// The bytes of a take in a log.
const LOG_ENTRY_BYTES: usize = 16;
/// The same for a session with its place in its subject's list; measured at 337 bytes.
const SESSION_BYTES: usize = 640;

/// The most entries of each partition of a [`super::MemoryStore`]. No partition takes room from
/// another one.
///
/// With the defaults a store with every partition full takes about 15 MB, at most 28 MB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryBounds {
    /// Revoked tokens.
    pub revoked_tokens: usize,
    /// Revoked sessions.
    pub revoked_sessions: usize,
    /// Subjects with a cut.
    pub revoked_subjects: usize,
    /// Policies that count.
    pub policies: usize,
    /// Keys counted apart in each policy; more share one overflow bucket. Of a sliding log
    /// half as many are, whose takes share the room of the other half: 16 for each, after which they become
    /// coarser.
    pub keys_per_policy: usize,
    /// Keys blocked by a penalty in each policy.
    pub penalties_per_policy: usize,
    /// Open sessions.
    pub sessions: usize,
    /// Open sessions of one subject; opening one more ends the oldest.
    pub sessions_per_subject: usize,
    /// Records, of up to 4,096 bytes each.
    pub records: usize,
}

impl Default for MemoryBounds {
    /// Entries are 7/8 of powers of two where many: where a hash map is best filled.
    fn default() -> Self {
        Self {
            revoked_tokens: 14_336,
            revoked_sessions: 7_168,
            revoked_subjects: 7_168,
            policies: 16,
            keys_per_policy: 3_584,
            penalties_per_policy: 224,
            sessions: 3_584,
            sessions_per_subject: 100,
            records: 448,
        }
    }
}

/// Bounds a memory store cannot be built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BoundsError {
    /// A partition has no room at all.
    #[error("a memory store needs room for at least one entry in each partition")]
    Zero,
    /// Full partitions could take more than 64 MiB.
    #[error("a memory store holds at most {bytes_max} bytes, not {bytes}")]
    TooLarge {
        /// What full partitions could take, in bytes.
        bytes: usize,
        /// The most they may take, in bytes.
        bytes_max: usize,
    },
}

impl BoundsError {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "ERR_CONFIG_INVALID"
    }
}

impl MemoryBounds {
    /// The most bytes a store with every partition full takes, estimated from above.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        let per_policy = self.keys_per_policy.saturating_add(self.penalties_per_policy);
        let entries = self
            .revoked_tokens
            .saturating_add(self.revoked_sessions)
            .saturating_add(self.revoked_subjects)
            .saturating_add(self.policies.saturating_mul(per_policy))
            .saturating_add(self.records)
            .saturating_add(INSTANCES_MAX);
        entries
            .saturating_mul(ENTRY_BYTES)
            .saturating_add(self.sessions.saturating_mul(SESSION_BYTES))
            .saturating_add(self.records.saturating_mul(Record::BYTES_MAX))
    }

    /// The most keys of a policy that are counted apart, and the most takes of its logs beside those that
    /// each has room for: of a log half of the room is for keys, half for entries.
    pub(super) const fn room_of(&self, policy: &Policy) -> (usize, usize) {
        let half = self.keys_per_policy.div_ceil(2);
        let keys = match policy.algorithm {
            Algorithm::SlidingLog => half,
            _ => self.keys_per_policy,
        };
        (keys, half.saturating_mul(ENTRY_BYTES / LOG_ENTRY_BYTES - TAKES_EACH))
    }

    pub(super) fn validate(self) -> Result<Self, BoundsError> {
        let Self {
            revoked_tokens,
            revoked_sessions,
            revoked_subjects,
            policies,
            keys_per_policy,
            penalties_per_policy,
            sessions,
            sessions_per_subject,
            records,
        } = self;
        let revoked = [revoked_tokens, revoked_sessions, revoked_subjects];
        let counted = [policies, keys_per_policy, penalties_per_policy];
        let kept = [sessions, sessions_per_subject, records];
        if [revoked, counted, kept].as_flattened().contains(&0) {
            return Err(BoundsError::Zero);
        }
        match self.bytes() {
            bytes if bytes > BYTES_MAX => {
                Err(BoundsError::TooLarge { bytes, bytes_max: BYTES_MAX })
            }
            _ => Ok(self),
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn the_defaults_are_valid_and_under_28_mb() {
        let bounds = MemoryBounds::default().validate().unwrap();
        assert!(bounds.bytes() < 28_000_000, "{} bytes", bounds.bytes());
    }

    #[test]
    fn a_partition_without_room_is_refused() {
        let bounds = MemoryBounds { revoked_subjects: 0, ..MemoryBounds::default() };
        assert_eq!(bounds.validate(), Err(BoundsError::Zero));
    }

    #[test]
    fn bounds_an_isolate_could_not_hold_are_refused() {
        for sessions in [1 << 20, usize::MAX] {
            let bounds = MemoryBounds { sessions, ..MemoryBounds::default() };
            assert!(matches!(bounds.validate(), Err(BoundsError::TooLarge { .. })));
        }
    }
}
