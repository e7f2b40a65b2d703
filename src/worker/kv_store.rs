//! Revocations in Workers KV: the I/O around `store::kv`.

use std::cell::Cell;

use js_sys::Map;
use wasm_bindgen::{JsCast as _, JsValue};
use worker::Env;
use worker::kv::{KvError, KvStore};

use super::clock::within;
use super::environment;
use crate::UnixMs;
use crate::config::StoreSettings;
use crate::limit::Policy;
use crate::store::kv::{self, Entry, Verdict};
use crate::store::{
    Admission, Admit, Durability, EntryKey, MergeBatch, Outcome, Penalty, Record, Revocation,
    Rotated, Rotation, SessionRecord, Store, StoreError, Take,
};

/// Deadline of a call, and of an instance's first ones, in milliseconds.
#[derive(Clone, Copy)]
struct Deadlines {
    deadline_ms: u64,
    first_deadline_ms: u64,
}

thread_local! {
    static CALLED_BEFORE: Cell<bool> = const { Cell::new(false) };
}

/// A store of revocations only: KV has no compare-and-set to rotate a session by, and cannot count.
///
/// The binding is looked up when it is first needed: most refusals need no store, and looking it up
/// costs several calls into the runtime.
#[derive(Clone)]
pub(super) struct KvRevocations {
    env: Env,
    deadlines: Deadlines,
}

impl KvRevocations {
    pub(super) const fn new(env: Env, settings: &StoreSettings) -> Self {
        let StoreSettings { deadline_ms, first_deadline_ms, .. } = *settings;
        Self { env, deadlines: Deadlines { deadline_ms, first_deadline_ms } }
    }

    fn namespace(&self) -> Result<KvStore, StoreError> {
        environment::kv(&self.env).ok_or(StoreError::Unavailable { cause: "kv_unbound" })
    }

    async fn read(&self, keys: &[String]) -> Result<Vec<Option<String>>, StoreError> {
        values(&self.call(environment::kv_read(&self.env, keys)).await?, keys)
    }

    async fn write(&self, key: &str, value: String, expiration_s: u64) -> Result<(), StoreError> {
        let put = self.namespace()?.put(key, value).map_err(|error| failure(&error))?;
        self.call(put.expiration(expiration_s).execute()).await
    }

    /// Runs one KV operation against its deadline.
    async fn call<T>(
        &self,
        operation: impl Future<Output = Result<T, KvError>>,
    ) -> Result<T, StoreError> {
        let Deadlines { deadline_ms, first_deadline_ms } = self.deadlines;
        let called = CALLED_BEFORE.get();
        let deadline_ms = if called { deadline_ms } else { first_deadline_ms };
        let answer = call_within(deadline_ms, operation).await;
        CALLED_BEFORE.set(true);
        answer
    }
}

/// What KV answered of several keys, in their order. A key that is not in the answer is not a key that
/// is not there: fail secure.
pub(super) fn values(answer: &JsValue, keys: &[String]) -> Result<Vec<Option<String>>, StoreError> {
    let protocol = StoreError::Unavailable { cause: "protocol" };
    let map: &Map = answer.dyn_ref().ok_or(protocol.clone())?;
    let value = |key: &String| match map.get(&key.into()) {
        value if value.is_null() => Ok(None),
        value => value.as_string().map(Some).ok_or(protocol.clone()),
    };
    keys.iter().map(value).collect()
}

/// Runs one KV operation against this deadline, in milliseconds.
pub(super) async fn call_within<T>(
    deadline_ms: u64,
    operation: impl Future<Output = Result<T, KvError>>,
) -> Result<T, StoreError> {
    match within(deadline_ms, operation).await {
        Some(answer) => answer.map_err(|error| failure(&error)),
        None => Err(StoreError::Timeout { deadline_ms }),
    }
}

/// KV's own message names the key; only its kind is kept.
fn failure(error: &KvError) -> StoreError {
    // With the spaces around it, which no key has: "KV GET failed: 429 Too Many Requests".
    let over_quota = error.to_string().contains(" 429 ");
    StoreError::Unavailable { cause: if over_quota { "quota" } else { "kv_error" } }
}

const fn unsupported<T>(verb: &'static str) -> Result<T, StoreError> {
    Err(StoreError::Unsupported { verb })
}

impl Store for KvRevocations {
    /// One read of all keys the token may have been revoked under.
    async fn admit(&self, admit: &Admit<'_>, now: UnixMs) -> Result<Admission, StoreError> {
        if !admit.takes.is_empty() {
            return unsupported("admit with limits");
        }
        let mut admission = Admission::default();
        let Some(check) = &admit.token else { return Ok(admission) };
        let (scopes, keys): (Vec<_>, Vec<_>) = kv::keys(check).into_iter().unzip();
        for (scope, stored) in scopes.into_iter().zip(self.read(&keys).await?) {
            let Some(stored) = stored else { continue };
            match kv::verdict(scope, &stored, check, now) {
                Verdict::Stands => continue,
                Verdict::Revoked => admission.revoked = Some(scope),
                Verdict::Unreadable => {
                    admission.revoked = Some(scope);
                    admission.unreadable = true;
                }
            }
            break;
        }
        Ok(admission)
    }

    async fn revoke(&self, revocation: &Revocation, now: UnixMs) -> Result<Durability, StoreError> {
        let key = kv::key(revocation.scope, revocation.key);
        let stored = self.read(std::slice::from_ref(&key)).await?.pop().flatten();
        let entry = Entry::extending(stored.as_deref(), revocation, now);
        if !entry.is_covered_by(stored.as_deref(), revocation.scope) {
            self.write(&key, entry.to_text(), entry.expiration_s(now)).await?;
        }
        Ok(Durability::Store)
    }

    async fn rotate(&self, _: &Rotation, _: UnixMs) -> Result<Rotated, StoreError> {
        unsupported("rotate")
    }

    async fn sessions(&self, _: EntryKey, _: UnixMs) -> Result<Vec<SessionRecord>, StoreError> {
        unsupported("sessions")
    }

    async fn end_session(&self, _: EntryKey, _: UnixMs) -> Result<bool, StoreError> {
        unsupported("end_session")
    }

    async fn peek(&self, _: &[Take<'_>], _: UnixMs) -> Result<Vec<Outcome>, StoreError> {
        unsupported("peek")
    }

    async fn reset(&self, _: &Policy, _: EntryKey, _: UnixMs) -> Result<(), StoreError> {
        unsupported("reset")
    }

    async fn penalise(&self, _: &Penalty<'_>, _: UnixMs) -> Result<(), StoreError> {
        unsupported("penalise")
    }

    async fn merge(&self, _: &MergeBatch, _: UnixMs) -> Result<(), StoreError> {
        unsupported("merge")
    }

    async fn put(&self, _: EntryKey, _: Record, _: UnixMs) -> Result<(), StoreError> {
        unsupported("put")
    }

    /// There are no records; reading for one tells whether KV answers.
    async fn get(&self, name: EntryKey, _: UnixMs) -> Result<Option<Record>, StoreError> {
        self.read(&[format!("portcullis:1:record:{name}")]).await.map(|_| None)
    }
}
