//! GET /.well-known/jwks.json: our public keys (RFC 7517), for verifiers to keep a while.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac_sha256::Hash;
use http::{HeaderValue, StatusCode, header};

use super::{HttpRequest, HttpResponse, respond};
use crate::UnixMs;
use crate::guard::Guard;
use crate::store::Store;

/// How long the set may be kept at most, in seconds: a key must be published at least that long
/// before it signs.
const MAX_AGE_S: u64 = 300;

/// The keys that are not retired, those that do not sign yet included. They may be kept for five
/// minutes, but not beyond the end of one of them.
pub(super) fn jwks<S: Store>(guard: &Guard<S>, request: &HttpRequest, now: UnixMs) -> HttpResponse {
    let keys = &guard.config().keys;
    let mut response = respond::json(StatusCode::OK, &keys.public_jwks(now));
    let until_change_s = keys.next_change(now).map(|at| at.since(now).div_euclid(1000));
    let max_age_s = until_change_s.unwrap_or(MAX_AGE_S).min(MAX_AGE_S);
    let etag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(Hash::hash(response.body())));
    if is_known(request, &etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response.body_mut().clear();
    }
    let kind = HeaderValue::from_static("application/jwk-set+json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    let cache = (header::CACHE_CONTROL, format!("public, max-age={max_age_s}"));
    respond::set_fields(&mut response, [cache, (header::ETAG, etag)]);
    response
}

/// Whether the caller has this very set (RFC 9110 section 13.1.2): compared weakly, because what a
/// proxy compresses is the same set.
fn is_known(request: &HttpRequest, etag: &str) -> bool {
    let fields = request.headers().get_all(header::IF_NONE_MATCH).into_iter();
    let mut tags =
        fields.filter_map(|field| field.to_str().ok()).flat_map(|field| field.split(','));
    tags.any(|tag| {
        let tag = tag.trim();
        tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag
    })
}
