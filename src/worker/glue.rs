//! What is said to the runtime in its own language: a request's head, an answer, one exchange with the
//! store. Each is one call across the boundary instead of a dozen objects, each of which costs.
//!
//! The text stands here because a module of its own would make the build read package.json, whose
//! dependencies are not the Worker's. Several values cross as lines of one text: none of them can hold a
//! line break, as the runtime and the core see to for fields, methods and URLs.

use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::worker_sys::web_sys;

/// Stands for a field that is not there: no field can hold it.
pub(super) const ABSENT: &str = "\0";
/// What a body that was read stands behind.
pub(super) const BODY: char = '=';

#[wasm_bindgen(inline_js = r#"
const ABSENT = "\0";

// The runtime's own wraps each callback in an object for its garbage collector, and every request waits
// by two. What is thrown still reaches those who listen for errors.
globalThis.queueMicrotask = (callback) => {
  Promise.resolve().then(() => {
    try {
      callback();
    } catch (error) {
      reportError(error);
    }
  });
};

/** The names of fields, each a line, as what is read by: made once, not for each request. */
export function names(lines) {
  return lines ? lines.split("\n") : [];
}

/** Method, URL, and the values of `names`, each a line: of `postNames` for a POST. */
export function head(request, names, postNames) {
  const { method } = request;
  return `${method}\n${request.url}\n${values(request.headers, method === "POST" ? postNames : names)}`;
}

/** The values of `names`, each a line. */
function values(headers, names) {
  let lines = "";
  for (const name of names) lines += (headers.get(name) ?? ABSENT) + "\n";
  return lines;
}

/** A promise of an answer, which resolves by itself: one object instead of three. */
export function promise() {
  const { promise, resolve } = Promise.withResolvers();
  promise.resolve = resolve;
  return promise;
}

// The fields of the last answer. Most are followed by an answer whose fields have the same names, which are that
// one's array, and many the same values: to set those that changed costs less than to make all of them.
let last = { names: undefined, values: [], headers: new Headers() };

/** Resolves a promise of an answer, whose fields have `names` and `values`, each a line. */
export function answer(promise, status, names, values, body) {
  promise.resolve(new Response(body, { status, headers: fields(names, values.split("\n")) }));
}

function fields(names, values) {
  if (last.names !== names) {
    last = { names, values, headers: new Headers(record(names, values)) };
    return last.headers;
  }
  for (let i = 0; i < names.length; i++) if (values[i] !== last.values[i]) last.headers.set(names[i], values[i]);
  last.values = values;
  return last.headers;
}

/** Header fields as an object: what the runtime takes in fastest. */
function record(names, values) {
  const headers = {};
  for (let i = 0; i + 1 < values.length; i++) headers[names[i]] = values[i];
  return headers;
}

/** What one request after another has in common, made once. Nothing of it belongs to a request. */
export function route(method, url, fields, values, lines) {
  const headers = new Headers(record(names(fields), values.split("\n")));
  // What is asked for is asked of its server: no cache on the way may answer with an older one.
  const cache = method === "GET" ? "no-store" : undefined;
  return { method, url, headers, cache, names: names(lines) };
}

/** As `received`, and calls `done` with `number` and what it comes to; a promise of that having been done. */
export async function body(request, bytesMax, deadlineMs, number, done) {
  done(number, await received(request, bytesMax, deadlineMs));
}

/**
 * Reads a request's body within `deadlineMs`. Resolves to "=" and its text, or to the word for why there is
 * none: "timeout", "broken_off", "too_large" or "not_utf8".
 */
async function received({ body }, bytesMax, deadlineMs) {
  const reader = body?.getReader();
  if (!reader) return "=";
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, deadlineMs, "timeout")));
  try {
    const chunks = [];
    for (let bytes = 0; ; ) {
      const step = await Promise.race([reader.read(), late]);
      if (step === "timeout") return step;
      if (step.done) return textOf(joined(chunks, bytes));
      bytes += step.value.length;
      if (bytes > bytesMax) return "too_large";
      chunks.push(step.value);
    }
  } catch {
    return "broken_off";
  } finally {
    clearTimeout(timer);
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function textOf(bytes) {
  try {
    return "=" + decoder.decode(bytes);
  } catch {
    return "not_utf8";
  }
}

/** A Durable Object: who may be asked for it, in any request. */
export const object = (namespace, name) => ({ namespace, name });

/** As `exchanged`, and calls `done` with `number` and what it comes to. */
export async function exchange(route, body, bytesMax, deadlineMs, number, done, object) {
  done(number, await exchanged(route, body, bytesMax, deadlineMs, object));
}

/** Who fetches: the network, or the object, of which each request needs a stub of its own. */
const fetcherOf = (object) =>
  object === undefined ? globalThis : object.namespace.get(object.namespace.idFromName(object.name));

/** In no other status does anybody look at the body: an error page of whatever length says no more than its status. */
const READ = [200, 400];

/**
 * Sends one request and receives its whole answer within `deadlineMs`, following no redirect. Resolves to
 * status, values of the route's names, each a line, and the body; or to the word for why there is none:
 * "timeout", "unreachable" or "too_large".
 */
async function exchanged({ method, url, headers, cache, names }, body, bytesMax, deadlineMs, object) {
  try {
    const signal = AbortSignal.timeout(deadlineMs);
    const response = await fetcherOf(object).fetch(url, { method, headers, cache, body: body || null, redirect: "manual", signal });
    const received = READ.includes(response.status) ? await read(response, bytesMax) : unread(response);
    if (received === undefined) return "too_large";
    // What is not UTF-8 has been replaced, and must not be read as something else.
    const text = received.includes("\ufffd") ? "" : received;
    return `${response.status}\n${values(response.headers, names)}${text}`;
  } catch (error) {
    return error?.name === "TimeoutError" ? "timeout" : "unreachable";
  }
}

const rsa = (name, hash, saltLength) => ({ made: { name, hash }, used: { name, saltLength } });
const ec = (namedCurve, hash) => ({ made: { name: "ECDSA", namedCurve }, used: { name: "ECDSA", hash } });

/** What WebCrypto makes a key with, and what it uses it with. HMAC is not here: it never leaves the core. */
const ALGORITHMS = {
  RS256: rsa("RSASSA-PKCS1-v1_5", "SHA-256"),
  RS384: rsa("RSASSA-PKCS1-v1_5", "SHA-384"),
  RS512: rsa("RSASSA-PKCS1-v1_5", "SHA-512"),
  PS256: rsa("RSA-PSS", "SHA-256", 32),
  PS384: rsa("RSA-PSS", "SHA-384", 48),
  PS512: rsa("RSA-PSS", "SHA-512", 64),
  ES256: ec("P-256", "SHA-256"),
  ES384: ec("P-384", "SHA-384"),
  EdDSA: { made: { name: "Ed25519" }, used: { name: "Ed25519" } },
};

/** A key as the runtime has it, which is no request's; undefined where it does not take it. */
export async function importKey(alg, text, usage) {
  try {
    const { made, used } = ALGORITHMS[alg];
    const { kty, crv, x, y, n, e, d, p, q, dp, dq, qi } = JSON.parse(text);
    const jwk = { kty, crv, x, y, n, e, d, p, q, dp, dq, qi };
    return { used, key: await crypto.subtle.importKey("jwk", jwk, made, false, [usage]) };
  } catch {
    return undefined;
  }
}

/** A promise of whether the signature holds. Both views are read before this returns. */
export function verify({ used, key }, signature, input) {
  return crypto.subtle.verify(used, key, signature, input);
}

/** A promise of the signature's bytes. */
export async function sign({ used, key }, input) {
  return new Uint8Array(await crypto.subtle.sign(used, key, input));
}

/** Lets go of a body, of which nothing is then read. */
function unread({ body }) {
  body?.cancel().catch(() => {});
  return "";
}

/** The body or a promise of it; undefined when it has more than `bytesMax` bytes: then no more of it is read. */
function read(response, bytesMax) {
  const { headers } = response;
  // The length binds neither what it unpacks to nor what comes in chunks beside it.
  const bound = !headers.has("content-encoding") && !headers.has("transfer-encoding");
  const said = headers.get("content-length") ?? "";
  const length = bound && /^\d+$/.test(said) ? Number(said) : NaN;
  if (length > bytesMax) return void unread(response);
  return length <= bytesMax ? response.text() : readChunks(response, bytesMax);
}

/** A promise of a request's body, undefined when it is longer. */
export async function text(request, bytesMax) {
  return read(request, bytesMax);
}

/** The same of a body whose length is not known. */
async function readChunks(response, bytesMax) {
  const chunks = [];
  let received = 0;
  for await (const chunk of response.body ?? []) {
    received += chunk.length;
    // Leaving the loop cancels the stream.
    if (received > bytesMax) return undefined;
    chunks.push(chunk);
  }
  return new TextDecoder().decode(joined(chunks, received));
}

/** The chunks of a body of that many bytes, as one. */
function joined(chunks, bytes) {
  const body = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}
"#)]
extern "C" {
    pub(super) fn names(lines: &str) -> JsValue;

    pub(super) fn head(request: &web_sys::Request, names: &JsValue, post_names: &JsValue)
    -> String;

    pub(super) fn promise() -> Promise;

    pub(super) fn answer(
        promise: &Promise,
        status: u16,
        names: &JsValue,
        values: &str,
        body: Option<&str>,
    );

    pub(super) fn route(
        method: &str,
        url: &str,
        fields: &str,
        values: &str,
        names: &str,
    ) -> JsValue;

    #[wasm_bindgen(js_name = importKey)]
    pub(super) fn import_key(alg: &str, jwk: &str, usage: &str) -> Promise;

    // What it throws is no verdict: it comes back as an error.
    #[wasm_bindgen(catch)]
    pub(super) fn verify(key: &JsValue, signature: &[u8], input: &[u8])
    -> Result<Promise, JsValue>;

    pub(super) fn sign(key: &JsValue, input: &[u8]) -> Promise;

    pub(super) fn body(
        request: &web_sys::Request,
        bytes_max: u32,
        deadline_ms: u32,
        number: f64,
        done: &JsValue,
    ) -> Promise;

    pub(super) fn text(request: &web_sys::Request, bytes_max: f64) -> Promise;

    pub(super) fn exchange(
        route: &JsValue,
        body: &str,
        bytes_max: f64,
        deadline_ms: f64,
        number: f64,
        done: &JsValue,
        object: &JsValue,
    );

    pub(super) fn object(namespace: &JsValue, name: &str) -> JsValue;
}
