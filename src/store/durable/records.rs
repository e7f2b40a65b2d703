//! Small records: `<ends> <expires> <base64url>`. `ends` is the end by this clock, `expires` what the
//! caller said, given back as it came.

use super::Rows;
use super::command::{Args, Fault, Item};
use super::entry::{keep, number};
use crate::UnixMs;
use crate::store::Record;

pub(super) fn run(
    rows: &impl Rows,
    keys: &[String],
    args: &mut Args<'_>,
    now: UnixMs,
) -> Result<Vec<Item>, Fault> {
    let [key] = keys else { return Err(Fault::Malformed) };
    let mode = args.text()?;
    let now = args.clock(now)?;
    match mode {
        "put" => {
            let (life_ms, expires, value) = (args.number()?, args.number()?, args.text()?);
            if value.len() > Record::BYTES_MAX.saturating_mul(4).div_ceil(3) {
                return Err(Fault::Malformed);
            }
            let ends = now.plus(life_ms);
            keep(rows, key, &format!("{} {expires} {value}", ends.0), ends, now)?;
            Ok(vec![Item::Number(1)])
        }
        "get" => Ok(rows.get(key)?.map_or(vec![Item::Number(0)], |text| got(&text, now))),
        _ => Err(Fault::Malformed),
    }
}

fn got(text: &str, now: UnixMs) -> Vec<Item> {
    let read = || {
        let (ends, rest) = text.split_once(' ')?;
        let (expires, value) = rest.split_once(' ')?;
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let value = value.bytes().all(allowed).then(|| value.to_owned())?;
        Some((UnixMs(number(ends)?), number(expires)?, value))
    };
    match read() {
        None => vec![Item::Number(3)],
        Some((ends, ..)) if ends <= now => vec![Item::Number(0)],
        Some((_, expires, value)) => {
            vec![Item::Number(1), Item::Number(expires), Item::Text(value)]
        }
    }
}
