//! The storage port: rows of text under keys, as a Durable Object's SQLite has them.

use thiserror::Error;

use crate::UnixMs;

/// Rows of text, read and written at once: a Durable Object's storage is synchronous.
pub trait Rows {
    /// The layout they have: [`LAYOUT`](super::LAYOUT) where there were none yet.
    ///
    /// # Errors
    /// [`RowsError`].
    fn layout(&self) -> Result<u32, RowsError>;

    /// The value under a key.
    ///
    /// # Errors
    /// [`RowsError`].
    fn get(&self, key: &str) -> Result<Option<String>, RowsError>;

    /// Writes a value, in place of whatever was there, that nobody needs from `until` on.
    ///
    /// # Errors
    /// [`RowsError`].
    fn put(&self, key: &str, value: &str, until: UnixMs) -> Result<(), RowsError>;

    /// Removes a row. Whether there was one.
    ///
    /// # Errors
    /// [`RowsError`].
    fn delete(&self, key: &str) -> Result<bool, RowsError>;
}

/// Why a row was not read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RowsError {
    /// There is no room.
    #[error("no room")]
    Full,
    /// The account's allowance is used up.
    #[error("over quota")]
    OverQuota,
    /// Anything else.
    #[error("the storage failed")]
    Failed,
}
