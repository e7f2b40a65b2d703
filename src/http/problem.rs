//! Refusals as answers: problem details (RFC 9457) with a stable `code`.

use http::header::{self, HeaderName};
use http::{HeaderValue, Method, StatusCode};
use serde::Serialize;

use super::respond::{json, limit_fields, set_fields};
use super::{BodyFault, HttpResponse};
use crate::UnixMs;
use crate::config::ConfigError;
use crate::guard::{CredentialsFault, GuardError};
use crate::jwt::JwtError;
use crate::limit::retry_after_seconds;
use crate::store::StoreError;
use crate::telemetry::{Event, Telemetry};

/// Why a request is not answered as asked.
pub(super) enum Refused {
    /// The guard refused it.
    Guard(GuardError),
    /// There is no such route.
    NotFound,
    /// The request's path can be read in more than one way.
    TargetAmbiguous,
    /// No route rule has the request.
    RouteDenied,
    /// The route does not have this method.
    Method(&'static [Method]),
    /// It may change something, and came with a token's cookie from who knows where.
    CrossSite,
    /// The body was not received.
    Body(BodyFault),
    /// The body is longer than is read.
    BodyTooLarge,
    /// The body is not of the media type asked for.
    MediaType(&'static str),
    /// The body or query cannot be read; where and why, in fixed words.
    Malformed(String),
}

/// The body of a refusal.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Serialize)]
pub(super) struct Problem {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    title: &'static str,
    status: u16,
    #[cfg_attr(feature = "openapi", schema(value_type = super::openapi::ErrorCode))]
    code: &'static str,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    claim: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(rename = "violated-policies", skip_serializing_if = "Vec::is_empty")]
    violated: Vec<String>,
}

/// More requests than a policy allows: a problem type of draft-ietf-httpapi-ratelimit-headers, and its title.
const QUOTA_EXCEEDED: &str = "https://iana.org/assignments/http-problem-types#quota-exceeded";
const QUOTA_EXCEEDED_TITLE: &str = "Quota exceeded";

impl Refused {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Guard(error) => guard_status(error),
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::TargetAmbiguous => StatusCode::BAD_REQUEST,
            Self::RouteDenied | Self::CrossSite => StatusCode::FORBIDDEN,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Body(BodyFault::TimedOut) => StatusCode::REQUEST_TIMEOUT,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Malformed(_) | Self::Body(BodyFault::BrokenOff) => StatusCode::BAD_REQUEST,
        }
    }

    pub(super) const fn code(&self) -> &'static str {
        match self {
            Self::Guard(error) => error.code(),
            Self::NotFound => "ERR_ROUTE_NOT_FOUND",
            Self::TargetAmbiguous => "ERR_TARGET_AMBIGUOUS",
            Self::RouteDenied => "ERR_ROUTE_DENIED",
            Self::CrossSite => "ERR_CROSS_SITE",
            Self::Method(_) => "ERR_METHOD_NOT_ALLOWED",
            Self::BodyTooLarge => "ERR_BODY_TOO_LARGE",
            Self::MediaType(_) => "ERR_MEDIA_TYPE_UNSUPPORTED",
            Self::Body(BodyFault::TimedOut) => "ERR_BODY_TIMEOUT",
            Self::Malformed(_) | Self::Body(BodyFault::BrokenOff) => "ERR_REQUEST_INVALID",
        }
    }

    pub(super) fn detail(&self) -> String {
        match self {
            Self::Guard(error) => error.to_string(),
            Self::NotFound => "there is no such route".to_owned(),
            Self::TargetAmbiguous => "the path can be read in more than one way".to_owned(),
            Self::RouteDenied => "no route lets this request through".to_owned(),
            Self::CrossSite => {
                "with a token in a cookie, this must come from a page that may ask for it"
                    .to_owned()
            }
            Self::Method(_) => "the route does not have this method".to_owned(),
            Self::Body(fault) => fault.to_string(),
            Self::BodyTooLarge => format!("the body has more than {} bytes", super::BODY_BYTES_MAX),
            Self::MediaType(expected) => format!("the body must be {expected}"),
            Self::Malformed(fault) => fault.clone(),
        }
    }

    /// The header fields a refusal carries beside its body; `legacy_at` as [`limit_fields`] takes it.
    pub(super) fn fields(&self, legacy_at: Option<UnixMs>) -> Vec<(HeaderName, String)> {
        let mut fields = Vec::new();
        match self {
            Self::Method(allowed) => {
                let names: Vec<_> = allowed.iter().map(Method::as_str).collect();
                fields.push((header::ALLOW, names.join(", ")));
            }
            Self::Guard(GuardError::RateLimited(limits)) => {
                fields.extend(limit_fields(limits, legacy_at));
            }
            Self::Guard(GuardError::Jwks(unavailable)) => {
                let seconds = retry_after_seconds(unavailable.retry_after_ms);
                fields.push((header::RETRY_AFTER, seconds.to_string()));
            }
            // What may be over in a second. A missing key or a full store will not.
            Self::Guard(
                GuardError::Store(
                    StoreError::Unavailable { .. }
                    | StoreError::Outage { .. }
                    | StoreError::Timeout { .. },
                )
                | GuardError::EntropyUnavailable,
            ) => fields.push((header::RETRY_AFTER, "1".to_owned())),
            _ => {}
        }
        fields.extend(self.challenge().map(|value| (header::WWW_AUTHENTICATE, value)));
        fields
    }

    /// `WWW-Authenticate`: Bearer for tokens (RFC 6750 section 3), Basic for clients.
    fn challenge(&self) -> Option<String> {
        let Self::Guard(error) = self else { return None };
        let bearer = |error: &str| format!("Bearer realm=\"portcullis\", error=\"{error}\"");
        match error {
            GuardError::ClientMissing | GuardError::ClientRefused => {
                Some("Basic realm=\"portcullis\", charset=\"UTF-8\"".into())
            }
            // Section 3.1: no error code without credentials, or with those of another scheme.
            GuardError::Credentials(CredentialsFault::Missing | CredentialsFault::Scheme) => {
                Some("Bearer realm=\"portcullis\"".to_owned())
            }
            // The section would have 400; but proxies that ask for authorization (nginx) pass on
            // no refusal but 401 and 403.
            GuardError::Credentials(_) => Some(bearer("invalid_request")),
            GuardError::Token(_) | GuardError::Revoked => Some(bearer("invalid_token")),
            // Section 3.1; the scopes are configured, and of its characters.
            GuardError::ScopeInsufficient { scope } => {
                Some(format!("{}, scope=\"{scope}\"", bearer("insufficient_scope")))
            }
            _ => None,
        }
    }
}

fn guard_status(error: &GuardError) -> StatusCode {
    match error {
        GuardError::Credentials(_)
        | GuardError::Token(_)
        | GuardError::Revoked
        | GuardError::ClientMissing
        | GuardError::ClientRefused => StatusCode::UNAUTHORIZED,
        GuardError::AccessDenied
        | GuardError::ScopeInsufficient { .. }
        | GuardError::GrantMissing { .. }
        | GuardError::BeyondGrant { .. }
        | GuardError::ForeignToken => StatusCode::FORBIDDEN,
        GuardError::RefreshInvalid
        | GuardError::RefreshReused
        | GuardError::GrantTypeUnsupported
        | GuardError::TokenTypeUnsupported => StatusCode::BAD_REQUEST,
        GuardError::PolicyUnknown => StatusCode::NOT_FOUND,
        GuardError::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
        GuardError::RulesFull | GuardError::SessionRefused => StatusCode::CONFLICT,
        GuardError::Store(StoreError::Unsupported { .. }) => StatusCode::NOT_IMPLEMENTED,
        GuardError::Store(_)
        | GuardError::Jwks(_)
        | GuardError::Mint(_)
        | GuardError::SessionsUnavailable
        | GuardError::EntropyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        GuardError::Invalid { .. } | GuardError::Limit(_) => StatusCode::BAD_REQUEST,
    }
}

/// The answer to a refused request.
pub(super) fn response(refused: &Refused, legacy_at: Option<UnixMs>) -> HttpResponse {
    let mut body = Problem::new(refused.status(), refused.code(), refused.detail());
    match refused {
        Refused::Guard(GuardError::Token(JwtError::ClaimValidationFailed { claim, reason })) => {
            (body.claim, body.reason) = (Some(*claim), Some(reason.name()));
        }
        Refused::Guard(GuardError::RateLimited(limits)) => {
            let violated = limits.iter().filter(|limited| limited.denies());
            (body.kind, body.title) = (Some(QUOTA_EXCEEDED), QUOTA_EXCEEDED_TITLE);
            body.violated = violated.map(|limited| limited.policy.name.to_string()).collect();
        }
        _ => {}
    }
    let mut response = body.response();
    set_fields(&mut response, refused.fields(legacy_at));
    response
}

/// The answer to a request whose method, target or a field cannot be read, counted.
#[must_use]
pub fn unreadable(telemetry: &Telemetry) -> HttpResponse {
    let refused = Refused::Malformed("the request could not be read".to_owned());
    telemetry.record(&Event::RequestRefused { code: refused.code() });
    response(&refused, None)
}

/// The answer of an instance that has as many requests under way as it can hold, counted.
#[must_use]
pub fn overloaded(telemetry: &Telemetry) -> HttpResponse {
    let code = "ERR_OVERLOADED";
    telemetry.record(&Event::RequestRefused { code });
    let detail = "too many requests are under way here".to_owned();
    let mut response = Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, detail).response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// Why the upstream did not answer a request that was passed on to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamFault {
    /// No connection, or it broke before the head of an answer, or that head is none.
    Unreachable,
    /// The head of its answer did not come within the deadline.
    Timeout,
}

/// The answer to a request that was passed on and not answered, counted.
#[must_use]
pub fn upstream_failed(telemetry: &Telemetry, fault: UpstreamFault) -> HttpResponse {
    let (status, code, cause, detail) = match fault {
        UpstreamFault::Unreachable => {
            let detail = "the upstream did not answer";
            (StatusCode::BAD_GATEWAY, "ERR_UPSTREAM_UNREACHABLE", "unreachable", detail)
        }
        UpstreamFault::Timeout => {
            let detail = "the upstream did not answer in time";
            (StatusCode::GATEWAY_TIMEOUT, "ERR_UPSTREAM_TIMEOUT", "timeout", detail)
        }
    };
    telemetry.record(&Event::UpstreamFailed { cause });
    Problem::new(status, code, detail.to_owned()).response()
}

/// The answer of an instance that has no valid configuration: to everything, 500. Where the fault
/// is stands in the log, for whoever deploys; not here, for whoever asks.
#[must_use]
pub fn unconfigured() -> HttpResponse {
    let detail = "this deployment is not configured; its log names the fault".to_owned();
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, ConfigError::CODE, detail).response()
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, detail: String) -> Self {
        Self {
            kind: None,
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            code,
            detail,
            claim: None,
            reason: None,
            violated: Vec::new(),
        }
    }

    fn response(&self) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = json(status, self);
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }
}
