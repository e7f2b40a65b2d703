//! Keys that the store denied a moment ago: asked again so soon it would say the same.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::EntryKey;
use super::expiring::{Expiring, Seed};
use crate::UnixMs;
use crate::limit::Decision;

/// For how long at most a key is refused without the store: so that a reset shows within this time.
pub const DENIED_MS_MAX: u64 = 5_000;
/// The most keys there are, of about 250 bytes each. A further one asks the store, as ever.
const KEYS_MAX: usize = 3_584;

/// The number of a policy in its configuration, and a key of it.
type Place = (usize, EntryKey);

/// The map, of one instance.
pub struct Denied(Mutex<Expiring<Known, Place>>);

/// What the store said.
#[derive(Clone, Copy)]
struct Known {
    /// What was asked for: of another cost it says nothing.
    cost: u64,
    decision: Decision,
    at: UnixMs,
}

impl Denied {
    /// An empty map. `seed`: 16 random bytes that key its hash.
    #[must_use]
    pub fn new(seed: [u8; 16]) -> Self {
        Self(Mutex::new(Expiring::new(KEYS_MAX, Seed::Keyed(seed))))
    }

    /// Notes that the store denied `cost` at `now`, and when it would not.
    pub fn note(&self, policy: usize, key: EntryKey, cost: u64, decision: Decision, now: UnixMs) {
        let Some(wait_ms) = decision.retry_after_ms.filter(|_| !decision.allowed) else { return };
        let mut denied = self.lock();
        let place = (policy, key);
        let ends = now.plus(wait_ms.min(DENIED_MS_MAX));
        // Without room the store is asked the next time.
        let _ = denied.insert(place, Known { cost, decision, at: now }, ends, now);
    }

    /// Whether any is known at `now`; those that ended are dropped.
    #[must_use]
    pub fn has_any(&self, now: UnixMs) -> bool {
        self.lock().first(now).is_some()
    }

    /// What the store would say to `cost` at `now`, where that is known to be no. By a clock that went
    /// back nothing is known.
    #[must_use]
    pub fn find(&self, policy: usize, key: EntryKey, cost: u64, now: UnixMs) -> Option<Decision> {
        let denied = self.lock();
        let known = denied.get(&(policy, key), now)?;
        if known.at > now || cost != known.cost {
            return None;
        }
        let passed_ms = now.since(known.at);
        let left = |ms: u64| ms.saturating_sub(passed_ms);
        let Decision { reset_ms, retry_after_ms, .. } = known.decision;
        let retry_after_ms = retry_after_ms.map(left);
        Some(Decision { reset_ms: left(reset_ms), retry_after_ms, ..known.decision })
    }

    /// Forgets a key.
    pub fn forget(&self, policy: usize, key: EntryKey) {
        self.lock().remove(&(policy, key));
    }

    /// Forgets all of them.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Expiring<Known, Place>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says how many there are, never whose.
impl fmt::Debug for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Denied").field(&self.lock().len()).finish()
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::store::contract::key;

    const NOW: UnixMs = UnixMs(1_700_000_000_000);

    fn denial(wait_ms: u64) -> Decision {
        let (reset_ms, retry_after_ms) = (wait_ms.saturating_add(9), Some(wait_ms));
        Decision { allowed: false, limit: 5, remaining: 0, reset_ms, retry_after_ms }
    }

    fn denied() -> Denied {
        Denied::new([7; 16])
    }

    #[test]
    fn a_denial_is_known_until_its_wait_is_over_and_for_five_seconds_at_most() {
        for (wait_ms, known_ms) in [(1, 1), (4_999, 4_999), (5_000, 5_000), (3_600_000, 5_000)] {
            let denied = denied();
            denied.note(0, key("k"), 1, denial(wait_ms), NOW);
            let found = denied.find(0, key("k"), 1, NOW.plus(known_ms - 1)).unwrap();
            assert_eq!(found, denial(wait_ms - (known_ms - 1)));
            assert_eq!(denied.find(0, key("k"), 1, NOW.plus(known_ms)), None);
        }
    }

    #[test]
    fn it_is_of_one_key_of_one_policy_and_of_one_cost() {
        let denied = denied();
        denied.note(0, key("k"), 3, denial(100), NOW);
        assert_eq!(denied.find(1, key("k"), 3, NOW), None);
        assert_eq!(denied.find(0, key("l"), 3, NOW), None);
        assert_eq!([2, 4].map(|cost| denied.find(0, key("k"), cost, NOW)), [None, None]);
        assert!(denied.find(0, key("k"), 3, NOW).is_some());
        denied.note(0, key("k"), 2, denial(50), NOW);
        assert!(denied.find(0, key("k"), 2, NOW).is_some());
        denied.forget(0, key("k"));
        assert_eq!(denied.find(0, key("k"), 2, NOW), None);
    }

    #[test]
    fn there_is_none_once_all_have_ended_or_are_forgotten() {
        let denied = denied();
        assert!(!denied.has_any(NOW));
        denied.note(0, key("k"), 1, denial(100), NOW);
        assert!(denied.has_any(NOW.plus(99)));
        assert!(!denied.has_any(NOW.plus(100)));
        denied.note(0, key("k"), 1, denial(100), NOW);
        denied.clear();
        assert!(!denied.has_any(NOW));
    }

    #[test]
    fn by_a_clock_that_went_back_nothing_is_known() {
        let denied = denied();
        denied.note(0, key("k"), 1, denial(100), NOW);
        assert_eq!(denied.find(0, key("k"), 1, NOW.minus(1)), None);
    }

    #[test]
    fn what_is_allowed_or_never_will_be_is_not_noted_and_a_full_map_takes_no_more() {
        let denied = denied();
        denied.note(0, key("k"), 1, Decision { allowed: true, ..denial(100) }, NOW);
        denied.note(0, key("k"), 1, Decision { retry_after_ms: None, ..denial(100) }, NOW);
        assert_eq!(denied.find(0, key("k"), 1, NOW), None);
        for number in 0..=KEYS_MAX {
            denied.note(number, key("k"), 1, denial(100), NOW);
        }
        assert!(denied.find(0, key("k"), 1, NOW).is_some());
        assert_eq!(denied.find(KEYS_MAX, key("k"), 1, NOW), None);
    }
}
