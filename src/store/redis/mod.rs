//! The store in Redis: every verb is one script, run on the primary by the store's own time.
//!
//! No I/O here. A verb becomes a [`Command`], a [`Transport`] carries it and brings a [`Reply`],
//! and the reply is read into the answer. Commands are EVALSHA, with one EVAL when the server does
//! not know the script, and DEL; none that a replica may answer.
//!
//! Strong: one primary decides, so a revocation is seen at the next check and a quota is exact.
//! After a failover the last writes may be gone, and after a restart everything: then
//! [`Admission::epoch`] is another one.

mod adjust;
mod admit;
mod keys;
mod limit;
mod merge;
mod records;
mod reply;
mod revoke;
mod rules;
mod script;
mod sessions;
// Native only: they start a redis-server.
#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;
mod time;

use std::fmt;

pub use keys::{KeyPrefix, KeyPrefixError};
use reply::{Answer, UNEXPECTED};
pub use reply::{Reply, ServerError};
use script::{Call, PENALISE, number};
pub use script::{Command, Dialect};
use time::{Clocks, Decides};

use super::{
    Admission, Admit, Durability, EntryKey, MergeBatch, Outcome, Penalty, Record, Revocation,
    Rotated, Rotation, SessionRecord, Store, StoreError, StoredRules, Take,
};
use crate::UnixMs;
use crate::limit::{Adjustment, Policy};

/// The most open sessions of one subject; opening one more ends the oldest.
const SESSIONS_PER_SUBJECT_MAX: usize = 100;

/// Carries one command to the server, and its reply back.
#[allow(
    async_fn_in_trait,
    reason = "isolates are single-threaded; a Send bound would shut out JavaScript futures"
)]
pub trait Transport {
    /// Which Lua is at the other end.
    fn dialect(&self) -> Dialect;

    /// Sends a command and receives its reply. An error of the server is [`Reply::Error`].
    ///
    /// # Errors
    /// [`StoreError`] when there is no reply, or none that can be read.
    async fn call(&self, command: &Command) -> Result<Reply, StoreError>;
}

/// By reference: a request's store over its instance's transport.
impl<T: Transport> Transport for &T {
    fn dialect(&self) -> Dialect {
        (**self).dialect()
    }

    async fn call(&self, command: &Command) -> Result<Reply, StoreError> {
        (**self).call(command).await
    }
}

/// A [`Store`] in Redis.
///
/// It keeps nothing but its configuration, so one serves an instance as well as a request. Instants
/// beyond 2^52 ms (the year 144,683) are held to that.
pub struct RedisStore<T> {
    transport: T,
    prefix: KeyPrefix,
    sessions_per_subject_max: usize,
    decides: Decides,
}

impl<T: Transport> RedisStore<T> {
    /// The store of one deployment: of all that use the same server and `prefix`.
    #[must_use]
    pub const fn new(transport: T, prefix: KeyPrefix) -> Self {
        Self {
            transport,
            prefix,
            sessions_per_subject_max: SESSIONS_PER_SUBJECT_MAX,
            decides: Decides::Store,
        }
    }

    /// What carries its commands.
    pub const fn transport(&self) -> &T {
        &self.transport
    }

    const fn clocks(&self, now: UnixMs) -> Clocks {
        Clocks::new(now, self.decides)
    }

    /// Runs a script by its hash, and by its text when the server does not know it: then nothing
    /// ran, so nothing is done twice. Nothing else is ever sent again.
    async fn run(&self, call: Call) -> Result<Answer, StoreError> {
        let dialect = self.transport.dialect();
        let script = call.script;
        let command = call.by_hash(dialect);
        let mut reply = self.transport.call(&command).await?;
        if reply == Reply::Error(ServerError::NoScript) {
            reply = self.transport.call(&command.by_text(script, dialect)).await?;
        }
        Answer::new(reply)
    }
}

/// Says nothing of what it is connected to.
impl<T> fmt::Debug for RedisStore<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl<T: Transport> Store for RedisStore<T> {
    async fn admit(&self, admit: &Admit<'_>, now: UnixMs) -> Result<Admission, StoreError> {
        let call = admit::admit(&self.prefix, admit, self.clocks(now));
        admit::admission(admit, self.run(call).await?)
    }

    async fn revoke(&self, revocation: &Revocation, now: UnixMs) -> Result<Durability, StoreError> {
        let call = revoke::call(&self.prefix, revocation, self.clocks(now));
        self.run(call).await?.done()?;
        Ok(Durability::Store)
    }

    async fn rotate(&self, rotation: &Rotation, now: UnixMs) -> Result<Rotated, StoreError> {
        let most = self.sessions_per_subject_max;
        let call = sessions::rotate(&self.prefix, rotation, self.clocks(now), most);
        sessions::rotated(rotation, self.run(call).await?)
    }

    async fn sessions(
        &self,
        subject: EntryKey,
        now: UnixMs,
    ) -> Result<Vec<SessionRecord>, StoreError> {
        let call = sessions::list(&self.prefix, subject, self.clocks(now));
        sessions::listed(subject, self.run(call).await?)
    }

    async fn peek(&self, takes: &[Take<'_>], now: UnixMs) -> Result<Vec<Outcome>, StoreError> {
        let call = admit::peek(&self.prefix, takes, self.clocks(now));
        admit::peeked(takes, self.run(call).await?)
    }

    async fn reset(&self, policy: &Policy, key: EntryKey, _now: UnixMs) -> Result<(), StoreError> {
        let key = self.prefix.limit(&policy.name, key);
        let command = Command::reset(key, self.transport.dialect());
        match self.transport.call(&command).await? {
            Reply::Integer(0 | 1) => Ok(()),
            Reply::Error(error) => Err(error.into()),
            reply @ Reply::List(_) => Answer::new(reply)?.done(),
            _ => Err(UNEXPECTED),
        }
    }

    async fn adjust(
        &self,
        policy: &Policy,
        key: EntryKey,
        by: Adjustment,
        now: UnixMs,
    ) -> Result<Outcome, StoreError> {
        let call = adjust::call(&self.prefix, policy, key, by, self.clocks(now));
        adjust::adjusted(policy, key, self.run(call).await?)
    }

    async fn penalise(&self, penalty: &Penalty<'_>, now: UnixMs) -> Result<(), StoreError> {
        let keys = vec![self.prefix.limit(&penalty.policy.name, penalty.key)];
        let args = vec![self.clocks(now).decided_by(), number(penalty.duration_ms)];
        self.run(Call { script: &PENALISE, keys, args }).await?.done()
    }

    async fn merge(&self, batch: &MergeBatch, now: UnixMs) -> Result<(), StoreError> {
        let call = merge::call(&self.prefix, batch, self.clocks(now))?;
        merge::merged(self.run(call).await?)
    }

    async fn put(&self, name: EntryKey, record: Record, now: UnixMs) -> Result<(), StoreError> {
        let call = records::put(&self.prefix, name, &record, self.clocks(now))?;
        self.run(call).await?.done()
    }

    async fn get(&self, name: EntryKey, now: UnixMs) -> Result<Option<Record>, StoreError> {
        records::got(self.run(records::get(&self.prefix, name, self.clocks(now))).await?)
    }

    async fn rules(&self, _now: UnixMs) -> Result<StoredRules, StoreError> {
        rules::read(self.run(rules::get(&self.prefix)).await?)
    }

    async fn write_rules(
        &self,
        expected: u64,
        text: &str,
        now: UnixMs,
    ) -> Result<Option<u64>, StoreError> {
        StoredRules::check(text)?;
        let call = rules::put(&self.prefix, expected, text, self.clocks(now));
        rules::written(self.run(call).await?)
    }
}
