//! A token in a cookie, which a browser sends whoever's page asks: so what changes something must come from a page of
//! ours (cross-site request forgery, RFC 6265 section 8.2).

use http::header::{self, HeaderName};
use http::{HeaderMap, Method};

use super::HttpRequest;
use super::credentials;
use super::problem::Refused;
use crate::config::CookieToken;
use crate::guard::{CredentialsFault, GuardError};

/// What a browser says of the page that asks (Fetch Metadata Request Headers).
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const WEBSOCKET_KEY: HeaderName = HeaderName::from_static("sec-websocket-key");

/// The fields read of a request, where tokens may come in a cookie.
pub(super) const READ: [HeaderName; 4] = [header::COOKIE, header::ORIGIN, SITE, WEBSOCKET_KEY];

/// The token of a request for a service behind, from `Authorization` or, where that is configured, the cookie.
///
/// `method`: the client's own; `None` where it is not known, and then no cookie counts. `own`: the origin that the
/// request is for, if it is known.
///
/// # Errors
/// [`GuardError::Credentials`]; [`Refused::CrossSite`] for a cookie with which another site's page may have asked.
pub(super) fn token<'r>(
    request: &'r HttpRequest,
    cookie: Option<&CookieToken>,
    method: Option<&str>,
    own: Option<&str>,
) -> Result<&'r str, Refused> {
    let (Some(cookie), Some(method)) = (cookie, method) else {
        return Ok(credentials::bearer(request)?);
    };
    let headers = request.headers();
    let Some(token) = of_cookie(headers, &cookie.name)? else {
        return Ok(credentials::bearer(request)?);
    };
    if headers.contains_key(header::AUTHORIZATION) {
        return Err(GuardError::Credentials(CredentialsFault::Ambiguous).into());
    }
    let safe = [Method::GET, Method::HEAD, Method::OPTIONS].iter().any(|safe| safe == method);
    // A WebSocket is opened by GET, from any site's page, and may change whatever its service lets it.
    let changes = !safe || headers.contains_key(WEBSOCKET_KEY);
    if changes && !is_of_our_page(headers, cookie, own) {
        return Err(Refused::CrossSite);
    }
    Ok(token)
}

/// Whether a browser says that a page of ours asks. One that says nothing is not believed.
fn is_of_our_page(headers: &HeaderMap, cookie: &CookieToken, own: Option<&str>) -> bool {
    let only = |name| {
        let mut values = headers.get_all(name).iter();
        let value = values.next().and_then(|value| value.to_str().ok());
        value.filter(|_| values.next().is_none())
    };
    let origin = only(header::ORIGIN);
    let configured = origin.is_some_and(|origin| cookie.origins.iter().any(|one| one == origin));
    match only(SITE) {
        Some("same-origin") => true,
        Some(_) => configured,
        None if headers.contains_key(SITE) => false,
        None => configured || origin.is_some() && origin == own,
    }
}

/// The token in the cookie of that name; `None` where there is none.
fn of_cookie<'r>(headers: &'r HeaderMap, name: &str) -> Result<Option<&'r str>, GuardError> {
    let malformed = GuardError::Credentials(CredentialsFault::Malformed);
    let mut found = None;
    for field in headers.get_all(header::COOKIE) {
        let text = field.to_str().map_err(|_| malformed.clone())?;
        for value in pairs(text).filter(|(own, _)| *own == name).map(|(_, value)| value) {
            // Which of two a service would take nobody knows.
            if found.replace(value).is_some() || value.is_empty() {
                return Err(malformed);
            }
        }
    }
    Ok(found)
}

/// The other cookies, as they go on to the service behind.
pub(super) fn others(headers: &HeaderMap, name: &str) -> String {
    let fields = headers.get_all(header::COOKIE).iter().filter_map(|field| field.to_str().ok());
    let others = fields.flat_map(|text| text.split(';').map(str::trim)).filter(|pair| {
        let own = pair.split('=').next().unwrap_or_default().trim();
        !pair.is_empty() && own != name
    });
    others.collect::<Vec<_>>().join("; ")
}

fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split(';').map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (name.trim(), value.trim())
    })
}
