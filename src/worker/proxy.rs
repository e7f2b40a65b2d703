//! Sending a request on to the service behind, its body and that of the answer as they come.
//!
//! All of it but the decision is JavaScript: what streams through would cost a call for each piece.

use std::rc::Rc;
use std::sync::Arc;

use http::HeaderMap;
use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};
use worker::Env;
use worker::worker_sys::web_sys;

use super::settled::Settled;
use crate::config::{ConfigError, Upstream};
use crate::http::{DROPPED, DROPPED_PREFIXES, Onward, UpstreamFault};
use crate::instance::Instance;

#[wasm_bindgen(inline_js = r#"
// The fields of a connection (RFC 9110 section 7.6.1), and those the runtime writes itself.
const OF_CONNECTION = [
  "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
  "transfer-encoding", "upgrade", "content-length", "host",
];

/** What stays behind of a request's fields: by name, and by what names begin with. */
export const dropping = (names, prefixes) => ({ names: names.split("\n"), prefixes: prefixes.split("\n") });

/** `headers` without those of its connection, those it names as such, and those that are `dropped`. */
function passed(headers, { names, prefixes }) {
  const kept = new Headers(headers);
  const named = (headers.get("connection") ?? "").split(",").map((name) => name.trim().toLowerCase());
  for (const [name] of headers) {
    const ours = prefixes.some((prefix) => name.startsWith(prefix));
    if (ours || OF_CONNECTION.includes(name) || named.includes(name)) kept.delete(name);
  }
  for (const name of names) kept.delete(name);
  return kept;
}

/** Sets header fields, of which names and values are a line each; one that is empty is left out. */
function set(headers, names, values) {
  const lines = values.split("\n");
  for (const [i, name] of names.split("\n").entries()) {
    if (lines[i]) headers.set(name, lines[i]);
    else if (name) headers.delete(name);
  }
}

const OF_ANSWERS = { names: [], prefixes: ["portcullis-"] };

/**
 * Sends `request` on to `url` by `fetcher`, and resolves `promise`, made by promise(), to its answer once the head of it
 * is there. Calls `done` with `number` and "ok", or with "timeout" or "unreachable", and then resolves nothing.
 */
export async function forward(promise, request, url, dropped, names, values, answerNames, answerValues, fetcher, deadlineMs, number, done) {
  const abort = new AbortController();
  // Until the head of the answer: what follows takes as long as it takes.
  const timer = setTimeout(() => abort.abort(), deadlineMs);
  try {
    const { method, body } = request;
    const headers = passed(request.headers, dropped);
    set(headers, names, values);
    if (request.headers.get("upgrade")?.toLowerCase() === "websocket") headers.set("upgrade", "websocket");
    const answer = await fetcher.fetch(url, { method, headers, body, redirect: "manual", signal: abort.signal });
    const answered = passed(answer.headers, OF_ANSWERS);
    set(answered, answerNames, answerValues);
    const { status, statusText, webSocket } = answer;
    promise.resolve(new Response(webSocket ? null : answer.body, { status, statusText, headers: answered, webSocket }));
    done(number, "ok");
  } catch {
    done(number, abort.signal.aborted ? "timeout" : "unreachable");
  } finally {
    clearTimeout(timer);
  }
}
"#)]
extern "C" {
    fn dropping(names: &str, prefixes: &str) -> JsValue;

    fn forward(
        promise: &Promise,
        request: &web_sys::Request,
        url: &str,
        dropped: &JsValue,
        names: &str,
        values: &str,
        answer_names: &str,
        answer_values: &str,
        fetcher: &JsValue,
        deadline_ms: f64,
        number: f64,
        done: &JsValue,
    );
}

/// The way to the service behind, for one instance. Holds nothing that belongs to a request.
pub(super) struct Way {
    instance: Arc<Instance>,
    /// `None`: that of the request itself, for a service binding.
    origin: Option<String>,
    fetcher: JsValue,
    dropped: JsValue,
    /// The same without `Authorization`.
    dropped_with_credentials: JsValue,
}

impl Way {
    /// The way that is configured, if this is a gateway.
    ///
    /// # Errors
    /// [`ConfigError`] for a binding that is none of a service.
    pub(super) fn new(
        instance: &Arc<Instance>,
        env: &Env,
    ) -> Result<Option<Rc<Self>>, ConfigError> {
        let Some(gateway) = &instance.config.gateway else { return Ok(None) };
        let (origin, fetcher) = match &gateway.upstream {
            Upstream::Origin(origin) => (Some(origin.clone()), js_sys::global().into()),
            Upstream::Binding(name) => (None, service(env, name)?),
        };
        let prefixes = DROPPED_PREFIXES.join("\n");
        let names = DROPPED.join("\n");
        let dropped = dropping(&names, &prefixes);
        let dropped_with_credentials = dropping(&format!("{names}\nauthorization"), &prefixes);
        let instance = Arc::clone(instance);
        Ok(Some(Rc::new(Self { instance, origin, fetcher, dropped, dropped_with_credentials })))
    }

    /// Whose it is.
    pub(super) fn instance(&self) -> &Instance {
        &self.instance
    }

    /// Sends a request on. The answer is `promise`'s from then on, unless there is none.
    pub(super) async fn forward(
        &self,
        promise: &Promise,
        request: &web_sys::Request,
        onward: &Onward,
    ) -> Result<(), UpstreamFault> {
        let own = || origin_of(&request.url());
        let origin = self.origin.clone().unwrap_or_else(own);
        let url = format!("{origin}{}", onward.target);
        let dropped = match onward.pass_authorization {
            true => &self.dropped,
            false => &self.dropped_with_credentials,
        };
        let (names, values) = lines(&onward.fields);
        let (answer_names, answer_values) = lines(&onward.answer_fields);
        #[allow(clippy::cast_precision_loss, reason = "at most ten minutes")]
        let deadline_ms = onward.deadline_ms as f64;
        let forwarded = Settled::begin(|number, done| {
            forward(
                promise,
                request,
                &url,
                dropped,
                &names,
                &values,
                &answer_names,
                &answer_values,
                &self.fetcher,
                deadline_ms,
                number,
                done,
            );
        });
        match forwarded.await.as_str() {
            "ok" => Ok(()),
            "timeout" => Err(UpstreamFault::Timeout),
            _ => Err(UpstreamFault::Unreachable),
        }
    }
}

/// A service binding.
fn service(env: &Env, name: &str) -> Result<JsValue, ConfigError> {
    let bound = Reflect::get(env, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED);
    let fetch = Reflect::get(&bound, &"fetch".into()).ok();
    match fetch.filter(|fetch| fetch.has_type::<Function>()) {
        Some(_) => Ok(bound),
        None => Err(ConfigError::new("gateway.binding", "must be bound to a service")),
    }
}

/// Scheme and authority of a URL.
fn origin_of(url: &str) -> String {
    let uri: http::Uri = url.parse().unwrap_or_default();
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    format!("{}://{authority}", uri.scheme_str().unwrap_or("https"))
}

/// Names and values, each a line. The core's values are printable ASCII.
fn lines(fields: &HeaderMap) -> (String, String) {
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for (name, value) in fields {
        names.push(name.as_str());
        values.push(value.to_str().unwrap_or_default());
    }
    (names.join("\n"), values.join("\n"))
}
