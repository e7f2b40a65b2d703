//! /v1/lists/{deny|allow}: put on (POST), look up (GET) and take off (DELETE), for administrators.

use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};

use super::body::{Form, given};
use super::problem::Refused;
use super::{HttpRequest, HttpResponse, body, credentials, respond};
use crate::UnixMs;
use crate::config::{Grant, parse_duration_ms};
use crate::guard::{Guard, GuardError, Listed, require};
use crate::rules::{List, Network};
use crate::store::Store;

/// Longest name of a subject or client, in bytes.
const NAME_BYTES_MAX: usize = 256;

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ListOrder))]
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    #[serde(default, deserialize_with = "given")]
    subject: Option<String>,
    #[serde(default, deserialize_with = "given")]
    client: Option<String>,
    #[serde(default, deserialize_with = "given")]
    address: Option<String>,
    #[serde(rename = "for")]
    duration: String,
}

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ListAnswer))]
#[derive(Serialize)]
pub(super) struct Answer {
    listed: bool,
    /// For how long yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_ms: Option<u64>,
}

pub(super) async fn administer<S: Store>(
    guard: &Guard<S>,
    request: &HttpRequest,
    list: List,
    now: UnixMs,
) -> Result<HttpResponse, Refused> {
    require(credentials::client(guard, request)?, Grant::LimitsAdmin)?;
    match *request.method() {
        Method::POST => {
            let order: Order = body::json(request)?;
            let names = [&order.subject, &order.client, &order.address];
            let who = listed(names.map(Option::as_deref))?;
            let reason = "must be a duration of 1ms to 366d";
            let for_ms = parse_duration_ms(&order.duration);
            let for_ms = for_ms.ok_or(GuardError::Invalid { field: "for", reason })?;
            guard.list(list, &who, for_ms, now).await?;
            Ok(respond::empty(StatusCode::NO_CONTENT))
        }
        Method::DELETE => {
            let query = Form::of_query(request)?;
            guard.unlist(list, &listed(of_query(&query))?, now).await?;
            Ok(respond::empty(StatusCode::NO_CONTENT))
        }
        _ => {
            let query = Form::of_query(request)?;
            let ends_ms = guard.listed(list, &listed(of_query(&query))?, now).await?;
            Ok(respond::json(StatusCode::OK, &Answer { listed: ends_ms.is_some(), ends_ms }))
        }
    }
}

fn of_query(query: &Form) -> [Option<&str>; 3] {
    ["subject", "client", "address"].map(|name| query.get(name))
}

/// The one of subject, client and address that is there.
fn listed<'a>(names: [Option<&'a str>; 3]) -> Result<Listed<'a>, GuardError> {
    let invalid = |field, reason| GuardError::Invalid { field, reason };
    let named = |field, name: &'a str| {
        let fits =
            (1..=NAME_BYTES_MAX).contains(&name.len()) && !name.chars().any(char::is_control);
        let reason = "must have 1 to 256 bytes and no control characters";
        if fits { Ok(name) } else { Err(invalid(field, reason)) }
    };
    match names {
        [Some(subject), None, None] => named("subject", subject).map(Listed::Subject),
        [None, Some(client), None] => named("client", client).map(Listed::Client),
        [None, None, Some(text)] => {
            let reason = "must be an IP address, or a network as 192.0.2.0/24";
            Network::parse(text).map(Listed::Network).ok_or(invalid("address", reason))
        }
        _ => Err(invalid("subject", "one of subject, client and address must be there")),
    }
}
