//! Runs a request's work without promises of its own. The usual way makes one for each wait, with two
//! callbacks that the runtime must be told of and a queue behind them: together more than it takes to
//! check a signature.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use worker::wasm_bindgen_futures::spawn_local;

use crate::UnixMs;

/// What a request's work takes beside its waits, in milliseconds: far less.
const WORK_MS: u64 = 2_000;
/// The most pieces of work that wait at once, at about 5 KiB each.
const WAITING_MAX: usize = 4_096;
/// How many pieces that wait for ever one request clears away.
const CLEARED_AT_ONCE: usize = 4;

struct Work {
    begun: UnixMs,
    rest: Pin<Box<dyn Future<Output = ()>>>,
}

thread_local! {
    /// What waits, by number, the oldest first: the requests under way, and those that were broken off.
    static WAITING: RefCell<BTreeMap<u64, Work>> = const { RefCell::new(BTreeMap::new()) };
    static NEXT: Cell<u64> = const { Cell::new(0) };
    /// Whether what is woken may go on at once.
    static AT_ONCE: Cell<bool> = const { Cell::new(false) };
}

/// Clears away what waits for ever, and says whether there is room for one more piece of work.
///
/// `waits_ms`: the longest that a request waits for its body, for stores and for issuers. Work that waits
/// longer waits for ever: its client hung up, and with it the runtime ended whatever it waits for. (Not where
/// it waits for a body: see `exchange::body`.)
///
/// It is dropped in the midst of another request, so nothing that work holds while it waits may call the
/// runtime when dropped: that would be I/O of another request, which ends the instance.
pub(super) fn make_room(now: UnixMs, waits_ms: u64) -> bool {
    let life_ms = waits_ms.saturating_add(WORK_MS);
    for _ in 0..CLEARED_AT_ONCE {
        if broken_off(now, life_ms).is_none() {
            break;
        }
    }
    WAITING.with_borrow(BTreeMap::len) < WAITING_MAX
}

/// Runs `work` up to its first wait, and on from there whenever it is woken.
pub(super) fn run(begun: UnixMs, work: impl Future<Output = ()> + 'static) {
    let number = NEXT.get();
    NEXT.set(number.wrapping_add(1));
    go_on(number, Work { begun, rest: Box::pin(work) });
}

/// Takes out the oldest work if it waits for ever.
fn broken_off(now: UnixMs, life_ms: u64) -> Option<Work> {
    WAITING.with_borrow_mut(|waiting| {
        let oldest = waiting.first_entry()?;
        (now.since(oldest.get().begun) > life_ms).then(|| oldest.remove())
    })
}

fn go_on(number: u64, mut work: Work) {
    let waker = Waker::from(Arc::new(Numbered(number)));
    if work.rest.as_mut().poll(&mut Context::from_waker(&waker)) == Poll::Pending {
        WAITING.with_borrow_mut(|waiting| waiting.insert(number, work));
    }
}

/// Wakes the work of this number.
struct Numbered(u64);

impl Wake for Numbered {
    fn wake(self: Arc<Self>) {
        if AT_ONCE.take() {
            wake(self.0);
        } else {
            // Who wakes may be part of the work itself, or a callback that ends with it.
            spawn_local(async move { wake(self.0) });
        }
    }
}

/// Wakes, and has the work go on at once: for callers that no work runs in, and that outlive it.
pub(super) fn wake_at_once(waker: Waker) {
    AT_ONCE.set(true);
    waker.wake();
    AT_ONCE.set(false);
}

fn wake(number: u64) {
    // Nothing is there of what was woken twice.
    if let Some(work) = WAITING.with_borrow_mut(|waiting| waiting.remove(&number)) {
        go_on(number, work);
    }
}
