//! The fetch port over the runtime's `fetch`, each call with its deadline.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use wasm_bindgen::JsValue;
use worker::wasm_bindgen_futures::JsFuture;

use super::glue;
use crate::config::StoreSettings;
use crate::fetch::{Fetch, FetchError, Request, Response};

/// Fetches for one instance. Holds nothing that belongs to a request.
pub(super) struct WorkerFetch {
    deadline_ms: u64,
    first_deadline_ms: u64,
    called: AtomicBool,
}

impl WorkerFetch {
    pub(super) const fn new(settings: &StoreSettings) -> Self {
        let StoreSettings { deadline_ms, first_deadline_ms, .. } = *settings;
        Self { deadline_ms, first_deadline_ms, called: AtomicBool::new(false) }
    }
}

thread_local! {
    /// The last route, with the text it was made of: every request takes the same, until the store
    /// gives another sync token.
    static ROUTE: RefCell<(String, JsValue)> = const { RefCell::new((String::new(), JsValue::UNDEFINED)) };
}

impl Fetch for WorkerFetch {
    async fn fetch(&self, request: Request<'_>) -> Result<Response, FetchError> {
        // Calls that begin together open their connections together: each has the longer deadline.
        let first = !self.called.load(Relaxed);
        let deadline_ms = if first { self.first_deadline_ms } else { self.deadline_ms };
        let bytes_max = number(u64::try_from(request.answer_bytes_max).unwrap_or(u64::MAX));
        let answer =
            glue::exchange(&route(&request), &request.body, bytes_max, number(deadline_ms));
        let answer = JsFuture::from(answer).await;
        self.called.store(true, Relaxed);
        let answer = answer.map_err(|_| FetchError::Unreachable)?;
        let answer = answer.as_string().unwrap_or_default();
        match answer.as_str() {
            "timeout" => Err(FetchError::Timeout { deadline_ms }),
            "too_large" => Err(FetchError::TooLarge),
            answer => read(answer, request.answer_fields).ok_or(FetchError::Unreachable),
        }
    }
}

/// What the request has in common with others, as the runtime takes it.
fn route(request: &Request<'_>) -> JsValue {
    let mut fields = String::new();
    for (name, value) in &request.fields {
        fields.extend([name, "\n", value, "\n"]);
    }
    let Request { method, url, answer_fields, .. } = request;
    let names = answer_fields.join("\n");
    let lines = [method, *url, &names, &fields].join("\n");
    ROUTE.with_borrow_mut(|(made_of, route)| {
        if *made_of != lines {
            *route = glue::route(method, url, &fields, &names);
            *made_of = lines;
        }
        route.clone()
    })
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
const fn number(of: u64) -> f64 {
    of as f64
}
