//! put and get. A value travels as base64url, so that every reply is text whatever carries it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::keys::KeyPrefix;
use super::reply::{Answer, UNEXPECTED};
use super::script::{Call, RECORDS, number};
use super::time::Clocks;
use crate::UnixMs;
use crate::store::{EntryKey, Record, StoreError};

pub(super) fn put(
    prefix: &KeyPrefix,
    name: EntryKey,
    record: &Record,
    clocks: Clocks,
) -> Result<Call, StoreError> {
    let (bytes, bytes_max) = (record.value.len(), Record::BYTES_MAX);
    if bytes > bytes_max {
        return Err(StoreError::RecordTooLarge { bytes, bytes_max });
    }
    let args = vec![
        "put".to_owned(),
        clocks.decided_by(),
        clocks.life_ms(record.expires),
        number(record.expires.0),
        URL_SAFE_NO_PAD.encode(&record.value),
    ];
    Ok(Call { script: &RECORDS, keys: vec![prefix.record(name)], args })
}

pub(super) fn get(prefix: &KeyPrefix, name: EntryKey, clocks: Clocks) -> Call {
    let args = vec!["get".to_owned(), clocks.decided_by()];
    Call { script: &RECORDS, keys: vec![prefix.record(name)], args }
}

/// Reads the answer to [`get`].
pub(super) fn got(mut answer: Answer) -> Result<Option<Record>, StoreError> {
    let record = match answer.integer()? {
        0 => None,
        1 => {
            let expires = UnixMs(answer.number()?);
            let value = URL_SAFE_NO_PAD.decode(answer.text()?);
            let value = value.map_err(|_| StoreError::Corrupt { what: "record" })?;
            Some(Record { value, expires })
        }
        3 => return Err(StoreError::Corrupt { what: "record" }),
        _ => return Err(UNEXPECTED),
    };
    answer.end()?;
    Ok(record)
}
