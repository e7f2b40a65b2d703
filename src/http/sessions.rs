//! GET /v1/sessions: a subject's sessions. DELETE /v1/sessions/{id}: one of them, ended.

use http::StatusCode;
use serde::Serialize;

use super::body::Form;
use super::oauth;
use super::problem::Refused;
use super::{HttpRequest, HttpResponse, credentials, respond};
use crate::UnixMs;
use crate::guard::{Guard, GuardError, RevokeTarget};
use crate::store::{EntryKey, SessionRecord, Store};

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Sessions))]
#[derive(Serialize)]
pub(super) struct Listed {
    sessions: Vec<Session>,
}

/// A session, as it stands. Times are Unix seconds.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Serialize)]
struct Session {
    /// Names it here; its `sid` is known to its tokens alone.
    id: String,
    started_at: u64,
    refreshed_at: u64,
    expires_at: u64,
    /// How often it was refreshed.
    refreshes: u64,
}

impl From<&SessionRecord> for Session {
    fn from(record: &SessionRecord) -> Self {
        Self {
            id: record.session.to_string(),
            started_at: record.started.seconds(),
            refreshed_at: record.rotated.seconds(),
            expires_at: record.expires.seconds(),
            refreshes: record.generation,
        }
    }
}

/// The live sessions of the subject that the query names, oldest first.
pub(super) async fn list<S: Store>(
    guard: &Guard<S>,
    request: &HttpRequest,
    now: UnixMs,
) -> Result<HttpResponse, Refused> {
    let client = credentials::client(guard, request)?;
    let query = Form::of_query(request)?;
    let records = guard.sessions_of(query.require("subject")?, client, now).await?;
    let sessions = records.iter().map(Session::from).collect();
    Ok(respond::json(StatusCode::OK, &Listed { sessions }))
}

/// Ends a session: its tokens of either kind are refused from now on. 200 too where there is none.
pub(super) async fn end<S: Store>(
    guard: &Guard<S>,
    request: &HttpRequest,
    id: &str,
    now: UnixMs,
) -> Result<HttpResponse, Refused> {
    let client = credentials::client(guard, request)?;
    let key = EntryKey::parse(id).ok_or(GuardError::Invalid {
        field: "id",
        reason: "must be the id of a session, as it is listed",
    })?;
    let durability = guard.revoke(RevokeTarget::SessionKey(key), client, now).await?;
    Ok(oauth::revoked(durability))
}
