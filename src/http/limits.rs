//! /v1/limits/{policy}: take (POST), peek (GET) and reset (DELETE) of one key, for administrators.

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};

use super::body::Form;
use super::problem::Refused;
use super::respond::{degraded_field, limit_fields, set_fields};
use super::{HttpRequest, HttpResponse, body, credentials, only, respond};
use crate::UnixMs;
use crate::config::Grant;
use crate::guard::{Degraded, Guard, GuardError, Limited, NamedKey, Taken, require};
use crate::store::Store;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    key: Key,
    #[serde(default = "one")]
    cost: u64,
}

/// A value, or for a policy whose keys have several parts one for each.
#[derive(Deserialize)]
#[serde(untagged, expecting = "text, or an object of texts")]
enum Key {
    Only(String),
    Parts(BTreeMap<String, String>),
}

impl Key {
    fn named(&self) -> NamedKey<'_> {
        match self {
            Self::Only(value) => NamedKey::Only(value),
            Self::Parts(parts) => {
                NamedKey::Parts(parts.iter().map(|(part, value)| (&**part, &**value)).collect())
            }
        }
    }
}

/// `key=...`, or `key.PART=...` for each part.
fn key_of(query: &Form) -> Result<NamedKey<'_>, Refused> {
    let parts: Vec<_> = query.members("key.").collect();
    if parts.is_empty() { Ok(query.require("key")?.into()) } else { Ok(NamedKey::Parts(parts)) }
}

const fn one() -> u64 {
    1
}

/// What a policy says of a key; times in milliseconds from now.
#[derive(Serialize)]
struct Answer {
    allowed: bool,
    limit: u64,
    remaining: u64,
    reset_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    /// Why the store had no part in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    degraded: Option<&'static str>,
}

pub(super) async fn administer<S: Store>(
    guard: &Guard<S>,
    request: &HttpRequest,
    policy: &str,
    now: UnixMs,
) -> Result<HttpResponse, Refused> {
    only(request, &[Method::POST, Method::GET, Method::HEAD, Method::DELETE])?;
    require(credentials::client(guard, request)?, Grant::LimitsAdmin)?;
    let legacy_at = guard.config().legacy_at(now);
    match *request.method() {
        Method::POST => {
            let order: Order = body::json(request)?;
            let taken = guard.take(policy, &order.key.named(), order.cost, now).await?;
            let limited = limited(&taken);
            if limited.denies() {
                return Err(GuardError::RateLimited(vec![limited]).into());
            }
            Ok(answer(&taken, legacy_at))
        }
        Method::DELETE => {
            let query = Form::of_query(request)?;
            guard.reset(policy, &key_of(&query)?, now).await?;
            let mut response = HttpResponse::default();
            *response.status_mut() = StatusCode::NO_CONTENT;
            Ok(response)
        }
        _ => {
            let query = Form::of_query(request)?;
            let taken = guard.peek(policy, &key_of(&query)?, now).await?;
            Ok(answer(&taken, legacy_at))
        }
    }
}

fn limited(taken: &Taken<'_>) -> Limited {
    Limited { policy: taken.policy.clone(), outcome: taken.outcome }
}

fn answer(taken: &Taken<'_>, legacy_at: Option<UnixMs>) -> HttpResponse {
    let decision = taken.outcome.decision;
    let mut response = respond::json(
        StatusCode::OK,
        &Answer {
            allowed: decision.allowed,
            limit: decision.limit,
            remaining: decision.remaining,
            reset_ms: decision.reset_ms,
            retry_after_ms: decision.retry_after_ms,
            degraded: taken.outcome.degraded,
        },
    );
    let limits = [limited(taken)];
    set_fields(&mut response, limit_fields(&limits, legacy_at));
    set_fields(&mut response, degraded_field(&Degraded::of_limits(&limits)));
    response
}
