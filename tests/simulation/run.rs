//! One run: the steps of a plan, then a while in which all is well, and what must hold at its end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use portcullis::store::{Revocation, RevocationScope};

use super::coverage::Coverage;
use super::deployment::seed_entropy;
use super::isolate::Isolate;
use super::kv::KvStore;
use super::network::ActiveFault;
use super::plan::{ADDRESSES, Action, Fault, FaultKind, Plan, TOKENS};
use super::rng::Rng;
use super::world::{Violation, World};

/// How long everything may take to be as it should once nothing fails any more, in milliseconds, and
/// how often each instance is asked meanwhile. The longest wait of a breaker is 10 s, a clock may have
/// gone back by as much as it jumps, and a journal is told in turns.
const HEALING_MS_MAX: u64 = 240_000;
const ASKED_EVERY_MS: u64 = 2_500;
/// Steps of the end, whose numbers no plan has.
const END: u64 = 1_000_000;

/// What came of a run.
pub struct Outcome {
    pub violation: Option<Violation>,
    pub coverage: Coverage,
    pub trace: Vec<String>,
}

pub fn run(plan: &Plan, traced: bool) -> Outcome {
    seed_entropy(plan.seed);
    let world = World::new(plan, traced);
    let ran = catch_unwind(AssertUnwindSafe(|| world.run(plan)));
    if ran.is_err() {
        world.violated(7, || "something panicked".to_owned());
    }
    let outcome = Outcome {
        violation: world.violation(),
        coverage: world.coverage.take(),
        trace: world.trace(),
    };
    world.end();
    outcome
}

impl World {
    fn run(self: &Rc<Self>, plan: &Plan) {
        for index in 0..self.setup.isolates {
            let mut rng = Rng::of(&[self.seed, 7, index as u64]);
            let skew_ms =
                if self.setup.skewed { rng.pick(&[0, 0, -2_000, -50, 50, 2_000]) } else { 0 };
            let isolate = Isolate::new(self, index, 0, skew_ms);
            self.isolates.borrow_mut().push(isolate);
        }
        for step in &plan.steps {
            self.pass(step.gap_ms);
            self.note(|| step.to_string());
            self.act(step.number, step.action);
            self.work();
            self.check_invariants();
            if self.is_over() {
                return;
            }
        }
        self.heal();
    }

    fn act(self: &Rc<Self>, step: u64, action: Action) {
        match action {
            Action::Mint { isolate, .. }
            | Action::Open { isolate, .. }
            | Action::Refresh { isolate, .. }
            | Action::Authorize { isolate, .. }
            | Action::Forged { isolate, .. }
            | Action::Introspect { isolate, .. }
            | Action::Revoke { isolate, .. }
            | Action::Take { isolate, .. } => self.send(step, isolate, action),
            Action::HangUp { isolate } => {
                // Only the request is dropped: what runs beside it goes on.
                let hung = self.drop_work(
                    |origin| origin.isolate.index == isolate && origin.request.is_some(),
                    1,
                );
                (0..hung).for_each(|_| {
                    self.coverage.borrow_mut().outcome("a client hung up".to_owned())
                });
            }
            Action::Drain { isolate } => self.drain(step, isolate),
            Action::Fault(fault) => self.inject(fault),
        }
    }

    fn drain(self: &Rc<Self>, step: u64, index: usize) {
        if !self.setup.secondary {
            return;
        }
        let isolate = self.isolate(index);
        let (chain, now) = (isolate.chain(self), isolate.now(self));
        let listing = KvStore { world: Rc::clone(self), isolate: index };
        let work = Box::pin(async move {
            chain.drain(&listing, now).await;
            None
        });
        self.spawn(&isolate, step, None, work);
    }

    fn inject(self: &Rc<Self>, fault: Fault) {
        let Fault { kind, isolate, for_ms, percent, by_ms } = fault;
        let one = isolate.unwrap_or(0);
        match kind {
            FaultKind::LoseData => self.server.lose_data(),
            FaultKind::Unreadable => {
                let slot = usize::try_from(for_ms / 100 + percent).unwrap_or(0) % TOKENS;
                let token = self.model.borrow().tokens[slot].clone();
                let Some(token) = token else { return };
                self.server.unreadable.borrow_mut().insert(token.key(RevocationScope::Token));
            }
            FaultKind::Kill => self.kill(one),
            FaultKind::Skew => {
                let isolate = self.isolate(one);
                isolate.skew_ms.set(isolate.skew_ms.get() + by_ms);
            }
            FaultKind::SkewStore => self.server.skew_ms.set(self.server.skew_ms.get() + by_ms),
            FaultKind::FillMemory => self.fill_memory(one, for_ms),
            FaultKind::FillJournal => self.fill_journal(one, for_ms),
            _ => {
                let until_ms = self.now_ms() + for_ms;
                self.faults.borrow_mut().push(ActiveFault { kind, isolate, percent, until_ms });
                // Counted when it hits a call.
                return;
            }
        }
        self.coverage.borrow_mut().fault(kind);
    }

    fn kill(&self, index: usize) {
        let old = self.isolate(index);
        self.drop_work(|origin| Rc::ptr_eq(&origin.isolate, &old), usize::MAX);
        let new = Isolate::new(self, index, old.incarnation + 1, old.skew_ms.get());
        self.isolates.borrow_mut()[index] = new;
    }

    /// Strangers' revocations take all the room there is for sessions, and for subjects, for a while.
    fn fill_memory(&self, index: usize, for_ms: u64) {
        let isolate = self.isolate(index);
        let now = isolate.now(self);
        for scope in [RevocationScope::Token, RevocationScope::Session, RevocationScope::Subject] {
            for stranger in self.strangers(5, scope, now.plus(for_ms)) {
                // Full is what it is to become.
                let _ = super::world::at_once(portcullis::store::Store::revoke(
                    &isolate.instance.memory,
                    &stranger,
                    now,
                ));
            }
        }
    }

    fn fill_journal(&self, index: usize, for_ms: u64) {
        let isolate = self.isolate(index);
        let now = isolate.now(self);
        for scope in [RevocationScope::Session, RevocationScope::Subject] {
            for stranger in self.strangers(1_024, scope, now.plus(for_ms)) {
                let _ = isolate.instance.outages.journal(|journal| journal.keep(&stranger, now));
            }
        }
    }

    fn strangers(
        &self,
        count: u64,
        scope: RevocationScope,
        expires: portcullis::UnixMs,
    ) -> impl Iterator<Item = Revocation> {
        let seed = self.seed;
        (0..count).map(move |number| {
            let name = format!("stranger-{seed}-{number}");
            let key = portcullis::store::EntryKey::new(
                portcullis::store::KeySpace::Session,
                "elsewhere",
                &name,
            );
            Revocation { scope, key, expires, acknowledged: None }
        })
    }

    /// All is well from now on: within a while every instance knows, and has told what it had to tell.
    fn heal(self: &Rc<Self>) {
        self.faults.borrow_mut().clear();
        let until_ms = self.now_ms() + HEALING_MS_MAX;
        // What was written to the secondary last must be seen by whoever drains it.
        let lag_over_ms = self.now_ms() + self.setup.lag_ms_max + 1_000;
        let mut round = 0;
        while !self.is_over() && (self.now_ms() <= lag_over_ms || !self.is_well()) {
            if self.now_ms() > until_ms {
                self.not_well();
                return;
            }
            for index in 0..self.setup.isolates {
                let address = index % ADDRESSES;
                let (token, step) = (TOKENS - 1 - index, END + round * 10 + index as u64);
                self.send(
                    step,
                    index,
                    Action::Mint { isolate: index, token, subject: 0, life_s: 600 },
                );
                self.pass(30);
                self.send(step + 5, index, Action::Authorize { isolate: index, token, address });
                self.pass(30);
            }
            self.pass(ASKED_EVERY_MS);
            self.check_invariants();
            round += 1;
        }
        for run in 0..2 {
            self.drain(2 * END + run, 0);
            self.pass(60_000);
        }
        self.check_invariants();
        self.check_drained();
        if !self.is_over() && self.drop_work(|_| true, usize::MAX) > 0 {
            self.violated(7, || "work waits for ever".to_owned());
        }
    }

    fn is_well(&self) -> bool {
        let isolates = self.isolates.borrow();
        isolates.iter().all(|isolate| {
            let outages = &isolate.instance.outages;
            outages.primary.outage().is_none()
                && !outages.is_behind()
                && isolate.epoch.get() == self.server.epoch.get()
        })
    }

    fn not_well(&self) {
        for isolate in self.isolates.borrow().iter() {
            let outages = &isolate.instance.outages;
            let index = isolate.index;
            if outages.primary.outage().is_some() {
                self.violated(7, || {
                    format!("isolate {index} waits for a store that has been well all the time")
                });
            }
            if outages.is_behind() {
                self.violated(4, || format!("isolate {index} never told the store what it missed"));
            }
        }
        self.violated(7, || "an instance never heard of the store again".to_owned());
    }
}
