//! What lies between an isolate and its stores, and the platform's part: each call has its deadline.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use portcullis::store::StoreError;

use super::plan::FaultKind;
use super::rng::Rng;
use super::world::{Origin, World};

const DEADLINE_MS: u64 = 300;
const FIRST_DEADLINE_MS: u64 = 1_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    Store,
    Kv,
}

/// A fault that lasts.
#[derive(Clone, Copy, Debug)]
pub struct ActiveFault {
    pub kind: FaultKind,
    pub isolate: Option<usize>,
    pub percent: u64,
    pub until_ms: u64,
}

/// How one copy of a call fares.
struct Way {
    there_ms: u64,
    back_ms: u64,
    /// What happens at the far end and on the way back.
    fault: Option<FaultKind>,
    done: bool,
}

struct Fate {
    ways: Vec<Way>,
}

/// A call under way. The platform's deadline settles it if nothing else does.
struct Slot<T> {
    answer: Option<Result<T, StoreError>>,
    settled: bool,
    waits: Option<u64>,
}

fn settle<T>(world: &World, slot: &RefCell<Slot<T>>, answer: Result<T, StoreError>) {
    let mut slot = slot.borrow_mut();
    if slot.settled {
        return;
    }
    slot.settled = true;
    slot.answer = Some(answer);
    if let Some(task) = slot.waits.take() {
        world.wake(task);
    }
}

struct Wait<T> {
    slot: Rc<RefCell<Slot<T>>>,
    task: u64,
}

impl<T> Future for Wait<T> {
    type Output = Result<T, StoreError>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let mut slot = self.slot.borrow_mut();
        match slot.answer.take() {
            Some(answer) => Poll::Ready(answer),
            None => {
                slot.waits = Some(self.task);
                Poll::Pending
            }
        }
    }
}

/// Sends a call and waits for its reply, at most until its deadline. `carry_out` runs at the far end,
/// at the instant the call arrives; `writes`: a store that takes no writes refuses it.
pub async fn exchange<T: Clone + 'static>(
    world: &Rc<World>,
    link: Link,
    verb: &'static str,
    writes: bool,
    carry_out: impl Fn(&World) -> Result<T, StoreError> + 'static,
) -> Result<T, StoreError> {
    let origin = Rc::clone(world.current.borrow().as_ref().expect("a call is made by work"));
    let isolate = Rc::clone(&origin.isolate);
    let called = match link {
        Link::Store => &isolate.called,
        Link::Kv => &isolate.called_kv,
    };
    let deadline_ms = if called.get() { DEADLINE_MS } else { FIRST_DEADLINE_MS };
    world.call_begins(&origin, link, verb, deadline_ms);
    let slot = Rc::new(RefCell::new(Slot { answer: None, settled: false, waits: None }));
    let late = Rc::clone(&slot);
    world.after(deadline_ms, move |world| {
        settle(world, &late, Err(StoreError::Timeout { deadline_ms }))
    });
    let carry_out = Rc::new(carry_out);
    for way in fate(world, link, &origin).ways {
        let (slot, carry_out, from) = (Rc::clone(&slot), Rc::clone(&carry_out), isolate.index);
        world.after(way.there_ms, move |world| {
            let Some(answer) = arrive(world, link, from, (verb, writes), &way, &*carry_out) else {
                return;
            };
            world.after(way.back_ms, move |world| {
                if partitioned(world, link, from) {
                    return;
                }
                settle(world, &slot, answer);
            });
        });
    }
    let answer = Wait { slot, task: origin.task }.await;
    called.set(true);
    world.call_ended(&origin, link, verb, answer.as_ref().err());
    answer
}

fn fate(world: &World, link: Link, origin: &Origin) -> Fate {
    let call = origin.calls.get();
    origin.calls.set(call + 1);
    let mut rng = Rng::of(&[world.seed, 3, origin.step, call]);
    let way = |rng: &mut Rng| Way {
        there_ms: rng.between(1, 12),
        back_ms: rng.between(1, 12),
        fault: None,
        done: true,
    };
    let mut ways = vec![way(&mut rng)];
    for fault in active(world, link, origin.isolate.index) {
        let hit = rng.chance(fault.percent);
        let (more_ms, done) = (rng.between(40, 500), rng.chance(50));
        if !hit || !hits_calls(fault.kind) {
            continue;
        }
        world.coverage.borrow_mut().fault(fault.kind);
        match fault.kind {
            FaultKind::Delay | FaultKind::KvSlow if done => ways[0].there_ms += more_ms,
            FaultKind::Delay | FaultKind::KvSlow => ways[0].back_ms += more_ms,
            FaultKind::Reorder => ways[0].there_ms = more_ms / 3,
            FaultKind::Duplicate => ways.push(Way { there_ms: more_ms, ..way(&mut rng) }),
            kind => (ways[0].fault, ways[0].done) = (Some(kind), done),
        }
    }
    Fate { ways }
}

/// Those of a network that hits single calls; the others are states of the far end.
const fn hits_calls(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::Drop
            | FaultKind::LoseReply
            | FaultKind::Delay
            | FaultKind::Reorder
            | FaultKind::Duplicate
            | FaultKind::Corrupt
            | FaultKind::ServerError
            | FaultKind::KvSlow
            | FaultKind::KvQuota
    )
}

fn active(world: &World, link: Link, isolate: usize) -> Vec<ActiveFault> {
    let faults = world.faults.borrow();
    let of = |fault: &&ActiveFault| {
        let kv = matches!(fault.kind, FaultKind::KvDown | FaultKind::KvSlow | FaultKind::KvQuota);
        kv == (link == Link::Kv)
            && world.now_ms() < fault.until_ms
            && fault.isolate.is_none_or(|one| one == isolate)
    };
    faults.iter().filter(of).copied().collect()
}

fn partitioned(world: &World, link: Link, isolate: usize) -> bool {
    active(world, link, isolate).iter().any(|fault| fault.kind == FaultKind::Partition)
}

/// The call is at the far end. What is on its way back, if anything is.
fn arrive<T>(
    world: &World,
    link: Link,
    isolate: usize,
    (verb, writes): (&'static str, bool),
    way: &Way,
    carry_out: &dyn Fn(&World) -> Result<T, StoreError>,
) -> Option<Result<T, StoreError>> {
    let unavailable = |cause| Some(Err(StoreError::Unavailable { cause }));
    for fault in active(world, link, isolate) {
        let refusal = match fault.kind {
            FaultKind::Partition => None,
            FaultKind::Down => unavailable("refused"),
            FaultKind::KvDown => unavailable("kv_error"),
            FaultKind::Unauthorized => Some(Err(StoreError::Unauthorized)),
            FaultKind::OverQuota => unavailable("quota"),
            FaultKind::OutOfMemory if writes => unavailable("out_of_memory"),
            _ => continue,
        };
        world.coverage.borrow_mut().fault(fault.kind);
        world.note(|| format!("{verb} of isolate {isolate} meets {:?}", fault.kind));
        return refusal;
    }
    if way.fault == Some(FaultKind::Drop) {
        return None;
    }
    if way.fault == Some(FaultKind::KvQuota) {
        return unavailable("quota");
    }
    if way.fault == Some(FaultKind::ServerError) && !way.done {
        return unavailable("server_error");
    }
    let answer = carry_out(world);
    world.note(|| format!("{verb} of isolate {isolate} is carried out, then {:?}", way.fault));
    match way.fault {
        Some(FaultKind::LoseReply) => None,
        Some(FaultKind::Corrupt) => Some(Err(StoreError::Protocol { cause: "not_json" })),
        Some(FaultKind::ServerError) => unavailable("server_error"),
        _ => Some(answer),
    }
}
