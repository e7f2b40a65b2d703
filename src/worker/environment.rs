//! What the deployment provides: settings, secrets, bindings, random bytes.

use std::sync::Arc;

use js_sys::{Array, Function, JSON, Promise, Reflect};
use wasm_bindgen::{JsCast as _, JsValue};
use worker::Env;
use worker::kv::{KvError, KvStore};
use worker::wasm_bindgen_futures::JsFuture;

use super::Deployment;
use super::exchange::Fields;
use super::fetch::WorkerFetch;
use crate::config::{Config, ConfigError, STORE_TOKEN, STORE_URL};
use crate::instance::Instance;
use crate::store::redis::RedisStore;
use crate::store::upstash::Upstash;

/// Public settings: `[vars.portcullis]`.
const SETTINGS: &str = "portcullis";
/// Secrets.
const KEYS: &str = "PORTCULLIS_KEYS";
const CLIENTS: &str = "PORTCULLIS_CLIENTS";
/// The KV namespace of revocations.
const KV: &str = "PORTCULLIS_KV";

/// What this environment configures.
///
/// # Errors
/// [`ConfigError`] with the path of the first fault. There is no default for a secret.
pub(super) fn deployment(env: &Env) -> Result<Deployment, ConfigError> {
    let config = Config::from_json(&text(env, SETTINGS)?, &text(env, KEYS)?, &text(env, CLIENTS)?)?;
    let (url, token) = (secret(env, STORE_URL), secret(env, STORE_TOKEN));
    let endpoint = config.store.endpoint(url.as_deref(), token.as_deref())?;
    let kv = kv(env).is_some();
    if endpoint.is_none() && !kv {
        // A deployment without either would revoke nothing beyond its own isolate.
        return Err(ConfigError::new(KV, "missing: bind a KV namespace of this name"));
    }
    let redis = endpoint.map(|endpoint| {
        let transport = Upstash::new(WorkerFetch::new(&config.store), endpoint);
        Arc::new(RedisStore::new(transport, config.store.prefix.clone()))
    });
    let random = entropy().ok_or_else(|| ConfigError::new("runtime", "gave no random bytes"))?;
    let fields = Fields::new(config.address);
    Ok(Deployment { instance: Arc::new(Instance::new(config, random)), redis, kv, fields })
}

/// A secret that may be left out; one that is empty is.
fn secret(env: &Env, name: &str) -> Option<String> {
    let value = Reflect::get(env, &JsValue::from_str(name)).ok()?;
    value.as_string().filter(|text| !text.is_empty())
}

/// The KV namespace.
pub(super) fn kv(env: &Env) -> Option<KvStore> {
    env.kv(KV).ok()
}

/// What KV answers to a read of several keys: a `Map` from each to its text, or to null. Read from
/// the binding itself, because the crate's own reader takes a key left out for one that is not there.
pub(super) async fn kv_read(env: &Env, keys: &[String]) -> Result<JsValue, KvError> {
    let namespace = Reflect::get(env, &KV.into())?;
    let get: Function = Reflect::get(&namespace, &"get".into())?.dyn_into()?;
    let keys: Array = keys.iter().map(JsValue::from).collect();
    // A promise, or already its outcome.
    let answer = Promise::resolve(&get.call2(&namespace, &keys, &"text".into())?);
    Ok(JsFuture::from(answer).await?)
}

/// 32 random bytes of the runtime; `None` where it has none to give.
pub(super) fn entropy() -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes)
}

/// A variable as JSON text, whether it was given as text or as an object.
fn text(env: &Env, name: &str) -> Result<String, ConfigError> {
    let missing = || ConfigError::new(name, "missing: set it for this deployment");
    let value = Reflect::get(env, &JsValue::from_str(name)).map_err(|_| missing())?;
    if value.is_undefined() {
        return Err(missing());
    }
    match value.as_string() {
        Some(text) => Ok(text),
        None => JSON::stringify(&value).map(String::from).map_err(|_| missing()),
    }
}
