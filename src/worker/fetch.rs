//! The fetch port over the runtime's `fetch`, each call with its deadline.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use wasm_bindgen::JsValue;

use super::glue;
use super::settled::Settled;
use crate::config::StoreSettings;
use crate::fetch::{Fetch, FetchError, Request, Response};

/// Fetches from the store, for one instance. Holds nothing that belongs to a request.
pub(super) struct WorkerFetch {
    deadline_ms: u64,
    first_deadline_ms: u64,
    called: AtomicBool,
    to: To,
}

/// Who answers.
#[derive(Clone, Copy)]
enum To {
    Network,
    /// The Durable Object that [`OBJECT`] names.
    Object,
}

impl WorkerFetch {
    pub(super) const fn new(settings: &StoreSettings) -> Self {
        let StoreSettings { deadline_ms, first_deadline_ms, .. } = *settings;
        let called = AtomicBool::new(false);
        Self { deadline_ms, first_deadline_ms, called, to: To::Network }
    }

    /// To the object of this name in `namespace`, a binding.
    pub(super) fn to_object(settings: &StoreSettings, namespace: JsValue, name: &str) -> Self {
        let object = glue::object(&namespace, name);
        OBJECT.with_borrow_mut(|kept| *kept = object);
        Self { to: To::Object, ..Self::new(settings) }
    }
}

impl std::fmt::Debug for WorkerFetch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkerFetch").finish_non_exhaustive()
    }
}

/// What one request after another has in common.
struct Route {
    method: &'static str,
    url: String,
    fields: Vec<(&'static str, String)>,
    answer_fields: &'static [&'static str],
    /// The same as the runtime takes it.
    made: JsValue,
}

thread_local! {
    /// The last one: requests to the store take the same, until it gives another sync token or a key
    /// set is fetched in between.
    static ROUTE: RefCell<Option<Route>> = const { RefCell::new(None) };
    /// The object's namespace and name. What is made of them for a call is its request's.
    static OBJECT: RefCell<JsValue> = const { RefCell::new(JsValue::UNDEFINED) };
}

impl Fetch for WorkerFetch {
    async fn fetch(&self, request: Request<'_>) -> Result<Response, FetchError> {
        // Calls that begin together open their connections together: each has the longer deadline.
        let first = !self.called.load(Relaxed);
        let deadline_ms = if first { self.first_deadline_ms } else { self.deadline_ms };
        let deadline_ms = request.deadline_ms.unwrap_or(deadline_ms);
        let answer = exchange(&request, deadline_ms, self.to).await;
        self.called.store(true, Relaxed);
        answer
    }
}

/// Fetches the key sets of foreign issuers, for any instance. Holds nothing.
#[derive(Clone, Copy)]
pub(super) struct JwksFetch;

/// By when a key set must be there if its request does not say, in milliseconds.
const JWKS_DEADLINE_MS: u64 = 3_000;

impl Fetch for JwksFetch {
    async fn fetch(&self, request: Request<'_>) -> Result<Response, FetchError> {
        exchange(&request, request.deadline_ms.unwrap_or(JWKS_DEADLINE_MS), To::Network).await
    }
}

async fn exchange(request: &Request<'_>, deadline_ms: u64, to: To) -> Result<Response, FetchError> {
    let bytes_max = js_number(u64::try_from(request.answer_bytes_max).unwrap_or(u64::MAX));
    let answer = Settled::begin(|number, done| {
        let (route, body) = (route(request), &request.body);
        let object = match to {
            To::Network => JsValue::UNDEFINED,
            To::Object => OBJECT.with_borrow(JsValue::clone),
        };
        glue::exchange(&route, body, bytes_max, js_number(deadline_ms), number, done, &object);
    });
    match answer.await.as_str() {
        "timeout" => Err(FetchError::Timeout { deadline_ms }),
        "too_large" => Err(FetchError::TooLarge),
        answer => read(answer, request.answer_fields).ok_or(FetchError::Unreachable),
    }
}

/// What the request has in common with others, as the runtime takes it.
fn route(request: &Request<'_>) -> JsValue {
    ROUTE.with_borrow_mut(|last| match last {
        Some(last) if last.is_of(request) => last.made.clone(),
        last => last.insert(Route::new(request)).made.clone(),
    })
}

impl Route {
    fn new(request: &Request<'_>) -> Self {
        let Request { method, url, ref fields, answer_fields, .. } = *request;
        let (mut names, mut values) = (String::new(), String::new());
        for (name, value) in fields {
            names.extend([name, "\n"]);
            values.extend([value, "\n"]);
        }
        let made = glue::route(method, url, &names, &values, &answer_fields.join("\n"));
        Self { method, url: url.to_owned(), fields: fields.clone(), answer_fields, made }
    }

    fn is_of(&self, request: &Request<'_>) -> bool {
        self.fields == request.fields
            && self.url == request.url
            && self.method == request.method
            && self.answer_fields == request.answer_fields
    }
}

fn read(answer: &str, names: &[&'static str]) -> Option<Response> {
    let mut rest = answer;
    let mut line = || {
        let (line, after) = rest.split_once('\n')?;
        rest = after;
        Some(line)
    };
    let status = line()?.parse().ok()?;
    let mut fields = Vec::new();
    for name in names {
        let value = line()?;
        if value != glue::ABSENT {
            fields.push((*name, value.to_owned()));
        }
    }
    Some(Response { status, fields, body: rest.as_bytes().to_vec() })
}

/// Far below what a double holds exactly.
#[allow(clippy::cast_precision_loss, reason = "bounds and deadlines are small")]
const fn js_number(of: u64) -> f64 {
    of as f64
}
