//! Cross-origin requests of browsers (the Fetch standard, section 3.2), where they are configured.

use http::header::{self, HeaderName};
use http::{HeaderValue, Method, StatusCode};

use super::route::Route;
use super::{HttpRequest, HttpResponse, respond};
use crate::config::Cors;

/// The fields read of a request, where any origin is allowed.
pub(super) const READ: [HeaderName; 2] = [header::ORIGIN, header::ACCESS_CONTROL_REQUEST_METHOD];
/// What a browser may send beside what it always may.
const SENT: &str = "authorization, content-type";
/// What a browser lets its page read beside what it always does.
const EXPOSED: &str =
    "ratelimit, ratelimit-policy, retry-after, www-authenticate, portcullis-degraded, etag";

/// The answer to `OPTIONS` of a route: its methods, in a preflight for browsers too.
pub(super) fn options(
    request: &HttpRequest,
    route: Route<'_>,
    cors: Option<&Cors>,
) -> Option<HttpResponse> {
    let methods = route.methods()?;
    let names: Vec<_> = methods.iter().chain([&Method::OPTIONS]).map(Method::as_str).collect();
    let names = names.join(", ");
    let mut response = respond::empty(StatusCode::NO_CONTENT);
    let mut fields = vec![(header::ALLOW, names.clone())];
    let preflight = request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if let Some(cors) = cors.filter(|cors| preflight && allowed(request, cors).is_some()) {
        fields.extend([
            (header::ACCESS_CONTROL_ALLOW_METHODS, names),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, SENT.to_owned()),
            (header::ACCESS_CONTROL_MAX_AGE, cors.max_age_s.to_string()),
        ]);
    }
    respond::set_fields(&mut response, fields);
    Some(response)
}

/// Has a browser hand an answer to the page that asked, if its origin is allowed.
pub(super) fn allow(response: &mut HttpResponse, request: &HttpRequest, cors: &Cors) {
    // Whoever keeps an answer must not give one origin's to another.
    response.headers_mut().append(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = allowed(request, cors) {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let exposed = HeaderValue::from_static(EXPOSED);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
}

/// The request's origin, if it is one of those configured.
fn allowed(request: &HttpRequest, cors: &Cors) -> Option<HeaderValue> {
    let mut origins = request.headers().get_all(header::ORIGIN).iter();
    let origin = origins.next().filter(|_| origins.next().is_none())?;
    cors.origins.iter().any(|one| one.as_bytes() == origin.as_bytes()).then(|| origin.clone())
}
