//! Refusals: the code that answers them is asked what they look like.

use http::{Method, header};
use serde_json::{Map, Value, json};

use super::answers::{self, member};
use crate::UnixMs;
use crate::guard::{CredentialsFault, GuardError, Limited};
use crate::http::problem::{self, Refused};
use crate::http::{BodyFault, HttpResponse, oauth};
use crate::jwt::{ClaimReason, JwtError};
use crate::limit::{Algorithm, Decision, KeyPart, OnOutage, Policy, PolicyName, Quota, Trigger};
use crate::store::{Outcome, StoreError};
use crate::telemetry::Telemetry;

/// So that the fields of older clients are among those described.
const LEGACY_AT: Option<UnixMs> = Some(UnixMs(1_700_000_000_000));

/// Who is refused, and so how: as problem details (RFC 9457), or as OAuth has it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// A client, or anyone.
    Client,
    /// Who bears a token.
    Bearer,
    /// A client of an OAuth route.
    OAuth,
}

impl Told {
    /// `answers`, the refusals of these statuses, and what any request may be answered.
    pub(super) fn refusing(self, statuses: &[u16], answers: Value) -> Value {
        let refused = statuses.iter().flat_map(|status| self.samples(*status)).collect::<Vec<_>>();
        self.refused(&refused, answers)
    }

    /// The same of these refusals.
    pub(super) fn refused(self, refused: &[Refused], answers: Value) -> Value {
        let mut all = answers;
        for refused in refused {
            let response = match self {
                Self::OAuth => oauth::error_response(refused, false, LEGACY_AT),
                Self::Client | Self::Bearer => problem::response(refused, LEGACY_AT),
            };
            add(&mut all, &response);
        }
        // Before a route is found, so of every route, and of OAuth's in the same words.
        let telemetry = Telemetry::default();
        add(&mut all, &problem::unreadable(&telemetry));
        add(&mut all, &problem::unconfigured());
        add(&mut all, &problem::overloaded(&telemetry));
        all
    }

    fn samples(self, status: u16) -> Vec<Refused> {
        let guard = |error: GuardError| vec![Refused::Guard(error)];
        let token = |error| Refused::Guard(GuardError::Token(error));
        match (status, self) {
            (400, Self::OAuth) => guard(GuardError::Invalid { field: "token", reason: "missing" }),
            (400, _) => guard(GuardError::Invalid { field: "subject", reason: "missing" }),
            (401, Self::Bearer) => vec![
                Refused::Guard(GuardError::Credentials(CredentialsFault::Missing)),
                token(JwtError::Expired),
                token(JwtError::ClaimValidationFailed {
                    claim: "aud",
                    reason: ClaimReason::CheckFailed,
                }),
                Refused::Guard(GuardError::Revoked),
            ],
            (401, _) => {
                [GuardError::ClientMissing, GuardError::ClientRefused].map(Refused::Guard).into()
            }
            (403, Self::Bearer) => [
                GuardError::AccessDenied,
                GuardError::ScopeInsufficient { scope: "admin".to_owned() },
            ]
            .map(Refused::Guard)
            .into(),
            (403, _) => guard(GuardError::AccessDenied),
            (404, _) => vec![Refused::NotFound],
            (408, _) => vec![Refused::Body(BodyFault::TimedOut)],
            (413, _) => vec![Refused::BodyTooLarge],
            (415, Self::OAuth) => vec![Refused::MediaType("application/x-www-form-urlencoded")],
            (415, _) => vec![Refused::MediaType("application/json")],
            (429, _) => guard(GuardError::RateLimited(limited().into_iter().collect())),
            (501, _) => guard(GuardError::Store(StoreError::Unsupported { verb: "write_rules" })),
            (503, _) => guard(GuardError::Store(StoreError::Timeout { deadline_ms: 300 })),
            _ => Vec::new(),
        }
    }
}

/// What is answered where no operation is asked for.
pub(super) fn of_no_operation() -> Value {
    let methods = &[Method::GET, Method::HEAD];
    let mut all = Value::default();
    for refused in [Refused::NotFound, Refused::Method(methods)] {
        add(&mut all, &problem::response(&refused, None));
    }
    json!({ "NotFound": member(&mut all, "404"), "MethodNotAllowed": member(&mut all, "405") })
}

/// A denial by a policy.
fn limited() -> Option<Limited> {
    let policy = Policy {
        name: PolicyName::new("per-subject").ok()?,
        key: [KeyPart::Subject].into(),
        applies: std::sync::Arc::default(),
        algorithm: Algorithm::SlidingWindow,
        quota: Quota::new(100, 60_000).ok()?,
        trigger: Trigger::Request,
        shadow: false,
        on_outage: OnOutage::default(),
    };
    let decision = Decision {
        allowed: false,
        limit: 100,
        remaining: 0,
        reset_ms: 60_000,
        retry_after_ms: Some(600),
    };
    let outcome = Outcome { decision, shadow: false, overflow: false, degraded: None };
    Some(Limited { policy, outcome })
}

/// Puts an answer among those of an operation: as an example of its status and media type, with its fields.
fn add(all: &mut Value, response: &HttpResponse) {
    let status = response.status().as_u16();
    let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default();
    let schema = if kind == "application/problem+json" { "Problem" } else { "OAuthError" };
    let code = body.get("code").and_then(Value::as_str).unwrap_or_default().to_owned();
    let answer = member(all, &status.to_string());
    if answer.is_null() {
        *answer = json!({ "description": description(status) });
    }
    let content = member(member(answer, "content"), kind);
    *member(content, "schema") = json!({ "$ref": format!("#/components/schemas/{schema}") });
    let example = member(member(content, "examples"), &code);
    if example.is_null() {
        *example = json!({ "value": body });
    }
    let fields = response.headers().keys().map(header::HeaderName::as_str);
    let fields = answers::fields_of(fields, status);
    if let headers @ Value::Null = member(answer, "headers") {
        *headers = Map::new().into();
    }
    if let Value::Object(carried) = member(answer, "headers") {
        carried.extend(fields);
    }
}

const fn description(status: u16) -> &'static str {
    match status {
        400 => "A field is missing or malformed; `detail` names it.",
        401 => "Who asks is not known, or the token does not hold.",
        403 => "Not granted, or denied.",
        404 => "There is no such thing.",
        405 => "The route has other methods.",
        408 => "The body took too long.",
        409 => "It cannot be done just now.",
        413 => "The body is too large.",
        415 => "The body is of another media type.",
        429 => "Over a limit.",
        500 => "The deployment is not configured.",
        501 => "The configured store cannot do this.",
        503 => "It cannot be told or done just now.",
        _ => "Refused.",
    }
}
