//! Redis over HTTP as Upstash speaks it: one command is one `POST /` with a JSON array.
//!
//! `Upstash-Encoding: base64` is not asked for: it is for binary strings, and every reply of ours is
//! an integer or short ASCII text.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use http::Uri;
use serde::Deserialize;
use thiserror::Error;

use super::StoreError;
use super::redis::{Command, Dialect, Reply, ServerError, Transport};
use crate::fetch::{Fetch, FetchError, Request, Response, is_loopback};

/// The most bytes a reply has. The longest are a subject's hundred sessions, of about 110 bytes
/// each, and a record, of 5,500.
pub(crate) const REPLY_BYTES_MAX: usize = 64 << 10;
/// Room for a usual command, so that it is not moved as it is written.
const BODY_BYTES: usize = 1024;
/// The most bytes of a sync token that is echoed.
const SYNC_TOKEN_BYTES_MAX: usize = 1024;
/// Carries read-your-writes from one answer to the next request.
const SYNC_TOKEN: &str = "upstash-sync-token";

/// Where the server is, and what it is told we are.
#[derive(Clone)]
pub struct Endpoint {
    url: String,
    authorization: String,
    readable: bool,
}

/// Shows neither: the address may be a secret too.
impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Endpoint")
    }
}

/// An endpoint that cannot be right. Shows nothing of what was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// Not an absolute http or https URL, or one with a user, a query or a fragment.
    #[error("the store's URL must be https://host or http://host, with neither user nor query")]
    Url,
    /// Empty, over 4,096 bytes, or with a character a bearer token cannot have (RFC 6750).
    #[error("the store's token must be 1 to 4096 visible ASCII characters")]
    Token,
}

impl EndpointError {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "ERR_CONFIG_INVALID"
    }
}

impl Endpoint {
    /// An endpoint as configured.
    ///
    /// # Errors
    /// [`EndpointError`].
    pub fn new(url: &str, token: &str) -> Result<Self, EndpointError> {
        let uri: Uri = url.parse().map_err(|_| EndpointError::Url)?;
        let authority = uri.authority().ok_or(EndpointError::Url)?;
        let scheme = matches!(uri.scheme_str(), Some("http" | "https"));
        // http::Uri drops a fragment, so it is looked for in the text.
        if !scheme || authority.as_str().contains('@') || url.contains(['?', '#']) {
            return Err(EndpointError::Url);
        }
        let visible = token.bytes().all(|b| b.is_ascii_graphic());
        if token.is_empty() || token.len() > 4096 || !visible {
            return Err(EndpointError::Token);
        }
        let url = format!("{}/", url.trim_end_matches('/'));
        let loopback = uri.host().is_some_and(is_loopback);
        let readable = uri.scheme_str() == Some("http") && !loopback;
        Ok(Self { url, authorization: format!("Bearer {token}"), readable })
    }

    /// Whether what is sent there, the token included, can be read on its way: plain http that
    /// leaves the machine.
    #[must_use]
    pub const fn is_readable_on_its_way(&self) -> bool {
        self.readable
    }
}

/// Carries commands by [`Fetch`].
pub struct Upstash<F> {
    fetch: F,
    endpoint: Endpoint,
    sync_token: Mutex<Option<String>>,
}

impl<F: Fetch> Upstash<F> {
    /// A transport to `endpoint`.
    #[must_use]
    pub const fn new(fetch: F, endpoint: Endpoint) -> Self {
        Self { fetch, endpoint, sync_token: Mutex::new(None) }
    }

    /// What fetches.
    pub const fn fetch(&self) -> &F {
        &self.fetch
    }

    fn request(&self, command: &Command) -> Result<Request<'_>, StoreError> {
        let mut fields = vec![
            ("authorization", self.endpoint.authorization.clone()),
            ("content-type", "application/json".to_owned()),
        ];
        let known = self.sync_token.lock().unwrap_or_else(PoisonError::into_inner).clone();
        fields.extend(known.map(|token| (SYNC_TOKEN, token)));
        let mut body = Vec::with_capacity(BODY_BYTES);
        let written = serde_json::to_writer(&mut body, command.parts()).ok();
        let body = written.and_then(|()| String::from_utf8(body).ok());
        Ok(Request {
            method: "POST",
            url: &self.endpoint.url,
            fields,
            body: body.ok_or(StoreError::Protocol { cause: "unencodable_command" })?,
            deadline_ms: None,
            answer_fields: &[SYNC_TOKEN],
            answer_bytes_max: REPLY_BYTES_MAX,
        })
    }

    /// Remembers what to echo. One that would not stand in a field as it is is ignored.
    fn remember(&self, response: &Response) {
        let Some(token) = response.field(SYNC_TOKEN) else { return };
        let visible = token.bytes().all(|b| b.is_ascii_graphic());
        if visible && !token.is_empty() && token.len() <= SYNC_TOKEN_BYTES_MAX {
            let mut known = self.sync_token.lock().unwrap_or_else(PoisonError::into_inner);
            *known = Some(token.to_owned());
        }
    }
}

/// Shows nothing of its endpoint.
impl<F> fmt::Debug for Upstash<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstash").finish_non_exhaustive()
    }
}

impl<F: Fetch> Transport for Upstash<F> {
    fn dialect(&self) -> Dialect {
        Dialect::Upstash
    }

    async fn call(&self, command: &Command) -> Result<Reply, StoreError> {
        let response = self.fetch.fetch(self.request(command)?).await?;
        let reply = read(response.status, &response.body)?;
        self.remember(&response);
        Ok(reply)
    }
}

impl From<FetchError> for StoreError {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::Unreachable => Self::Unavailable { cause: "unreachable" },
            FetchError::Timeout { deadline_ms } => Self::Timeout { deadline_ms },
            FetchError::TooLarge => Self::Protocol { cause: "reply_too_large" },
        }
    }
}

/// The two shapes of a reply's body.
#[derive(Deserialize)]
struct Body {
    #[serde(default, deserialize_with = "present")]
    result: Option<Reply>,
    error: Option<String>,
}

/// `null` is a result too; only an absent member is none.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Reply>, D::Error> {
    Reply::deserialize(deserializer).map(Some)
}

/// Reads a response, whoever fetched it. A reply is one only in a status that carries it.
///
/// # Errors
/// [`StoreError::Unauthorized`] for 401 and 403; [`StoreError::Unavailable`] for 429 and 5xx;
/// [`StoreError::Protocol`] for any other status than 200 and 400, and for a body that is not
/// `{"result": ...}` or `{"error": "..."}` of at most 64 KiB.
pub fn read(status: u16, body: &[u8]) -> Result<Reply, StoreError> {
    match status {
        200 | 400 => {}
        401 | 403 => return Err(StoreError::Unauthorized),
        429 => return Err(StoreError::Unavailable { cause: "quota" }),
        300..=399 => return Err(StoreError::Protocol { cause: "redirect" }),
        500..=599 => return Err(StoreError::Unavailable { cause: "http_5xx" }),
        _ => return Err(StoreError::Protocol { cause: "http_status" }),
    }
    if body.len() > REPLY_BYTES_MAX {
        return Err(StoreError::Protocol { cause: "reply_too_large" });
    }
    let body: Body =
        serde_json::from_slice(body).map_err(|_| StoreError::Protocol { cause: "not_a_reply" })?;
    match (status, body.result, body.error) {
        (200, Some(reply), None) => Ok(reply),
        (_, None, Some(message)) => Ok(Reply::Error(ServerError::classify(&message))),
        _ => Err(StoreError::Protocol { cause: "not_a_reply" }),
    }
}

#[cfg(test)]
mod tests;
