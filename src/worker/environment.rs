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
use super::link::Link;
use crate::config::{Config, ConfigError, REFRESH_SECRET, STORE_TOKEN, STORE_URL};
use crate::gateway::Upstream;
use crate::instance::Instance;
use crate::store::durable::ObjectTransport;
use crate::store::redis::RedisStore;
use crate::store::upstash::Upstash;

/// Public settings: `[vars.portcullis]`.
const SETTINGS: &str = "portcullis";
/// Secrets.
const KEYS: &str = "PORTCULLIS_KEYS";
const CLIENTS: &str = "PORTCULLIS_CLIENTS";
/// The KV namespace of revocations.
const KV: &str = "PORTCULLIS_KV";
/// The Durable Object that is the store, where no Redis is.
const OBJECT: &str = "PORTCULLIS_DO";

/// What this environment configures.
///
/// # Errors
/// [`ConfigError`] with the path of the first fault. There is no default for a secret.
pub(super) fn deployment(env: &Env) -> Result<Deployment, ConfigError> {
    let config = Config::from_json(&text(env, SETTINGS)?, &text(env, KEYS)?, &text(env, CLIENTS)?)?
        .with_refresh_secret(secret(env, REFRESH_SECRET).as_deref())?;
    let (url, token) = (secret(env, STORE_URL), secret(env, STORE_TOKEN));
    let endpoint = config.store.endpoint(url.as_deref(), token.as_deref())?;
    let kv = kv(env).is_some();
    let settings = &config.store;
    let link = match endpoint {
        Some(endpoint) => Some(Link::Redis(Upstash::new(WorkerFetch::new(settings), endpoint))),
        None => object(env)?.map(|namespace| {
            let fetch = WorkerFetch::to_object(settings, namespace, &settings.prefix.epoch());
            Link::Object(ObjectTransport::new(fetch))
        }),
    };
    if link.is_none() && !kv {
        // A deployment without either would revoke nothing beyond its own isolate.
        return Err(ConfigError::new(KV, "missing: bind a KV namespace of this name"));
    }
    let primary = link.map(|link| Arc::new(RedisStore::new(link, settings.prefix.clone())));
    let random = entropy().ok_or_else(|| ConfigError::new("runtime", "gave no random bytes"))?;
    let fields = Fields::new(&config);
    check_upstream(env, &config)?;
    Ok(Deployment { instance: Arc::new(Instance::new(config, random)), primary, kv, fields })
}

/// A bound upstream must be there, and one that can be asked.
fn check_upstream(env: &Env, config: &Config) -> Result<(), ConfigError> {
    let upstream = config.gateway.as_ref().map(|gateway| &gateway.upstream);
    let Some(Upstream::Binding(name)) = upstream else { return Ok(()) };
    let bound = Reflect::get(env, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED);
    let is_bound = bound.is_object()
        && Reflect::get(&bound, &"fetch".into()).is_ok_and(|fetch| fetch.is_function());
    if is_bound {
        Ok(())
    } else {
        Err(ConfigError::new("gateway.binding", "no service is bound by this name"))
    }
}

/// A secret that may be left out; one that is empty is.
fn secret(env: &Env, name: &str) -> Option<String> {
    let value = Reflect::get(env, &JsValue::from_str(name)).ok()?;
    value.as_string().filter(|text| !text.is_empty())
}

/// The namespace of the Durable Object, if it is bound.
fn object(env: &Env) -> Result<Option<JsValue>, ConfigError> {
    let bound = Reflect::get(env, &JsValue::from_str(OBJECT)).unwrap_or(JsValue::UNDEFINED);
    if bound.is_undefined() {
        return Ok(None);
    }
    let named = Reflect::get(&bound, &"idFromName".into());
    if named.is_ok_and(|function| function.is_function()) {
        return Ok(Some(bound));
    }
    Err(ConfigError::new(OBJECT, "must be bound to the Durable Object class PortcullisStore"))
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
