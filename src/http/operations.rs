//! What operators ask: /healthz, /readyz, /metrics.

use http::{StatusCode, header};
use serde::Serialize;

use super::problem::Refused;
use super::{HttpRequest, HttpResponse, credentials, respond};
use crate::UnixMs;
use crate::config::Grant;
use crate::guard::{Guard, Readiness, require};
use crate::store::Store;

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Serialize)]
pub(super) struct Health {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<&'static str>,
}

/// Liveness: this instance answers.
pub(super) fn healthz() -> HttpResponse {
    respond::json(StatusCode::OK, &Health { status: "ok", store: None })
}

/// Readiness. With a credential the store is asked and its state told; without, hardly ever, so
/// that nobody unknown can spend the store's quota here.
pub(super) async fn readyz<S: Store>(
    guard: &Guard<S>,
    request: &HttpRequest,
    now: UnixMs,
) -> Result<HttpResponse, Refused> {
    if !request.headers().contains_key(header::AUTHORIZATION) {
        return Ok(health(guard.ready(now).await, None));
    }
    require(credentials::client(guard, request)?, Grant::MetricsRead)?;
    Ok(match guard.probe(now).await {
        Ok(()) => health(Readiness::Ready, Some("reachable")),
        Err(error) => {
            let readiness = guard.outage_readiness().unwrap_or(Readiness::NotReady);
            health(readiness, Some(error.code()))
        }
    })
}

fn health(readiness: Readiness, store: Option<&'static str>) -> HttpResponse {
    let (code, status) = match readiness {
        Readiness::Ready => (StatusCode::OK, "ready"),
        Readiness::Degraded => (StatusCode::OK, "degraded"),
        Readiness::NotReady => (StatusCode::SERVICE_UNAVAILABLE, "not ready"),
    };
    respond::json(code, &Health { status, store })
}

/// Prometheus text, for clients granted `metrics:read`.
pub(super) fn metrics<S: Store>(
    guard: &Guard<S>,
    request: &HttpRequest,
    now: UnixMs,
) -> Result<HttpResponse, Refused> {
    require(credentials::client(guard, request)?, Grant::MetricsRead)?;
    let text = guard.metrics(now).into_bytes();
    Ok(respond::with_type(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", text))
}
