//! Waiting for what JavaScript does, without a promise: it is given a number and one callback, made once,
//! that takes the number back with what came of it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::Closure;

use super::task::wake_at_once;

thread_local! {
    /// What is waited for, by number: as much as there is under way.
    static AWAITED: RefCell<HashMap<u64, Awaited>> = RefCell::new(HashMap::new());
    static NEXT: Cell<u64> = const { Cell::new(0) };
    static DONE: JsValue = Closure::<dyn Fn(f64, String)>::new(settle).into_js_value();
}

#[derive(Default)]
struct Awaited {
    outcome: Option<String>,
    waker: Option<Waker>,
}

/// Notes an outcome and wakes who waits for it; nobody does any more whose request has ended.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "one of our numbers")]
fn settle(number: f64, outcome: String) {
    let waker = AWAITED.with_borrow_mut(|awaited| {
        let awaited = awaited.get_mut(&(number as u64))?;
        awaited.outcome = Some(outcome);
        awaited.waker.take()
    });
    if let Some(waker) = waker {
        wake_at_once(waker);
    }
}

/// The text that something begun in JavaScript comes to.
pub(super) struct Settled(u64);

impl Settled {
    /// Begins it: `begin` hands on the number and the callback to be called with it, once, later.
    #[allow(clippy::cast_precision_loss, reason = "counted up from 0")]
    pub(super) fn begin(begin: impl FnOnce(f64, &JsValue)) -> Self {
        let number = NEXT.get();
        NEXT.set(number.wrapping_add(1));
        AWAITED.with_borrow_mut(|awaited| awaited.insert(number, Awaited::default()));
        DONE.with(|done| begin(number as f64, done));
        Self(number)
    }
}

impl Future for Settled {
    type Output = String;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<String> {
        AWAITED.with_borrow_mut(|awaited| {
            // Ends with its future, so it is there.
            let Some(awaited) = awaited.get_mut(&self.0) else { return Poll::Pending };
            if let Some(outcome) = awaited.outcome.take() {
                return Poll::Ready(outcome);
            }
            awaited.waker = Some(context.waker().clone());
            Poll::Pending
        })
    }
}

impl Drop for Settled {
    fn drop(&mut self) {
        AWAITED.with_borrow_mut(|awaited| awaited.remove(&self.0));
    }
}
