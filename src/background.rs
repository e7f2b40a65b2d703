//! The background port: work that goes on after the answer was given, and that no client can strand
//! by hanging up. The platform sees it through (`waitUntil` in Workers), the core never waits for it.

use std::future::Future;

/// Runs work beside the request.
pub trait Background {
    /// Takes work over. It bounds itself: it ends within a few deadlines of the store.
    fn spawn(&self, work: impl Future<Output = ()> + 'static);
}
