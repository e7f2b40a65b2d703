//! ANY /v1/authorize: forward authentication for a proxy, and the simplest use of a token.

use http::{HeaderName, StatusCode};

use super::problem::Refused;
use super::respond::{field_value, limit_fields, with_type};
use super::{HttpRequest, HttpResponse, credentials};
use crate::guard::{Caller, Guard};
use crate::store::Store;

/// 200 with the token's claims, and who it is in `X-Auth-*` fields for the proxy to pass on.
pub(super) async fn authorize<S: Store>(
    guard: &Guard<S>,
    request: &HttpRequest,
    caller: &Caller,
) -> Result<HttpResponse, Refused> {
    let access = guard.authorize(credentials::bearer(request)?, caller).await?;
    let mut response = with_type(StatusCode::OK, "application/json", access.payload.into_bytes());
    let headers = response.headers_mut();
    for (name, value) in [
        ("x-auth-subject", access.subject.as_str()),
        ("x-auth-client", &access.client_id),
        ("x-auth-scope", &access.scope),
        ("x-auth-token-id", &access.token_id),
        ("x-auth-session", access.session_id.as_deref().unwrap_or_default()),
    ] {
        headers.insert(HeaderName::from_static(name), field_value(value));
    }
    for (name, value) in limit_fields(&access.limits) {
        headers.insert(name, field_value(&value));
    }
    Ok(response)
}
