//! Where requests are passed on to, and as what.

use http::HeaderName;

/// The upstream, and what it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// Who answers.
    pub upstream: Upstream,
    /// Whether it is shown the `Authorization` field.
    pub pass_authorization: bool,
    /// Claims it is told beside those of `X-Auth-*`, each in its field.
    pub claims: Vec<(HeaderName, String)>,
    /// By when the head of its response must be there, in milliseconds.
    pub deadline_ms: u64,
}

/// Who answers what is passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upstream {
    /// A server: scheme and authority of its URLs, `https://origin.example.com`.
    Origin(String),
    /// Another Worker, bound by this name. It sees the URL that was asked for.
    Binding(String),
}
