//! GET /: where people land.

use http::{HeaderValue, StatusCode, header};

use super::{HttpResponse, respond};

/// The page over the description of the interface, which is served beside the Worker.
const DOCS: &str = "/docs/";

/// The way there.
pub(super) fn home() -> HttpResponse {
    let mut response = respond::empty(StatusCode::FOUND);
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(DOCS));
    response
}
