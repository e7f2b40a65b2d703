//! HTTP in, HTTP out: `http::Request` to `http::Response`, with no platform in sight.

mod authorize;
mod body;
mod cors;
mod credentials;
mod forwarded;
mod gateway;
mod home;
mod jwks;
mod limits;
mod lists;
mod metadata;
mod oauth;
#[cfg(feature = "openapi")]
pub mod openapi;
mod operations;
mod problem;
mod respond;
mod route;
mod sessions;
mod token;
mod tokens;

pub use body::{BODY_BYTES_MAX, BodyFault, Received};
pub use gateway::Forward;
pub use problem::{UpstreamFault, overloaded, unconfigured, unreadable, upstream_failed};
pub use route::is_own_path;

use std::future::Future;

use http::header::{self, HeaderName};
use http::{Method, Request, Response};

use crate::UnixMs;
use crate::config::{AddressSource, Config};
use crate::gateway::CSRF_FIELDS;
use crate::guard::{Address, Caller, Degraded, Guard, GuardError};
use crate::limit::KeyPart;
use crate::store::Store;
use crate::telemetry::Event;
use problem::Refused;
use route::Route;

/// A request whose body has been read, up to one byte more than [`BODY_BYTES_MAX`].
pub type HttpRequest = Request<Vec<u8>>;
/// An answer, whole; or, with [`Forward`] among its extensions, what is set on the upstream's.
pub type HttpResponse = Response<Vec<u8>>;

/// Where the public keys are.
pub const JWKS_PATH: &str = "/.well-known/jwks.json";

/// The request header fields the core reads; a platform need pass on no others, and each costs. But
/// for [`JWKS_PATH`] it reads `if-none-match` too, and with a gateway all fields of what is not for one of our
/// paths ([`is_own_path`]). The last, `content-type`, is of a POST alone.
#[must_use]
pub fn fields_read(config: &Config) -> Vec<HeaderName> {
    let mut names = vec![header::AUTHORIZATION, HeaderName::from_static(config.address.field())];
    if config.cors.is_some() {
        names.extend(cors::READ);
    }
    if config.forward_auth.is_some() {
        names.extend([forwarded::SECRET, forwarded::METHOD, forwarded::URI]);
        if config.cookie.is_some() {
            names.extend([header::COOKIE, forwarded::PROTO, forwarded::HOST]);
            names.extend(CSRF_FIELDS);
        }
    }
    for part in config.limits.iter().flat_map(|policy| policy.key.iter()) {
        if let KeyPart::Header(name) = part {
            names.push(name.clone());
        }
    }
    names.push(header::CONTENT_TYPE);
    let mut once: Vec<HeaderName> = Vec::with_capacity(names.len());
    // Its last stays the last.
    for name in names.into_iter().rev() {
        if !once.contains(&name) {
            once.push(name);
        }
    }
    once.reverse();
    once
}

/// Answers one request that was received whole at `now`. Always answers: a refusal is a response
/// too.
pub async fn handle<S: Store>(
    guard: &Guard<S>,
    request: &HttpRequest,
    now: UnixMs,
) -> HttpResponse {
    let (head, bytes) = request.clone().into_parts();
    let body = async { Ok(Received { bytes, now }) };
    serve(guard, Request::from_parts(head, ()), body, now).await
}

/// As [`handle`], for a request whose head was received at `now`: `body` is awaited once the caller
/// has passed the gate and a route needs it, and says when it was whole.
pub async fn serve<S: Store>(
    guard: &Guard<S>,
    head: Request<()>,
    body: impl Future<Output = Result<Received, BodyFault>>,
    now: UnixMs,
) -> HttpResponse {
    let mut request = head.map(|()| Vec::new());
    let config = guard.config();
    let address = address(config.address, &request);
    let address = address.map(|address| address.counted_by(config.ipv6_prefix));
    let caller = Caller { address, now };
    let answer = match request.uri().path() {
        // Liveness must not depend on a limit.
        "/healthz" if Route::Healthz.has(request.method()) => Ok(operations::healthz()),
        _ => behind_gate(guard, &mut request, body, &caller).await,
    };
    let mut response = answer.unwrap_or_else(|refused| refusal(guard, &request, &refused, now));
    // Which pages may read the upstream's answers is the upstream's to say.
    let is_ours = response.extensions().get::<Forward>().is_none();
    if let Some(cors) = config.cors.as_ref().filter(|_| is_ours) {
        cors::allow(&mut response, &request, cors);
    }
    if request.method() == Method::HEAD {
        response.body_mut().clear();
    }
    response
}

async fn behind_gate<S: Store>(
    guard: &Guard<S>,
    request: &mut HttpRequest,
    body: impl Future<Output = Result<Received, BodyFault>>,
    caller: &Caller,
) -> Result<HttpResponse, Refused> {
    // In a place of its own: kilobytes that would be moved with every future around it.
    let routed = Box::pin(async {
        match receive_and_route(guard, request, body, *caller).await {
            Err(Refused::Guard(error)) => Err(error),
            // What is wrong with the request itself is no affair of the guard's.
            answer => Ok(answer),
        }
    });
    guard.guarded(caller, routed).await?
}

async fn receive_and_route<S: Store>(
    guard: &Guard<S>,
    request: &mut HttpRequest,
    body: impl Future<Output = Result<Received, BodyFault>>,
    mut caller: Caller,
) -> Result<HttpResponse, Refused> {
    let config = guard.config();
    let path = request.uri().path();
    if let Some(gateway) = config.gateway.as_ref().filter(|_| !is_own_path(path, config)) {
        return gateway::forward(guard, request, gateway, &caller).await;
    }
    let route = Route::of(path, config).ok_or(Refused::NotFound)?;
    if !route.has(request.method()) {
        let options = *request.method() == Method::OPTIONS;
        let options = options.then(|| cors::options(request, route, config.cors.as_ref()));
        let refused = Refused::Method(route.methods().unwrap_or_default());
        return options.flatten().ok_or(refused);
    }
    if route.reads_body(request.method()) {
        let received = body.await?;
        *request.body_mut() = received.bytes;
        // A cut made now must cover what was issued while the body came in.
        caller.now = received.now;
        guard.pass_failures(&caller).await?;
    }
    // Found again, where it was found before: the body has come into the request it points into.
    let route = Route::of(request.uri().path(), config).ok_or(Refused::NotFound)?;
    answer(guard, request, route, &caller).await
}

/// The answer to a refused request, counted once: what the guard refused, it has counted.
fn refusal<S: Store>(
    guard: &Guard<S>,
    request: &HttpRequest,
    refused: &Refused,
    now: UnixMs,
) -> HttpResponse {
    let legacy_at = guard.config().legacy_at(now);
    if !matches!(refused, Refused::Guard(_)) {
        guard.telemetry().record(&Event::RequestRefused { code: refused.code() });
    }
    let path = request.uri().path();
    if path.starts_with("/oauth/") {
        return oauth::error_response(refused, path == "/oauth/token", legacy_at);
    }
    let mut response = problem::response(refused, legacy_at);
    if let (Refused::Guard(GuardError::RateLimited(limits)), true) =
        (refused, path.starts_with("/v1/limits/"))
    {
        // Told to administrators, who are machines; not where a proxy hands it to end users.
        respond::set_fields(&mut response, respond::degraded_field(&Degraded::of_limits(limits)));
    }
    response
}

async fn answer<S: Store>(
    guard: &Guard<S>,
    request: &HttpRequest,
    route: Route<'_>,
    caller: &Caller,
) -> Result<HttpResponse, Refused> {
    let now = caller.now;
    match route {
        Route::Home => Ok(home::home()),
        Route::Authorize => authorize::authorize(guard, request, caller).await,
        Route::Tokens => tokens::issue(guard, request, now).await,
        Route::Token => token::token(guard, request, now).await,
        Route::Revoke => oauth::revoke(guard, request, now).await,
        Route::Introspect => oauth::introspect(guard, request, now).await,
        Route::Jwks => Ok(jwks::jwks(guard, request, now)),
        Route::Metadata => Ok(metadata::metadata(guard.config())),
        Route::Sessions => sessions::list(guard, request, now).await,
        Route::Session(id) => sessions::end(guard, request, id, now).await,
        Route::Limit(policy) => limits::administer(guard, request, policy, now).await,
        Route::Listed(list) => lists::administer(guard, request, list, now).await,
        Route::Healthz => Ok(operations::healthz()),
        Route::Readyz => operations::readyz(guard, request, now).await,
        Route::Metrics => operations::metrics(guard, request, now),
    }
}

/// The caller's address, from the one field the configuration trusts.
fn address(source: AddressSource, request: &HttpRequest) -> Option<Address> {
    let from_right = match source {
        AddressSource::CfConnectingIp => 0,
        // The nth from the right is what the nth trusted proxy saw; further left is hearsay.
        AddressSource::ForwardedFor { hops } => hops.checked_sub(1)?,
    };
    // A proxy may add a field instead of an entry: the last field is the rightmost.
    let fields = request.headers().get_all(source.field()).into_iter().rev();
    let mut entries = fields.flat_map(|field| field.as_bytes().rsplit(|byte| *byte == b','));
    Address::parse(std::str::from_utf8(entries.nth(from_right)?).ok()?)
}

fn content_type(request: &HttpRequest) -> &str {
    let value = request.headers().get(header::CONTENT_TYPE);
    let value = value.and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split_once(';').map_or(value, |(media_type, _)| media_type).trim()
}

impl From<BodyFault> for Refused {
    fn from(fault: BodyFault) -> Self {
        Self::Body(fault)
    }
}

impl From<GuardError> for Refused {
    fn from(error: GuardError) -> Self {
        Self::Guard(error)
    }
}
