//! Credentials out of a request: a bearer token (RFC 6750) or a client's id and secret (RFC 6749).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::header;

use super::HttpRequest;
use super::body::Form;
use super::problem::Refused;
use crate::config::Client;
use crate::gateway::TokenCookie;
use crate::guard::{CredentialsFault, Guard, GuardError, Requested};
use crate::store::Store;

/// The bearer token of the one `Authorization` field.
pub(super) fn bearer(request: &HttpRequest) -> Result<&str, GuardError> {
    let token = authorization(request, "bearer")?;
    let token = token.ok_or(GuardError::Credentials(CredentialsFault::Missing))?;
    // Two fields may arrive joined by a comma; neither comma nor space is in a token.
    if token.is_empty() || token.contains([',', ' ', '\t']) {
        return Err(GuardError::Credentials(CredentialsFault::Malformed));
    }
    Ok(token)
}

/// The token of the one `Authorization` field or, where there is none, of the cookie that is configured: as far as
/// the fields of what is `requested` are its client's.
pub(super) fn token<'r>(
    request: &'r HttpRequest,
    requested: &Requested<'_>,
    cookie: Option<&TokenCookie>,
) -> Result<&'r str, Refused> {
    let fault = |fault| Refused::from(GuardError::Credentials(fault));
    let (Some(cookie), Some(_)) = (cookie, requested.fields) else { return Ok(bearer(request)?) };
    let fields = request.headers();
    let in_cookie = cookie.value(fields).map_err(|_| fault(CredentialsFault::Ambiguous))?;
    let Some(token) = in_cookie else { return Ok(bearer(request)?) };
    if fields.get_all(header::AUTHORIZATION).iter().any(|field| !field.is_empty()) {
        return Err(fault(CredentialsFault::Ambiguous));
    }
    if !cookie.may_have_asked(requested.target.method, fields, requested.origin.as_deref()) {
        return Err(Refused::CrossSite);
    }
    let token = std::str::from_utf8(token).ok();
    let token = token.filter(|token| !token.contains([',', ' ', '\t', '"']));
    token.ok_or_else(|| fault(CredentialsFault::Malformed))
}

/// The client that authenticates by HTTP Basic.
pub(super) fn client<'g, S: Store>(
    guard: &'g Guard<S>,
    request: &HttpRequest,
) -> Result<&'g Client, GuardError> {
    client_or_form(guard, request, None)
}

/// The client that authenticates by HTTP Basic or, where a form was sent, by `client_id` and
/// `client_secret` in it; one of the two, not both (RFC 6749 section 2.3).
pub(super) fn client_or_form<'g, S: Store>(
    guard: &'g Guard<S>,
    request: &HttpRequest,
    form: Option<&Form>,
) -> Result<&'g Client, GuardError> {
    let posted = |name| form.and_then(|form| form.get(name));
    match (basic(request)?, posted("client_secret")) {
        (Some(_), Some(_)) => Err(GuardError::Invalid {
            field: "client_secret",
            reason: "credentials were sent in two ways",
        }),
        (Some((id, secret)), None) => guard.authenticate(&id, &secret),
        (None, Some(secret)) => guard.authenticate(posted("client_id").unwrap_or_default(), secret),
        (None, None) => Err(GuardError::ClientMissing),
    }
}

/// Id and secret by HTTP Basic. RFC 6749 has both form-encoded first; our ids and secrets are made
/// of characters for which that changes nothing.
fn basic(request: &HttpRequest) -> Result<Option<(String, String)>, GuardError> {
    let Some(encoded) = authorization(request, "basic").map_err(|_| GuardError::ClientRefused)?
    else {
        return Ok(None);
    };
    let decoded = STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let decoded = decoded.ok_or(GuardError::ClientRefused)?;
    let (id, secret) = decoded.split_once(':').ok_or(GuardError::ClientRefused)?;
    Ok(Some((id.to_owned(), secret.to_owned())))
}

/// What follows the scheme in the one `Authorization` field; `None` when there is no field.
fn authorization<'r>(
    request: &'r HttpRequest,
    scheme: &str,
) -> Result<Option<&'r str>, GuardError> {
    let fault = GuardError::Credentials;
    let mut fields = request.headers().get_all(header::AUTHORIZATION).iter();
    let Some(field) = fields.next() else { return Ok(None) };
    if fields.next().is_some() {
        return Err(fault(CredentialsFault::Malformed));
    }
    let text = field.to_str().map_err(|_| fault(CredentialsFault::Malformed))?;
    if text.is_empty() {
        return Ok(None);
    }
    let (sent, rest) = text.split_once(' ').unwrap_or((text, ""));
    if sent.eq_ignore_ascii_case(scheme) {
        Ok(Some(rest.trim_matches(' ')))
    } else {
        Err(fault(CredentialsFault::Scheme))
    }
}
