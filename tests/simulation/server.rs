//! The simulated store: the memory store with a clock of its own, deciding at the instant a call
//! arrives, as one Redis primary does. Durations cross the network, not instants.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use portcullis::UnixMs;
use portcullis::jwt::IssuedAt;
use portcullis::limit::{Policy, Quota, State, Trigger, peek};
use portcullis::store::memory::MemoryStore;
use portcullis::store::{
    Admission, Admit, EntryKey, InstanceId, MergeBatch, Presented, Record, Revocation,
    RevocationScope, Rotated, Rotation, SessionStart, Store as _, StoreError, StoredRules, Take,
    TokenCheck,
};

use super::isolate::Isolate;
use super::world::{World, at_once};

pub struct Server {
    memory: RefCell<MemoryStore>,
    /// Names its data.
    pub epoch: Cell<u64>,
    pub skew_ms: Cell<i64>,
    /// Tokens whose entry cannot be read.
    pub unreadable: RefCell<BTreeSet<EntryKey>>,
    /// The last batch of each instance that arrived.
    merged: RefCell<BTreeMap<InstanceId, u64>>,
}

/// A take as it crosses the network.
#[derive(Clone)]
pub struct OwnedTake {
    pub policy: Policy,
    pub key: EntryKey,
    pub cost: u64,
}

/// What came of an admit, and when by the store's clock.
#[derive(Clone)]
pub struct Admitted {
    pub admission: Admission,
    /// The windows its takes were counted in.
    pub windows: Vec<u64>,
    /// What was taken from.
    pub takes: Vec<OwnedTake>,
    /// It is what the request asked for, and not the charge for a failed authentication.
    pub asked: bool,
}

impl Server {
    pub fn new() -> Self {
        Self {
            memory: RefCell::new(MemoryStore::new([9; 16])),
            epoch: Cell::new(1),
            skew_ms: Cell::new(0),
            unreadable: RefCell::default(),
            merged: RefCell::default(),
        }
    }

    /// All that was written is gone.
    pub fn lose_data(&self) {
        self.memory.replace(MemoryStore::new([9; 16]));
        self.epoch.set(self.epoch.get() + 1);
        self.unreadable.take();
        self.merged.take();
    }

    pub fn admit(
        &self,
        world: &World,
        token: Option<TokenCheck>,
        takes: &[OwnedTake],
        caller: UnixMs,
    ) -> Admitted {
        let at = world.server_now();
        let asked =
            token.is_some() || takes.iter().any(|take| take.policy.trigger == Trigger::Request);
        let clock_ahead_ms =
            i64::try_from(at.0).unwrap_or(0) - i64::try_from(caller.0).unwrap_or(0);
        let named =
            |admission| Admission { epoch: Some(self.epoch.get()), clock_ahead_ms, ..admission };
        if token.is_some_and(|check| self.unreadable.borrow().contains(&check.token)) {
            let revoked = Some(RevocationScope::Token);
            let admission = Admission { revoked, unreadable: true, ..Admission::default() };
            return Admitted {
                admission: named(admission),
                windows: Vec::new(),
                takes: Vec::new(),
                asked,
            };
        }
        let sent = takes;
        let takes: Vec<Take<'_>> = takes
            .iter()
            .map(|take| Take { policy: &take.policy, key: take.key, cost: take.cost })
            .collect();
        let before = self.left(&takes, at);
        let memory = self.memory.borrow();
        let admit = Admit { token, takes: takes.clone(), closed: false };
        let admission = at_once(memory.admit(&admit, at)).expect("room in the store");
        drop(memory);
        if !admission.allowed() && self.left(&takes, at) != before {
            world.violated(6, || "the store denied a take and counted it".to_owned());
        }
        let mut windows = Vec::new();
        for take in takes.iter().filter(|_| admission.allowed()) {
            windows.push(self.window(world, take, at));
        }
        Admitted { admission: named(admission), windows, takes: sent.to_vec(), asked }
    }

    /// The start of the window that a take was counted in just now. Clocks that jump may be held in
    /// a later one than they say; the state tells, which ends two windows after its start.
    fn window(&self, world: &World, take: &Take<'_>, at: UnixMs) -> u64 {
        let window_ms = take.policy.quota.window_ms();
        if !world.setup.skewed {
            return at.0 - at.0 % window_ms;
        }
        let peeked =
            at_once(self.memory.borrow().peek(&[*take], UnixMs(0))).expect("room in the store");
        peeked[0].decision.reset_ms - 2 * window_ms
    }

    fn left(&self, takes: &[Take<'_>], at: UnixMs) -> Vec<u64> {
        let peeked = at_once(self.memory.borrow().peek(takes, at)).expect("room in the store");
        peeked.iter().map(|outcome| outcome.decision.remaining).collect()
    }

    pub fn peek(
        &self,
        world: &World,
        takes: &[OwnedTake],
    ) -> Result<Vec<portcullis::store::Outcome>, StoreError> {
        let takes: Vec<Take<'_>> = takes
            .iter()
            .map(|take| Take { policy: &take.policy, key: take.key, cost: take.cost })
            .collect();
        at_once(self.memory.borrow().peek(&takes, world.server_now()))
    }

    /// As `src/store/redis/lua/revoke.lua`: the end is counted from now, the cut is the latest of both
    /// clocks unless it was acknowledged before.
    pub fn revoke(
        &self,
        world: &World,
        revocation: &Revocation,
        caller: UnixMs,
    ) -> Result<(), StoreError> {
        let now = world.server_now();
        let cut = revocation.acknowledged.unwrap_or(caller.max(now));
        let expires = now.plus(revocation.expires.since(caller));
        let written = Revocation { expires, acknowledged: Some(cut), ..*revocation };
        self.unreadable.borrow_mut().remove(&revocation.key);
        at_once(self.memory.borrow().revoke(&written, now)).map(drop)
    }

    /// As `src/store/redis/lua/sessions.lua`: ends are counted from now. A session that is opened is compared
    /// with cuts by the caller's clock, which is what the memory store is told by `now`: so it is asked first.
    pub fn rotate(
        &self,
        world: &World,
        rotation: &Rotation,
        caller: UnixMs,
    ) -> Result<Rotated, StoreError> {
        let now = world.server_now();
        let rotation = match *rotation {
            Rotation::Open(start) => {
                let begun = TokenCheck {
                    token: start.session,
                    session: Some(start.session),
                    subject: Some(start.subject),
                    issued_at: IssuedAt::Ms(caller),
                    expires: start.expires,
                };
                if self.memory.borrow().revoked(&begun, now).is_some() {
                    return Ok(Rotated::Unknown);
                }
                let expires = now.plus(start.expires.since(caller));
                Rotation::Open(SessionStart { expires, ..start })
            }
            Rotation::Advance(presented) => {
                let access_until = now.plus(presented.access_until.since(caller));
                Rotation::Advance(Presented { access_until, ..presented })
            }
        };
        let rotated = at_once(self.memory.borrow().rotate(&rotation, now))?;
        world.rotated(&rotation, &rotated);
        Ok(rotated)
    }

    pub fn merge(&self, world: &World, of: &Isolate, batch: &MergeBatch) -> Result<(), StoreError> {
        let last = self.merged.borrow().get(&batch.instance).copied().unwrap_or(0);
        if batch.sequence > last {
            self.merged.borrow_mut().insert(batch.instance, batch.sequence);
            world.merged(of, batch);
        }
        at_once(self.memory.borrow().merge(batch, world.server_now()))
    }

    pub fn put(
        &self,
        world: &World,
        name: EntryKey,
        record: &Record,
        caller: UnixMs,
    ) -> Result<(), StoreError> {
        let expires = world.server_now().plus(record.expires.since(caller));
        let record = Record { expires, ..record.clone() };
        at_once(self.memory.borrow().put(name, record, world.server_now()))
    }

    pub fn get(&self, world: &World, name: EntryKey) -> Result<Option<Record>, StoreError> {
        at_once(self.memory.borrow().get(name, world.server_now()))
    }

    pub fn rules(&self, now: UnixMs) -> Result<StoredRules, StoreError> {
        at_once(self.memory.borrow().rules(now))
    }

    /// Whether a token of these names would be refused now.
    pub fn knows(&self, world: &World, check: &TokenCheck) -> bool {
        self.unreadable.borrow().contains(&check.token)
            || self.memory.borrow().revoked(check, world.server_now()).is_some()
    }
}

/// The cost that a state stands for, in all its windows: what is gone of a limit it never reaches, at
/// the start of its latest window.
pub fn cost_of(state: State, window_ms: u64) -> u64 {
    let wide = Quota::new(1_000_000, window_ms).expect("a wide quota");
    wide.limit() - peek(&state, wide, UnixMs(0), 1).remaining
}
