//! The codes of refusals, as a schema of their own.

use std::borrow::Cow;

use serde_json::json;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Every code that an answer may have. A test holds them to docs/errors.md, which another holds to the source.
pub(super) const CODES: &[&str] = &[
    "ERR_ACCESS_DENIED",
    "ERR_BODY_TIMEOUT",
    "ERR_BODY_TOO_LARGE",
    "ERR_CLIENT_INVALID",
    "ERR_CONFIG_INVALID",
    "ERR_CREDENTIALS_INVALID",
    "ERR_CREDENTIALS_MISSING",
    "ERR_CROSS_SITE",
    "ERR_ENTROPY_UNAVAILABLE",
    "ERR_GRANT_EXCEEDED",
    "ERR_GRANT_MISSING",
    "ERR_GRANT_TYPE_UNSUPPORTED",
    "ERR_JOSE_ALG_NOT_ALLOWED",
    "ERR_JOSE_NOT_SUPPORTED",
    "ERR_JWKS_INVALID",
    "ERR_JWKS_MULTIPLE_MATCHING_KEYS",
    "ERR_JWKS_NO_MATCHING_KEY",
    "ERR_JWKS_TIMEOUT",
    "ERR_JWKS_UNAVAILABLE",
    "ERR_JWS_INVALID",
    "ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
    "ERR_JWT_CLAIM_VALIDATION_FAILED",
    "ERR_JWT_EXPIRED",
    "ERR_JWT_INVALID",
    "ERR_JWT_REVOKED",
    "ERR_JWT_TOO_LARGE",
    "ERR_LIMIT_COST_INVALID",
    "ERR_LIMIT_POLICY_UNKNOWN",
    "ERR_MEDIA_TYPE_UNSUPPORTED",
    "ERR_METHOD_NOT_ALLOWED",
    "ERR_NO_SIGNING_KEY",
    "ERR_OVERLOADED",
    "ERR_RATE_LIMITED",
    "ERR_REFRESH_INVALID",
    "ERR_REFRESH_REUSED",
    "ERR_REQUEST_INVALID",
    "ERR_ROUTE_DENIED",
    "ERR_ROUTE_NOT_FOUND",
    "ERR_RULES_FULL",
    "ERR_SCOPE_INSUFFICIENT",
    "ERR_SESSIONS_UNAVAILABLE",
    "ERR_SESSION_REFUSED",
    "ERR_STORE_CORRUPT",
    "ERR_STORE_FULL",
    "ERR_STORE_RECORD_TOO_LARGE",
    "ERR_STORE_UNAVAILABLE",
    "ERR_STORE_UNSUPPORTED",
    "ERR_TARGET_AMBIGUOUS",
    "ERR_TOKEN_FOREIGN",
    "ERR_TOKEN_TYPE_UNSUPPORTED",
    "ERR_UPSTREAM_TIMEOUT",
    "ERR_UPSTREAM_UNREACHABLE",
];

/// Stands for the text of a code in the types of answers.
pub(in crate::http) struct ErrorCode;

impl PartialSchema for ErrorCode {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("Stable. docs/errors.md says when it comes and what to do then."))
            .enum_values(Some(CODES.iter().map(|code| json!(code))))
            .into()
    }
}

impl ToSchema for ErrorCode {
    fn name() -> Cow<'static, str> {
        "ErrorCode".into()
    }
}
