//! rotate and sessions, and revoking what has sessions.

use super::keys::KeyPrefix;
use super::reply::{Answer, UNEXPECTED};
use super::script::{Call, SESSIONS, number};
use super::time::Clocks;
use crate::UnixMs;
use crate::store::{EntryKey, RevocationScope, Rotated, Rotation, SessionRecord, StoreError};

pub(super) fn rotate(
    prefix: &KeyPrefix,
    rotation: &Rotation,
    clocks: Clocks,
    per_subject_max: usize,
) -> Call {
    match *rotation {
        Rotation::Open(start) => {
            let keys = vec![
                session_key(prefix, start.session),
                list_key(prefix, start.subject),
                prefix.revoked(RevocationScope::Session, start.session),
                prefix.revoked(RevocationScope::Subject, start.subject),
            ];
            let args = [
                start.session.to_string(),
                start.subject.to_string(),
                number(start.expires.0),
                clocks.life_ms(start.expires),
                number(start.idle_ms),
                per_subject_max.to_string(),
                clocks.caller(),
            ];
            call("open", prefix, keys, clocks, &args)
        }
        Rotation::Advance(presented) => {
            let entry = prefix.revoked(RevocationScope::Session, presented.session);
            let keys = vec![session_key(prefix, presented.session), entry];
            let args = [
                presented.session.to_string(),
                presented.subject.to_string(),
                number(presented.generation),
                number(presented.grace_ms),
                number(presented.idle_ms),
                clocks.life_ms(presented.access_until),
            ];
            call("advance", prefix, keys, clocks, &args)
        }
    }
}

/// Revokes a session under `entry`; `how`: the cut, the life, and whether the cut is final.
pub(super) fn end(
    prefix: &KeyPrefix,
    session: EntryKey,
    entry: String,
    clocks: Clocks,
    how: &[String],
) -> Call {
    let keys = vec![session_key(prefix, session), entry];
    call("end", prefix, keys, clocks, &[&[session.to_string()], how].concat())
}

/// The same of a subject.
pub(super) fn cut(
    prefix: &KeyPrefix,
    subject: EntryKey,
    entry: String,
    clocks: Clocks,
    how: &[String],
) -> Call {
    let keys = vec![list_key(prefix, subject), entry];
    call("cut", prefix, keys, clocks, &[&[subject.to_string()], how].concat())
}

pub(super) fn list(prefix: &KeyPrefix, subject: EntryKey, clocks: Clocks) -> Call {
    let keys = vec![list_key(prefix, subject)];
    call("list", prefix, keys, clocks, &[subject.to_string()])
}

/// `keys`: those that are known beforehand, so that a cluster finds the slot by them.
fn call(
    mode: &str,
    prefix: &KeyPrefix,
    keys: Vec<String>,
    clocks: Clocks,
    rest: &[String],
) -> Call {
    let (sessions, subjects) = (prefix.session_prefix(), prefix.subject_prefix());
    let mut args = vec![mode.to_owned(), clocks.decided_by(), sessions, subjects];
    args.extend_from_slice(rest);
    Call { script: &SESSIONS, keys, args }
}

fn session_key(prefix: &KeyPrefix, session: EntryKey) -> String {
    format!("{}{session}", prefix.session_prefix())
}

fn list_key(prefix: &KeyPrefix, subject: EntryKey) -> String {
    format!("{}{subject}", prefix.subject_prefix())
}

/// Reads the answer to [`rotate`].
pub(super) fn rotated(rotation: &Rotation, mut answer: Answer) -> Result<Rotated, StoreError> {
    let session = match *rotation {
        Rotation::Open(start) => start.session,
        Rotation::Advance(presented) => presented.session,
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
