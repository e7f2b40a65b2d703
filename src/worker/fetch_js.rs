//! One HTTP exchange in the runtime's own language: one call across the boundary instead of a dozen
//! objects, each of which costs.
//!
//! The text stands here because a module of its own would make the build read package.json, whose
//! dependencies are not the Worker's.

use js_sys::{Array, Promise};
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(inline_js = r#"
/**
 * Sends one request and receives its whole answer within `deadlineMs`, following no redirect.
 *
 * `fields` are names and values in turn. Resolves to [status, body, ...values of answerFields], or to the
 * word for why there is none: "timeout", "unreachable" or "too_large".
 */
export async function exchange(method, url, fields, body, answerFields, bytesMax, deadlineMs) {
  const headers = {};
  for (let i = 0; i < fields.length; i += 2) headers[fields[i]] = fields[i + 1];
  const controller = new AbortController();
  let timer;
  // A race, so that nothing depends on how soon an abort is noticed by whoever reads the body.
  const deadline = new Promise((resolve) => {
    timer = setTimeout(() => {
      resolve("timeout");
      controller.abort();
    }, deadlineMs);
  });
  const options = { method, headers, body, redirect: "manual", signal: controller.signal };
  const answer = send(url, options, answerFields, bytesMax).catch(() => "unreachable");
  try {
    return await Promise.race([answer, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

async function send(url, options, answerFields, bytesMax) {
  const response = await fetch(url, options);
  const body = await read(response, bytesMax);
  if (!body) return "too_large";
  return [response.status, body, ...answerFields.map((name) => response.headers.get(name))];
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
    /// See its comment above.
    pub(super) fn exchange(
        method: &str,
        url: &str,
        fields: Array,
        body: &str,
        answer_fields: Array,
        bytes_max: f64,
        deadline_ms: f64,
    ) -> Promise;
}
