//! The simple model beside the system: what was minted, what was acknowledged, what was admitted.

use std::collections::BTreeMap;
use std::rc::Rc;

use portcullis::limit::PolicyName;
use portcullis::store::EntryKey;

use super::isolate::{Isolate, Known};
use super::plan::{SESSIONS, TOKENS};
use super::sessions::{Rotations, Session};
use super::token::Token;

#[derive(Default)]
pub struct Model {
    pub tokens: [Option<Rc<Token>>; TOKENS],
    pub sessions: [Option<Rc<Session>>; SESSIONS],
    pub rotations: Rotations,
    /// Cost that was admitted by the store's decision: by the store's epoch, policy, key and window.
    pub admitted: BTreeMap<(u64, PolicyName, EntryKey, u64), u64>,
    /// Acknowledged as `secondary`, whoever lives.
    pub secondary: Vec<Known>,
    /// Acknowledged as `store`.
    pub stored: Vec<Stored>,
}

/// A revocation that was acknowledged as `store`: by which of its data, and when.
pub struct Stored {
    pub known: Known,
    pub epoch: u64,
    pub at_ms: u64,
}

/// What an isolate looked like before a piece of its work went on.
pub struct Before {
    /// Its breakers, the store's and the secondary's, are open.
    pub outages: [bool; 2],
    /// Of each take of the request: what is left of this instance's share, and whether it would be
    /// counted in the overflow bucket. `None` where the instance counts nothing.
    pub left: Vec<Option<(u64, bool)>>,
}

/// The lines of one poll's log.
pub struct Lines(pub Vec<String>);

impl Lines {
    pub fn of(isolate: &Isolate) -> Self {
        Self(isolate.instance.telemetry.take_lines().into_iter().map(|line| line.json).collect())
    }

    pub fn count(&self, event: &str) -> usize {
        self.count_with(event, "")
    }

    pub fn count_with(&self, event: &str, further: &str) -> usize {
        let event = format!("\"event\":\"{event}\"");
        self.0.iter().filter(|line| line.contains(&event) && line.contains(further)).count()
    }
}
