//! Values: numbers with a space between them, as in Redis, and how long they are kept.

use super::{Rows, RowsError};
use crate::UnixMs;

/// The largest number a value holds: what Redis's scripts can count.
const NUMBER_MAX: u64 = 1 << 53;
/// A row is collected this much later than its entry ends, so that a clock stepping back finds it again.
const SLACK_MS: u64 = 60_000;

/// Writes an entry that ends at an instant.
pub(super) fn keep(
    rows: &impl Rows,
    key: &str,
    value: &str,
    ends: UnixMs,
    now: UnixMs,
) -> Result<(), RowsError> {
    rows.put(key, value, ends.max(now).plus(SLACK_MS))
}

/// The number a text is, written as we write it; `None` when it is none, or larger than any of ours.
pub(super) fn number(text: &str) -> Option<u64> {
    let canonical = text == "0" || !text.starts_with(['0', '+']);
    text.parse().ok().filter(|number| canonical && *number <= NUMBER_MAX)
}

/// A value of numbers, or of none.
pub(super) fn numbers(text: &str) -> Option<Vec<u64>> {
    if text.is_empty() { Some(Vec::new()) } else { text.split(' ').map(number).collect() }
}

/// A value of exactly `N` numbers.
pub(super) fn numbers_of<const N: usize>(text: &str) -> Option<[u64; N]> {
    numbers(text)?.try_into().ok()
}
