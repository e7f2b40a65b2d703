//! The Cloudflare Worker: a thin shell that turns what the runtime gives into what the core takes.

mod clock;
mod drain;
mod durable;
mod environment;
mod exchange;
mod fetch;
mod gateway;
mod glue;
mod kv_store;
mod link;
mod settled;
mod signatures;
mod sql_rows;
mod task;

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use js_sys::Promise;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::worker_sys::{self, web_sys};
use worker::{Context, Env, ScheduleContext, ScheduledEvent, event};

use crate::UnixMs;
use crate::background::Background;
use crate::config::ConfigError;
use crate::fallback::Fallback;
use crate::guard::{Guard, refresh_due};
use crate::http::{self, Forward, HttpResponse};
use crate::instance::Instance;
use crate::store::kv::KvRevocations;
use crate::store::redis::RedisStore;
use crate::store::{Either, Split};
use crate::telemetry::{Level, Telemetry};
use drain::KvListing;
use exchange::Fields;
use fetch::JwksFetch;
use kv_store::KvNamespace;
use link::Link;
use signatures::WebCrypto;

/// The store that counts and rotates, in one place for all isolates.
type Primary = RedisStore<Link>;

/// What an isolate keeps: nothing of it belongs to a request.
struct Deployment {
    instance: Arc<Instance>,
    /// `None`: KV and the instance's memory are the store.
    primary: Option<Arc<Primary>>,
    /// Whether KV is bound.
    kv: bool,
    /// What is read of a request.
    fields: Fields,
}

thread_local! {
    /// Lives as long as the isolate. A configuration that cannot be used stays unusable: a new one
    /// comes with a new deployment.
    static DEPLOYMENT: OnceCell<Option<Rc<Deployment>>> = const { OnceCell::new() };
}

/// The entry point of requests: a promise of the answer.
#[wasm_bindgen]
#[allow(unreachable_pub, reason = "an export must be public")]
pub fn fetch(request: web_sys::Request, env: Env, context: worker_sys::Context) -> Promise {
    let promise = glue::promise();
    let now = clock::now();
    let here = deployment(&env);
    let waits_ms = here.as_ref().map_or(0, |here| here.instance.config.waits_ms_max());
    if !task::make_room(now, waits_ms.saturating_add(exchange::BODY_DEADLINE_MS.into())) {
        let refused =
            here.map_or_else(http::unconfigured, |here| http::overloaded(&here.instance.telemetry));
        exchange::respond(&promise, &refused);
        return promise;
    }
    let answer = promise.clone();
    // Of a gateway alone: two handles more for each request, of which none copies its body.
    let gateway = here.is_some_and(|here| here.instance.config.gateway.is_some());
    let kept = gateway.then(|| (Clone::clone(&request), env.clone()));
    task::run(now, async move {
        let response = answer_to(request, env, Context::new(context), now).await;
        match (response.extensions().get::<Forward>(), &kept) {
            (Some(wanted), Some((request, env))) => {
                gateway::pass_on(&answer, request, env, wanted, &response);
            }
            _ => exchange::respond(&answer, &response),
        }
    });
    promise
}

async fn answer_to(
    request: web_sys::Request,
    env: Env,
    context: Context,
    now: UnixMs,
) -> HttpResponse {
    let Some(deployment) = deployment(&env) else { return http::unconfigured() };
    let Deployment { instance, primary, kv, fields } = &*deployment;
    let response = match exchange::head(&request, fields, &instance.config) {
        Some(head) => {
            let revocations = KvRevocations::new(KvNamespace::new(env, &instance.config.store));
            let store = match primary {
                Some(primary) => {
                    let instance = Arc::clone(instance);
                    let background =
                        WaitUntil { context: &context, instance: Arc::clone(&instance) };
                    let secondary = kv.then_some(revocations);
                    let chain = Fallback::new(instance, Arc::clone(primary), secondary, background);
                    Either::First(chain)
                }
                None => Either::Second(Split::new(revocations, &instance.memory)),
            };
            let guard = Guard::new(Arc::clone(instance), store, environment::entropy)
                .with_fetch(JwksFetch)
                .with_signatures(&WebCrypto);
            let body = exchange::body(request, &context);
            let response = http::serve(&guard, head, body, now).await;
            if !instance.jwks.is_empty() {
                let background = WaitUntil { context: &context, instance: Arc::clone(instance) };
                refresh_due(instance, &JwksFetch, &background, clock::now());
            }
            response
        }
        None => http::unreadable(&instance.telemetry),
    };
    write_log(&instance.telemetry);
    response
}

/// Run on a schedule, if one is configured: see [`crate::fallback::drain`].
#[event(scheduled)]
async fn scheduled(_event: ScheduledEvent, env: Env, context: ScheduleContext) {
    let Some(deployment) = deployment(&env) else { return };
    let Deployment { instance, primary: Some(primary), .. } = &*deployment else { return };
    let Some(namespace) = environment::kv(&env) else { return };
    let background = WaitUntil { context: &context, instance: Arc::clone(instance) };
    let namespace_of_event = KvNamespace::new(env.clone(), &instance.config.store);
    let secondary = Some(KvRevocations::new(namespace_of_event));
    let chain = Fallback::new(Arc::clone(instance), Arc::clone(primary), secondary, background);
    chain.drain(&KvListing { env: &env, namespace }, clock::now()).await;
    write_log(&instance.telemetry);
}

/// Work that goes on after the answer, in the time the runtime gives an event for that.
struct WaitUntil<'c, C> {
    context: &'c C,
    instance: Arc<Instance>,
}

/// What the runtime gives with an event of either kind.
trait Outlives {
    fn wait_until(&self, work: impl Future<Output = ()> + 'static);
}

impl Outlives for Context {
    fn wait_until(&self, work: impl Future<Output = ()> + 'static) {
        Self::wait_until(self, work);
    }
}

impl Outlives for ScheduleContext {
    fn wait_until(&self, work: impl Future<Output = ()> + 'static) {
        Self::wait_until(self, work);
    }
}

impl<C: Outlives> Background for WaitUntil<'_, C> {
    fn spawn(&self, work: impl Future<Output = ()> + 'static) {
        let instance = Arc::clone(&self.instance);
        self.context.wait_until(async move {
            work.await;
            write_log(&instance.telemetry);
        });
    }
}

/// What this isolate keeps, made on its first request: no randomness is to be had before one.
fn deployment(env: &Env) -> Option<Rc<Deployment>> {
    DEPLOYMENT.with(|cell| {
        cell.get_or_init(|| environment::deployment(env).map(Rc::new).inspect_err(log_fault).ok())
            .clone()
    })
}

/// The same, where it was made.
fn deployed() -> Option<Rc<Deployment>> {
    DEPLOYMENT.with(|cell| cell.get().cloned().flatten())
}

fn log_fault(error: &ConfigError) {
    let line = serde_json::json!({
        "level": "error",
        "event": "config_invalid",
        "code": ConfigError::CODE,
        "path": error.path,
        "reason": error.reason,
    });
    worker::console_error!("{line}");
}

fn write_log(telemetry: &Telemetry) {
    for line in telemetry.take_lines() {
        match line.level {
            Level::Info => worker::console_log!("{}", line.json),
            Level::Warn => worker::console_warn!("{}", line.json),
            Level::Error | Level::Critical => worker::console_error!("{}", line.json),
        }
    }
}
