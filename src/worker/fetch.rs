//! The fetch port over the runtime's `fetch`, each call with its deadline.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use wasm_bindgen::JsCast as _;
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

impl Fetch for WorkerFetch {
    async fn fetch(&self, request: Request<'_>) -> Result<Response, FetchError> {
        // Calls that begin together open their connections together: each has the longer deadline.
        let first = !self.called.load(Relaxed);
        let deadline_ms = if first { self.first_deadline_ms } else { self.deadline_ms };
        let mut fields = String::new();
        for (name, value) in &request.fields {
            fields.extend([name, "\n", value, "\n"]);
        }
        let answer = glue::exchange(
            request.method,
            request.url,
            &fields,
            &request.body,
            &request.answer_fields.join("\n"),
            number(u64::try_from(request.answer_bytes_max).unwrap_or(u64::MAX)),
            number(deadline_ms),
        );
        let answer = JsFuture::from(answer).await;
        self.called.store(true, Relaxed);
        let answer = answer.map_err(|_| FetchError::Unreachable)?;
        match answer.as_string().as_deref() {
            None => read(&answer.unchecked_into(), request.answer_fields),
            Some("timeout") => Err(FetchError::Timeout { deadline_ms }),
            Some("too_large") => Err(FetchError::TooLarge),
            Some(_) => Err(FetchError::Unreachable),
        }
    }
}

fn read(answer: &js_sys::Array, names: &[&'static str]) -> Result<Response, FetchError> {
    let (head, body) = glue::parts(answer).ok_or(FetchError::Unreachable)?;
    let mut lines = head.split('\n');
    let status = lines.next().and_then(|status| status.parse().ok());
    let fields = names.iter().zip(lines).filter(|(_, value)| *value != glue::ABSENT);
    Ok(Response {
        status: status.ok_or(FetchError::Unreachable)?,
        fields: fields.map(|(name, value)| (*name, value.to_owned())).collect(),
        body: body.to_vec(),
    })
}

/// Far below what a double holds exactly.
#[allow(clippy::cast_precision_loss, reason = "bounds and deadlines are small")]
const fn number(of: u64) -> f64 {
    of as f64
}
