//! rotate, sessions and end_session.

use super::keys::KeyPrefix;
use super::reply::{Answer, UNEXPECTED};
use super::script::{Call, SESSIONS, number};
use super::time::Clocks;
use crate::UnixMs;
use crate::store::{EntryKey, Rotated, Rotation, SessionRecord, StoreError};

pub(super) fn rotate(
    prefix: &KeyPrefix,
    rotation: &Rotation,
    clocks: Clocks,
    per_subject_max: usize,
) -> Call {
    match *rotation {
        Rotation::Open(start) => {
            let args = [
                start.session.to_string(),
                start.subject.to_string(),
                number(start.expires.0),
                clocks.life_ms(start.expires),
                per_subject_max.to_string(),
            ];
            call("open", prefix, Some(start.session), Some(start.subject), clocks, &args)
        }
        Rotation::Advance { session, generation, grace_ms } => {
            let args = [session.to_string(), number(generation), number(grace_ms)];
            call("advance", prefix, Some(session), None, clocks, &args)
        }
    }
}

pub(super) fn end(prefix: &KeyPrefix, session: EntryKey, clocks: Clocks) -> Call {
    call("end", prefix, Some(session), None, clocks, &[session.to_string()])
}

pub(super) fn list(prefix: &KeyPrefix, subject: EntryKey, clocks: Clocks) -> Call {
    call("list", prefix, None, Some(subject), clocks, &[subject.to_string()])
}

/// The keys that are known beforehand are named, so that a cluster finds the slot by them.
fn call(
    mode: &str,
    prefix: &KeyPrefix,
    session: Option<EntryKey>,
    subject: Option<EntryKey>,
    clocks: Clocks,
    rest: &[String],
) -> Call {
    let (sessions, subjects) = (prefix.session_prefix(), prefix.subject_prefix());
    let session = session.map(|session| format!("{sessions}{session}"));
    let subject = subject.map(|subject| format!("{subjects}{subject}"));
    let keys = session.into_iter().chain(subject).collect();
    let mut args = vec![mode.to_owned(), clocks.decided_by(), sessions, subjects];
    args.extend_from_slice(rest);
    Call { script: &SESSIONS, keys, args }
}

/// Reads the answer to [`rotate`].
pub(super) fn rotated(rotation: &Rotation, mut answer: Answer) -> Result<Rotated, StoreError> {
    let session = match *rotation {
        Rotation::Open(start) => start.session,
        Rotation::Advance { session, .. } => session,
    };
    let rotated = match answer.integer()? {
        0 => Rotated::Unknown,
        1 => {
            let subject = answer.name()?;
            Rotated::Current(record(session, subject, &mut answer)?)
        }
        2 => Rotated::Reused,
        3 => return Err(StoreError::Corrupt { what: "session" }),
        _ => return Err(UNEXPECTED),
    };
    answer.end()?;
    Ok(rotated)
}

/// Reads the answer to [`end`].
pub(super) fn ended(mut answer: Answer) -> Result<bool, StoreError> {
    let ended = answer.flag()?;
    answer.end()?;
    Ok(ended)
}

/// Reads the answer to [`list`].
pub(super) fn listed(
    subject: EntryKey,
    mut answer: Answer,
) -> Result<Vec<SessionRecord>, StoreError> {
    let mut records = Vec::new();
    while answer.left() > 0 {
        let session = answer.name()?;
        records.push(record(session, subject, &mut answer)?);
    }
    Ok(records)
}

fn record(
    session: EntryKey,
    subject: EntryKey,
    answer: &mut Answer,
) -> Result<SessionRecord, StoreError> {
    Ok(SessionRecord {
        session,
        subject,
        started: UnixMs(answer.number()?),
        rotated: UnixMs(answer.number()?),
        expires: UnixMs(answer.number()?),
        generation: answer.number()?,
    })
}
