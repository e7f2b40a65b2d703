//! A simulated isolate: a real instance, its clock, and beside it what the model knows of it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;

use portcullis::UnixMs;
use portcullis::background::Background;
use portcullis::fallback::Fallback;
use portcullis::guard::Guard;
use portcullis::instance::Instance;
use portcullis::limit::{OnOutage, Policy, PolicyName};
use portcullis::store::memory::MemoryStore;
use portcullis::store::{Durability, EntryKey, RevocationScope};

use super::deployment::{SMALL, config, entropy};
use super::kv::KvStore;
use super::primary::Primary;
use super::rng::Rng;
use super::token::Token;
use super::world::World;

pub struct Isolate {
    pub index: usize,
    /// How many stood in its place before it.
    pub incarnation: u64,
    pub instance: Arc<Instance>,
    pub skew_ms: Cell<i64>,
    /// The latest its clock ever said.
    now_max: Cell<UnixMs>,
    pub called: Cell<bool>,
    pub called_kv: Cell<bool>,
    /// Failed calls that the poll under way was told of, of each store.
    pub failures: Cell<usize>,
    pub kv_failures: Cell<usize>,
    /// What named the store's data when it last answered an admit, and how often that changed in
    /// the poll under way.
    pub epoch: Cell<u64>,
    pub epochs: Cell<usize>,
    pub known: RefCell<Vec<Known>>,
    /// Admitted here without the store, by policy and key; of the overflow bucket without a key.
    pub counts: RefCell<BTreeMap<(PolicyName, Option<EntryKey>), Window>>,
    /// Admitted here and never sent; and merged, by the store's epoch.
    pub owed: RefCell<BTreeMap<Counted, u64>>,
    pub merged: RefCell<BTreeMap<(u64, Counted), u64>>,
    /// When a token was last checked against the store and stood.
    pub checked: RefCell<BTreeMap<EntryKey, UnixMs>>,
    /// Until when an address is blocked here.
    pub blocks: RefCell<BTreeMap<EntryKey, UnixMs>>,
}

/// Whose count it is.
type Counted = (PolicyName, EntryKey);

/// A revocation this instance acknowledged, or saw.
#[derive(Clone, Debug)]
pub struct Known {
    pub scope: RevocationScope,
    pub key: EntryKey,
    /// Up to when a subject's tokens are refused; of one it saw, when that was.
    pub cut: UnixMs,
    pub expires: UnixMs,
    /// As it was acknowledged; `None` of one it saw.
    pub durability: Option<Durability>,
    /// It waits here to be told to the store, if that did not take it: there was room for it.
    pub journalled: bool,
    /// The instance's memory had it when it was answered.
    pub kept: bool,
    /// The store, by its epoch, that it was seen in.
    pub seen_in: Option<u64>,
    /// The token it was seen by: what refused it may have been any of its names.
    pub token: Option<Rc<Token>>,
}

/// Cost admitted in one window, held where a clock that goes back finds it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Window {
    pub start: u64,
    pub cost: u64,
}

impl Window {
    /// Adds cost of `now`; what is in the window then.
    pub fn add(&mut self, window_ms: u64, now: UnixMs, cost: u64) -> u64 {
        let start = now.0 - now.0 % window_ms;
        if start > self.start {
            *self = Self { start, cost: 0 };
        }
        self.cost += cost;
        self.cost
    }
}

/// The chain of one request, as in the Worker.
pub type Chained = Fallback<Primary, KvStore, Beside>;

/// The background: work goes on as work of its isolate.
pub struct Beside(Rc<World>);

impl Background for Beside {
    fn spawn(&self, work: impl Future<Output = ()> + 'static) {
        let origin = Rc::clone(self.0.current.borrow().as_ref().expect("work spawns work"));
        let spawned = origin.spawned.get() + 1;
        origin.spawned.set(spawned);
        let step = Rng::of(&[origin.step, spawned]).next();
        let work = Box::pin(async move {
            work.await;
            None
        });
        self.0.spawn(&origin.isolate, step, None, work);
    }
}

impl Isolate {
    pub fn new(world: &World, index: usize, incarnation: u64, skew_ms: i64) -> Rc<Self> {
        let random = Rng::of(&[world.seed, 4, index as u64, incarnation]).bytes();
        let instance = Instance::new(config(&world.setup), random);
        let memory = match world.setup.small_memory {
            true => MemoryStore::with_bounds(SMALL, [3; 16]).expect("small bounds"),
            false => MemoryStore::new([3; 16]),
        };
        Rc::new(Self {
            index,
            incarnation,
            instance: Arc::new(Instance { memory, ..instance }),
            skew_ms: Cell::new(skew_ms),
            now_max: Cell::default(),
            called: Cell::new(false),
            called_kv: Cell::new(false),
            failures: Cell::new(0),
            kv_failures: Cell::new(0),
            epoch: Cell::new(0),
            epochs: Cell::new(0),
            known: RefCell::default(),
            counts: RefCell::default(),
            owed: RefCell::default(),
            merged: RefCell::default(),
            checked: RefCell::default(),
            blocks: RefCell::default(),
        })
    }

    /// The time by its clock.
    pub fn now(&self, world: &World) -> UnixMs {
        let now = UnixMs(world.now_ms().saturating_add_signed(self.skew_ms.get()));
        self.now_max.set(now.max(self.now_max.get()));
        now
    }

    /// The latest its clock ever said: what had ended by then may be gone.
    pub fn now_max(&self, world: &World) -> UnixMs {
        self.now(world).max(self.now_max.get())
    }

    pub fn chain(self: &Rc<Self>, world: &Rc<World>) -> Chained {
        let kv = KvStore { world: Rc::clone(world), isolate: self.index };
        let secondary = world.setup.secondary.then_some(kv);
        Fallback::new(
            Arc::clone(&self.instance),
            Primary(Rc::clone(world)),
            secondary,
            Beside(Rc::clone(world)),
        )
    }

    pub fn guard(self: &Rc<Self>, world: &Rc<World>) -> Guard<Chained> {
        Guard::new(Arc::clone(&self.instance), self.chain(world), entropy)
    }

    /// A policy as it is counted here in an outage, if it is.
    pub fn share(&self, policy: usize) -> Option<Policy> {
        let policy = &self.instance.config.limits[policy];
        match policy.on_outage {
            OnOutage::Local { share_percent } => {
                Some(Policy { quota: policy.quota.share(share_percent), ..policy.clone() })
            }
            _ => None,
        }
    }
}
