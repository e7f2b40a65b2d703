//! rules and write_rules.

use super::keys::KeyPrefix;
use super::reply::{Answer, UNEXPECTED};
use super::script::{Call, RULES, number};
use super::time::Clocks;
use crate::store::{StoreError, StoredRules};

pub(super) fn get(prefix: &KeyPrefix) -> Call {
    call(prefix, vec!["get".to_owned()])
}

pub(super) fn put(prefix: &KeyPrefix, expected: u64, text: &str, clocks: Clocks) -> Call {
    let args = vec![
        "put".to_owned(),
        clocks.decided_by(),
        number(expected),
        number(StoredRules::LIFE_MS),
        text.to_owned(),
    ];
    call(prefix, args)
}

fn call(prefix: &KeyPrefix, args: Vec<String>) -> Call {
    Call { script: &RULES, keys: vec![prefix.rules(), prefix.rules_text()], args }
}

/// Reads the answer to [`get`].
pub(super) fn read(mut answer: Answer) -> Result<StoredRules, StoreError> {
    let rules = match answer.integer()? {
        0 => StoredRules::default(),
        1 => StoredRules { version: answer.number()?, text: answer.text()? },
        3 => return Err(StoreError::Corrupt { what: "rules" }),
        _ => return Err(UNEXPECTED),
    };
    answer.end()?;
    Ok(rules)
}

/// Reads the answer to [`put`].
pub(super) fn written(mut answer: Answer) -> Result<Option<u64>, StoreError> {
    let version = if answer.flag()? { Some(answer.number()?) } else { None };
    answer.end()?;
    Ok(version)
}
