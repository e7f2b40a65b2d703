//! merge.

use super::keys::KeyPrefix;
use super::limit;
use super::reply::{Answer, UNEXPECTED};
use super::script::{Call, MERGE, number};
use super::time::Clocks;
use crate::store::{MergeBatch, StoreError};

pub(super) fn call(
    prefix: &KeyPrefix,
    batch: &MergeBatch,
    clocks: Clocks,
) -> Result<Call, StoreError> {
    batch.check()?;
    let mut keys = vec![prefix.merged(batch.instance)];
    let mut args = vec![clocks.decided_by(), number(batch.sequence), number(batch.matters_ms())];
    for owed in &batch.entries {
        let quota = owed.policy.quota;
        keys.push(prefix.limit(&owed.policy.name, owed.key));
        args.extend(limit::algorithm(owed.taken.algorithm(), quota));
        args.push(limit::taken(&owed.taken, quota));
    }
    Ok(Call { script: &MERGE, keys, args })
}

/// Reads the answer to [`call`].
pub(super) fn merged(mut answer: Answer) -> Result<(), StoreError> {
    match answer.integer()? {
        1 => answer.end(),
        3 => Err(StoreError::Corrupt { what: "sequence" }),
        _ => Err(UNEXPECTED),
    }
}
