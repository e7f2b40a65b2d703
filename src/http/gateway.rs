//! What is no route of ours, with an upstream: authorised by its route rule, then passed on.

use http::{HeaderMap, HeaderName, HeaderValue, Response, header};
use serde_json::{Map, Value};

use super::authorize::admitted;
use super::problem::Refused;
use super::respond::{auth_fields, degraded_field, field_value, limit_fields, set_fields};
use super::route::is_nearly_own;
use super::{HttpRequest, HttpResponse};
use crate::config::{AddressSource, Config};
use crate::gateway::{
    Gateway, Upstream, asks_for_websocket, check_framing, passed_on, unambiguous,
};
use crate::guard::{Access, Address, Caller, Guard, Requested};
use crate::limit::Target;
use crate::store::Store;
use crate::telemetry::Event;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What an answer stands for that has this among its extensions: the upstream answers the request, in these words.
/// The fields of such an answer are to be set on the upstream's own, in place of any of the same name; its status
/// and body are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// The URL, its path and query those of the request.
    pub url: String,
    /// The header fields, all of them but those that frame the body; `Upgrade` is among them where it asks for a
    /// WebSocket (RFC 6455).
    pub fields: HeaderMap,
    /// The binding that answers; `None`: the network.
    pub binding: Option<String>,
    /// By when the head of the response must be there, in milliseconds.
    pub deadline_ms: u64,
}

/// Authorises a request that is for the upstream. What was matched is what is passed on: the same text.
pub(super) async fn forward<S: Store>(
    guard: &Guard<S>,
    request: &HttpRequest,
    gateway: &Gateway,
    caller: &Caller,
) -> Result<HttpResponse, Refused> {
    let (config, method) = (guard.config(), request.method().as_str());
    let path = unambiguous(request.uri().path()).ok_or(Refused::TargetAmbiguous)?;
    if is_nearly_own(&path, config) {
        return Err(Refused::NotFound);
    }
    check_framing(request.headers()).map_err(|reason| Refused::Malformed(reason.to_owned()))?;
    let rule = config.routes.of(method, &path).ok_or(Refused::RouteDenied)?;
    let target = Target { method: Some(method), path: Some(path) };
    let fields = Some(request.headers());
    // Nobody asks for it but where tokens come in a cookie.
    let origin = config.cookie.as_ref().and_then(|_| own_origin(request));
    let requested = Requested { target, fields, origin, rule: Some(rule) };
    let access = admitted(guard, request, &requested, caller).await?;
    let mut response = Response::new(Vec::new());
    if let Some(access) = &access {
        set_fields(&mut response, limit_fields(&access.limits, config.legacy_at(caller.now)));
        set_fields(&mut response, degraded_field(&access.degraded));
    }
    response.extensions_mut().insert(decided(config, gateway, request, access));
    guard.telemetry().record(&Event::RequestProxied);
    Ok(response)
}

/// The origin that a request was sent to, as the platform says.
fn own_origin(request: &HttpRequest) -> Option<String> {
    let uri = request.uri();
    Some(format!("{}://{}", uri.scheme_str()?, uri.authority()?))
}

/// The request to make of the upstream.
fn decided(
    config: &Config,
    gateway: &Gateway,
    request: &HttpRequest,
    access: Option<Access>,
) -> Forward {
    let (uri, sent) = (request.uri(), request.headers());
    let (scheme, authority) = (uri.scheme_str(), uri.authority().map(http::uri::Authority::as_str));
    let (origin, binding) = match &gateway.upstream {
        Upstream::Origin(origin) => (origin.clone(), None),
        Upstream::Binding(name) => {
            // A Worker that is bound has no address of its own.
            let origin =
                format!("{}://{}", scheme.unwrap_or("https"), authority.unwrap_or("upstream"));
            (origin, Some(name.clone()))
        }
    };
    let mut fields = passed_on(sent, gateway, config.cookie.as_ref());
    let websocket = *request.method() == http::Method::GET && asks_for_websocket(sent);
    let upgrade = websocket.then(|| (header::UPGRADE, "websocket".to_owned()));
    let host = authority.map(|authority| (FORWARDED_HOST, authority.to_owned()));
    let proto = scheme.map(|scheme| (FORWARDED_PROTO, scheme.to_owned()));
    let claims = access.as_ref().map(|access| claim_fields(gateway, &access.payload));
    let ours = upgrade.into_iter().chain(host).chain(proto).chain(claims.into_iter().flatten());
    let who = access.into_iter().flat_map(auth_fields);
    for (name, value) in ours.chain(who) {
        fields.insert(name, field_value(value));
    }
    fields.extend(forwarded_for(config.address, sent).map(|value| (FORWARDED_FOR, value)));
    // Its text may lack the slash of an empty path, which is there when it is written.
    let target = uri.path_and_query().map(ToString::to_string);
    let url = origin + target.as_deref().unwrap_or("/");
    Forward { url, fields, binding, deadline_ms: gateway.deadline_ms }
}

/// Each hop adds whom it heard from. Behind proxies that add to the field themselves, the nearest of them is
/// not known here, and the field stays as it is.
fn forwarded_for(source: AddressSource, sent: &HeaderMap) -> Option<HeaderValue> {
    let heard: Vec<_> =
        sent.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok()).collect();
    let from = match source {
        AddressSource::CfConnectingIp => {
            sent.get(source.field()).and_then(|value| value.to_str().ok())
        }
        AddressSource::ForwardedFor { .. } => None,
    };
    let from = from.filter(|text| Address::parse(text).is_some());
    let all: Vec<_> = heard.into_iter().chain(from).collect();
    if all.is_empty() { None } else { HeaderValue::try_from(all.join(", ")).ok() }
}

/// The claims that the upstream is told, those that are text, a number, true or false.
fn claim_fields(gateway: &Gateway, payload: &str) -> Vec<(HeaderName, String)> {
    if gateway.claims.is_empty() {
        return Vec::new();
    }
    let payload: Map<String, Value> = serde_json::from_str(payload).unwrap_or_default();
    let told = |(name, claim): &(HeaderName, String)| {
        let value = match payload.get(claim)? {
            Value::String(text) => text.clone(),
            value @ (Value::Bool(_) | Value::Number(_)) => value.to_string(),
            _ => return None,
        };
        Some((name.clone(), value))
    };
    gateway.claims.iter().filter_map(told).collect()
}
