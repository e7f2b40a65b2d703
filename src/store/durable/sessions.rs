//! Sessions: `<subject> <started> <rotated> <expires> <ends> <idles> <generation>` under each one's name, and the
//! names of a subject's, oldest first, with a space between them, under the subject.

use super::command::{Args, Fault, Item};
use super::entry::{keep, numbers_of};
use super::revoke::{self, Written};
use super::{Rows, RowsError};
use crate::UnixMs;

const UNKNOWN: u64 = 0;
const CURRENT: u64 = 1;
const REUSED: u64 = 2;
const CORRUPT: u64 = 3;

#[derive(Clone)]
struct Session {
    name: String,
    subject: String,
    started: u64,
    rotated: UnixMs,
    expires: u64,
    ends: UnixMs,
    /// The end, unless it is refreshed before.
    idles: UnixMs,
    generation: u64,
}

enum Loaded {
    None,
    Unreadable,
    Session(Session),
}

/// The rows of all sessions, at an instant.
struct Sessions<'r, R> {
    rows: &'r R,
    session_prefix: &'r str,
    subject_prefix: &'r str,
    now: UnixMs,
}

/// A refresh token that was presented.
struct Presented<'a> {
    subject: &'a str,
    generation: u64,
    grace_ms: u64,
    idle_ms: u64,
    /// For how long the session's access tokens are refused, if it is killed.
    access_ms: u64,
}

/// What a session is opened with.
struct Start<'a> {
    subject: &'a str,
    expires: u64,
    life_ms: u64,
    idle_ms: u64,
    /// The most sessions of a subject.
    most: u64,
}

/// `keys`: for what writes a revocation, that last.
pub(super) fn run(
    rows: &impl Rows,
    keys: &[String],
    args: &mut Args<'_>,
    now: UnixMs,
) -> Result<Vec<Item>, Fault> {
    let mode = args.text()?;
    let now = args.clock(now)?;
    let (session_prefix, subject_prefix) = (args.text()?, args.text()?);
    let sessions = Sessions { rows, session_prefix, subject_prefix, now };
    let name = args.text()?;
    match mode {
        "open" => {
            let (subject, expires) = (args.text()?, args.number()?);
            let (life_ms, idle_ms, most) = (args.number()?, args.number()?, args.number()?);
            let begun = UnixMs(args.number()?);
            let [.., of_session, of_subject] = keys else { return Err(Fault::Malformed) };
            let entries = [of_session.clone(), of_subject.clone()];
            if revoke::revoked_by(rows, "su", &entries, begun, now)?.is_some() {
                return Ok(vec![Item::Number(UNKNOWN)]);
            }
            sessions.open(name, &Start { subject, expires, life_ms, idle_ms, most })
        }
        "advance" => {
            let subject = args.text()?;
            let (generation, grace_ms) = (args.number()?, args.number()?);
            let (idle_ms, access_ms) = (args.number()?, args.number()?);
            let presented = Presented { subject, generation, grace_ms, idle_ms, access_ms };
            sessions.advance(name, &presented, entry(keys)?)
        }
        "end" => sessions.end(name, entry(keys)?, &Written::read(args)?),
        "cut" => sessions.cut(name, entry(keys)?, &Written::read(args)?),
        "list" => sessions.list(name),
        _ => Err(Fault::Malformed),
    }
}

fn entry(keys: &[String]) -> Result<&str, Fault> {
    keys.last().map(String::as_str).ok_or(Fault::Malformed)
}

impl<R: Rows> Sessions<'_, R> {
    fn open(&self, name: &str, start: &Start<'_>) -> Result<Vec<Item>, Fault> {
        let Start { subject, expires, life_ms, idle_ms, most } = *start;
        if let Loaded::Session(held) = self.load(name)?
            && held.idles > self.now
        {
            // A repeated request, its answer lost. Anything else must not turn back the generation.
            let repeated = held.generation == 0 && held.subject == subject;
            return Ok(if repeated { current(&held) } else { vec![Item::Number(UNKNOWN)] });
        }
        if life_ms == 0 {
            return Ok(vec![Item::Number(UNKNOWN)]);
        }
        let mut names = self.make_room(subject, most)?;
        let (now, ends) = (self.now, self.now.plus(life_ms));
        let session = Session {
            name: name.to_owned(),
            subject: subject.to_owned(),
            started: now.0,
            rotated: now,
            expires,
            ends,
            idles: ends.min(now.plus(idle_ms)),
            generation: 0,
        };
        self.save(&session)?;
        names.push(session.clone());
        self.save_list(subject, &names)?;
        Ok(current(&session))
    }

    fn advance(
        &self,
        name: &str,
        presented: &Presented<'_>,
        entry: &str,
    ) -> Result<Vec<Item>, Fault> {
        let Presented { subject, generation, grace_ms, idle_ms, access_ms } = *presented;
        let mut session = match self.load(name)? {
            Loaded::Unreadable => return Ok(vec![Item::Number(CORRUPT)]),
            Loaded::Session(session) if session.idles > self.now => session,
            _ => return Ok(vec![Item::Number(UNKNOWN)]),
        };
        if session.subject != subject || generation > session.generation {
            return Ok(vec![Item::Number(UNKNOWN)]);
        }
        if generation == session.generation {
            session.generation = generation.saturating_add(1);
            session.rotated = self.now;
            session.idles = session.ends.min(self.now.plus(idle_ms));
            self.save(&session)?;
            return Ok(current(&session));
        }
        let in_grace = self.now.since(session.rotated) < grace_ms;
        if generation.saturating_add(1) == session.generation && in_grace {
            return Ok(current(&session));
        }
        let kill = Written { cut: self.now, life_ms: access_ms, is_final: false };
        revoke::write(self.rows, entry, &kill, self.now)?;
        self.remove(&session)?;
        Ok(vec![Item::Number(REUSED)])
    }

    /// What cannot be read is removed like any other.
    fn end(&self, name: &str, entry: &str, written: &Written) -> Result<Vec<Item>, Fault> {
        revoke::write(self.rows, entry, written, self.now)?;
        match self.load(name)? {
            Loaded::None => {}
            Loaded::Unreadable => drop(self.rows.delete(&self.key(name))?),
            Loaded::Session(session) => self.remove(&session)?,
        }
        Ok(vec![Item::Number(1)])
    }

    /// Ends what was opened up to the cut; what cannot be read may have been.
    fn cut(&self, subject: &str, entry: &str, written: &Written) -> Result<Vec<Item>, Fault> {
        let cut = revoke::write(self.rows, entry, written, self.now)?;
        let mut left = Vec::new();
        for name in self.listed(subject)?.iter().flat_map(|names| names.split(' ')) {
            match self.load(name)? {
                Loaded::Session(session) if session.subject != subject => {}
                Loaded::Session(session) if UnixMs(session.started) > cut => left.push(session),
                _ => drop(self.rows.delete(&self.key(name))?),
            }
        }
        self.save_list(subject, &left)?;
        Ok(vec![Item::Number(1)])
    }

    fn list(&self, subject: &str) -> Result<Vec<Item>, Fault> {
        let mut reply = Vec::new();
        for session in self.of(subject)?.iter().filter(|session| session.idles > self.now) {
            reply.push(Item::Text(session.name.clone()));
            let Session { started, rotated, expires, generation, .. } = *session;
            reply.extend([started, rotated.0, expires, generation].map(Item::Number));
        }
        Ok(reply)
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.session_prefix)
    }

    fn load(&self, name: &str) -> Result<Loaded, RowsError> {
        let Some(text) = self.rows.get(&self.key(name))? else { return Ok(Loaded::None) };
        let read = || {
            let (subject, rest) = text.split_once(' ')?;
            let [started, rotated, expires, ends, idles, generation] = numbers_of(rest)?;
            let [rotated, ends, idles] = [rotated, ends, idles].map(UnixMs);
            let (name, subject) = (name.to_owned(), subject.to_owned());
            Some(Session { name, subject, started, rotated, expires, ends, idles, generation })
        };
        Ok(read().map_or(Loaded::Unreadable, Loaded::Session))
    }

    fn save(&self, session: &Session) -> Result<(), RowsError> {
        let Session { subject, started, rotated, expires, ends, idles, generation, .. } = session;
        let [rotated, ends_at, idles_at] = [rotated.0, ends.0, idles.0];
        let value =
            format!("{subject} {started} {rotated} {expires} {ends_at} {idles_at} {generation}");
        keep(self.rows, &self.key(&session.name), &value, *idles, self.now)
    }

    /// The names listed under a subject, with a space between them.
    fn listed(&self, subject: &str) -> Result<Option<String>, RowsError> {
        self.rows.get(&format!("{}{subject}", self.subject_prefix))
    }

    /// The sessions listed under a subject that are its own still, ended ones among them.
    fn of(&self, subject: &str) -> Result<Vec<Session>, RowsError> {
        let listed = self.listed(subject)?;
        let mut sessions = Vec::new();
        for name in listed.iter().flat_map(|names| names.split(' ')) {
            if let Loaded::Session(session) = self.load(name)?
                && session.subject == subject
            {
                sessions.push(session);
            }
        }
        Ok(sessions)
    }

    fn save_list(&self, subject: &str, sessions: &[Session]) -> Result<(), RowsError> {
        let key = format!("{}{subject}", self.subject_prefix);
        let Some(ends) = sessions.iter().map(|session| session.ends).max() else {
            return self.rows.delete(&key).map(drop);
        };
        let names: Vec<&str> = sessions.iter().map(|session| session.name.as_str()).collect();
        keep(self.rows, &key, &names.join(" "), ends, self.now)
    }

    /// Drops a subject's ended sessions, then its oldest, until one more is within its most. The rest.
    fn make_room(&self, subject: &str, most: u64) -> Result<Vec<Session>, RowsError> {
        let (mut live, ended): (Vec<_>, Vec<_>) =
            self.of(subject)?.into_iter().partition(|session| session.idles > self.now);
        let over =
            (live.len().saturating_add(1)).saturating_sub(usize::try_from(most).unwrap_or(0));
        for session in ended.iter().chain(&live.drain(..over.min(live.len())).collect::<Vec<_>>()) {
            self.rows.delete(&self.key(&session.name))?;
        }
        Ok(live)
    }

    fn remove(&self, session: &Session) -> Result<(), RowsError> {
        self.rows.delete(&self.key(&session.name))?;
        let mut left = self.of(&session.subject)?;
        left.retain(|other| other.name != session.name);
        self.save_list(&session.subject, &left)
    }
}

fn current(session: &Session) -> Vec<Item> {
    let Session { started, rotated, expires, generation, .. } = *session;
    let subject = Item::Text(session.subject.clone());
    let times = [started, rotated.0, expires, generation].map(Item::Number);
    [Item::Number(CURRENT), subject].into_iter().chain(times).collect()
}
