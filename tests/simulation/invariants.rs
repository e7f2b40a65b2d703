//! What must hold after every step, whatever went wrong in it.

use std::rc::Rc;

use portcullis::limit::{Policy, Quota, Trigger};
use portcullis::store::{Durability, Store as _, Take};

use super::isolate::{Isolate, Known};
use super::polls::peek;
use super::token::check_of;
use super::world::{World, at_once};

/// What a journal holds at most, in all its parts.
const JOURNAL_MAX: usize = 3_072 + 2 * 1_024;

impl World {
    pub fn check_invariants(&self) {
        for isolate in self.isolates.borrow().iter() {
            self.check_kept(isolate);
            self.check_counts(isolate);
            self.check_blocks(isolate);
            self.check_told(isolate);
            let waiting = isolate.instance.outages.journal(|journal| journal.len());
            if waiting > JOURNAL_MAX {
                self.violated(9, || format!("{waiting} entries in the journal"));
            }
        }
    }

    /// No unexpired revocation is evicted.
    fn check_kept(&self, isolate: &Isolate) {
        let (now, latest) = (isolate.now(self), isolate.now_max(self));
        let known = isolate.known.borrow();
        for known in known.iter().filter(|known| known.kept && latest < known.expires) {
            if isolate
                .instance
                .memory
                .revoked(&check_of(known, self.setup.tolerance_s), now)
                .is_none()
            {
                self.violated(9, || format!("isolate {} no longer knows {known:?}", isolate.index));
            }
        }
    }

    /// No counter is evicted while its window runs.
    fn check_counts(&self, isolate: &Isolate) {
        let latest = isolate.now_max(self);
        for ((name, key), window) in isolate.counts.borrow().iter() {
            let Some(key) = key else { continue };
            let limits = &isolate.instance.config.limits;
            let index = limits.iter().position(|policy| policy.name == *name).expect("configured");
            let Some(share) = isolate.share(index) else { continue };
            if latest.0 >= window.start + share.quota.window_ms() {
                continue;
            }
            let (left, overflow) = peek(isolate, &share, *key, isolate.now(self));
            if overflow || left + window.cost > share.quota.limit() {
                let cost = window.cost;
                self.violated(9, || {
                    format!("{cost} of {name} counted, and {left} left; overflow: {overflow}")
                });
            }
        }
    }

    /// A block stays until its end.
    fn check_blocks(&self, isolate: &Isolate) {
        let (now, latest) = (isolate.now(self), isolate.now_max(self));
        let limits = &isolate.instance.config.limits;
        let failures = limits
            .iter()
            .find(|policy| policy.trigger == Trigger::AuthFailure)
            .expect("configured");
        // Of a quota that nothing uses up: then a penalty alone denies.
        let quota = Quota::new(1_000_000, failures.quota.window_ms()).expect("a quota");
        let failures = Policy { quota, ..failures.clone() };
        let blocked = |key| {
            let take = Take { policy: &failures, key, cost: 1 };
            let peeked = at_once(isolate.instance.memory.peek(&[take], now)).expect("configured");
            let outcome = peeked[0];
            // The gate takes what an overflow bucket says as said of others.
            outcome.decision.retry_after_ms.filter(|_| !outcome.overflow)
        };
        for (key, until) in isolate.blocks.borrow().iter() {
            if latest < *until && blocked(*key).is_none_or(|left_ms| now.plus(left_ms) < *until) {
                self.violated(9, || format!("isolate {} forgot a block", isolate.index));
            }
        }
        for key in super::request::addresses() {
            let Some(left_ms) = blocked(key) else { continue };
            let until = now.plus(left_ms);
            let mut blocks = isolate.blocks.borrow_mut();
            let kept = blocks.entry(key).or_default();
            *kept = until.max(*kept);
        }
    }

    /// An instance that has told all it has to tell, to a store whose data it has met, has told it.
    fn check_told(&self, isolate: &Isolate) {
        let epoch = self.server.epoch.get();
        if isolate.epoch.get() != epoch || isolate.instance.outages.is_behind() {
            return;
        }
        let now = isolate.now(self);
        for known in isolate.known.borrow().iter().filter(|known| self.matters(known, now)) {
            // One it saw in the secondary alone, or had no room to wait for the store, is for the drain.
            let stored = known.durability == Some(Durability::Store)
                || known.seen_in.is_some() && known.kept;
            if !stored && !known.journalled {
                continue;
            }
            self.check_in_store(known, isolate);
        }
    }

    fn check_in_store(&self, known: &Known, isolate: &Isolate) {
        if self.server.knows(self, &check_of(known, self.setup.tolerance_s)) {
            return;
        }
        let invariant = match known.durability {
            None | Some(Durability::Store) => 3,
            Some(_) => 4,
        };
        self.violated(invariant, || {
            format!("isolate {} told all, and the store does not know {known:?}", isolate.index)
        });
    }

    /// At the end, when all is well again: what was acknowledged as `secondary` is in the store,
    /// whoever died meanwhile.
    pub fn check_drained(self: &Rc<Self>) {
        let model = self.model.borrow();
        let now = portcullis::UnixMs(self.now_ms());
        for known in model.secondary.iter().filter(|known| self.matters(known, now)) {
            let raced = self.kv.is_raced((known.scope, known.key));
            if !raced && !self.server.knows(self, &check_of(known, self.setup.tolerance_s)) {
                self.violated(4, || {
                    format!("acknowledged as secondary, and never told the store: {known:?}")
                });
            }
        }
    }
}
