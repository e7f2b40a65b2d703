//! The runtime's clock and deadlines.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use js_sys::Date;
use worker::Delay;

use crate::UnixMs;

/// The runtime's time. It advances only after I/O.
pub(super) fn now() -> UnixMs {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "after the epoch")]
    UnixMs(Date::now() as u64)
}

/// What `work` comes to, or `None` when it takes longer than `deadline_ms` milliseconds.
pub(super) async fn within<T>(deadline_ms: u64, work: impl Future<Output = T>) -> Option<T> {
    let deadline = pin!(Delay::from(Duration::from_millis(deadline_ms)));
    match select(pin!(work), deadline).await {
        Either::Left((outcome, _)) => Some(outcome),
        Either::Right(_) => None,
    }
}
