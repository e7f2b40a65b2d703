//! POST /oauth/token (RFC 6749 section 3.2): client_credentials and refresh_token.

use http::StatusCode;
use serde::Serialize;

use super::body::Form;
use super::problem::Refused;
use super::{HttpRequest, HttpResponse, credentials, respond};
use crate::UnixMs;
use crate::guard::{Guard, GuardError, Issued, RefreshOrder};
use crate::store::Store;

/// The grant types there are, as metadata name them too.
pub(super) const GRANT_TYPES: [&str; 2] = ["client_credentials", "refresh_token"];

/// The answer of RFC 6749 section 5.1.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Serialize)]
pub(super) struct TokenAnswer {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// How long the refresh token can be exchanged.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_expires_in: Option<u64>,
    /// Always there: it need not be what was asked for (section 3.3).
    scope: String,
}

pub(super) async fn token<S: Store>(
    guard: &Guard<S>,
    request: &HttpRequest,
    now: UnixMs,
) -> Result<HttpResponse, Refused> {
    let form = Form::of_body(request)?;
    let client = credentials::client_or_form(guard, request, Some(&form))?;
    guard.pass_client(client, now).await?;
    let (scope, audience) = (form.get("scope"), form.get("resource"));
    let issued = match form.require("grant_type")? {
        "client_credentials" => guard.issue_to_client(scope, audience, client, now).await?,
        "refresh_token" => {
            let refresh_token = form.require("refresh_token")?;
            let order = RefreshOrder { refresh_token, scope, audience };
            guard.refresh(&order, client, now).await?
        }
        _ => return Err(GuardError::GrantTypeUnsupported.into()),
    };
    Ok(respond::json(StatusCode::OK, &TokenAnswer::new(issued)))
}

impl TokenAnswer {
    fn new(issued: Issued) -> Self {
        let (refresh_token, refresh_expires_in) =
            issued.refresh.map(|refresh| (refresh.refresh_token, refresh.expires_in_s)).unzip();
        Self {
            access_token: issued.access_token,
            token_type: "Bearer",
            expires_in: issued.expires_in_s,
            refresh_token,
            refresh_expires_in,
            scope: issued.scope,
        }
    }
}
