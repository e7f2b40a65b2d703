//! ANY /v1/authorize: forward authentication for a proxy, and the simplest use of a token.

use http::StatusCode;

use super::forwarded::requested;
use super::problem::Refused;
use super::respond::{
    auth_fields, degraded_field, empty, limit_fields, nobodys_fields, set_fields, with_type,
};
use super::{HttpRequest, HttpResponse, cookie};
use crate::guard::{Caller, Guard};
use crate::store::Store;

/// 200 and who it is in `X-Auth-*` fields for the proxy to pass on. The claims come as its body when
/// the query asks for `claims`: proxies throw a body away, and it costs as much as seven fields.
///
/// A refusal does not say what was decided without the store: proxies hand it to end users as it is.
pub(super) async fn authorize<S: Store>(
    guard: &Guard<S>,
    request: &HttpRequest,
    caller: &Caller,
) -> Result<HttpResponse, Refused> {
    let requested = requested(guard, request)?;
    if requested.rule.is_some_and(|rule| rule.public) {
        let mut response = empty(StatusCode::OK);
        set_fields(&mut response, nobodys_fields());
        return Ok(response);
    }
    let cookie = guard.config().cookie.as_ref();
    let token = cookie::token(request, cookie, requested.target.method, None)?;
    let mut access = guard.authorize(token, &requested, caller).await?;
    let mut response = if asks_for_claims(request) {
        let claims = std::mem::take(&mut access.payload);
        with_type(StatusCode::OK, "application/json", claims.into_bytes())
    } else {
        empty(StatusCode::OK)
    };
    set_fields(&mut response, limit_fields(&access.limits, guard.config().legacy_at(caller.now)));
    set_fields(&mut response, degraded_field(&access.degraded));
    set_fields(&mut response, auth_fields(access));
    Ok(response)
}

fn asks_for_claims(request: &HttpRequest) -> bool {
    let query = request.uri().query().unwrap_or_default();
    query.split('&').any(|part| part == "claims")
}
