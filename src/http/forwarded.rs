//! What a proxy that asks for authorization says its client asks for. It counts where the proxy shows its
//! secret: anybody can send fields of these names.

use http::{HeaderName, Method};

use super::HttpRequest;
use super::problem::Refused;
use crate::gateway::{only, unambiguous};
use crate::guard::{Guard, Requested};
use crate::limit::{Path, Target};
use crate::store::Store;
use crate::telemetry::Event;

/// Holds the proxy's secret.
pub(super) const SECRET: HeaderName = HeaderName::from_static("portcullis-proxy-secret");
/// The client's method, as Caddy and Traefik have it.
pub(super) const METHOD: HeaderName = HeaderName::from_static("x-forwarded-method");
/// The client's request target.
pub(super) const URI: HeaderName = HeaderName::from_static("x-forwarded-uri");
/// The scheme and the host of its origin.
pub(super) const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
pub(super) const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// What is asked for, as far as that can be believed.
///
/// # Errors
/// [`Refused::RouteDenied`] where routes are configured, and what is asked for is of none, can be read in two ways,
/// or is not known: proxies (nginx) pass on no refusal but 401 and 403.
pub(super) fn requested<'r, S: Store>(
    guard: &'r Guard<S>,
    request: &'r HttpRequest,
) -> Result<Requested<'r>, Refused> {
    let config = guard.config();
    let Some(secrets) = &config.forward_auth else { return Ok(Requested::default()) };
    let unknown = || match config.routes.is_empty() {
        true => Ok(Requested::default()),
        false => Err(Refused::RouteDenied),
    };
    let shown = request.headers().get(SECRET).map(http::HeaderValue::as_bytes);
    if !shown.is_some_and(|shown| secrets.holds(shown)) {
        guard.telemetry().record(&Event::ProxyUnproven);
        // Nor do its other fields count: whoever asks past the proxy could name somebody else's key.
        return unknown();
    }
    let sent = request.headers();
    let method = only(sent, &METHOD).filter(|name| Method::from_bytes(name.as_bytes()).is_ok());
    // No target has a space; two fields that were made one have.
    let uri = only(sent, &URI).filter(|uri| !uri.contains(' '));
    let (fields, origin) = (Some(sent), origin(guard, request));
    if config.routes.is_empty() {
        let target = Target { method, path: uri.map(Path::parse) };
        return Ok(Requested { target, fields, origin, rule: None });
    }
    let path = uri.and_then(unambiguous);
    let (Some(name), Some(path)) = (method, path) else { return Err(Refused::RouteDenied) };
    let rule = Some(config.routes.of(name, &path).ok_or(Refused::RouteDenied)?);
    Ok(Requested { target: Target { method, path: Some(path) }, fields, origin, rule })
}

/// The origin that the client sent its request to, which is asked for only where tokens come in a cookie.
fn origin<S: Store>(guard: &Guard<S>, request: &HttpRequest) -> Option<String> {
    guard.config().cookie.as_ref()?;
    let sent = request.headers();
    Some(format!("{}://{}", only(sent, &PROTO)?, only(sent, &HOST)?))
}
