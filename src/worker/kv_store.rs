//! Revocations in Workers KV: the I/O around `store::kv`.

use std::cell::Cell;

use js_sys::Map;
use wasm_bindgen::{JsCast as _, JsValue};
use worker::Env;
use worker::kv::{KvError, KvStore};

use super::clock::within;
use super::environment;
use crate::config::StoreSettings;
use crate::store::StoreError;
use crate::store::kv::Namespace;

/// Deadline of a call, and of an instance's first ones, in milliseconds.
#[derive(Clone, Copy)]
struct Deadlines {
    deadline_ms: u64,
    first_deadline_ms: u64,
}

thread_local! {
    static CALLED_BEFORE: Cell<bool> = const { Cell::new(false) };
}

/// The namespace as a request has it.
///
/// The binding is looked up when it is first needed: most refusals need no store, and looking it up
/// costs several calls into the runtime.
#[derive(Clone)]
pub(super) struct KvNamespace {
    env: Env,
    deadlines: Deadlines,
}

impl KvNamespace {
    pub(super) const fn new(env: Env, settings: &StoreSettings) -> Self {
        let StoreSettings { deadline_ms, first_deadline_ms, .. } = *settings;
        Self { env, deadlines: Deadlines { deadline_ms, first_deadline_ms } }
    }

    fn bound(&self) -> Result<KvStore, StoreError> {
        environment::kv(&self.env).ok_or(StoreError::Unavailable { cause: "kv_unbound" })
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

impl Namespace for KvNamespace {
    async fn read(&self, keys: &[String]) -> Result<Vec<Option<String>>, StoreError> {
        values(&self.call(environment::kv_read(&self.env, keys)).await?, keys)
    }

    async fn write(&self, key: &str, value: String, expiration_s: u64) -> Result<(), StoreError> {
        let put = self.bound()?.put(key, value).map_err(|error| failure(&error))?;
        self.call(put.expiration(expiration_s).execute()).await
    }
}
