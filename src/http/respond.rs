//! Building answers.

use http::header::{self, HeaderName};
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;
use sfv::{ListSerializer, TokenRef, key_ref, token_ref};

use super::HttpResponse;
use crate::UnixMs;
use crate::guard::{Access, Degraded, Limited};
use crate::limit::{legacy_fields, rate_limit_field, rate_limit_policy_field, retry_after_seconds};

const DEGRADED: HeaderName = HeaderName::from_static("portcullis-degraded");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

const LEGACY: [HeaderName; 3] = [
    HeaderName::from_static("x-ratelimit-limit"),
    HeaderName::from_static("x-ratelimit-remaining"),
    HeaderName::from_static("x-ratelimit-reset"),
];

const AUTH: [HeaderName; 6] = [
    HeaderName::from_static("x-auth-subject"),
    HeaderName::from_static("x-auth-client"),
    HeaderName::from_static("x-auth-scope"),
    HeaderName::from_static("x-auth-token-id"),
    HeaderName::from_static("x-auth-session"),
    HeaderName::from_static("x-auth-issuer"),
];

/// Room for the fields of an authorised request, so that the map is not made anew as they come in.
const FIELDS: usize = 12;

/// A JSON answer that no cache keeps: it holds tokens, or says something about one.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> HttpResponse {
    match serde_json::to_vec(body) {
        Ok(body) => with_type(status, "application/json", body),
        Err(_) => with_type(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", Vec::new()),
    }
}

/// An answer of that media type, not cached, not sniffed.
pub(super) fn with_type(status: StatusCode, kind: &'static str, body: Vec<u8>) -> HttpResponse {
    let mut response = empty(status);
    *response.body_mut() = body;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// An answer without a body, not cached.
pub(super) fn empty(status: StatusCode) -> HttpResponse {
    let mut response = Response::new(Vec::new());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.reserve(FIELDS);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// `RateLimit`, `RateLimit-Policy`, and `Retry-After` when a policy denies; with `legacy_at`, an instant, the
/// `X-RateLimit-*` trio too. Shadows are not shown: a client has no use for a limit that is not enforced.
pub(super) fn limit_fields(
    limits: &[Limited],
    legacy_at: Option<UnixMs>,
) -> Vec<(HeaderName, String)> {
    let enforced = || limits.iter().filter(|limited| !limited.outcome.shadow);
    if enforced().next().is_none() {
        return Vec::new();
    }
    let pairs = || enforced().map(|limited| (&limited.policy, &limited.outcome.decision));
    let mut fields = vec![
        (RATE_LIMIT_POLICY, rate_limit_policy_field(pairs().map(|(policy, _)| policy))),
        (RATE_LIMIT, rate_limit_field(pairs())),
    ];
    let denied = enforced().filter(|limited| limited.denies());
    let longest_ms = denied.filter_map(|limited| limited.outcome.decision.retry_after_ms).max();
    if let Some(longest_ms) = longest_ms {
        fields.push((header::RETRY_AFTER, retry_after_seconds(longest_ms).to_string()));
    }
    let decisions = enforced().map(|limited| &limited.outcome.decision);
    if let Some(values) = legacy_at.and_then(|now| legacy_fields(decisions, now)) {
        fields.extend(LEGACY.into_iter().zip(values.map(|value| value.to_string())));
    }
    fields
}

/// `Portcullis-Degraded`: what was decided without the store, or by old keys, and why. A list of tokens with a
/// parameter, in the sense of RFC 9651.
pub(super) fn degraded_field(degraded: &Degraded) -> Option<(HeaderName, String)> {
    let Degraded { revocation, limits, keys } = *degraded;
    let parts = [
        (token_ref("revocation"), revocation),
        (token_ref("limits"), limits),
        (token_ref("keys"), keys),
    ];
    let mut list = ListSerializer::new();
    for (part, cause) in parts {
        // A cause is a token: one of our own words.
        if let Some(cause) = cause.and_then(|cause| TokenRef::from_str(cause).ok()) {
            let _ = list.bare_item(part).parameter(key_ref("reason"), cause);
        }
    }
    list.finish().map(|said| (DEGRADED, said))
}

/// `X-Auth-*`: who it is, for what stands behind.
pub(super) fn auth_fields(access: Access) -> impl Iterator<Item = (HeaderName, String)> {
    let who = [
        Some(access.subject),
        Some(access.client_id),
        Some(access.scope),
        Some(access.token_id),
        Some(access.session_id.unwrap_or_default()),
        access.issuer,
    ];
    AUTH.into_iter().zip(who).filter_map(|(name, value)| Some((name, value?)))
}

/// The same of nobody: there, and empty. A proxy that copies a field which is not there may leave what the client sent,
/// or write its own template's text (Caddy 2.6).
pub(super) fn nobodys_fields() -> impl Iterator<Item = (HeaderName, String)> {
    AUTH.into_iter().map(|name| (name, String::new()))
}

/// The same of a revocation that the store has not taken yet; its durability stands in the body.
pub(super) fn not_stored_field() -> (HeaderName, String) {
    (DEGRADED, "revocation".to_owned())
}

/// Sets header fields, in place of any of the same name.
pub(super) fn set_fields(
    response: &mut HttpResponse,
    fields: impl IntoIterator<Item = (HeaderName, String)>,
) {
    for (name, value) in fields {
        response.headers_mut().insert(name, field_value(value));
    }
}

/// Text as a field value: bytes outside printable ASCII, and `%`, percent-encoded, so that nothing
/// a token says can end a field or start another.
pub(super) fn field_value(text: String) -> HeaderValue {
    let stands = |byte| matches!(byte, b' '..=b'~') && byte != b'%';
    let value = if text.bytes().all(stands) { text } else { percent_encoded(&text, stands) };
    // Printable ASCII is always a valid field value.
    HeaderValue::try_from(value).unwrap_or(HeaderValue::from_static(""))
}

/// With the bytes that do not stand for themselves as `%` and two digits.
fn percent_encoded(text: &str, stands: impl Fn(u8) -> bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if stands(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_field_value_cannot_be_broken_out_of() {
        assert_eq!(
            field_value("a\r\nX-Auth-Scope: admin".to_owned()),
            "a%0D%0AX-Auth-Scope: admin"
        );
        assert_eq!(field_value("Zo\u{eb} 100%".to_owned()), "Zo%C3%AB 100%25");
    }
}
