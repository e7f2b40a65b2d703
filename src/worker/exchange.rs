//! Requests in and responses out. Each object that crosses into wasm costs, so only what the core
//! reads is taken across.

use futures_util::StreamExt as _;
use http::{Method, Request};
use worker::{Headers, Response, Result};

use super::clock::within;
use crate::http::{BODY_BYTES_MAX, FIELDS_READ, HttpRequest, HttpResponse, reads_body, unreadable};

/// How long a client may take to send its body, in milliseconds.
const BODY_DEADLINE_MS: u64 = 10_000;

/// The request as the core takes it, or the answer to one that cannot be read.
pub(super) async fn receive(
    request: &mut worker::Request,
) -> std::result::Result<HttpRequest, HttpResponse> {
    let method = Method::from_bytes(request.inner().method().as_bytes());
    let received = Request::builder().uri(request.inner().url()).body(Vec::new());
    let (Ok(method), Ok(mut received)) = (method, received) else { return Err(unreadable()) };
    *received.method_mut() = method;
    for name in FIELDS_READ {
        let value = request.headers().get(name).ok().flatten().map(http::HeaderValue::try_from);
        match value {
            Some(Ok(value)) => {
                received.headers_mut().insert(*name, value);
            }
            Some(Err(_)) => return Err(unreadable()),
            None => {}
        }
    }
    if reads_body(&received) {
        let body = within(BODY_DEADLINE_MS, body(request)).await.flatten();
        *received.body_mut() = body.ok_or_else(unreadable)?;
    }
    Ok(received)
}

/// The body, read no further than one byte more than is accepted; `None` when it breaks off.
async fn body(request: &mut worker::Request) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    if request.inner().body().is_none() {
        return Some(body);
    }
    let mut chunks = request.stream().ok()?;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.ok()?;
        let room = BODY_BYTES_MAX.saturating_add(1).saturating_sub(body.len());
        body.extend(chunk.into_iter().take(room));
        if body.len() > BODY_BYTES_MAX {
            break;
        }
    }
    Some(body)
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
