//! Revocations this instance acknowledged and the store has not taken yet.
//!
//! Bounded by scope, so that no flood of one kind takes another's room. Entries only ever extend,
//! so writing one again, in whatever order, changes nothing that was right.

use std::fmt;

use super::expiring::{Expiring, Full, Seed};
use super::{Revocation, RevocationScope};
use crate::UnixMs;

/// Room for tokens, and for sessions and for subjects each.
const TOKENS_MAX: usize = 3_072;
const OTHERS_MAX: usize = 1_024;

/// The revocations to be replayed.
pub struct Journal {
    // The value is when it was acknowledged: where a subject is cut.
    tokens: Expiring<UnixMs>,
    sessions: Expiring<UnixMs>,
    subjects: Expiring<UnixMs>,
}

/// No room: the revocation must not be acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalFull;

impl Journal {
    /// An empty journal. `seed`: 16 random bytes that key its maps.
    #[must_use]
    pub fn new(seed: [u8; 16]) -> Self {
        let seed = Seed::Keyed(seed);
        Self {
            tokens: Expiring::new(TOKENS_MAX, seed),
            sessions: Expiring::new(OTHERS_MAX, seed),
            subjects: Expiring::new(OTHERS_MAX, seed),
        }
    }

    /// Keeps a revocation acknowledged at `now`, or extends what is kept of it.
    ///
    /// # Errors
    /// [`JournalFull`].
    pub fn keep(&mut self, revocation: &Revocation, now: UnixMs) -> Result<(), JournalFull> {
        let Revocation { scope, key, expires, acknowledged } = *revocation;
        let at = acknowledged.unwrap_or(now);
        self.of(scope).extend(key, at, expires, now).map_err(|Full| JournalFull)
    }

    /// The next one to be replayed: subjects first, whose cut is most, then sessions, then tokens.
    pub fn next(&mut self, now: UnixMs) -> Option<Revocation> {
        let scopes = [RevocationScope::Subject, RevocationScope::Session, RevocationScope::Token];
        scopes.into_iter().find_map(|scope| {
            let (key, &at, expires) = self.of(scope).first(now)?;
            Some(Revocation { scope, key, expires, acknowledged: Some(at) })
        })
    }

    /// Forgets what the store has taken. What was extended meanwhile stays.
    pub fn done(&mut self, replayed: &Revocation, now: UnixMs) {
        let Revocation { scope, key, expires, acknowledged } = *replayed;
        let kept = self.of(scope);
        let same = kept.expires(&key, now) == Some(expires)
            && kept.get(&key, now).copied() == acknowledged;
        if same {
            kept.remove(&key);
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        let maps = [&self.tokens, &self.sessions, &self.subjects];
        maps.into_iter().map(Expiring::len).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    const fn of(&mut self, scope: RevocationScope) -> &mut Expiring<UnixMs> {
        match scope {
            RevocationScope::Token => &mut self.tokens,
            RevocationScope::Session => &mut self.sessions,
            RevocationScope::Subject => &mut self.subjects,
        }
    }
}

/// Says how many, never whose.
impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").field("len", &self.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::store::{EntryKey, KeySpace};

    const NOW: UnixMs = UnixMs(1_700_000_000_000);

    fn revocation(scope: RevocationScope, name: usize, life_ms: u64) -> Revocation {
        let key = EntryKey::new(KeySpace::Token, "issuer", &name.to_string());
        Revocation { scope, key, expires: NOW.plus(life_ms), acknowledged: None }
    }

    #[test]
    fn each_comes_back_once_with_the_time_it_was_acknowledged_until_it_is_done() {
        let mut journal = Journal::new([7; 16]);
        let (token, subject) = (
            revocation(RevocationScope::Token, 1, 500),
            revocation(RevocationScope::Subject, 2, 900),
        );
        journal.keep(&token, NOW).unwrap();
        journal.keep(&subject, NOW.plus(5)).unwrap();
        let first = journal.next(NOW.plus(10)).unwrap();
        assert_eq!(first, Revocation { acknowledged: Some(NOW.plus(5)), ..subject });
        assert_eq!(journal.next(NOW.plus(10)), Some(first), "until it is done");
        journal.done(&first, NOW.plus(10));
        let second = journal.next(NOW.plus(10)).unwrap();
        assert_eq!(second, Revocation { acknowledged: Some(NOW), ..token });
        journal.done(&second, NOW.plus(10));
        assert_eq!(journal.next(NOW.plus(10)), None);
        assert!(journal.is_empty());
    }

    #[test]
    fn what_was_revoked_again_while_it_was_replayed_stays() {
        let mut journal = Journal::new([7; 16]);
        let subject = revocation(RevocationScope::Subject, 1, 500);
        journal.keep(&subject, NOW).unwrap();
        let replayed = journal.next(NOW).unwrap();
        journal.keep(&subject, NOW.plus(7)).unwrap();
        journal.done(&replayed, NOW.plus(8));
        assert_eq!(journal.next(NOW.plus(8)).unwrap().acknowledged, Some(NOW.plus(7)));
    }

    #[test]
    fn what_has_ended_is_not_replayed() {
        let mut journal = Journal::new([7; 16]);
        journal.keep(&revocation(RevocationScope::Token, 1, 500), NOW).unwrap();
        assert_eq!(journal.next(NOW.plus(500)), None);
        assert!(journal.is_empty());
    }

    #[test]
    fn a_full_journal_refuses_one_kind_and_takes_the_others() {
        let mut journal = Journal::new([7; 16]);
        for name in 0..TOKENS_MAX {
            journal.keep(&revocation(RevocationScope::Token, name, 500), NOW).unwrap();
        }
        let one_more = revocation(RevocationScope::Token, TOKENS_MAX, 500);
        assert_eq!(journal.keep(&one_more, NOW), Err(JournalFull));
        journal.keep(&revocation(RevocationScope::Token, 0, 900), NOW).unwrap();
        journal.keep(&revocation(RevocationScope::Session, 1, 500), NOW).unwrap();
        journal.keep(&revocation(RevocationScope::Subject, 1, 500), NOW).unwrap();
    }
}
