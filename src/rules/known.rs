//! The rules an instance knows.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Rules;
use crate::UnixMs;

/// How long an instance that no store tells of new rules goes without asking for them, in milliseconds.
const ASK_MS: u64 = 30_000;

/// The rules an instance knows, and when it last heard that they are the ones.
#[derive(Default)]
pub struct KnownRules(Mutex<Known>);

#[derive(Default)]
struct Known {
    rules: Arc<Rules>,
    heard: Option<UnixMs>,
    /// A version that could not be read: asked for once.
    unreadable: Option<u64>,
}

/// What a version that a store tells of is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The one that is known, or one that cannot be read.
    Known,
    /// A later one than is known.
    Later,
    /// An earlier one: the store lost what it had.
    Earlier,
}

impl KnownRules {
    /// The rules as they are known.
    #[must_use]
    pub fn get(&self) -> Arc<Rules> {
        Arc::clone(&self.lock().rules)
    }

    /// What `version` is to them, of which a store told at `now`.
    #[must_use]
    pub fn hear(&self, version: u64, now: UnixMs) -> Heard {
        let mut known = self.lock();
        known.heard = Some(now);
        let own = known.rules.version();
        if version == own || known.unreadable == Some(version) {
            Heard::Known
        } else if version > own {
            Heard::Later
        } else {
            Heard::Earlier
        }
    }

    /// Whether it is time to ask for them at `now`, since no store told of any for long. Counts as asked.
    #[must_use]
    pub fn is_due(&self, now: UnixMs) -> bool {
        let mut known = self.lock();
        // By a clock that went back it is due.
        let due = known.heard.is_none_or(|heard| heard > now || now.since(heard) >= ASK_MS);
        if due {
            known.heard = Some(now);
        }
        due
    }

    /// Takes `rules` for the ones there are, unless later ones are known.
    pub fn adopt(&self, rules: Rules) {
        let mut known = self.lock();
        if rules.version() >= known.rules.version() {
            known.rules = Arc::new(rules);
        }
    }

    /// Takes none for the ones there are.
    pub fn forget(&self) {
        self.lock().rules = Arc::default();
    }

    /// Notes a version that cannot be read. Whether that is new.
    pub fn give_up(&self, version: u64) -> bool {
        self.lock().unreadable.replace(version) != Some(version)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says which they are, never whose.
impl fmt::Debug for KnownRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KnownRules").field(&self.lock().rules.version()).finish()
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const NOW: UnixMs = UnixMs(1_700_000_000_000);

    #[test]
    fn a_version_is_earlier_known_or_later_and_an_unreadable_one_is_asked_for_once() {
        let known = KnownRules::default();
        assert_eq!(known.hear(0, NOW), Heard::Known);
        assert_eq!(known.hear(5, NOW), Heard::Later);
        known.adopt(Rules::default().with_version(5));
        assert_eq!(known.hear(5, NOW), Heard::Known);
        assert_eq!(known.hear(4, NOW), Heard::Earlier);
        known.adopt(Rules::default().with_version(4));
        assert_eq!(known.get().version(), 5, "later ones stay");
        assert!(known.give_up(6));
        assert!(!known.give_up(6));
        assert_eq!(known.hear(6, NOW), Heard::Known);
        assert_eq!(known.hear(7, NOW), Heard::Later);
    }

    #[test]
    fn it_is_due_at_first_and_half_a_minute_after_it_was_heard_or_asked() {
        let known = KnownRules::default();
        assert!(known.is_due(NOW));
        assert!(!known.is_due(NOW.plus(ASK_MS - 1)));
        let _ = known.hear(0, NOW.plus(10));
        assert!(!known.is_due(NOW.plus(ASK_MS + 9)));
        assert!(known.is_due(NOW.plus(ASK_MS + 10)));
        assert!(known.is_due(NOW), "a clock that went back");
    }
}
