//! adjust.

use super::admit;
use super::keys::KeyPrefix;
use super::limit;
use super::reply::Answer;
use super::script::{ADJUST, Call};
use super::time::Clocks;
use crate::limit::{Adjustment, Policy};
use crate::store::{EntryKey, Outcome, StoreError, Take};

pub(super) fn call(
    prefix: &KeyPrefix,
    policy: &Policy,
    key: EntryKey,
    by: Adjustment,
    clocks: Clocks,
) -> Call {
    let quota = policy.quota;
    let (mode, cost) = match by {
        Adjustment::Take(cost) => ("take", cost),
        Adjustment::Give(cost) => ("give", cost),
    };
    let mut args = vec![clocks.decided_by(), mode.to_owned()];
    // No more than the quota holds counts.
    args.push(cost.min(quota.limit().max(quota.burst())).to_string());
    args.extend(limit::algorithm(policy.algorithm, quota));
    Call { script: &ADJUST, keys: vec![prefix.limit(&policy.name, key)], args }
}

/// Reads the answer to [`call`].
pub(super) fn adjusted(
    policy: &Policy,
    key: EntryKey,
    mut answer: Answer,
) -> Result<Outcome, StoreError> {
    let outcome = admit::outcome(&Take { policy, key, cost: 1 }, &mut answer)?;
    answer.end()?;
    Ok(outcome)
}
