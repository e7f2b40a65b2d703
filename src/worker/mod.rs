//! The Cloudflare Worker: a thin shell that turns what the runtime gives into what the core takes.

mod clock;
mod environment;
mod exchange;
mod kv_store;

use std::cell::OnceCell;
use std::sync::Arc;

use worker::{Context, Env, event};

use crate::config::ConfigError;
use crate::guard::{Guard, Instance};
use crate::http;
use crate::store::Split;
use crate::telemetry::{Level, Telemetry};
use kv_store::KvRevocations;

thread_local! {
    /// Lives as long as the isolate, and holds nothing that belongs to a request. A configuration
    /// that cannot be used stays unusable: a new one comes with a new deployment.
    static INSTANCE: OnceCell<Option<Arc<Instance>>> = const { OnceCell::new() };
}

/// The Worker's only entry point.
#[event(fetch)]
async fn fetch(
    request: worker::Request,
    env: Env,
    _context: Context,
) -> worker::Result<worker::Response> {
    let Some(instance) = instance(&env) else { return exchange::respond(http::unconfigured()) };
    let response = match exchange::head(&request) {
        Some(head) => {
            let store = Split::new(KvRevocations::new(&env), &instance.memory);
            let guard = Guard::new(Arc::clone(&instance), store, environment::entropy);
            http::serve(&guard, head, exchange::body(request), clock::now()).await
        }
        None => http::unreadable(&instance.telemetry),
    };
    write_log(&instance.telemetry);
    exchange::respond(response)
}

/// This isolate's instance, made on its first request: no randomness is to be had before one.
fn instance(env: &Env) -> Option<Arc<Instance>> {
    INSTANCE.with(|cell| {
        cell.get_or_init(|| environment::instance(env).map(Arc::new).inspect_err(log_fault).ok())
            .clone()
    })
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
            Level::Error => worker::console_error!("{}", line.json),
        }
    }
}
