//! ANY /v1/authorize: forward authentication for a proxy, and the simplest use of a token.

use http::StatusCode;

use super::forwarded::requested;
use super::problem::Refused;
use super::respond::{
    auth_fields, degraded_field, empty, limit_fields, nobodys_fields, set_fields, with_type,
};
use super::{HttpRequest, HttpResponse, credentials};
use crate::guard::{Access, Caller, CredentialsFault, Guard, GuardError, Requested};
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
    let Some(mut access) = admitted(guard, request, &requested, caller).await? else {
        let mut response = empty(StatusCode::OK);
        set_fields(&mut response, nobodys_fields());
        return Ok(response);
    };
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

/// What the token of a request allows; `None` of a route that needs none, where none was presented.
pub(super) async fn admitted<S: Store>(
    guard: &Guard<S>,
    request: &HttpRequest,
    requested: &Requested<'_>,
    caller: &Caller,
) -> Result<Option<Access>, Refused> {
    let public = requested.rule.is_some_and(|rule| rule.public);
    match credentials::token(request, requested, guard.config().cookie.as_ref()) {
        Err(Refused::Guard(GuardError::Credentials(CredentialsFault::Missing))) if public => {
            Ok(None)
        }
        token => Ok(Some(guard.authorize(token?, requested, caller).await?)),
    }
}

fn asks_for_claims(request: &HttpRequest) -> bool {
    let query = request.uri().query().unwrap_or_default();
    query.split('&').any(|part| part == "claims")
}
