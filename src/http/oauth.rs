//! POST /oauth/revoke (RFC 7009) and /oauth/introspect (RFC 7662), with OAuth's own error body.

use http::StatusCode;
use serde::Serialize;

use super::body::Form;
use super::problem::Refused;
use super::{HttpRequest, HttpResponse, credentials, respond};
use crate::UnixMs;
use crate::guard::{Guard, GuardError, Of, RevokeTarget};
use crate::store::{Durability, Store};

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Serialize)]
pub(super) struct Revoked {
    /// How far it got: `local`, `secondary` or `store`; absent where there was nothing to revoke.
    #[serde(skip_serializing_if = "Option::is_none")]
    durability: Option<String>,
}

/// 200 for what is revoked, with its durability, and for a token there is nothing to revoke of.
pub(super) async fn revoke<S: Store>(
    guard: &Guard<S>,
    request: &HttpRequest,
    now: UnixMs,
) -> Result<HttpResponse, Refused> {
    let form = Form::of_body(request)?;
    let client = credentials::client_or_form(guard, request, Some(&form))?;
    let issuer = form.get("issuer");
    let of = |name| Of { issuer, name };
    let target = match (form.get("token"), form.get("session"), form.get("subject")) {
        // A token says itself whose it is.
        (Some(_), ..) if issuer.is_some() => {
            let reason = "goes with session or subject alone";
            return Err(GuardError::Invalid { field: "issuer", reason }.into());
        }
        (Some(token), None, None) => RevokeTarget::Token(token),
        (None, Some(session), None) => RevokeTarget::Session(of(session)),
        (None, None, Some(subject)) => RevokeTarget::Subject(of(subject)),
        _ => {
            let reason = "exactly one of token, session and subject is required";
            return Err(GuardError::Invalid { field: "token", reason }.into());
        }
    };
    if !matches!(form.get("token_type_hint"), None | Some("access_token" | "refresh_token")) {
        return Err(GuardError::TokenTypeUnsupported.into());
    }
    Ok(revoked(guard.revoke(target, client, now).await?))
}

/// The answer that says how durably something was revoked, or that there was nothing to revoke.
pub(super) fn revoked(durability: Option<Durability>) -> HttpResponse {
    let revoked = Revoked { durability: durability.map(|durability| durability.to_string()) };
    let mut response = respond::json(StatusCode::OK, &revoked);
    if durability.is_some_and(|durability| durability < Durability::Store) {
        respond::set_fields(&mut response, [respond::not_stored_field()]);
    }
    response
}

pub(super) async fn introspect<S: Store>(
    guard: &Guard<S>,
    request: &HttpRequest,
    now: UnixMs,
) -> Result<HttpResponse, Refused> {
    let form = Form::of_body(request)?;
    let client = credentials::client_or_form(guard, request, Some(&form))?;
    guard.pass_client(client, now).await?;
    let introspection = guard.introspect(form.require("token")?, client, now).await?;
    let mut response = respond::json(StatusCode::OK, &introspection);
    respond::set_fields(&mut response, respond::degraded_field(&introspection.degraded));
    Ok(response)
}

/// The error body of RFC 6749 section 5.2, with our `code` beside it.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Serialize)]
pub(super) struct OAuthError {
    error: &'static str,
    error_description: String,
    #[cfg_attr(feature = "openapi", schema(value_type = super::openapi::ErrorCode))]
    code: &'static str,
}

/// The answer of an OAuth route to a refused request. The two errors of RFC 6749 section 4.1.2.1
/// that say the fault is ours stand for 429 and 5xx, which section 5.2 has no word for. `at_token`: it is
/// the token endpoint.
pub(super) fn error_response(
    refused: &Refused,
    at_token: bool,
    legacy_at: Option<UnixMs>,
) -> HttpResponse {
    let error = match (refused, refused.status()) {
        (Refused::Guard(GuardError::ClientMissing | GuardError::ClientRefused), _) => {
            "invalid_client"
        }
        (Refused::Guard(GuardError::GrantMissing { .. }), _) => "unauthorized_client",
        // "... or was issued to another client."
        (
            Refused::Guard(
                GuardError::ForeignToken
                | GuardError::RefreshInvalid
                | GuardError::RefreshReused
                | GuardError::AccessDenied,
            ),
            _,
        ) => "invalid_grant",
        (Refused::Guard(GuardError::GrantTypeUnsupported), _) => "unsupported_grant_type",
        // RFC 7009 section 2.2.1.
        (Refused::Guard(GuardError::TokenTypeUnsupported), _) => "unsupported_token_type",
        (
            Refused::Guard(
                GuardError::BeyondGrant { field: "scope" }
                | GuardError::Invalid { field: "scope", .. },
            ),
            _,
        ) => "invalid_scope",
        // RFC 8707 section 2.
        (Refused::Guard(GuardError::BeyondGrant { .. }), _) => "invalid_target",
        (_, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) => {
            "temporarily_unavailable"
        }
        (_, status) if status.is_server_error() => "server_error",
        _ => "invalid_request",
    };
    let error_description = refused.detail();
    let body = OAuthError { error, error_description, code: refused.code() };
    let status = match refused {
        // Section 5.2 has one status for all that is not the client's authentication.
        Refused::Guard(
            GuardError::GrantMissing { .. }
            | GuardError::BeyondGrant { .. }
            | GuardError::AccessDenied,
        ) if at_token => StatusCode::BAD_REQUEST,
        _ => refused.status(),
    };
    let mut response = respond::json(status, &body);
    respond::set_fields(&mut response, refused.fields(legacy_at));
    response
}
