//! The fetch port for the key sets of foreign issuers: a GET, seldom, so plainly.

use js_sys::{Array, Promise, Uint8Array};
use wasm_bindgen::JsCast as _;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::wasm_bindgen_futures::JsFuture;

use super::glue::ABSENT;
use crate::fetch::{Fetch, FetchError, Request, Response};

/// By when a whole answer must be there if the request does not say, in milliseconds.
const DEADLINE_MS: u64 = 3_000;

#[wasm_bindgen(inline_js = r#"
const lines = (text) => (text ? text.split("\n") : []);

/**
 * Gets `url` within `deadlineMs`, following no redirect. `fields` are names and values in turn, each a line.
 * Resolves to status, values of `names`, each a line, or `absent`, and the body of a 200; or to the word for
 * why there is none: "timeout", "unreachable" or "too_large".
 */
export async function get(url, fields, names, absent, bytesMax, deadlineMs) {
  const headers = new Headers();
  const sent = lines(fields);
  for (let i = 0; i + 1 < sent.length; i += 2) headers.set(sent[i], sent[i + 1]);
  try {
    const signal = AbortSignal.timeout(deadlineMs);
    const response = await fetch(url, { headers, redirect: "manual", signal });
    const values = lines(names).map((name) => response.headers.get(name) ?? absent);
    const body = response.status === 200 ? await read(response.body, bytesMax) : new Uint8Array();
    if (response.status !== 200) response.body?.cancel().catch(() => {});
    return body ? [response.status, values.join("\n"), body] : "too_large";
  } catch (error) {
    return error?.name === "TimeoutError" ? "timeout" : "unreachable";
  }
}

/** The body; undefined when it has more than `bytesMax` bytes: then no more of it is read. */
async function read(stream, bytesMax) {
  const chunks = [];
  let received = 0;
  for await (const chunk of stream ?? []) {
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
    fn get(
        url: &str,
        fields: &str,
        names: &str,
        absent: &str,
        bytes_max: f64,
        deadline_ms: f64,
    ) -> Promise;
}

/// Fetches for any instance. Holds nothing.
#[derive(Clone, Copy)]
pub(super) struct JwksFetch;

impl Fetch for JwksFetch {
    async fn fetch(&self, request: Request<'_>) -> Result<Response, FetchError> {
        let deadline_ms = request.deadline_ms.unwrap_or(DEADLINE_MS);
        let bytes_max = u64::try_from(request.answer_bytes_max).unwrap_or(u64::MAX);
        let mut fields = String::new();
        for (name, value) in &request.fields {
            fields.extend([name, "\n", value, "\n"]);
        }
        let names = request.answer_fields.join("\n");
        let (bytes_max, deadline) = (number(bytes_max), number(deadline_ms));
        let answer = get(request.url, &fields, &names, ABSENT, bytes_max, deadline);
        let answer = JsFuture::from(answer).await.map_err(|_| FetchError::Unreachable)?;
        match answer.as_string().as_deref() {
            Some("timeout") => Err(FetchError::Timeout { deadline_ms }),
            Some("too_large") => Err(FetchError::TooLarge),
            Some(_) => Err(FetchError::Unreachable),
            None => {
                let answer =
                    answer.dyn_ref().and_then(|answer| read(answer, request.answer_fields));
                answer.ok_or(FetchError::Unreachable)
            }
        }
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a status of HTTP")]
fn read(answer: &Array, names: &[&'static str]) -> Option<Response> {
    let status = answer.get(0).as_f64()? as u16;
    let values = answer.get(1).as_string()?;
    let present = names.iter().zip(values.split('\n')).filter(|(_, value)| *value != ABSENT);
    let fields = present.map(|(name, value)| (*name, value.to_owned())).collect();
    let body = answer.get(2).dyn_into::<Uint8Array>().ok()?.to_vec();
    Some(Response { status, fields, body })
}

/// Far below what a double holds exactly.
#[allow(clippy::cast_precision_loss, reason = "bounds and deadlines are small")]
const fn number(of: u64) -> f64 {
    of as f64
}
