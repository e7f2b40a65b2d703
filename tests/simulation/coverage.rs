//! What a simulation came across. One that never meets a fault or an outcome proves nothing of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::plan::{FAULTS, FaultKind};
use super::polls::EVENTS;

/// Outcomes that must occur: the first words of what is counted.
const OUTCOMES: [&str; 29] = [
    "authorize: 200  by the store",
    "authorize: 200  without it",
    "authorize: 401 ERR_JWT_REVOKED by the store",
    "authorize: 401 ERR_JWT_REVOKED without it",
    "authorize: 401 ERR_JWT_EXPIRED",
    "authorize: 429 ERR_RATE_LIMITED by the store",
    "authorize: 429 ERR_RATE_LIMITED without it",
    "authorize: 503 ERR_STORE_UNAVAILABLE without it",
    "forged: 401",
    "forged: 429 ERR_RATE_LIMITED",
    "introspect: 200 active by the store",
    "introspect: 200 active without it",
    "introspect: 200 inactive",
    "introspect: 503",
    "revoke: 200 store",
    "revoke: 200 secondary",
    "revoke: 200 local",
    "revoke: 503",
    "take: 200  by the store",
    "take: 200  without it",
    "take: 429",
    "mint: 201",
    "open: 201",
    "open: 503",
    "refresh: 200",
    "refreshed again",
    "refresh: 400 ERR_REFRESH_INVALID",
    "refresh: 400 ERR_REFRESH_REUSED",
    "refresh: 503",
];

/// Events that must not occur, or have nothing to do with stores.
const ELSEWHERE: [&str; 2] = ["log_line_dropped", "client_refused"];

#[derive(Clone, Debug, Default)]
pub struct Coverage {
    faults: BTreeMap<FaultKind, u64>,
    events: BTreeMap<&'static str, u64>,
    outcomes: BTreeMap<String, u64>,
    pub requests: u64,
}

impl Coverage {
    pub fn fault(&mut self, kind: FaultKind) {
        *self.faults.entry(kind).or_default() += 1;
    }

    pub fn events(&mut self, event: &'static str, count: usize) {
        *self.events.entry(event).or_default() += count as u64;
    }

    pub fn outcome(&mut self, outcome: String) {
        self.requests += 1;
        *self.outcomes.entry(outcome).or_default() += 1;
    }

    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        other
            .faults
            .iter()
            .for_each(|(kind, count)| *self.faults.entry(*kind).or_default() += count);
        other
            .events
            .iter()
            .for_each(|(event, count)| *self.events.entry(event).or_default() += count);
        for (outcome, count) in &other.outcomes {
            *self.outcomes.entry(outcome.clone()).or_default() += count;
        }
    }

    /// What never occurred.
    pub fn missing(&self) -> Vec<String> {
        let faults = FAULTS
            .iter()
            .filter(|kind| !self.faults.contains_key(kind))
            .map(|kind| format!("fault {kind:?}"));
        let never = |event: &&&str| self.events.get(**event).is_none_or(|count| *count == 0);
        let events = EVENTS
            .iter()
            .filter(|event| !ELSEWHERE.contains(event))
            .filter(never)
            .map(|event| format!("event {event}"));
        let never = |outcome: &&&str| !self.outcomes.keys().any(|kept| kept.starts_with(**outcome));
        let outcomes = OUTCOMES.iter().filter(never).map(|outcome| format!("outcome {outcome}"));
        faults.chain(events).chain(outcomes).collect()
    }

    /// Faults by kind, on one line.
    pub fn faults_line(&self) -> String {
        let faults = self.faults.iter().map(|(kind, count)| format!("{kind:?} {count}"));
        faults.collect::<Vec<_>>().join(", ")
    }

    pub fn table(&self) -> String {
        let mut text = String::from("faults:\n");
        for (kind, count) in &self.faults {
            let _ = writeln!(text, "{count:>12}  {kind:?}");
        }
        text.push_str("events:\n");
        for (event, count) in self.events.iter().filter(|(_, count)| **count > 0) {
            let _ = writeln!(text, "{count:>12}  {event}");
        }
        text.push_str("answers:\n");
        for (outcome, count) in &self.outcomes {
            let _ = writeln!(text, "{count:>12}  {outcome}");
        }
        text
    }
}
