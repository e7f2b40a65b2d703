//! Where shared state lives: the one async port, and the stores behind it.

mod by_ref;
#[cfg(test)]
pub(crate) mod contract;
mod error;
mod key;
pub mod kv;
pub mod memory;
mod merge;
mod port;
pub mod redis;
mod split;
pub mod upstash;

pub use error::StoreError;
pub use key::{EntryKey, KeySpace};
pub use merge::{InstanceId, MergeBatch, Owed};
pub use port::{
    Admission, Admit, Durability, Outcome, Penalty, Record, Revocation, RevocationScope, Rotated,
    Rotation, SessionRecord, SessionStart, Store, Take, TokenCheck,
};
pub use split::Split;
