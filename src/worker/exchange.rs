//! Requests in and responses out. Each object that crosses into wasm costs, so only what the core
//! reads is taken across.

use std::cell::RefCell;

use futures_util::StreamExt as _;
use http::{HeaderName, Method, Request, header};
use js_sys::Promise;
use wasm_bindgen::JsValue;
use worker::worker_sys::web_sys;

use super::clock::{now, within};
use super::glue;
use crate::config::AddressSource;
use crate::http::{BODY_BYTES_MAX, BodyFault, HttpResponse, JWKS_PATH, Received, fields_read};

thread_local! {
    /// The names of the last answer's fields, which most answers share, also as the runtime takes them.
    static LAST_NAMES: RefCell<Option<(String, JsValue)>> = const { RefCell::new(None) };
}

/// How long a client may take to send its body, in milliseconds.
const BODY_DEADLINE_MS: u64 = 10_000;

/// The header fields that are taken across, also as the runtime takes them.
pub(super) struct Fields {
    names: [&'static str; 3],
    made: JsValue,
}

impl Fields {
    pub(super) fn new(address: AddressSource) -> Self {
        let names = fields_read(address);
        Self { names, made: glue::names(&names.join("\n")) }
    }
}

/// The head of a request as the core takes it; `None` when its method, target or a field cannot be
/// read.
pub(super) fn head(request: &web_sys::Request, fields: &Fields) -> Option<Request<()>> {
    let lines = glue::head(request, &fields.made);
    let mut lines = lines.split('\n');
    let method = Method::from_bytes(lines.next()?.as_bytes()).ok()?;
    let mut head = Request::builder().uri(lines.next()?).body(()).ok()?;
    *head.method_mut() = method;
    for (name, value) in fields.names.into_iter().zip(lines) {
        if value != glue::ABSENT {
            head.headers_mut().insert(HeaderName::from_static(name), value.try_into().ok()?);
        }
    }
    if head.uri().path() == JWKS_PATH {
        // Of this route alone: every other would pay for a field it does not read.
        let known = request.headers().get("if-none-match").ok().flatten();
        if let Some(known) = known.and_then(|known| known.try_into().ok()) {
            head.headers_mut().insert(header::IF_NONE_MATCH, known);
        }
    }
    Some(head)
}

/// The body of a request, within its deadline.
pub(super) async fn body(request: web_sys::Request) -> std::result::Result<Received, BodyFault> {
    let mut request = worker::Request::from(request);
    let received = within(BODY_DEADLINE_MS, read(&mut request)).await;
    let bytes = received.ok_or(BodyFault::TimedOut)?.ok_or(BodyFault::BrokenOff)?;
    Ok(Received { bytes, now: now() })
}

/// Reads no further than one byte more than is accepted; `None` when the body breaks off.
async fn read(request: &mut worker::Request) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    if request.inner().body().is_none() {
        return Some(bytes);
    }
    let mut chunks = request.stream().ok()?;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.ok()?;
        let room = BODY_BYTES_MAX.saturating_add(1).saturating_sub(bytes.len());
        bytes.extend(chunk.into_iter().take(room));
        if bytes.len() > BODY_BYTES_MAX {
            break;
        }
    }
    Some(bytes)
}

/// Resolves `promise`, made by [`glue::promise`], to the core's answer.
pub(super) fn respond(promise: &Promise, response: &HttpResponse) {
    let (mut names, mut values) = (String::new(), String::new());
    for (name, value) in response.headers() {
        names.extend([name.as_str(), "\n"]);
        // The core writes printable ASCII only.
        values.extend([value.to_str().unwrap_or_default(), "\n"]);
    }
    // The core's bodies are text, and as text they cost the runtime less than as bytes.
    let body = String::from_utf8_lossy(response.body());
    let body = Some(&*body).filter(|body| !body.is_empty());
    LAST_NAMES.with_borrow_mut(|last| {
        let made = match last {
            Some((text, made)) if *text == names => made,
            last => {
                let made = glue::names(&names);
                &last.insert((names, made)).1
            }
        };
        glue::answer(promise, response.status().as_u16(), made, &values, body);
    });
}
