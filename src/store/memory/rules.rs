//! The access rules.

use super::Partitions;
use crate::UnixMs;
use crate::store::{StoreError, StoredRules};

impl Partitions {
    pub(super) fn write_rules(
        &mut self,
        expected: u64,
        text: &str,
        now: UnixMs,
    ) -> Result<Option<u64>, StoreError> {
        StoredRules::check(text)?;
        if self.rules.version != expected {
            return Ok(None);
        }
        let version = StoredRules::next_version(expected, now);
        self.rules = StoredRules { version, text: text.to_owned() };
        Ok(Some(version))
    }
}
