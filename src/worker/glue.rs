//! What is said to the runtime in its own language: a request's head, an answer, one exchange with the
//! store. Each is one call across the boundary instead of a dozen objects, each of which costs.
//!
//! The text stands here because a module of its own would make the build read package.json, whose
//! dependencies are not the Worker's. Several values cross as lines of one text: none of them can hold a
//! line break, as the runtime and the core see to for fields, methods and URLs.

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use worker::worker_sys::web_sys;

/// Stands for a field that is not there: no field can hold it.
pub(super) const ABSENT: &str = "\0";

#[wasm_bindgen(inline_js = r#"
const ABSENT = "\0";

/** Method, URL, and the values of `names`, each a line. */
export function head(request, names) {
  const { headers } = request;
  const values = names.split("\n").map((name) => headers.get(name) ?? ABSENT);
  return [request.method, request.url, ...values].join("\n");
}

/** An answer: `fields` are names and values in turn, each a line; `body` is copied. */
export function answer(status, fields, body) {
  const headers = record(fields);
  return new Response(body.length ? body.slice() : null, { status, headers });
}

/** Names and values in turn, each a line, as an object: what the runtime takes in fastest. */
function record(fields) {
  const lines = fields.split("\n");
  const headers = {};
  for (let i = 0; i + 1 < lines.length; i += 2) headers[lines[i]] = lines[i + 1];
  return headers;
}

/**
 * Sends one request and receives its whole answer within `deadlineMs`, following no redirect. Resolves to
 * [status and the values of `names`, each a line; the body], or to the word for why there is none:
 * "timeout", "unreachable" or "too_large".
 */
export async function exchange(method, url, fields, body, names, bytesMax, deadlineMs) {
  try {
    const signal = AbortSignal.timeout(deadlineMs);
    const options = { method, headers: record(fields), body, redirect: "manual", signal };
    const response = await fetch(url, options);
    const received = await read(response, bytesMax);
    if (!received) return "too_large";
    const values = names.split("\n").map((name) => response.headers.get(name) ?? ABSENT);
    return [[response.status, ...values].join("\n"), received];
  } catch (error) {
    return error?.name === "TimeoutError" ? "timeout" : "unreachable";
  }
}

/** The body, or undefined when it has more than `bytesMax` bytes: then no more of it is read. */
async function read(response, bytesMax) {
  const { headers } = response;
  // The length binds what is sent, not what it unpacks to.
  const length = headers.has("content-encoding") ? NaN : Number(headers.get("content-length") ?? NaN);
  if (length > bytesMax) return void response.body?.cancel().catch(() => {});
  if (length <= bytesMax) return new Uint8Array(await response.arrayBuffer());
  const chunks = [];
  let received = 0;
  for await (const chunk of response.body ?? []) {
    received += chunk.length;
    // Leaving the loop cancels the stream.
    if (received > bytesMax) return undefined;
    chunks.push(chunk);
  }
  const body = new Uint8Array(received);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}
"#)]
extern "C" {
    pub(super) fn head(request: &web_sys::Request, names: &str) -> String;

    pub(super) fn answer(status: u16, fields: &str, body: &[u8]) -> web_sys::Response;

    pub(super) fn exchange(
        method: &str,
        url: &str,
        fields: &str,
        body: &str,
        names: &str,
        bytes_max: f64,
        deadline_ms: f64,
    ) -> Promise;
}

/// The two parts [`exchange`] resolves to when there is an answer.
pub(super) fn parts(answer: &js_sys::Array) -> Option<(String, Uint8Array)> {
    use wasm_bindgen::JsCast as _;
    Some((answer.get(0).as_string()?, answer.get(1).dyn_into().ok()?))
}
