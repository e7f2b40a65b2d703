//! The fetch port: an HTTP request out, its response in. The platform does it, the core never.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

/// What to send.
///
/// The platform follows no redirect, sends these fields and no credentials of its own, and stops
/// reading a body after [`Request::answer_bytes_max`].
#[derive(Clone)]
pub struct Request<'a> {
    /// The method, in capitals.
    pub method: &'static str,
    /// The absolute URL.
    pub url: &'a str,
    /// Header fields: names in lower case, values already valid.
    pub fields: Vec<(&'static str, String)>,
    /// The body; empty: none is sent.
    pub body: String,
    /// By when the whole response must be there, in milliseconds; `None`: the platform's own deadline.
    pub deadline_ms: Option<u64>,
    /// The fields of the response that are read, so that no other need be copied out.
    pub answer_fields: &'static [&'static str],
    /// The most bytes of body the response may have.
    pub answer_bytes_max: usize,
}

/// Shows no field, body or URL: they carry credentials and names.
impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("method", &self.method).finish_non_exhaustive()
    }
}

/// What came back, whatever its status.
#[derive(Clone, Default)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Those of [`Request::answer_fields`] that were there, named as asked for.
    pub fields: Vec<(&'static str, String)>,
    /// The body, of a 200 or a 400. That of another status need not be read; nor is one handed over that
    /// is not UTF-8.
    pub body: Vec<u8>,
}

/// Shows the status alone.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("status", &self.status).finish_non_exhaustive()
    }
}

impl Response {
    /// The value of a field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str())
    }
}

/// Why there is no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// No connection, or it broke; whether the request took effect is unknown.
    #[error("not reachable")]
    Unreachable,
    /// No whole response within the deadline; whether the request took effect is unknown.
    #[error("no answer within {deadline_ms} ms")]
    Timeout {
        /// The deadline that was missed, in milliseconds.
        deadline_ms: u64,
    },
    /// The body is over [`Request::answer_bytes_max`].
    #[error("the body is too large")]
    TooLarge,
}

/// Fetches. Each call stands by itself: no promise is kept for another request.
#[allow(
    async_fn_in_trait,
    reason = "isolates are single-threaded; a Send bound would shut out JavaScript futures"
)]
pub trait Fetch {
    /// Sends a request and receives its whole response, within its deadline.
    async fn fetch(&self, request: Request<'_>) -> Result<Response, FetchError>;
}

impl<F: Fetch> Fetch for &F {
    async fn fetch(&self, request: Request<'_>) -> Result<Response, FetchError> {
        (**self).fetch(request).await
    }
}

/// A future on the heap, of the one thread there is.
pub type Fetching<'f> = Pin<Box<dyn Future<Output = Result<Response, FetchError>> + 'f>>;

/// [`Fetch`] behind a pointer, for what fetches too seldom to carry a type for it.
pub trait AnyFetch {
    /// As [`Fetch::fetch`].
    fn fetch_any<'f>(&'f self, request: Request<'f>) -> Fetching<'f>;
}

impl<F: Fetch> AnyFetch for F {
    fn fetch_any<'f>(&'f self, request: Request<'f>) -> Fetching<'f> {
        Box::pin(self.fetch(request))
    }
}

/// Whether what is sent to this host of a URL stays on the machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}
