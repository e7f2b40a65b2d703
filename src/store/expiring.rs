//! A bounded map whose entries end by themselves.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::ops::Bound;

use siphasher::sip::SipHasher13;

use super::EntryKey;
use crate::UnixMs;
use crate::planted::{self, Bug};

/// How a map hashes its keys, so that nobody outside can choose ones that collide.
#[derive(Clone, Copy)]
pub(super) enum Seed {
    /// With this key. In wasm the standard library's random state is not random, so it comes in.
    Keyed([u8; 16]),
    /// Not at all: they are keyed hashes themselves.
    #[cfg(feature = "npm")]
    Hashed,
}

/// What a [`Seed`] hashes with.
pub(super) enum KeyHasher {
    Keyed(SipHasher13),
    #[cfg(feature = "npm")]
    Hashed(u64),
}

impl BuildHasher for Seed {
    type Hasher = KeyHasher;

    fn build_hasher(&self) -> KeyHasher {
        match self {
            Self::Keyed(key) => KeyHasher::Keyed(SipHasher13::new_with_key(key)),
            #[cfg(feature = "npm")]
            Self::Hashed => KeyHasher::Hashed(0),
        }
    }
}

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        match self {
            Self::Keyed(hasher) => hasher.write(bytes),
            #[cfg(feature = "npm")]
            Self::Hashed(hash) => {
                *hash = bytes.first_chunk().map_or(0, |first| u64::from_le_bytes(*first));
            }
        }
    }

    fn finish(&self) -> u64 {
        match self {
            Self::Keyed(hasher) => hasher.finish(),
            #[cfg(feature = "npm")]
            Self::Hashed(hash) => *hash,
        }
    }
}

/// Says how many entries there are, never whose.
impl<V, K> fmt::Debug for Expiring<V, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expiring").field("len", &self.entries.len()).finish_non_exhaustive()
    }
}

/// There is no room, and every entry there is still lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

/// At most `capacity` entries, each living while `now` is before its end.
///
/// A full map drops an entry that ended to take a newcomer in, one for one, and no other: an
/// entry that lives is never evicted. An entry that ended stays until then, so it lives again for
/// a clock that goes backwards. Every operation is O(log n): the queue holds each entry exactly
/// once, at its true end.
pub(super) struct Expiring<V, K = EntryKey> {
    entries: HashMap<K, Entry<V>, Seed>,
    queue: BTreeSet<(UnixMs, K)>,
    capacity: usize,
}

struct Entry<V> {
    value: V,
    expires: UnixMs,
}

impl<V, K: Copy + Hash + Ord> Expiring<V, K> {
    pub(super) fn new(capacity: usize, seed: Seed) -> Self {
        Self { entries: HashMap::with_hasher(seed), queue: BTreeSet::new(), capacity }
    }

    /// The value of a live entry.
    pub(super) fn get(&self, key: &K, now: UnixMs) -> Option<&V> {
        self.entries.get(key).filter(|entry| now < entry.expires).map(|entry| &entry.value)
    }

    /// The value of an entry, ended or not, as long as it is there.
    pub(super) fn kept(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|entry| &entry.value)
    }

    /// When a live entry ends.
    pub(super) fn expires(&self, key: &K, now: UnixMs) -> Option<UnixMs> {
        self.entries.get(key).map(|entry| entry.expires).filter(|expires| now < *expires)
    }

    /// How many entries there are, ended ones included that no newcomer has replaced yet.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The live entry that ends first, and its end. Those that ended are dropped on the way.
    pub(super) fn first(&mut self, now: UnixMs) -> Option<(K, &V, UnixMs)> {
        while let Some(&(expires, key)) = self.queue.first() {
            if now < expires {
                return self.entries.get(&key).map(|entry| (key, &entry.value, expires));
            }
            self.remove(&key);
        }
        None
    }

    /// The first live entry that ends after `place`, where a walk over all of them has come, and its end.
    pub(super) fn after(&self, place: Option<(UnixMs, K)>, now: UnixMs) -> Option<(K, &V, UnixMs)> {
        let from = place.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rest = self.queue.range((from, Bound::Unbounded));
        let &(expires, key) = rest.find(|(expires, _)| now < *expires)?;
        self.entries.get(&key).map(|entry| (key, &entry.value, expires))
    }

    /// Whether a newcomer fits beside `reserved` others. O(`reserved`).
    pub(super) fn has_room(&self, reserved: usize, now: UnixMs) -> bool {
        let ended = self
            .queue
            .iter()
            .take_while(|(expires, _)| *expires <= now)
            .take(reserved.saturating_add(1))
            .count();
        self.entries.len().saturating_sub(ended).saturating_add(reserved) < self.capacity
    }

    /// Writes an entry, in place of one with the same key. The value that ended and was dropped to
    /// make room for a newcomer, if one was.
    pub(super) fn insert(
        &mut self,
        key: K,
        value: V,
        expires: UnixMs,
        now: UnixMs,
    ) -> Result<Option<V>, Full> {
        if let Some(entry) = self.entries.get_mut(&key) {
            if entry.expires != expires {
                self.queue.remove(&(entry.expires, key));
                self.queue.insert((expires, key));
            }
            *entry = Entry { value, expires };
            return Ok(None);
        }
        let dropped = self.make_room(now)?;
        self.queue.insert((expires, key));
        self.entries.insert(key, Entry { value, expires });
        Ok(dropped)
    }

    /// Changes a live entry where it stands, found once: `change` makes what is told of its value, and the value and
    /// end to write, if there is something to write. `None` where there is no such entry, or `change` says so.
    pub(super) fn update<T>(
        &mut self,
        key: &K,
        now: UnixMs,
        change: impl FnOnce(&V) -> Option<(T, Option<(V, UnixMs)>)>,
    ) -> Option<T> {
        let entry = self.entries.get_mut(key).filter(|entry| now < entry.expires)?;
        let (told, written) = change(&entry.value)?;
        if let Some((value, expires)) = written {
            if entry.expires != expires {
                self.queue.remove(&(entry.expires, *key));
                self.queue.insert((expires, *key));
            }
            *entry = Entry { value, expires };
        }
        Some(told)
    }

    /// Removes an entry, whether or not it has ended.
    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        let entry = self.entries.remove(key)?;
        self.queue.remove(&(entry.expires, *key));
        Some(entry.value)
    }

    /// Removes the entry that ended first, if one did.
    pub(super) fn pop_ended(&mut self, now: UnixMs) -> Option<(K, V)> {
        let &(_, key) = self.queue.first().filter(|(expires, _)| *expires <= now)?;
        Some((key, self.remove(&key)?))
    }

    /// Removes all entries.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.queue.clear();
    }

    fn make_room(&mut self, now: UnixMs) -> Result<Option<V>, Full> {
        if self.entries.len() < self.capacity {
            return Ok(None);
        }
        match self.queue.first() {
            Some(&(_, key)) if planted::is(Bug::LivingEvicted) => Ok(self.remove(&key)),
            Some(&(expires, key)) if expires <= now => Ok(self.remove(&key)),
            _ => Err(Full),
        }
    }
}

impl<V: Ord + Copy, K: Copy + Hash + Ord> Expiring<V, K> {
    /// Writes an entry that only ever extends: of the value and of the end, the later one stays.
    pub(super) fn extend(
        &mut self,
        key: K,
        value: V,
        expires: UnixMs,
        now: UnixMs,
    ) -> Result<(), Full> {
        let (value, expires) = match self.entries.get(&key) {
            Some(entry) => (value.max(entry.value), expires.max(entry.expires)),
            None => (value, expires),
        };
        self.insert(key, value, expires, now).map(drop)
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::store::KeySpace;

    const CAPACITY: usize = 5;

    fn key(number: u8) -> EntryKey {
        EntryKey::new(KeySpace::Token, "issuer", &number.to_string())
    }

    fn map() -> Expiring<u64> {
        Expiring::new(CAPACITY, Seed::Keyed([7; 16]))
    }

    #[test]
    fn an_entry_lives_until_just_before_its_end() {
        let mut map = map();
        map.insert(key(1), 10, UnixMs(100), UnixMs(0)).unwrap();
        assert_eq!(map.get(&key(1), UnixMs(99)), Some(&10));
        assert_eq!(map.get(&key(1), UnixMs(100)), None);
        assert_eq!(map.expires(&key(1), UnixMs(99)), Some(UnixMs(100)));
        assert_eq!(map.expires(&key(1), UnixMs(100)), None);
    }

    #[test]
    fn extending_keeps_the_later_value_and_the_later_end() {
        let mut map = map();
        map.extend(key(1), 10, UnixMs(100), UnixMs(0)).unwrap();
        map.extend(key(1), 5, UnixMs(50), UnixMs(0)).unwrap();
        assert_eq!(map.get(&key(1), UnixMs(99)), Some(&10));
        map.extend(key(1), 20, UnixMs(200), UnixMs(150)).unwrap();
        assert_eq!(map.get(&key(1), UnixMs(199)), Some(&20));
    }

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u8, u64),
        Extend(u8, u64),
        Remove(u8),
        Pass(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0..12_u8, 0..40_u64).prop_map(|(key, life)| Step::Insert(key, life)),
            (0..12_u8, 0..40_u64).prop_map(|(key, life)| Step::Extend(key, life)),
            (0..12_u8).prop_map(Step::Remove),
            (0..20_u64).prop_map(Step::Pass),
        ]
    }

    proptest! {
        #[test]
        fn a_live_entry_is_never_lost_and_full_is_said_only_when_all_live(
            steps in proptest::collection::vec(step(), 1..200)
        ) {
            // The model: ends by key, of entries that were taken in and not removed.
            let (mut map, mut model, mut now) = (map(), BTreeMap::new(), UnixMs(0));
            for step in steps {
                model.retain(|_, expires| now < *expires);
                let fits = |number| model.contains_key(&number) || model.len() < CAPACITY;
                match step {
                    Step::Insert(number, life) => {
                        let fits = fits(number);
                        prop_assert_eq!(map.has_room(0, now), model.len() < CAPACITY);
                        let written = map.insert(key(number), 0, now.plus(life), now);
                        prop_assert_eq!(written.is_ok(), fits);
                        if fits {
                            model.insert(number, now.plus(life));
                        }
                    }
                    Step::Extend(number, life) => {
                        let fits = fits(number);
                        let written = map.extend(key(number), 0, now.plus(life), now);
                        prop_assert_eq!(written.is_ok(), fits);
                        if fits {
                            let expires = model.entry(number).or_default();
                            *expires = now.plus(life).max(*expires);
                        }
                    }
                    Step::Remove(number) => {
                        map.remove(&key(number));
                        model.remove(&number);
                    }
                    Step::Pass(passed) => now = now.plus(passed),
                }
                for number in 0..12 {
                    let expected = model.get(&number).copied().filter(|expires| now < *expires);
                    prop_assert_eq!(map.expires(&key(number), now), expected);
                }
                prop_assert!(map.entries.len() <= CAPACITY);
                prop_assert_eq!(map.queue.len(), map.entries.len());
            }
        }
    }
}
