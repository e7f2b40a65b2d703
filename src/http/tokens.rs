//! POST /v1/tokens: minting for a subject.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::problem::Refused;
use super::{HttpRequest, HttpResponse, body, credentials, respond};
use crate::UnixMs;
use crate::guard::{Guard, TokenOrder};
use crate::store::Store;

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = TokenOrder))]
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    /// Whom the token is about: 1 to 255 bytes without control characters.
    sub: String,
    /// Space-separated scopes, within the client's.
    scope: Option<String>,
    /// Audiences, within the client's; without them all of the client's.
    aud: Option<Audience>,
    /// Further claims, none of a registered name.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    claims: Option<Box<RawValue>>,
    /// Lifetime in seconds.
    access_ttl: Option<u64>,
    /// Whether a session is opened, with a refresh token.
    #[serde(default)]
    refresh: bool,
}

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = TokenAudience))]
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// The answer, named as in RFC 6749 section 5.1.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Serialize)]
pub(super) struct Minted {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    scope: String,
    jti: String,
    session_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_expires_in: Option<u64>,
}

pub(super) async fn issue<S: Store>(
    guard: &Guard<S>,
    request: &HttpRequest,
    now: UnixMs,
) -> Result<HttpResponse, Refused> {
    let client = credentials::client(guard, request)?;
    let order: Order = body::json(request)?;
    guard.pass_client(client, now).await?;
    let order = TokenOrder {
        subject: order.sub,
        scope: order.scope,
        audience: order.aud.map(|audience| match audience {
            Audience::One(audience) => vec![audience],
            Audience::Several(audiences) => audiences,
        }),
        claims: order.claims.map(|claims| claims.get().to_owned()),
        lifetime_s: order.access_ttl,
        refresh: order.refresh,
    };
    let issued = guard.issue(&order, client, now).await?;
    let (refresh_token, refresh_expires_in) =
        issued.refresh.map(|refresh| (refresh.refresh_token, refresh.expires_in_s)).unzip();
    let minted = Minted {
        access_token: issued.access_token,
        token_type: "Bearer",
        expires_in: issued.expires_in_s,
        scope: issued.scope,
        jti: issued.token_id,
        session_id: issued.session_id.unwrap_or_default(),
        refresh_token,
        refresh_expires_in,
    };
    Ok(respond::json(StatusCode::CREATED, &minted))
}
