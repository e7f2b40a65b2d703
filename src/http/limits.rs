//! /v1/limits/{policy}: take (POST), peek (GET) and reset (DELETE) of one key, for administrators.

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};

use super::body::{Form, given};
use super::problem::Refused;
use super::respond::{degraded_field, limit_fields, set_fields};
use super::{HttpRequest, HttpResponse, body, credentials, respond};
use crate::UnixMs;
use crate::config::{Grant, parse_duration_ms};
use crate::guard::{Degraded, Guard, GuardError, Limited, NamedKey, Taken, require};
use crate::limit::Adjustment;
use crate::store::Store;

/// Longest block, in milliseconds: 366 days.
const BLOCK_MS_MAX: u64 = 366 * 24 * 60 * 60 * 1000;

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = LimitOrder))]
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    key: Key,
    #[serde(default, deserialize_with = "given")]
    cost: Option<u64>,
    #[serde(default, deserialize_with = "given")]
    adjust: Option<i64>,
    #[serde(default, deserialize_with = "given")]
    block_for: Option<String>,
    #[serde(default, deserialize_with = "given")]
    quota: Option<Quota>,
    /// How long the quota lasts.
    #[serde(rename = "for", default, deserialize_with = "given")]
    duration: Option<String>,
}

/// `"policy"`: the policy's own again.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = KeyQuota))]
#[derive(Deserialize)]
#[serde(untagged, expecting = "an object with limit, or \"policy\"")]
enum Quota {
    Own(OwnQuota),
    Policy(OfPolicy),
}

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnQuota {
    limit: u64,
    burst: Option<u64>,
}

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum OfPolicy {
    Policy,
}

/// A value, or for a policy whose keys have several parts one for each.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = LimitKey))]
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

/// What a policy says of a key; times in milliseconds from now.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = LimitAnswer))]
#[derive(Serialize)]
pub(super) struct Answer {
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
    require(credentials::client(guard, request)?, Grant::LimitsAdmin)?;
    let legacy_at = guard.config().legacy_at(now);
    match *request.method() {
        Method::POST => {
            let order: Order = body::json(request)?;
            carry_out(guard, policy, &order, now).await
        }
        Method::DELETE => {
            let query = Form::of_query(request)?;
            guard.reset(policy, &key_of(&query)?, now).await?;
            Ok(respond::empty(StatusCode::NO_CONTENT))
        }
        _ => {
            let query = Form::of_query(request)?;
            let taken = guard.peek(policy, &key_of(&query)?, now).await?;
            Ok(answer(&taken, legacy_at))
        }
    }
}

/// Takes, counts after the fact or gives back, or blocks: one of them.
async fn carry_out<S: Store>(
    guard: &Guard<S>,
    policy: &str,
    order: &Order,
    now: UnixMs,
) -> Result<HttpResponse, Refused> {
    let key = order.key.named();
    let legacy_at = guard.config().legacy_at(now);
    if order.quota.is_some() || order.duration.is_some() {
        return change_quota(guard, policy, order, now).await;
    }
    match (order.cost, order.adjust, &order.block_for) {
        (cost, None, None) => {
            let taken = guard.take(policy, &key, cost.unwrap_or(1), now).await?;
            let limited = limited(&taken);
            if limited.denies() {
                return Err(GuardError::RateLimited(vec![limited]).into());
            }
            Ok(answer(&taken, legacy_at))
        }
        (None, Some(by), None) => {
            let cost = by.unsigned_abs();
            let by = if by < 0 { Adjustment::Give(cost) } else { Adjustment::Take(cost) };
            Ok(answer(&guard.adjust(policy, &key, by, now).await?, legacy_at))
        }
        (None, None, Some(text)) => {
            let block_ms = parse_duration_ms(text).filter(|ms| (1..=BLOCK_MS_MAX).contains(ms));
            let reason = "must be a duration of 1ms to 366d";
            let block_ms = block_ms.ok_or(GuardError::Invalid { field: "block_for", reason })?;
            guard.block(policy, &key, block_ms, now).await?;
            Ok(respond::empty(StatusCode::NO_CONTENT))
        }
        _ => {
            let reason = "goes with neither adjust nor block_for, nor they with each other";
            Err(GuardError::Invalid { field: "cost", reason }.into())
        }
    }
}

/// Gives the key another quota for a time, or the policy's own again.
async fn change_quota<S: Store>(
    guard: &Guard<S>,
    policy: &str,
    order: &Order,
    now: UnixMs,
) -> Result<HttpResponse, Refused> {
    let invalid = |field, reason| Err(GuardError::Invalid { field, reason }.into());
    if order.cost.is_some() || order.adjust.is_some() || order.block_for.is_some() {
        return invalid("quota", "goes with neither cost nor adjust nor block_for");
    }
    let key = order.key.named();
    match (&order.quota, &order.duration) {
        (Some(Quota::Own(OwnQuota { limit, burst })), Some(text)) => {
            let Some(for_ms) = parse_duration_ms(text) else {
                return invalid("for", "must be a duration of 1ms to 366d");
            };
            guard.set_quota(policy, &key, (*limit, *burst), for_ms, now).await?;
        }
        (Some(Quota::Policy(OfPolicy::Policy)), None) => {
            guard.clear_quota(policy, &key, now).await?;
        }
        _ => return invalid("for", "goes with a quota of the key's own, and that with it"),
    }
    Ok(respond::empty(StatusCode::NO_CONTENT))
}

fn limited(taken: &Taken) -> Limited {
    Limited { policy: taken.policy.clone(), outcome: taken.outcome }
}

fn answer(taken: &Taken, legacy_at: Option<UnixMs>) -> HttpResponse {
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
    // Nobody is to wait: this request was answered, and is not the one that is denied.
    response.headers_mut().remove(http::header::RETRY_AFTER);
    set_fields(&mut response, degraded_field(&Degraded::of_limits(&limits)));
    response
}
