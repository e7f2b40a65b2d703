//! Sessions and the rotation of their refresh tokens.

use std::collections::BTreeMap;

use super::MemoryBounds;
use crate::UnixMs;
use crate::store::expiring::{Expiring, Full, Seed};
use crate::store::{
    EntryKey, Presented, Rotated, Rotation, SessionRecord, SessionStart, StoreError,
};

/// Open sessions, by name and by subject.
pub(super) struct Sessions {
    /// Each until it ends, or would for not having been refreshed.
    open: Expiring<Held>,
    /// Names of a subject's sessions, in the order they were opened.
    by_subject: BTreeMap<(EntryKey, u64), EntryKey>,
    /// How many were ever opened.
    opened: u64,
    per_subject_max: usize,
}

#[derive(Clone, Copy)]
struct Held {
    record: SessionRecord,
    /// Its place in its subject's order.
    place: u64,
}

impl Sessions {
    pub(super) fn new(bounds: &MemoryBounds, seed: Seed) -> Self {
        Self {
            open: Expiring::new(bounds.sessions, seed),
            by_subject: BTreeMap::new(),
            opened: 0,
            per_subject_max: bounds.sessions_per_subject,
        }
    }

    /// As [`crate::store::Store::rotate`], but for what a generation used twice ends: the caller sees to that.
    pub(super) fn rotate(
        &mut self,
        rotation: &Rotation,
        now: UnixMs,
    ) -> Result<Rotated, StoreError> {
        match *rotation {
            Rotation::Open(start) => self.open(start, now),
            Rotation::Advance(presented) => self.advance(presented, now),
        }
    }

    /// The live sessions of a subject, oldest first.
    pub(super) fn of(&self, subject: EntryKey, now: UnixMs) -> Vec<SessionRecord> {
        self.names_of(subject)
            .filter_map(|session| self.open.get(&session, now))
            .map(|held| held.record)
            .collect()
    }

    /// How many places the lists of all subjects hold.
    #[cfg(test)]
    pub(super) fn listed(&self) -> usize {
        self.by_subject.len()
    }

    /// Ends a session.
    pub(super) fn end(&mut self, session: EntryKey) {
        if let Some(held) = self.open.remove(&session) {
            self.by_subject.remove(&(held.record.subject, held.place));
        }
    }

    /// Ends the sessions of a subject that were opened up to `cut`.
    pub(super) fn cut(&mut self, subject: EntryKey, cut: UnixMs) {
        let names: Vec<EntryKey> = self.names_of(subject).collect();
        for session in names {
            // One that is over goes too.
            let held = self.open.kept(&session);
            if held.is_some_and(|held| held.record.started <= cut) {
                self.end(session);
            }
        }
    }

    /// Opens a session. One subject's sessions push out its own oldest, never another's.
    fn open(&mut self, start: SessionStart, now: UnixMs) -> Result<Rotated, StoreError> {
        let SessionStart { session, subject, expires, idle_ms } = start;
        if let Some(Held { record, .. }) = self.open.get(&session, now) {
            // A repeated request, its answer lost. Anything else must not turn back the generation.
            let repeated = record.generation == 0 && record.subject == subject;
            return Ok(if repeated { Rotated::Current(*record) } else { Rotated::Unknown });
        }
        if expires <= now {
            return Ok(Rotated::Unknown);
        }
        self.end(session);
        self.make_room_for(subject, now);
        let record =
            SessionRecord { session, subject, started: now, rotated: now, expires, generation: 0 };
        let held = Held { record, place: self.opened };
        let dropped = self
            .open
            .insert(session, held, expires.min(now.plus(idle_ms)), now)
            .map_err(|Full| StoreError::Full { what: "sessions" })?;
        self.opened = self.opened.saturating_add(1);
        self.by_subject.insert((subject, held.place), session);
        if let Some(dropped) = dropped {
            self.by_subject.remove(&(dropped.record.subject, dropped.place));
        }
        Ok(Rotated::Current(record))
    }

    fn advance(&mut self, presented: Presented, now: UnixMs) -> Result<Rotated, StoreError> {
        let Presented { session, subject, generation, grace_ms, idle_ms, .. } = presented;
        let Some(&Held { record, place }) = self.open.get(&session, now) else {
            return Ok(Rotated::Unknown);
        };
        let next = generation.saturating_add(1);
        if record.subject != subject || generation > record.generation {
            return Ok(Rotated::Unknown);
        }
        if generation == record.generation {
            let record = SessionRecord { generation: next, rotated: now, ..record };
            let ends = record.expires.min(now.plus(idle_ms));
            self.open
                .insert(session, Held { record, place }, ends, now)
                .map_err(|Full| StoreError::Full { what: "sessions" })?;
            return Ok(Rotated::Current(record));
        }
        if next == record.generation && now.since(record.rotated) < grace_ms {
            return Ok(Rotated::Current(record));
        }
        Ok(Rotated::Reused)
    }

    /// Drops a subject's ended sessions, then its oldest, until one more is within its most.
    fn make_room_for(&mut self, subject: EntryKey, now: UnixMs) {
        let names: Vec<EntryKey> = self.names_of(subject).collect();
        let (live, ended): (Vec<EntryKey>, Vec<EntryKey>) =
            names.into_iter().partition(|name| self.open.get(name, now).is_some());
        let surplus = live.len().saturating_add(1).saturating_sub(self.per_subject_max);
        for session in ended.into_iter().chain(live.into_iter().take(surplus)) {
            self.end(session);
        }
    }

    fn names_of(&self, subject: EntryKey) -> impl Iterator<Item = EntryKey> {
        self.by_subject.range((subject, 0)..=(subject, u64::MAX)).map(|(_, session)| *session)
    }
}
