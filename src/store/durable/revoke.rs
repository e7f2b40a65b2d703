//! Revocations: `<cut> <ends>`. They only ever extend; what cannot be read is overwritten.

use super::command::{Args, Fault, Item};
use super::entry::{keep, numbers_of};
use super::{Rows, RowsError};
use crate::UnixMs;

/// Revokes a token.
pub(super) fn run(
    rows: &impl Rows,
    keys: &[String],
    args: &mut Args<'_>,
    now: UnixMs,
) -> Result<Vec<Item>, Fault> {
    let [key] = keys else { return Err(Fault::Malformed) };
    let now = args.clock(now)?;
    write(rows, key, &Written::read(args)?, now)?;
    Ok(vec![Item::Number(1)])
}

/// What is written.
pub(super) struct Written {
    pub cut: UnixMs,
    pub life_ms: u64,
    /// Whether it was acknowledged earlier: then what was issued since is none of its.
    pub is_final: bool,
}

impl Written {
    pub(super) fn read(args: &mut Args<'_>) -> Result<Self, Fault> {
        let (cut, life_ms) = (UnixMs(args.number()?), args.number()?);
        Ok(Self { cut, life_ms, is_final: args.flag()? })
    }
}

/// Writes a revocation, and returns its cut as it stands then: the latest of both clocks, unless it is final,
/// and what stood.
pub(super) fn write(
    rows: &impl Rows,
    key: &str,
    written: &Written,
    now: UnixMs,
) -> Result<UnixMs, RowsError> {
    let Written { cut, life_ms, is_final } = *written;
    let mut cut = if is_final { cut } else { cut.max(now) };
    let mut ends = now.plus(life_ms);
    if let Some([kept_cut, kept_ends]) = rows.get(key)?.as_deref().and_then(numbers_of) {
        (cut, ends) = (cut.max(UnixMs(kept_cut)), ends.max(UnixMs(kept_ends)));
    }
    keep(rows, key, &format!("{} {}", cut.0, ends.0), ends, now)?;
    Ok(cut)
}

/// What a token is revoked by: the number of the scope, and whether its entry cannot be read; then it
/// refuses too.
pub(super) fn revoked_by(
    rows: &impl Rows,
    scopes: &str,
    keys: &[String],
    earliest_cut: UnixMs,
    now: UnixMs,
) -> Result<Option<(u64, bool)>, RowsError> {
    for (scope, key) in scopes.chars().zip(keys) {
        let number = match scope {
            't' => 1,
            's' => 2,
            _ => 3,
        };
        let Some(text) = rows.get(key)? else { continue };
        let Some([cut, ends]) = numbers_of(&text) else { return Ok(Some((number, true))) };
        let spared = scope == 'u' && UnixMs(cut) < earliest_cut;
        if UnixMs(ends) > now && !spared {
            return Ok(Some((number, false)));
        }
    }
    Ok(None)
}
