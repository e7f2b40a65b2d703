//! A world without real time: a queue of events by virtual time, and the pieces of work that wait for
//! them. Everything that could happen in any order happens in the order the seed says.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use portcullis::UnixMs;
use portcullis::http::HttpResponse;

use super::coverage::Coverage;
use super::isolate::Isolate;
use super::kv::Kv;
use super::model::Model;
use super::network::ActiveFault;
use super::plan::{Plan, Setup};
use super::request::Request;
use super::rng::Rng;
use super::server::Server;

/// Not at the start of a second: what rounds wrongly shows.
const BEGIN_MS: u64 = 1_700_000_000_250;

type Event = Box<dyn FnOnce(&Rc<World>)>;
/// A request's work ends in its answer, other work in none.
pub type Work = Pin<Box<dyn Future<Output = Option<HttpResponse>>>>;

/// An invariant that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Its number in the design.
    pub invariant: u8,
    pub what: String,
}

pub struct World {
    pub seed: u64,
    pub setup: Setup,
    pub server: Server,
    pub kv: Kv,
    pub isolates: RefCell<Vec<Rc<Isolate>>>,
    pub faults: RefCell<Vec<ActiveFault>>,
    pub model: RefCell<Model>,
    pub coverage: RefCell<Coverage>,
    /// Whose work is being polled.
    pub current: RefCell<Option<Rc<Origin>>>,
    violation: RefCell<Option<Violation>>,
    trace: Option<RefCell<Vec<String>>>,
    now_ms: Cell<u64>,
    events: RefCell<BTreeMap<(u64, u64), Event>>,
    tasks: RefCell<BTreeMap<u64, Task>>,
    ready: RefCell<Vec<u64>>,
    drawn: RefCell<Rng>,
    numbers: Cell<u64>,
}

/// What a piece of work is of: its calls draw their fate by it.
pub struct Origin {
    pub task: u64,
    pub step: u64,
    pub calls: Cell<u64>,
    pub spawned: Cell<u64>,
    pub isolate: Rc<Isolate>,
    pub request: Option<Rc<Request>>,
}

struct Task {
    origin: Rc<Origin>,
    work: Work,
}

impl World {
    pub fn new(plan: &Plan, traced: bool) -> Rc<Self> {
        let setup = plan.setup.clone();
        Rc::new(Self {
            seed: plan.seed,
            server: Server::new(),
            kv: Kv::default(),
            isolates: RefCell::default(),
            faults: RefCell::default(),
            model: RefCell::default(),
            coverage: RefCell::default(),
            current: RefCell::new(None),
            violation: RefCell::new(None),
            trace: traced.then(RefCell::default),
            now_ms: Cell::new(BEGIN_MS),
            events: RefCell::default(),
            tasks: RefCell::default(),
            ready: RefCell::default(),
            drawn: RefCell::new(Rng::of(&[plan.seed, 2])),
            numbers: Cell::new(0),
            setup,
        })
    }

    /// True time, by which the clocks of isolates and store are off.
    pub fn now_ms(&self) -> u64 {
        self.now_ms.get()
    }

    /// The time by the store's clock.
    pub fn server_now(&self) -> UnixMs {
        UnixMs(self.now_ms().saturating_add_signed(self.server.skew_ms.get()))
    }

    pub fn isolate(&self, index: usize) -> Rc<Isolate> {
        Rc::clone(&self.isolates.borrow()[index])
    }

    /// Has something happen so much later. What happens at the same instant does so in any order.
    pub fn after(&self, ms: u64, event: impl FnOnce(&Rc<Self>) + 'static) {
        let order = (self.drawn.borrow_mut().next() >> 24 << 24) | self.number() & 0xFF_FFFF;
        self.events.borrow_mut().insert((self.now_ms() + ms, order), Box::new(event));
    }

    fn number(&self) -> u64 {
        self.numbers.set(self.numbers.get() + 1);
        self.numbers.get()
    }

    /// Takes work up; it begins when it is its turn.
    pub fn spawn(
        &self,
        isolate: &Rc<Isolate>,
        step: u64,
        request: Option<Rc<Request>>,
        work: Work,
    ) {
        let task = self.number();
        let (calls, spawned) = (Cell::new(0), Cell::new(0));
        let origin = Origin { task, step, calls, spawned, isolate: Rc::clone(isolate), request };
        self.tasks.borrow_mut().insert(task, Task { origin: Rc::new(origin), work });
        self.wake(task);
    }

    pub fn wake(&self, task: u64) {
        self.ready.borrow_mut().push(task);
    }

    /// Lets time pass, and all happen that happens in it.
    pub fn pass(self: &Rc<Self>, ms: u64) {
        let until = self.now_ms() + ms;
        loop {
            self.work();
            if self.is_over() {
                return;
            }
            let next = self
                .events
                .borrow_mut()
                .first_entry()
                .filter(|e| e.key().0 <= until)
                .map(|e| e.remove_entry());
            let Some(((at, _), event)) = next else { break };
            self.now_ms.set(at);
            event(self);
        }
        self.now_ms.set(until);
    }

    /// Polls what is ready, in any order.
    pub fn work(self: &Rc<Self>) {
        loop {
            let mut ready = self.ready.borrow_mut();
            if ready.is_empty() || self.is_over() {
                return;
            }
            let chosen = self.drawn.borrow_mut().index(ready.len());
            let task = ready.swap_remove(chosen);
            drop(ready);
            // Nothing is there of what hung up or died meanwhile.
            let Some(task) = self.tasks.borrow_mut().remove(&task) else { continue };
            self.poll(task);
        }
    }

    fn poll(self: &Rc<Self>, mut task: Task) {
        let origin = Rc::clone(&task.origin);
        let before = self.before_poll(&origin);
        self.current.replace(Some(Rc::clone(&origin)));
        let polled = task.work.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        self.current.replace(None);
        match polled {
            Poll::Ready(answer) => self.after_poll(&origin, &before, answer.as_ref()),
            Poll::Pending => {
                self.after_poll(&origin, &before, None);
                self.tasks.borrow_mut().insert(origin.task, task);
            }
        }
    }

    /// Drops work as a platform does; how much there was.
    pub fn drop_work(&self, of: impl Fn(&Origin) -> bool, most: usize) -> usize {
        let mut tasks = self.tasks.borrow_mut();
        let chosen: Vec<u64> = tasks
            .iter()
            .filter(|(_, task)| of(&task.origin))
            .map(|(number, _)| *number)
            .take(most)
            .collect();
        let dropped: Vec<Task> = chosen.iter().filter_map(|number| tasks.remove(number)).collect();
        drop(tasks);
        dropped.len()
    }

    /// Ends it: what waits holds the world, and the world holds it.
    pub fn end(&self) {
        self.events.take();
        self.tasks.take();
        self.isolates.take();
    }

    /// The first violation counts: what comes after may come of it.
    pub fn violated(&self, invariant: u8, what: impl FnOnce() -> String) {
        let mut violation = self.violation.borrow_mut();
        if violation.is_none() {
            let what = what();
            self.note(|| format!("VIOLATED: {what}"));
            *violation = Some(Violation { invariant, what });
        }
    }

    pub fn is_over(&self) -> bool {
        self.violation.borrow().is_some()
    }

    pub fn violation(&self) -> Option<Violation> {
        self.violation.borrow().clone()
    }

    /// Writes a line of the trace, if one is kept.
    pub fn note(&self, line: impl FnOnce() -> String) {
        if let Some(trace) = &self.trace {
            trace.borrow_mut().push(format!("{} {}", self.stamp(), line()));
        }
    }

    fn stamp(&self) -> String {
        let ms = self.now_ms() - BEGIN_MS;
        format!("{:>4}.{:03}", ms / 1000, ms % 1000)
    }

    pub fn trace(&self) -> Vec<String> {
        self.trace.as_ref().map(RefCell::take).unwrap_or_default()
    }
}

/// Polls once what waits for nothing: the memory store.
pub fn at_once<T>(work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    match work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a store in memory waits for nothing"),
    }
}
