//! Requests in and responses out. Each object that crosses into wasm costs, so only what the core
//! reads is taken across.

use std::cell::RefCell;

use http::{HeaderName, Method, Request, header};
use js_sys::Promise;
use wasm_bindgen::JsValue;
use worker::Context;
use worker::wasm_bindgen_futures::JsFuture;
use worker::worker_sys::web_sys;

use super::clock::now;
use super::gateway::all_fields;
use super::glue;
use super::settled::Settled;
use crate::config::Config;
use crate::http::{
    BODY_BYTES_MAX, BodyFault, HttpResponse, JWKS_PATH, Received, fields_read, is_own_path,
};

thread_local! {
    /// The names of the last answer's fields, which most answers share, also as the runtime takes them.
    static LAST_NAMES: RefCell<Option<(String, JsValue)>> = const { RefCell::new(None) };
}

/// How long a client may take to send its body, in milliseconds.
pub(super) const BODY_DEADLINE_MS: u32 = 10_000;

/// The header fields that are taken across, also as the runtime takes them.
pub(super) struct Fields {
    names: Vec<HeaderName>,
    made: JsValue,
    /// The same without the last, which no other than a POST is asked for.
    made_of_most: JsValue,
}

impl Fields {
    pub(super) fn new(config: &Config) -> Self {
        let names = fields_read(config);
        let made = |names: &[HeaderName]| {
            let lines: Vec<&str> = names.iter().map(HeaderName::as_str).collect();
            glue::names(&lines.join("\n"))
        };
        let most = names.split_last().map_or(&[][..], |(_, most)| most);
        Self { made: made(&names), made_of_most: made(most), names }
    }
}

/// The head of a request as the core takes it; `None` when its method, target or a field cannot be
/// read.
pub(super) fn head(
    request: &web_sys::Request,
    fields: &Fields,
    config: &Config,
) -> Option<Request<()>> {
    let lines = glue::head(request, &fields.made_of_most, &fields.made);
    let mut lines = lines.split('\n');
    let method = Method::from_bytes(lines.next()?.as_bytes()).ok()?;
    let mut head = Request::builder().uri(lines.next()?).body(()).ok()?;
    *head.method_mut() = method;
    for (name, value) in fields.names.iter().zip(lines) {
        if value != glue::ABSENT {
            head.headers_mut().insert(name.clone(), value.try_into().ok()?);
        }
    }
    if config.gateway.is_some() && !is_own_path(head.uri().path(), config) {
        for field in all_fields(request).chunks_exact(2) {
            let [name, value] = field else { continue };
            let (name, value) = (HeaderName::try_from(name).ok()?, value.try_into().ok()?);
            head.headers_mut().try_insert(name, value).ok()?;
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

/// The body of a request, within its deadline. JavaScript reads it: what reads it here would have to let
/// go of the stream when dropped, which only its own request may do. The reading outlives a client that
/// hangs up, so that this comes to its end and does not wait for ever.
pub(super) async fn body(
    request: web_sys::Request,
    context: &Context,
) -> Result<Received, BodyFault> {
    let bytes_max = u32::try_from(BODY_BYTES_MAX).unwrap_or(u32::MAX);
    let read = Settled::begin(|number, done| {
        let read = glue::body(&request, bytes_max, BODY_DEADLINE_MS, number, done);
        context.wait_until(async { drop(JsFuture::from(read).await) });
    });
    let read = read.await;
    let bytes = match (read.as_str(), read.strip_prefix(glue::BODY)) {
        (_, Some(text)) => text.as_bytes().to_vec(),
        ("timeout", _) => return Err(BodyFault::TimedOut),
        // One byte more than is accepted, which is how the core knows; and none that is UTF-8.
        ("too_large", _) => vec![0; BODY_BYTES_MAX.saturating_add(1)],
        ("not_utf8", _) => vec![0xff],
        _ => return Err(BodyFault::BrokenOff),
    };
    Ok(Received { bytes, now: now() })
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
    let made = LAST_NAMES.with_borrow_mut(|last| match last {
        Some((text, made)) if *text == names => made.clone(),
        last => {
            let made = glue::names(&names);
            last.insert((names, made)).1.clone()
        }
    });
    glue::answer(promise, response.status().as_u16(), &made, &values, body);
}
