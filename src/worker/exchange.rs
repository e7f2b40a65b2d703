//! Requests in and responses out. Each object that crosses into wasm costs, so only what the core
//! reads is taken across.

use futures_util::StreamExt as _;
use http::{Method, Request};
use worker::{Headers, Response, Result};

use super::clock::{now, within};
use crate::http::{BODY_BYTES_MAX, BodyFault, FIELDS_READ, HttpResponse, Received};

/// How long a client may take to send its body, in milliseconds.
const BODY_DEADLINE_MS: u64 = 10_000;

/// The head of a request as the core takes it; `None` when its method, target or a field cannot be
/// read.
pub(super) fn head(request: &worker::Request) -> Option<Request<()>> {
    let mut head = Request::builder().uri(request.inner().url()).body(()).ok()?;
    *head.method_mut() = Method::from_bytes(request.inner().method().as_bytes()).ok()?;
    for name in FIELDS_READ {
        if let Some(value) = request.headers().get(name).ok().flatten() {
            head.headers_mut().insert(*name, value.try_into().ok()?);
        }
    }
    Some(head)
}

/// The body of a request, within its deadline.
pub(super) async fn body(mut request: worker::Request) -> std::result::Result<Received, BodyFault> {
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

/// The core's answer as the runtime takes it.
pub(super) fn respond(response: HttpResponse) -> Result<Response> {
    let (parts, body) = response.into_parts();
    let headers = Headers::new();
    for (name, value) in &parts.headers {
        // The core writes printable ASCII only.
        headers.append(name.as_str(), value.to_str().unwrap_or_default())?;
    }
    let empty = body.is_empty();
    let response = if empty { Response::empty()? } else { Response::from_bytes(body)? };
    Ok(response.with_status(parts.status.as_u16()).with_headers(headers))
}
