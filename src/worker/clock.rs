//! The runtime's clock and deadlines.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use worker::{Date, Delay};

use crate::UnixMs;

/// The runtime's time. It advances only after I/O.
pub(super) fn now() -> UnixMs {
    UnixMs(Date::now().as_millis())
}

/// What `work` comes to, or `None` when it takes longer than `deadline_ms` milliseconds.
pub(super) async fn within<T>(deadline_ms: u64, work: impl Future<Output = T>) -> Option<T> {
    let deadline = pin!(Delay::from(Duration::from_millis(deadline_ms)));
    match select(pin!(work), deadline).await {
        Either::Left((outcome, _)) => Some(outcome),
        Either::Right(_) => None,
    }
}
