//! What there is, by path, and with which methods.

use http::Method;

use super::{JWKS_PATH, metadata};
use crate::config::Config;
use crate::limit::Path;
use crate::rules::List;

const GET: &[Method] = &[Method::GET, Method::HEAD];
const POST: &[Method] = &[Method::POST];
const DELETE: &[Method] = &[Method::DELETE];
const ADMINISTERED: &[Method] = &[Method::POST, Method::GET, Method::HEAD, Method::DELETE];

/// A route, with what its path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route<'p> {
    Home,
    Authorize,
    Tokens,
    Token,
    Revoke,
    Introspect,
    Jwks,
    Metadata,
    Sessions,
    Session(&'p str),
    Limit(&'p str),
    Listed(List),
    Healthz,
    Readyz,
    Metrics,
}

impl<'p> Route<'p> {
    /// How many there are, both lists counted.
    #[cfg(all(test, feature = "openapi"))]
    pub(super) const COUNT: usize = 16;

    pub(super) fn of(path: &'p str, config: &Config) -> Option<Self> {
        Some(match path {
            // With a gateway the first page is the upstream's.
            "/" if config.gateway.is_none() => Self::Home,
            "/v1/authorize" => Self::Authorize,
            "/v1/tokens" => Self::Tokens,
            "/oauth/token" => Self::Token,
            "/oauth/revoke" => Self::Revoke,
            "/oauth/introspect" => Self::Introspect,
            JWKS_PATH => Self::Jwks,
            "/v1/sessions" => Self::Sessions,
            "/v1/lists/deny" => Self::Listed(List::Deny),
            "/v1/lists/allow" => Self::Listed(List::Allow),
            "/healthz" => Self::Healthz,
            "/readyz" => Self::Readyz,
            "/metrics" => Self::Metrics,
            _ => {
                if let Some(policy) = path.strip_prefix("/v1/limits/") {
                    return Some(Self::Limit(policy));
                }
                if let Some(id) = path.strip_prefix("/v1/sessions/") {
                    return Some(Self::Session(id));
                }
                return metadata::is_path(path, config).then_some(Self::Metadata);
            }
        })
    }

    /// The methods it has; `None`: any, forward authentication being asked with the client's own.
    pub(super) const fn methods(self) -> Option<&'static [Method]> {
        Some(match self {
            Self::Authorize => return None,
            Self::Tokens | Self::Token | Self::Revoke | Self::Introspect => POST,
            Self::Limit(_) | Self::Listed(_) => ADMINISTERED,
            Self::Session(_) => DELETE,
            Self::Home | Self::Jwks | Self::Metadata | Self::Sessions => GET,
            Self::Healthz | Self::Readyz | Self::Metrics => GET,
        })
    }

    /// Whether it answers a method by itself. Where not, 405 and `Allow` do (RFC 9110 section 15.5.6).
    pub(super) fn has(self, method: &Method) -> bool {
        self.methods().is_none_or(|methods| methods.contains(method))
    }

    /// Whether the body of such a request is read. Where not it is not waited for either.
    pub(super) fn reads_body(self, method: &Method) -> bool {
        let posted = self.methods().is_some_and(|methods| methods.contains(&Method::POST));
        posted && *method == Method::POST
    }
}

/// What is served beside us, as files.
const FILES: [&str; 2] = ["/docs", "/openapi.json"];
/// What paths of ours, and of those files, begin with. `/v1/` is not among them: an upstream has a version 1 too.
const BELOW: [&str; 3] = ["/oauth/", "/docs/", "/.well-known/oauth-authorization-server/"];

/// Whether a path is one of ours, which are never passed on.
#[must_use]
pub fn is_own_path(path: &str, config: &Config) -> bool {
    Route::of(path, config).is_some()
        || FILES.contains(&path)
        || BELOW.iter().any(|begin| path.starts_with(begin))
}

/// Whether some server would take a path for one of ours: by the case of its letters, an encoding, a slash.
pub(super) fn is_nearly_own(path: &Path<'_>, config: &Config) -> bool {
    let Path::Segments(segments) = path else { return true };
    let path: String = segments.iter().flat_map(|segment| ["/", segment]).collect();
    let path = path.to_ascii_lowercase();
    // With a slash at the end: `/oauth` is what `/oauth/` begins with.
    is_own_path(&path, config) || is_own_path(&format!("{path}/"), config)
}
