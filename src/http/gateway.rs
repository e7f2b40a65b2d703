//! The gateway: a request for the service behind is authorised, then goes on to it.
//!
//! What is decided here is carried out by the platform: which request goes on, and what its answer is told.

use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Method};

use super::problem::Refused;
use super::respond::{auth_fields, degraded_field, field_value, limit_fields};
use super::{HttpRequest, cookie};
use crate::config::{Config, Gateway, RouteRule};
use crate::guard::{Caller, Guard, Requested};
use crate::jwt::text_claim;
use crate::limit::{Path, Target};
use crate::store::Store;
use crate::telemetry::Event;

/// A request that goes on to the service behind.
///
/// Whatever the client sent of the fields in [`DROPPED`], and all that begin with [`DROPPED_PREFIXES`], stays
/// behind, as do the fields of a connection (RFC 9110 section 7.6.1).
#[derive(Debug)]
pub struct Onward {
    /// Path and query: the very text that was matched.
    pub target: String,
    /// Header fields to set on it; one that is empty is to be left out.
    pub fields: HeaderMap,
    /// Whether `Authorization` goes with it.
    pub pass_authorization: bool,
    /// Header fields to set on its answer.
    pub answer_fields: HeaderMap,
    /// How long the head of its answer may take, in milliseconds.
    pub deadline_ms: u64,
}

/// Fields by which some servers take a request for another than the one that was matched.
pub const DROPPED: [&str; 8] = [
    "forwarded",
    "x-real-ip",
    "x-original-url",
    "x-rewrite-url",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-method",
];
/// What fields begin with that only we, or a proxy before us, may write.
pub const DROPPED_PREFIXES: [&str; 3] = ["x-auth-", "x-forwarded-", "portcullis-"];

/// The rule that a request is of.
///
/// # Errors
/// [`Refused::TargetAmbiguous`], [`Refused::RouteDenied`]: of none.
pub(super) fn rule_of<'c>(
    config: &'c Config,
    method: &str,
    path: &Path<'_>,
) -> Result<&'c RouteRule, Refused> {
    if *path == Path::Ambiguous {
        return Err(Refused::TargetAmbiguous);
    }
    let rule = config.routes.iter().find(|rule| rule.matches(method, path));
    rule.ok_or(Refused::RouteDenied)
}

/// Authorises a request, as forward authentication would.
pub(super) async fn onward<S: Store>(
    guard: &Guard<S>,
    gateway: &Gateway,
    request: &HttpRequest,
    caller: &Caller,
) -> Result<Onward, Refused> {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let (method, path) = (request.method().as_str(), Path::parse(target));
    if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
        return Err(Refused::RouteDenied);
    }
    let rule = rule_of(guard.config(), method, &path)?;
    let mut onward = Onward {
        target: target.to_owned(),
        fields: HeaderMap::new(),
        pass_authorization: gateway.pass_authorization,
        answer_fields: HeaderMap::new(),
        deadline_ms: gateway.deadline_ms,
    };
    if !rule.public {
        let target = Target { method: Some(method), path: Some(path) };
        let requested = Requested { target, fields: Some(request.headers()), rule: Some(rule) };
        let cookie = guard.config().cookie.as_ref();
        let token = cookie::token(request, cookie, Some(method), own_origin(request).as_deref())?;
        let access = guard.authorize(token, &requested, caller).await?;
        for (field, claim) in &gateway.claims {
            if let Some(value) = text_claim(&access.payload, claim) {
                onward.fields.insert(field.clone(), field_value(value.into_owned()));
            }
        }
        let answer = limit_fields(&access.limits, guard.config().legacy_at(caller.now));
        set(&mut onward.answer_fields, answer);
        set(&mut onward.answer_fields, degraded_field(&access.degraded));
        set(&mut onward.fields, auth_fields(access));
    }
    if let Some(cookie) = &guard.config().cookie {
        let others = cookie::others(request.headers(), &cookie.name);
        onward.fields.insert(header::COOKIE, cookie_value(&others));
    }
    onward.fields.extend(forwarded_fields(request, caller));
    guard.telemetry().record(&Event::RequestProxied);
    Ok(onward)
}

/// The origin a request is for.
fn own_origin(request: &HttpRequest) -> Option<String> {
    let uri = request.uri();
    Some(format!("{}://{}", uri.scheme_str()?, uri.authority()?))
}

/// What came as a field value is one.
fn cookie_value(text: &str) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}

/// Whom we saw, and what was asked of us.
fn forwarded_fields(
    request: &HttpRequest,
    caller: &Caller,
) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    let uri = request.uri();
    let host = uri.authority().map(|authority| authority.as_str().to_owned());
    let fields = [
        ("x-forwarded-for", caller.address.map(|address| address.ip().to_string())),
        ("x-forwarded-host", host),
        ("x-forwarded-proto", uri.scheme_str().map(str::to_owned)),
    ];
    fields.into_iter().filter_map(|(name, value)| {
        Some((HeaderName::from_static(name), HeaderValue::try_from(value?).ok()?))
    })
}

fn set(fields: &mut HeaderMap, more: impl IntoIterator<Item = (HeaderName, String)>) {
    fields.extend(more.into_iter().map(|(name, value)| (name, field_value(value))));
}
