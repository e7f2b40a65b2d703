//! Which key is which, for what remembers something about one.

use std::sync::atomic::{AtomicU64, Ordering};

/// Names one [`super::Key`] of this process: no key made later has the same, whatever its `kid` and
/// its material. What is remembered under it is unreachable once the key is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(u64);

impl KeyId {
    pub(super) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// The same as a number, for a platform that remembers something about the key.
    #[cfg(all(feature = "npm", target_arch = "wasm32"))]
    pub(crate) const fn number(self) -> u64 {
        self.0
    }
}
