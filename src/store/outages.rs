//! What one instance knows of its stores' health, and what it still has to tell them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::breaker::Breaker;
use super::expiring::{Expiring, Seed};
use super::journal::Journal;
use super::ledger::Ledger;
use super::{EntryKey, InstanceId, Revocation};
use crate::UnixMs;
use crate::planted::{self, Bug};

/// Tokens remembered as checked against the store. When there are more, the rest are refused in an
/// outage rather than let in.
const CHECKED_MAX: usize = 3_584;
/// How long to wait after a replay that failed, in milliseconds.
const REPLAY_WAIT_MS: u64 = 1_000;
/// How long one replay may take before another may begin, in milliseconds.
const REPLAY_MS_MAX: u64 = 15_000;

/// The state of failure handling: as long-lived as a wasm instance, empty at its start.
#[derive(Debug)]
pub struct Outages {
    /// The primary's breaker.
    pub primary: Breaker,
    /// The secondary's.
    pub secondary: Breaker,
    journal: Mutex<Journal>,
    ledger: Mutex<Ledger>,
    checked: Mutex<Expiring<()>>,
    /// Until when a replay is under way, in Unix milliseconds; 0 when none is.
    replaying_ms: AtomicU64,
    /// The primary has answered this instance at least once.
    met: AtomicBool,
    /// The primary's last call failed.
    failing: AtomicBool,
    /// The primary refused our credentials, and has answered nothing since.
    refused: AtomicBool,
    /// The primary's clock was off when it last answered.
    clock_off: AtomicBool,
    /// Until when a revocation would live that this instance saw and had no room for, in Unix
    /// milliseconds.
    forgotten_ms: AtomicU64,
    /// When a caller nobody knows last had the primary asked, in Unix milliseconds.
    asked_ms: AtomicU64,
    /// What named the primary's data when it last answered; 0 before that.
    epoch: AtomicU64,
    /// How far the primary, which lost its data, has been told again what this instance knows.
    retold: Mutex<Retelling>,
    /// How far the secondary was looked through.
    drained: Mutex<Option<String>>,
}

/// What became of the data that this instance wrote to the primary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data {
    /// They are there, or there were none.
    Kept,
    /// They were written before anything named them: it cannot be told.
    Unknown,
    /// Others are in their place.
    Lost,
}

/// A walk over all that this instance knows as revoked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Retold {
    /// Nothing is to be told again.
    #[default]
    All,
    /// Up to this one; `None` at the beginning.
    UpTo(Option<Revocation>),
}

/// The walk there is, by number: each loss of data begins another.
#[derive(Clone, Copy, Debug, Default)]
struct Retelling {
    walk: u64,
    retold: Retold,
}

/// A revocation to be told again, and the walk it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Again {
    /// What is told.
    pub revocation: Revocation,
    walk: u64,
}

impl Outages {
    /// Nothing is known yet. `probe_ms_max`: the deadline of a probe, in milliseconds; `seed`: 16
    /// random bytes.
    #[must_use]
    pub fn new(probe_ms_max: u64, seed: [u8; 16], instance: InstanceId) -> Self {
        Self {
            primary: Breaker::new(probe_ms_max, seed),
            secondary: Breaker::new(probe_ms_max, seed),
            journal: Mutex::new(Journal::new(seed)),
            ledger: Mutex::new(Ledger::new(instance, seed)),
            checked: Mutex::new(Expiring::new(CHECKED_MAX, Seed::Keyed(seed))),
            replaying_ms: AtomicU64::new(0),
            met: AtomicBool::new(false),
            failing: AtomicBool::new(false),
            refused: AtomicBool::new(false),
            clock_off: AtomicBool::new(false),
            forgotten_ms: AtomicU64::new(0),
            asked_ms: AtomicU64::new(0),
            epoch: AtomicU64::new(0),
            retold: Mutex::default(),
            drained: Mutex::default(),
        }
    }

    /// Looks into the journal, or writes to it.
    pub fn journal<T>(&self, work: impl FnOnce(&mut Journal) -> T) -> T {
        work(&mut self.journal.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks into the ledger, or writes to it.
    pub fn ledger<T>(&self, work: impl FnOnce(&mut Ledger) -> T) -> T {
        work(&mut self.ledger.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Where a walk over the secondary goes on; `None`: at its beginning.
    #[must_use]
    pub fn drained_to(&self) -> Option<String> {
        self.drained.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes where it is to go on.
    pub fn drain_from(&self, cursor: Option<String>) {
        *self.drained.lock().unwrap_or_else(PoisonError::into_inner) = cursor;
    }

    /// Whether the store has not been told everything.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.journal(|journal| !journal.is_empty())
            || self.ledger(|ledger| !ledger.is_empty())
            || self.retold().retold != Retold::All
    }

    /// Notes what names the primary's data. When that is another than before, what was written may be
    /// lost: all that this instance knows is to be told again. So it is when nothing named them before
    /// and something is `known`: only a check says, and what was revoked before the first one may have
    /// been lost before it too.
    pub fn epoch_is(&self, epoch: u64, known: impl FnOnce() -> bool) -> Data {
        let data = match self.epoch.swap(epoch, Relaxed) {
            before if before == epoch => Data::Kept,
            0 if known() => Data::Unknown,
            0 => Data::Kept,
            _ => Data::Lost,
        };
        if data != Data::Kept && !planted::is(Bug::LossNotRetold) {
            let mut retelling = self.retold();
            retelling.walk = retelling.walk.wrapping_add(1);
            retelling.retold = Retold::UpTo(None);
        }
        data
    }

    /// The next revocation to be told again, of those `after` finds.
    pub fn next_to_retell(
        &self,
        after: impl FnOnce(Option<Revocation>) -> Option<Revocation>,
    ) -> Option<Again> {
        let mut retelling = self.retold();
        let Retold::UpTo(place) = retelling.retold else { return None };
        let next = after(place);
        if next.is_none() {
            retelling.retold = Retold::All;
        }
        next.map(|revocation| Again { revocation, walk: retelling.walk })
    }

    /// The primary took `revocation`, as [`Outages::next_to_retell`] gave it.
    pub fn was_retold(&self, again: Again) {
        let mut retelling = self.retold();
        // Data lost meanwhile are to be told from the beginning: this one may be among them.
        if retelling.walk == again.walk && retelling.retold != Retold::All {
            retelling.retold = Retold::UpTo(Some(again.revocation));
        }
    }

    fn retold(&self) -> MutexGuard<'_, Retelling> {
        self.retold.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers until `ends` that the token named so was checked and stood.
    pub fn checked(&self, token: EntryKey, ends: UnixMs, now: UnixMs) {
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        // Without room it is refused in an outage, and not let in.
        let _ = checked.insert(token, (), ends, now);
    }

    /// Whether the token named so is remembered as checked.
    #[must_use]
    pub fn is_fresh(&self, token: EntryKey, now: UnixMs) -> bool {
        let checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        checked.get(&token, now).is_some()
    }

    /// Notes whether the primary answered a call.
    pub fn answered(&self, answered: bool) {
        self.failing.store(!answered, Relaxed);
        if answered {
            self.met.store(true, Relaxed);
            self.refused.store(false, Relaxed);
        }
    }

    /// Notes that the primary refused our credentials.
    pub fn refuse(&self) {
        self.refused.store(true, Relaxed);
    }

    /// Whether the primary refused our credentials, whatever else went wrong since.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.refused.load(Relaxed)
    }

    /// Whether the primary's last call failed, the breaker open or not yet.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.failing.load(Relaxed)
    }

    /// Whether the primary has refused our credentials and never taken them: a deployment that was
    /// wrong from its start, in which nobody ever hears of a revocation.
    #[must_use]
    pub fn is_refused_from_start(&self) -> bool {
        !self.met.load(Relaxed) && self.is_refused()
    }

    /// Notes that a revocation which lives until then was seen and not remembered, for want of room.
    pub fn forget(&self, until: UnixMs) {
        self.forgotten_ms.fetch_max(until.0, Relaxed);
    }

    /// Whether this instance saw a revocation that still lives and it does not know: then nothing may
    /// be accepted by what it knows.
    #[must_use]
    pub fn has_forgotten(&self, now: UnixMs) -> bool {
        now.0 < self.forgotten_ms.load(Relaxed)
    }

    /// Whether the primary may be asked on behalf of a caller nobody knows: once in `wait_ms`.
    #[must_use]
    pub fn may_ask(&self, wait_ms: u64, now: UnixMs) -> bool {
        let last = self.asked_ms.load(Relaxed);
        let due = now.since(UnixMs(last)) >= wait_ms;
        due && self.asked_ms.compare_exchange(last, now.0, Relaxed, Relaxed).is_ok()
    }

    /// Notes whether the primary's clock is off; whether that is news.
    pub fn clock_is_off(&self, off: bool) -> bool {
        !self.clock_off.swap(off, Relaxed) && off
    }

    /// Whether this caller may replay: one at a time, and another once that one's time is over.
    #[must_use]
    pub fn begin_replay(&self, now: UnixMs) -> bool {
        let under_way = self.replaying_ms.load(Relaxed);
        // Far ahead of any request's time: the clock went back.
        let stuck = under_way.saturating_sub(now.0) > REPLAY_MS_MAX.saturating_mul(5);
        if now.0 < under_way && !stuck {
            return false;
        }
        let until = now.plus(REPLAY_MS_MAX).0;
        self.replaying_ms.compare_exchange(under_way, until, Relaxed, Relaxed).is_ok()
    }

    /// The replay is over. One that failed is not begun again for a while: what a store refuses it
    /// must not be asked with each request.
    pub fn end_replay(&self, failed: bool, now: UnixMs) {
        let until = if failed { now.plus(REPLAY_WAIT_MS).0 } else { 0 };
        self.replaying_ms.store(until, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::store::{KeySpace, RevocationScope};

    fn known(number: u64) -> Revocation {
        let key = EntryKey::new(KeySpace::Token, "issuer", &number.to_string());
        let (scope, expires) = (RevocationScope::Token, UnixMs(number));
        Revocation { scope, key, expires, acknowledged: None }
    }

    /// The walk over two revocations.
    fn after(place: Option<Revocation>) -> Option<Revocation> {
        match place {
            None => Some(known(1)),
            Some(place) => (place == known(1)).then(|| known(2)),
        }
    }

    fn outages() -> Outages {
        Outages::new(600, [7; 16], InstanceId::new([1; 16]))
    }

    #[test]
    fn what_is_known_is_told_again_once_to_each_store_that_lost_its_data() {
        let outages = outages();
        assert_eq!(outages.epoch_is(1, || false), Data::Kept);
        assert_eq!(outages.next_to_retell(after), None);
        for epoch in [2, 3] {
            assert_eq!(outages.epoch_is(epoch, || true), Data::Lost);
            for number in [1, 2] {
                let again = outages.next_to_retell(after).unwrap();
                assert_eq!(again.revocation, known(number));
                outages.was_retold(again);
            }
            assert_eq!(outages.next_to_retell(after), None);
            assert!(!outages.is_behind());
        }
    }

    #[test]
    fn data_lost_while_they_are_told_again_are_told_from_the_beginning() {
        let outages = outages();
        outages.epoch_is(1, || false);
        outages.epoch_is(2, || true);
        let first = outages.next_to_retell(after).unwrap();
        assert_eq!(outages.epoch_is(3, || true), Data::Lost);
        outages.was_retold(first);
        assert_eq!(outages.next_to_retell(after).unwrap().revocation, known(1));
    }

    #[test]
    fn what_was_revoked_before_anything_named_the_data_is_told_again() {
        let outages = outages();
        assert_eq!(outages.epoch_is(1, || true), Data::Unknown);
        assert!(outages.is_behind());
        assert_eq!(outages.epoch_is(1, || true), Data::Kept);
    }
}
