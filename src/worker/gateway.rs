//! Passing a request on to the upstream, and its answer back. JavaScript does all of it, once it is decided what to
//! ask for: bodies go by as streams that the core never sees, and a piece of work that waited for them here would
//! take up room for as long as they flow. Nothing waits here; only an upstream that does not answer is told of.

use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use worker::worker_sys::web_sys;

use super::{deployed, exchange, write_log};
use crate::http::{Forward, HttpResponse, UpstreamFault, upstream_failed};

#[wasm_bindgen(inline_js = r#"
// Fields of one connection (RFC 9110 section 7.6.1).
const HOP_BY_HOP = ["connection", "keep-alive", "proxy-authenticate", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];

/** Names and values of all fields of a request, each a line. */
export function fields({ headers }) {
  let lines = "";
  for (const [name, value] of headers) lines += name + "\n" + value + "\n";
  return lines;
}

/** Calls `set` with each name and value of `lines`. */
function each(lines, set) {
  const parts = lines.split("\n");
  for (let i = 0; i + 1 < parts.length; i += 2) set(parts[i], parts[i + 1]);
}

/**
 * Passes `request` on to `url` with the fields `lines`, and resolves `promise` to what comes back, with the fields
 * `ours`. Calls `failed` with the promise, and whether it was too late, where nothing does.
 */
export async function forward(promise, request, upstream, url, lines, ours, deadlineMs, failed) {
  const controller = new AbortController();
  let timer;
  let late = false;
  const countdown = () => {
    timer ??= setTimeout(() => controller.abort((late = true)), deadlineMs);
  };
  try {
    const { method } = request;
    const headers = new Headers();
    each(lines, (name, value) => headers.append(name, value));
    const body = bodyOf(request, countdown);
    // No cache between the two: it would know an answer by its URL alone, whoever was asked for it.
    const init = { method, headers, body, redirect: "manual", cache: "no-store", signal: controller.signal };
    const response = await upstream.fetch(url, init);
    promise.resolve(answerOf(response, ours));
  } catch {
    failed(promise, late);
  } finally {
    clearTimeout(timer);
    timer = 0;
  }
}

/** The body to send, if there is one; `sent` is called once it is sent whole: what a client takes its time for is no delay of the upstream's. */
function bodyOf(request, sent) {
  const { body, method, headers } = request;
  if (!body || method === "GET" || method === "HEAD") return void sent();
  const said = headers.get("content-length") ?? "";
  const { readable, writable } = /^\d+$/.test(said) ? new FixedLengthStream(Number(said)) : new IdentityTransformStream();
  // A client that breaks off ends the upstream's request with an error.
  body.pipeTo(writable).then(sent, () => {});
  return readable;
}

/** The upstream's answer with `ours`, its body, or its WebSocket, as it comes. */
function answerOf(response, ours) {
  const answer = new Response(response.body, response);
  adapt(answer.headers, ours);
  return answer;
}

function adapt(headers, ours) {
  const named = (headers.get("connection") ?? "").split(",").map((name) => name.trim().toLowerCase());
  const dropped = [...headers.keys()].filter((name) => HOP_BY_HOP.includes(name) || named.includes(name) || name.startsWith("portcullis-"));
  for (const name of dropped) headers.delete(name);
  each(ours, (name, value) => headers.set(name, value));
}
"#)]
extern "C" {
    fn fields(request: &web_sys::Request) -> String;

    #[allow(
        clippy::too_many_arguments,
        reason = "each crosses as it is: an object of them would cost"
    )]
    fn forward(
        promise: &Promise,
        request: &web_sys::Request,
        upstream: &JsValue,
        url: &str,
        fields: &str,
        ours: &str,
        deadline_ms: f64,
        failed: &JsValue,
    );
}

thread_local! {
    static FAILED: JsValue = Closure::<dyn Fn(Promise, bool)>::new(failed).into_js_value();
}

/// Names and values of all header fields of a request, in turn.
pub(super) fn all_fields(request: &web_sys::Request) -> Vec<String> {
    let lines = fields(request);
    lines.split_terminator('\n').map(str::to_owned).collect()
}

/// Resolves `promise` to what the upstream answers, with the fields of `response`.
pub(super) fn pass_on(
    promise: &Promise,
    request: &web_sys::Request,
    env: &JsValue,
    wanted: &Forward,
    response: &HttpResponse,
) {
    let upstream = match &wanted.binding {
        Some(name) => js_sys::Reflect::get(env, &name.into()).unwrap_or(JsValue::UNDEFINED),
        None => js_sys::global().into(),
    };
    let Forward { url, deadline_ms, .. } = wanted;
    let (fields, ours) = (lines(&wanted.fields), lines(response.headers()));
    // At most five minutes, which is exact.
    #[allow(clippy::cast_precision_loss, reason = "deadlines are small")]
    let deadline_ms = *deadline_ms as f64;
    FAILED.with(|failed| {
        forward(promise, request, &upstream, url, &fields, &ours, deadline_ms, failed);
    });
}

/// Names and values, each a line. A value that is no UTF-8 cannot have come from the runtime.
fn lines(fields: &http::HeaderMap) -> String {
    let mut lines = String::new();
    for (name, value) in fields {
        if let Ok(value) = std::str::from_utf8(value.as_bytes()) {
            lines.extend([name.as_str(), "\n", value, "\n"]);
        }
    }
    lines
}

/// Answers in place of an upstream that did not.
#[allow(clippy::needless_pass_by_value, reason = "JavaScript hands it over")]
fn failed(promise: Promise, late: bool) {
    let fault = if late { UpstreamFault::Timeout } else { UpstreamFault::Unreachable };
    // It is there: it decided that the request was to be passed on.
    let Some(here) = deployed() else { return };
    let telemetry = &here.instance.telemetry;
    exchange::respond(&promise, &upstream_failed(telemetry, fault));
    write_log(telemetry);
}
