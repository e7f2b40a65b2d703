//! Where shared state lives: the one async port, and the stores behind it.

#[cfg(test)]
pub(crate) mod contract;
mod error;
mod key;
pub mod memory;
mod port;

pub use error::StoreError;
pub use key::{EntryKey, KeySpace};
pub use port::{
    Admission, Admit, Durability, Outcome, Penalty, Record, Revocation, RevocationScope,
    Rotated, Rotation, SessionRecord, SessionStart, Store, Take, TokenCheck,
};
