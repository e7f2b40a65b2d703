//! Names of keys. `docs/storage-schema.md` lists them with their values and lifetimes.

use thiserror::Error;

use crate::limit::PolicyName;
use crate::store::{EntryKey, InstanceId, RevocationScope};

/// The layout's version. It stands in every key, so that another layout never meets this one.
const VERSION: u8 = 1;
/// Room for a usual key, so that it is not moved as it is written.
const KEY_BYTES: usize = 96;

/// What every key of one deployment begins with, as a hash tag: in a Redis Cluster all of them lie
/// in one slot, so that one script reaches them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyPrefix(String);

/// A prefix that is empty, over 64 characters, or not of `[a-zA-Z0-9._-]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a key prefix has 1 to 64 characters of a-z, A-Z, 0-9, '.', '_' and '-'")]
pub struct KeyPrefixError;

impl KeyPrefixError {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "ERR_CONFIG_INVALID"
    }
}

impl KeyPrefix {
    /// Takes a prefix as configured. No brace is among its characters: the hash tag is ours.
    ///
    /// # Errors
    /// [`KeyPrefixError`].
    pub fn new(prefix: &str) -> Result<Self, KeyPrefixError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        if prefix.is_empty() || prefix.len() > 64 || !prefix.bytes().all(allowed) {
            return Err(KeyPrefixError);
        }
        Ok(Self(format!("{{{prefix}}}:{VERSION}")))
    }

    /// The name of the deployment's Durable Object: that of its first key.
    pub(crate) fn epoch(&self) -> String {
        self.key(&["epoch"])
    }

    pub(super) fn revoked(&self, scope: RevocationScope, name: EntryKey) -> String {
        self.key(&["revoked:", scope.name(), ":", &name.text()])
    }

    /// A policy's name holds no colon, so no two pairs share a key.
    pub(super) fn limit(&self, policy: &PolicyName, name: EntryKey) -> String {
        self.key(&["limit:", policy.as_str(), ":", &name.text()])
    }

    /// The last sequence merged of an instance.
    pub(super) fn merged(&self, instance: InstanceId) -> String {
        self.key(&["merged:", &instance.to_string()])
    }

    pub(super) fn record(&self, name: EntryKey) -> String {
        self.key(&["record:", &name.text()])
    }

    /// The version of the access rules.
    pub(super) fn rules(&self) -> String {
        self.key(&["rules"])
    }

    /// The access rules.
    pub(super) fn rules_text(&self) -> String {
        self.key(&["rules:text"])
    }

    /// What a session's key is its name behind.
    pub(super) fn session_prefix(&self) -> String {
        self.key(&["session:"])
    }

    /// What the key of a subject's list of sessions is its name behind.
    pub(super) fn subject_prefix(&self) -> String {
        self.key(&["sessions:"])
    }

    /// Joined by hand: every request makes five, and formatting costs more than all else in them.
    fn key(&self, rest: &[&str]) -> String {
        let mut key = String::with_capacity(KEY_BYTES);
        key.extend([self.0.as_str(), ":"].iter().chain(rest).copied());
        key
    }
}

/// `portcullis`.
impl Default for KeyPrefix {
    fn default() -> Self {
        Self(format!("{{portcullis}}:{VERSION}"))
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::store::KeySpace;

    #[test]
    fn every_key_has_the_hash_tag_and_the_version() {
        let name = EntryKey::new(KeySpace::Token, "issuer", "value");
        let prefix = KeyPrefix::default();
        let policy = PolicyName::new("per-user").unwrap();
        let key = prefix.revoked(RevocationScope::Token, name);
        assert_eq!(key, format!("{{portcullis}}:1:revoked:token:{name}"));
        assert_eq!(prefix.limit(&policy, name), format!("{{portcullis}}:1:limit:per-user:{name}"));
        assert_eq!(KeyPrefix::new("a.B-9_").unwrap().epoch(), "{a.B-9_}:1:epoch");
    }

    #[test]
    fn a_prefix_that_could_move_the_hash_tag_or_a_boundary_is_refused() {
        for prefix in ["", "{a}", "a}", "a:b", "a b", "*", "é", "a\n", &"a".repeat(65)] {
            assert_eq!(KeyPrefix::new(prefix), Err(KeyPrefixError), "{prefix:?}");
        }
    }
}
