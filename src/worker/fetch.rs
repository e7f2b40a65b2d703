//! The fetch port over the runtime's `fetch`, each call with its deadline.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};
use worker::wasm_bindgen_futures::JsFuture;

use super::fetch_js::exchange;
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

impl Fetch for WorkerFetch {
    async fn fetch(&self, request: Request<'_>) -> Result<Response, FetchError> {
        let first = !self.called.swap(true, Relaxed);
        let deadline_ms = if first { self.first_deadline_ms } else { self.deadline_ms };
        let fields: Array = request
            .fields
            .iter()
            .flat_map(|(name, value)| [JsValue::from_str(name), JsValue::from_str(value)])
            .collect();
        let answer_fields: Array =
            request.answer_fields.iter().copied().map(JsValue::from_str).collect();
        let answer = exchange(
            request.method,
            request.url,
            fields,
            &request.body,
            answer_fields,
            number(u64::try_from(request.answer_bytes_max).unwrap_or(u64::MAX)),
            number(deadline_ms),
        );
        let answer = JsFuture::from(answer).await.map_err(|_| FetchError::Unreachable)?;
        match answer.as_string().as_deref() {
            None => read(&answer.unchecked_into(), &request),
            Some("timeout") => Err(FetchError::Timeout { deadline_ms }),
            Some("too_large") => Err(FetchError::TooLarge),
            Some(_) => Err(FetchError::Unreachable),
        }
    }
}

/// `[status, body, ...fields]`.
fn read(answer: &Array, request: &Request<'_>) -> Result<Response, FetchError> {
    let status = answer.get(0).as_f64().and_then(whole).ok_or(FetchError::Unreachable)?;
    let body: Uint8Array = answer.get(1).dyn_into().map_err(|_| FetchError::Unreachable)?;
    let fields = (2..).zip(request.answer_fields);
    let fields = fields.filter_map(|(at, name)| Some((*name, answer.get(at).as_string()?)));
    Ok(Response { status, fields: fields.collect(), body: body.to_vec() })
}

/// A status code.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
fn whole(number: f64) -> Option<u16> {
    (0.0..=999.0).contains(&number).then_some(number as u16)
}

/// Far below what a double holds exactly.
#[allow(clippy::cast_precision_loss, reason = "bounds and deadlines are small")]
const fn number(of: u64) -> f64 {
    of as f64
}
