//! What the deployment provides: settings, secrets, bindings, random bytes.

use js_sys::{Array, Function, JSON, Promise, Reflect};
use wasm_bindgen::{JsCast as _, JsValue};
use worker::Env;
use worker::kv::{KvError, KvStore};
use worker::wasm_bindgen_futures::JsFuture;

use crate::config::{Config, ConfigError};
use crate::guard::Instance;
use crate::store::memory::MemoryStore;
use crate::telemetry::Telemetry;

/// Public settings: `[vars.portcullis]`.
const SETTINGS: &str = "portcullis";
/// Secrets.
const KEYS: &str = "PORTCULLIS_KEYS";
const CLIENTS: &str = "PORTCULLIS_CLIENTS";
/// The KV namespace of revocations.
const KV: &str = "PORTCULLIS_KV";

/// The instance this environment configures.
///
/// # Errors
/// [`ConfigError`] with the path of the first fault. There is no default for a secret.
pub(super) fn instance(env: &Env) -> Result<Instance, ConfigError> {
    kv(env).ok_or_else(|| ConfigError::new(KV, "missing: bind a KV namespace of this name"))?;
    let config = Config::from_json(&text(env, SETTINGS)?, &text(env, KEYS)?, &text(env, CLIENTS)?)?;
    let fault = || ConfigError::new("runtime", "gave no random bytes");
    let random = entropy().ok_or_else(fault)?;
    let (seed, _) = random.split_first_chunk().ok_or_else(fault)?;
    Ok(Instance { config, memory: MemoryStore::new(*seed), telemetry: Telemetry::default() })
}

/// The KV namespace; a deployment without one would revoke nothing beyond its own isolate.
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
