//! The verified-token cache: tokens whose signature held, so that it need not be checked again.
//!
//! Only the signature and the decoding are saved. A hit has passed [`super::select`] as any token
//! does (size, header, `typ`, key, its retirement), must be of the same key, and its claims are
//! checked against policy and time, and it against revocations, as ever. What was refused is not
//! remembered.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use siphasher::sip::SipHasher13;

use super::{KeyId, Selected, Signed};

/// What an entry takes beside its token and payload, in bytes, at most: its places in map and
/// queue, both as badly filled as they get, and what an allocator adds. `tests/token_cache_memory.rs` holds
/// the cache to it.
const ENTRY_BYTES: usize = 256;
/// How many entries in use one newcomer may pass over in search of one that is not.
const CHANCES: usize = 8;

/// How much a cache may hold; 0 in either is none at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheBounds {
    /// The most tokens.
    pub entries: usize,
    /// The most bytes, all told.
    pub bytes: usize,
}

impl Default for CacheBounds {
    /// About 4,500 tokens of our own form, of 400 bytes.
    fn default() -> Self {
        Self { entries: 8192, bytes: 4 << 20 }
    }
}

/// Tokens whose signature held, within bounds.
///
/// Every operation takes one hash of the token and a bounded number of steps. The hash is keyed by
/// the instance's random bytes, so nobody can choose tokens that meet in it, and the whole text is
/// compared. Newcomers have a quarter of the room to themselves, and the one that came first leaves
/// first; one that was asked for meanwhile moves into the rest, where likewise the oldest leaves,
/// unless it was asked for since its turn came last. So whoever presents ever new tokens displaces
/// other newcomers alone, and whoever presents each twice displaces one token in use with each, at
/// most; what is displaced costs a signature check the next time, and nothing else.
pub struct TokenCache {
    seed: [u8; 16],
    is_off: bool,
    state: Mutex<State>,
}

/// A token and its payload as signed, in one text.
pub(super) struct Verified {
    text: Box<str>,
    token_bytes: usize,
    key: KeyId,
}

impl Verified {
    pub(super) fn payload(&self) -> &str {
        self.text.get(self.token_bytes..).unwrap_or_default()
    }

    fn is(&self, token: &str, key: KeyId) -> bool {
        self.key == key && self.text.get(..self.token_bytes) == Some(token)
    }

    fn cost(&self) -> usize {
        self.text.len().saturating_add(ENTRY_BYTES)
    }
}

impl TokenCache {
    /// An empty cache. `seed`: random bytes, which key its hash.
    #[must_use]
    pub fn new(bounds: CacheBounds, seed: [u8; 16]) -> Self {
        let CacheBounds { entries, bytes } = bounds;
        let is_off = entries == 0 || bytes == 0;
        let newcomers = Queue::new(entries.div_ceil(4), bytes.div_ceil(4));
        let (entries, bytes) =
            (entries.saturating_sub(newcomers.len_max), bytes.saturating_sub(newcomers.bytes_max));
        let state = State {
            slots: HashMap::default(),
            newcomers,
            in_use: Queue::new(entries, bytes),
            turn: 0,
        };
        Self { seed, is_off, state: Mutex::new(state) }
    }

    /// Step two by memory: the token, if its very text has passed it before by the same key; else
    /// it comes back.
    ///
    /// # Errors
    /// The token, when it is not remembered.
    pub fn recall<'t, 'k>(
        &self,
        selected: Selected<'t, 'k>,
    ) -> Result<Signed<'t>, Selected<'t, 'k>> {
        if self.is_off {
            return Err(selected);
        }
        let token = selected.token();
        match self.with(|state| state.get(self.hash(token), token, selected.key().id())) {
            Some(verified) => Ok(selected.remembered(verified)),
            None => Err(selected),
        }
    }

    /// Remembers a token whose signature holds, if it is not remembered yet.
    pub fn keep(&self, signed: &Signed<'_>) {
        let Some((token, payload, key)) = signed.to_remember().filter(|_| !self.is_off) else {
            return;
        };
        let text = [token, payload].concat().into_boxed_str();
        let verified = Verified { text, token_bytes: token.len(), key };
        self.with(|state| state.insert(self.hash(token), verified));
    }

    /// Forgets a token, by its text.
    pub fn forget(&self, token: &str) {
        self.with(|state| state.remove(self.hash(token)));
    }

    /// Whether it remembers nothing at all.
    #[must_use]
    pub const fn is_off(&self) -> bool {
        self.is_off
    }

    /// How many tokens are remembered, and how many bytes they take at most.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        self.with(|state| {
            (state.slots.len(), state.newcomers.bytes.saturating_add(state.in_use.bytes))
        })
    }

    fn hash(&self, token: &str) -> u64 {
        let mut hasher = SipHasher13::new_with_key(&self.seed);
        hasher.write(token.as_bytes());
        hasher.finish()
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Shows nothing of what it holds.
impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache").finish_non_exhaustive()
    }
}

struct State {
    slots: HashMap<u64, Slot, BuildHasherDefault<Hashed>>,
    newcomers: Queue,
    in_use: Queue,
    /// Counts entries, so that a queue's item tells whose it is.
    turn: u64,
}

struct Slot {
    verified: Arc<Verified>,
    turn: u64,
    is_newcomer: bool,
    /// Asked for since it was last looked at.
    used: bool,
}

/// Entries in the order they came. One that was removed stays as an item until it is its turn, and
/// counts: so the items are bounded too.
struct Queue {
    items: VecDeque<(u64, u64)>,
    bytes: usize,
    len_max: usize,
    bytes_max: usize,
}

impl Queue {
    fn new(len_max: usize, bytes_max: usize) -> Self {
        Self { items: VecDeque::new(), bytes: 0, len_max, bytes_max }
    }

    fn is_over(&self) -> bool {
        self.items.len() > self.len_max || self.bytes > self.bytes_max
    }

    fn push(&mut self, hash: u64, slot: &Slot) {
        self.items.push_back((hash, slot.turn));
        self.bytes = self.bytes.saturating_add(slot.verified.cost());
    }

    fn leave(&mut self, slot: &Slot) {
        self.bytes = self.bytes.saturating_sub(slot.verified.cost());
    }
}

impl State {
    fn get(&mut self, hash: u64, token: &str, key: KeyId) -> Option<Arc<Verified>> {
        let slot = self.slots.get_mut(&hash)?;
        if !slot.verified.is(token, key) {
            return None;
        }
        slot.used = true;
        Some(Arc::clone(&slot.verified))
    }

    fn insert(&mut self, hash: u64, verified: Verified) {
        if verified.cost() > self.newcomers.bytes_max {
            return;
        }
        // Of another key, or one of the few that meet by chance.
        self.remove(hash);
        self.turn = self.turn.wrapping_add(1);
        let (verified, turn) = (Arc::new(verified), self.turn);
        let slot = Slot { verified, turn, is_newcomer: true, used: false };
        self.newcomers.push(hash, &slot);
        self.slots.insert(hash, slot);
        while self.newcomers.is_over() && self.place_oldest_newcomer().is_some() {}
    }

    fn remove(&mut self, hash: u64) {
        let Some(slot) = self.slots.remove(&hash) else { return };
        let queue = if slot.is_newcomer { &mut self.newcomers } else { &mut self.in_use };
        queue.leave(&slot);
    }

    /// The newcomer that came first moves among those in use, or goes.
    fn place_oldest_newcomer(&mut self) -> Option<()> {
        let (hash, turn) = self.newcomers.items.pop_front()?;
        let Some(slot) = self.slots.get_mut(&hash).filter(|slot| slot.turn == turn) else {
            return Some(());
        };
        if !slot.used {
            self.remove(hash);
            return Some(());
        }
        (slot.used, slot.is_newcomer) = (false, false);
        self.newcomers.leave(slot);
        self.in_use.push(hash, slot);
        let mut chances = CHANCES;
        while self.in_use.is_over() && self.pass_oldest_in_use(&mut chances).is_some() {}
        Some(())
    }

    /// The oldest of those in use goes, unless it was asked for and a chance is left.
    fn pass_oldest_in_use(&mut self, chances: &mut usize) -> Option<()> {
        let (hash, turn) = self.in_use.items.pop_front()?;
        let Some(slot) = self.slots.get_mut(&hash).filter(|slot| slot.turn == turn) else {
            return Some(());
        };
        if slot.used && *chances > 0 {
            *chances = chances.saturating_sub(1);
            slot.used = false;
            self.in_use.items.push_back((hash, turn));
        } else {
            self.remove(hash);
        }
        Some(())
    }
}

/// Passes a hash on: the keys of the map are hashes already.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Only `write_u64` is called; this keeps the promise of the trait all the same.
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests;
