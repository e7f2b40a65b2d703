//! The store in a Durable Object: what the scripts of [`store::redis`](crate::store::redis) do, in Rust,
//! over the object's own rows. No I/O here but a synchronous storage port, [`Rows`].
//!
//! One object serves a deployment. A command is one run without a pause, so nothing comes between its
//! reads and its writes: atomic, as a script is. The object's clock decides, which all instances share.
//! Limits are decided by [`crate::limit::decide`] itself.
//!
//! A Worker reaches it as it reaches Redis: [`RedisStore`](crate::store::redis::RedisStore) over
//! [`ObjectTransport`], each verb a command by its name. Keys and values are those of
//! `docs/storage-schema.md`.

mod admit;
mod command;
mod entry;
mod limits;
mod merge;
mod records;
mod revoke;
mod rows;
mod rules;
mod sessions;
// Native only: over the object in workerd.
#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod in_workerd;
#[cfg(test)]
pub(crate) mod tests;
mod transport;

use command::{Command, Fault, Item};
pub use rows::{Rows, RowsError};
pub use transport::ObjectTransport;

use crate::UnixMs;

/// Longest command taken, in bytes: a batch of 100 merges of logs has some 50,000, the access rules 48 KiB.
pub const COMMAND_BYTES_MAX: usize = 128 * 1024;

/// The version of how rows are laid out. Rows of another one are not touched: an older Worker would not
/// find what a newer one wrote, a revocation too.
pub const LAYOUT: u32 = 1;

/// The answer to a command that came to nothing because its rows could not be kept.
#[must_use]
pub fn unkept() -> (u16, String) {
    Fault::Rows(RowsError::Failed).answer()
}

/// Carries out one command over `rows` at `now`, the object's time.
///
/// `body`: a JSON list of text, as [`ObjectTransport`] sends it. Returns the status and body of the
/// answer, `{"result": ...}` or `{"error": "..."}`: 400 for a command that is none and for rows of another
/// [`LAYOUT`], 400 or 500 where the rows fail. Unless it is 200 the caller takes back all that was written.
#[must_use]
pub fn answer(rows: &impl Rows, body: &str, now: UnixMs) -> (u16, String) {
    let answered = || {
        let command = Command::parse(body)?;
        if rows.layout()? != LAYOUT {
            return Err(Fault::OtherLayout);
        }
        run(rows, &command, now)
    };
    match answered() {
        Ok(items) => (200, command::result(&items)),
        Err(fault) => fault.answer(),
    }
}

fn run(rows: &impl Rows, command: &Command, now: UnixMs) -> Result<Vec<Item>, Fault> {
    let keys = command.keys();
    let mut args = command.args();
    let args = &mut args;
    match command.name() {
        "adjust" => limits::adjust(rows, keys, args, now),
        "admit" => admit::run(rows, keys, args, now),
        "merge" => merge::run(rows, keys, args, now),
        "penalise" => limits::penalise(rows, keys, args, now),
        "records" => records::run(rows, keys, args, now),
        "reset" => limits::reset(rows, keys),
        "revoke" => revoke::run(rows, keys, args, now),
        "rules" => rules::run(rows, keys, args, now),
        "sessions" => sessions::run(rows, keys, args, now),
        _ => Err(Fault::Unknown),
    }
}
