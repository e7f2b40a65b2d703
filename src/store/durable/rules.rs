//! The access rules. Their version stands in a row of its own, which every admission reads, and again before
//! their text.

use super::command::{Args, Fault, Item};
use super::entry::number;
use super::{Rows, RowsError};
use crate::UnixMs;
use crate::store::StoredRules;

/// Which version there is; 0: none.
pub(super) fn version(rows: &impl Rows, key: &str) -> Result<u64, RowsError> {
    Ok(rows.get(key)?.as_deref().and_then(number).unwrap_or(0))
}

pub(super) fn run(
    rows: &impl Rows,
    keys: &[String],
    args: &mut Args<'_>,
    now: UnixMs,
) -> Result<Vec<Item>, Fault> {
    let [version_key, text_key] = keys else { return Err(Fault::Malformed) };
    match args.text()? {
        "get" => get(rows, version_key, text_key),
        "put" => put(rows, version_key, text_key, args, now),
        _ => Err(Fault::Malformed),
    }
}

fn get(rows: &impl Rows, version_key: &str, text_key: &str) -> Result<Vec<Item>, Fault> {
    let (version, text) = (rows.get(version_key)?, rows.get(text_key)?);
    if version.is_none() && text.is_none() {
        return Ok(vec![Item::Number(0)]);
    }
    let version = version.as_deref().and_then(number);
    let written = text.as_deref().and_then(|text| text.split_once(' '));
    Ok(match (version, written) {
        (Some(version), Some((of, text))) if number(of) == Some(version) => {
            vec![Item::Number(1), Item::Number(version), Item::Text(text.to_owned())]
        }
        _ => vec![Item::Number(3)],
    })
}

fn put(
    rows: &impl Rows,
    version_key: &str,
    text_key: &str,
    args: &mut Args<'_>,
    now: UnixMs,
) -> Result<Vec<Item>, Fault> {
    let now = args.clock(now)?;
    let (expected, life_ms, text) = (args.number()?, args.number()?, args.text()?);
    if text.len() > StoredRules::BYTES_MAX {
        return Err(Fault::Malformed);
    }
    let stands = version(rows, version_key)?;
    if stands != expected {
        return Ok(vec![Item::Number(0)]);
    }
    let version = StoredRules::next_version(stands, now);
    let until = now.plus(life_ms);
    rows.put(version_key, &version.to_string(), until)?;
    rows.put(text_key, &format!("{version} {text}"), until)?;
    Ok(vec![Item::Number(1), Item::Number(version)])
}
