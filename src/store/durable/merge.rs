//! Adds cost that an instance admitted while it could not reach the object: once, whatever is repeated.

use std::collections::BTreeMap;

use super::Rows;
use super::command::{Args, Fault, Item};
use super::entry::{keep, number, numbers};
use super::limits::{self, Kept};
use crate::UnixMs;
use crate::limit::State;
use crate::store::MergeBatch;

pub(super) fn run(
    rows: &impl Rows,
    keys: &[String],
    args: &mut Args<'_>,
    now: UnixMs,
) -> Result<Vec<Item>, Fault> {
    let now = args.clock(now)?;
    let (sequence, life_ms) = (args.number()?, args.number()?);
    let (last_key, keys) = keys.split_first().ok_or(Fault::Malformed)?;
    if keys.len() > MergeBatch::ENTRIES_MAX {
        return Err(Fault::Malformed);
    }
    let last = rows.get(last_key)?.map_or(Some([0, 0]), |text| last_of(&text));
    if last.is_some_and(|[last, _]| sequence <= last) {
        return Ok(vec![Item::Number(1)]);
    }
    let merged = merged(rows, keys, args, now)?;
    // It is known for as long as it is there, and its life only ever extends.
    let until = now.plus(life_ms).0.max(last.map_or(0, |[_, until]| until));
    keep(rows, last_key, &format!("{sequence} {until}"), UnixMs(until), now)?;
    // One whose last sequence cannot be read may have been counted: it is not.
    for (key, kept) in merged.iter().filter(|_| last.is_some()) {
        kept.save(rows, key, now)?;
    }
    Ok(vec![Item::Number(if last.is_some() { 1 } else { 3 })])
}

fn last_of(text: &str) -> Option<[u64; 2]> {
    let (sequence, until) = text.split_once(' ')?;
    Some([number(sequence)?, number(until)?])
}

/// What is to be kept of each key of which something matters.
fn merged<'c>(
    rows: &impl Rows,
    keys: &'c [String],
    args: &mut Args<'_>,
    now: UnixMs,
) -> Result<BTreeMap<&'c str, Kept>, Fault> {
    let mut merged: BTreeMap<&str, Kept> = BTreeMap::new();
    for key in keys {
        let (algorithm, quota) = args.counting()?;
        let taken = numbers(args.text()?)
            .and_then(|taken| State::from_numbers(algorithm, &taken))
            .ok_or(Fault::Malformed)?;
        let kept = match merged.get(key.as_str()) {
            Some(kept) => kept.clone(),
            None => limits::load(rows, key)?.0,
        };
        let state = kept.state(algorithm, now).merge(taken, quota, now);
        if state.free_at(quota) > now {
            merged.insert(key, kept.with(state, quota));
        }
    }
    if args.is_empty() { Ok(merged) } else { Err(Fault::Malformed) }
}
