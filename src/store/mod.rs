//! Where shared state lives: the one async port, and the stores behind it.

pub mod breaker;
mod by_ref;
#[cfg(test)]
pub(crate) mod contract;
pub mod denied;
pub mod durable;
mod either;
mod error;
mod expiring;
pub mod journal;
mod key;
pub mod kv;
pub mod ledger;
pub mod memory;
mod merge;
pub mod outage;
pub mod outages;
mod port;
pub mod redis;
mod split;
pub mod upstash;

pub use either::Either;
pub use error::StoreError;
pub use key::{EntryKey, KeySpace};
pub use merge::{InstanceId, MergeBatch, Owed};
pub use port::{
    Admission, Admit, Durability, Outcome, Penalty, Presented, Record, Revocation, RevocationScope,
    Rotated, Rotation, SessionRecord, SessionStart, Store, StoredRules, Take, TokenCheck,
};
pub use split::Split;
