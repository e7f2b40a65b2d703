//! Cost this instance admitted by itself and never told the store: what is merged once it is back.
//!
//! Only takes that were not sent are owed. One whose outcome is unknown may have been counted by the
//! store, and is never charged again.

use std::collections::BTreeMap;
use std::fmt;

use super::expiring::{Expiring, Full, Seed};
use super::{EntryKey, InstanceId, MergeBatch, Owed, Take};
use crate::UnixMs;
use crate::limit::{Policy, PolicyName, Quota, State};

/// Policies that may owe: as many as there can be configured.
const POLICIES_MAX: usize = 16;
/// Keys each of them may owe for.
const KEYS_PER_POLICY_MAX: usize = 1_024;

/// What is owed, and the batch that is under way.
pub struct Ledger {
    /// By policy and key, with the quota the key had.
    owed: BTreeMap<PolicyName, Expiring<(Quota, State)>>,
    /// Sent and not acknowledged: sent again as it is, under the same number, until it is or its
    /// windows are over.
    sent: Option<(MergeBatch, UnixMs)>,
    /// Keys whose cost was given up with a batch.
    lost: usize,
    sequence: u64,
    instance: InstanceId,
    seed: Seed,
}

/// No room: what was taken will not be merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerFull;

impl Ledger {
    /// An empty ledger of `instance`. `seed`: 16 random bytes that key its maps.
    #[must_use]
    pub const fn new(instance: InstanceId, seed: [u8; 16]) -> Self {
        let seed = Seed::Keyed(seed);
        Self { owed: BTreeMap::new(), sent: None, lost: 0, sequence: 0, instance, seed }
    }

    /// Notes that `take` was admitted at `now` and not sent.
    ///
    /// # Errors
    /// [`LedgerFull`].
    pub fn owe(&mut self, take: &Take<'_>, now: UnixMs) -> Result<(), LedgerFull> {
        let Take { policy, key, cost } = *take;
        if self.owed.len() >= POLICIES_MAX && !self.owed.contains_key(&policy.name) {
            return Err(LedgerFull);
        }
        let seed = self.seed;
        let keys = self
            .owed
            .entry(policy.name.clone())
            .or_insert_with(|| Expiring::new(KEYS_PER_POLICY_MAX, seed));
        let empty = State::empty(policy.algorithm);
        let own = keys.get(&key, now).cloned();
        let state = own.map_or(empty, |(_, state)| state.of(policy.algorithm));
        let state = state.add(policy.quota, now, cost);
        let ends = state.free_at(policy.quota);
        keys.insert(key, (policy.quota, state), ends, now).map(drop).map_err(|Full| LedgerFull)
    }

    /// The batch to send next: the one that was not acknowledged, or else a new one. `policies`: all that
    /// are configured.
    pub fn next(&mut self, policies: &[Policy], now: UnixMs) -> Option<MergeBatch> {
        if let Some((batch, _)) = self.sent.take_if(|(_, ends)| *ends <= now) {
            self.lost = self.lost.saturating_add(batch.entries.len());
        }
        if self.sent.is_none() {
            let entries = self.draw(policies, now);
            if entries.is_empty() {
                return None;
            }
            self.sequence = self.sequence.saturating_add(1);
            let batch = MergeBatch { instance: self.instance, sequence: self.sequence, entries };
            let ends = now.plus(batch.matters_ms());
            self.sent = Some((batch, ends));
        }
        self.sent.as_ref().map(|(batch, _)| batch.clone())
    }

    /// Owes a key's cost no more. A batch that was sent may be sent again without it: if it was taken, it is not
    /// taken again.
    pub fn forget(&mut self, policy: &Policy, key: EntryKey) {
        if let Some(keys) = self.owed.get_mut(&policy.name) {
            keys.remove(&key);
        }
        if let Some((batch, _)) = &mut self.sent {
            batch.entries.retain(|owed| owed.key != key || owed.policy.name != policy.name);
        }
        self.sent.take_if(|(batch, _)| batch.entries.is_empty());
    }

    /// The batch of that number was taken.
    pub fn done(&mut self, sequence: u64) {
        if self.sent.as_ref().is_some_and(|(batch, _)| batch.sequence == sequence) {
            self.sent = None;
        }
    }

    /// How many keys' cost was given up with batches that were never taken, since this was last asked.
    pub fn take_lost(&mut self) -> usize {
        std::mem::take(&mut self.lost)
    }

    /// Whether nothing is owed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sent.is_none() && self.owed.values().all(|keys| keys.len() == 0)
    }

    /// Takes out up to a batch of what is owed for windows that still run.
    fn draw(&mut self, policies: &[Policy], now: UnixMs) -> Vec<Owed> {
        let mut entries = Vec::new();
        for policy in policies {
            let Some(keys) = self.owed.get_mut(&policy.name) else { continue };
            while entries.len() < MergeBatch::ENTRIES_MAX {
                let Some((key, ..)) = keys.first(now) else { break };
                let Some((quota, taken)) = keys.remove(&key) else { break };
                let policy = Policy { quota, ..policy.clone() };
                entries.push(Owed { policy, key, taken });
            }
        }
        entries
    }
}

/// Says whether there is anything, never whose.
impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("sequence", &self.sequence).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::limit::peek;
    use crate::store::contract::{policy, take};

    const NOW: UnixMs = UnixMs(1_700_000_000_000);

    fn ledger() -> Ledger {
        Ledger::new(InstanceId::new([1; 16]), [7; 16])
    }

    #[test]
    fn what_a_key_owes_is_added_up_and_leaves_once() {
        let (mut ledger, policy) = (ledger(), policy("p", 10, 60_000));
        ledger.owe(&take(&policy, "a", 2), NOW).unwrap();
        ledger.owe(&take(&policy, "a", 3), NOW.plus(5)).unwrap();
        let batch = ledger.next(std::slice::from_ref(&policy), NOW.plus(9)).unwrap();
        assert_eq!((batch.sequence, batch.entries.len()), (1, 1));
        let left = peek(&batch.entries[0].taken, policy.quota, NOW.plus(9), 1).remaining;
        assert_eq!(left, 5);
        ledger.done(1);
        assert!(ledger.is_empty());
        assert!(ledger.next(&[policy], NOW.plus(9)).is_none());
    }

    #[test]
    fn a_batch_that_was_not_acknowledged_goes_out_again_unchanged() {
        let (mut ledger, policies) = (ledger(), [policy("p", 10, 60_000)]);
        ledger.owe(&take(&policies[0], "a", 2), NOW).unwrap();
        let first = ledger.next(&policies, NOW).unwrap();
        ledger.owe(&take(&policies[0], "a", 1), NOW).unwrap();
        assert_eq!(ledger.next(&policies, NOW), Some(first), "what came later waits its turn");
        ledger.done(1);
        let second = ledger.next(&policies, NOW).unwrap();
        assert_eq!(second.sequence, 2);
        assert_eq!(peek(&second.entries[0].taken, policies[0].quota, NOW, 1).remaining, 9);
        ledger.done(1);
        assert!(!ledger.is_empty(), "an old acknowledgement ends nothing");
    }

    #[test]
    fn a_batch_that_was_never_taken_is_given_up_when_its_windows_are_over() {
        let (mut ledger, policies) = (ledger(), [policy("p", 10, 1_000)]);
        ledger.owe(&take(&policies[0], "a", 2), NOW).unwrap();
        assert!(ledger.next(&policies, NOW).is_some());
        assert!(ledger.next(&policies, NOW.plus(1_999)).is_some());
        assert!(ledger.next(&policies, NOW.plus(2_000)).is_none());
        assert_eq!((ledger.take_lost(), ledger.take_lost()), (1, 0));
        assert!(ledger.is_empty());
    }

    #[test]
    fn windows_that_are_over_owe_nothing() {
        let (mut ledger, policies) = (ledger(), [policy("p", 10, 1_000)]);
        ledger.owe(&take(&policies[0], "a", 2), NOW).unwrap();
        assert!(ledger.next(&policies, NOW.plus(2_000)).is_none());
        assert!(ledger.is_empty());
    }

    #[test]
    fn a_batch_has_at_most_a_hundred_keys_and_the_rest_follow() {
        let (mut ledger, policies) = (ledger(), [policy("p", 10, 60_000), policy("q", 10, 60_000)]);
        for number in 0..75 {
            for policy in &policies {
                ledger.owe(&take(policy, &number.to_string(), 1), NOW).unwrap();
            }
        }
        for (sequence, expected) in [(1, 100), (2, 50)] {
            let batch = ledger.next(&policies, NOW).unwrap();
            assert_eq!((batch.sequence, batch.entries.len()), (sequence, expected));
            ledger.done(sequence);
        }
        assert!(ledger.is_empty());
    }

    #[test]
    fn a_full_ledger_says_so_and_keeps_what_it_has() {
        let (mut ledger, policies) = (ledger(), [policy("p", 10, 60_000)]);
        for number in 0..KEYS_PER_POLICY_MAX {
            ledger.owe(&take(&policies[0], &number.to_string(), 1), NOW).unwrap();
        }
        assert_eq!(ledger.owe(&take(&policies[0], "one more", 1), NOW), Err(LedgerFull));
        ledger.owe(&take(&policies[0], "0", 1), NOW).unwrap();
    }
}
