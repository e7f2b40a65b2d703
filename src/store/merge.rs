//! Cost that was taken where the store could not be reached, to be added to it once.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{EntryKey, StoreError};
use crate::limit::{Policy, State};

/// The name of one instance: 128 random bits, so that no two ever share one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceId([u8; 16]);

impl InstanceId {
    /// The instance of these random bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

/// Base64url, as it stands in a storage key.
impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InstanceId({self})")
    }
}

/// Cost taken elsewhere, to be added once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergeBatch {
    /// Who took it.
    pub instance: InstanceId,
    /// From 1, rising by one a batch of the instance. A repeated batch has the same one.
    pub sequence: u64,
    /// At most [`MergeBatch::ENTRIES_MAX`].
    pub entries: Vec<Owed>,
}

/// What is owed to one key of one policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    /// The policy.
    pub policy: Policy,
    /// The key.
    pub key: EntryKey,
    /// The cost, counted with no limit applied ([`State::add`]) and by its instance's clock. Where
    /// that and the store's differ, a window fades so much earlier or later.
    pub taken: State,
}

impl MergeBatch {
    /// The most entries of a batch.
    pub const ENTRIES_MAX: usize = 100;

    /// Refuses a batch with more entries than a store takes in one call.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        if self.entries.len() > Self::ENTRIES_MAX {
            return Err(StoreError::Full { what: "entries of a batch" });
        }
        Ok(())
    }

    /// For how long from now a repetition of it could count, in milliseconds: then all of it has
    /// faded, and its sequence may be forgotten.
    pub(super) fn matters_ms(&self) -> u64 {
        self.entries.iter().map(|owed| owed.policy.quota.memory_ms()).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn an_instance_is_named_in_base64url() {
        assert_eq!(InstanceId::new([0xFB; 16]).to_string(), "-_v7-_v7-_v7-_v7-_v7-w");
    }
}
