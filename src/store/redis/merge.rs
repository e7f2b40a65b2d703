//! merge.

use super::keys::KeyPrefix;
use super::reply::{Answer, UNEXPECTED};
use super::script::{Call, MERGE, number};
use super::time::Clocks;
use crate::limit::State;
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
        let State::SlidingWindow(taken) = owed.taken;
        let [start, previous, current] = taken.parts();
        args.extend([quota.limit(), quota.window_ms()].map(|number| number.to_string()));
        args.push(number(start));
        // More than the limit adds no more, and need not fit a double.
        args.extend([previous, current].map(|count| count.min(quota.limit()).to_string()));
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
