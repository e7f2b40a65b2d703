//! GET /.well-known/oauth-authorization-server: what this server can do and where (RFC 8414).

use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use super::token::GRANT_TYPES;
use super::{HttpResponse, JWKS_PATH, respond};
use crate::config::Config;

/// Where the metadata are of an issuer without a path; that of another stands behind it (section 3.1).
const PATH: &str = "/.well-known/oauth-authorization-server";
/// How a client authenticates (RFC 6749 section 2.3.1).
const METHODS: [&str; 2] = ["client_secret_basic", "client_secret_post"];

/// The members of RFC 8414 section 2 that say something here.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Serialize)]
pub(super) struct Metadata<'c> {
    issuer: &'c str,
    token_endpoint: String,
    token_endpoint_auth_methods_supported: [&'static str; 2],
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: [&'static str; 2],
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: [&'static str; 2],
    jwks_uri: String,
    grant_types_supported: Vec<&'static str>,
    /// There is no authorization endpoint: nothing is asked of it.
    response_types_supported: [&'static str; 0],
}

/// Whether these are asked for.
pub(super) fn is_path(path: &str, config: &Config) -> bool {
    path.strip_prefix(PATH).is_some_and(|rest| rest == issuer_path(&config.issuer))
}

pub(super) fn metadata(config: &Config) -> HttpResponse {
    let origin = config.issuer.strip_suffix(issuer_path(&config.issuer)).unwrap_or_default();
    let origin = origin.trim_end_matches('/');
    let at = |path: &str| format!("{origin}{path}");
    let has_sessions = config.sessions.is_some();
    let grant_types =
        GRANT_TYPES.into_iter().filter(|name| has_sessions || *name != "refresh_token");
    let metadata = Metadata {
        issuer: &config.issuer,
        token_endpoint: at("/oauth/token"),
        token_endpoint_auth_methods_supported: METHODS,
        revocation_endpoint: at("/oauth/revoke"),
        revocation_endpoint_auth_methods_supported: METHODS,
        introspection_endpoint: at("/oauth/introspect"),
        introspection_endpoint_auth_methods_supported: METHODS,
        jwks_uri: at(JWKS_PATH),
        grant_types_supported: grant_types.collect(),
        response_types_supported: [],
    };
    let mut response = respond::json(StatusCode::OK, &metadata);
    let cache = HeaderValue::from_static("public, max-age=300");
    response.headers_mut().insert(header::CACHE_CONTROL, cache);
    response
}

/// The path of an issuer's URL, empty where it is `/`.
fn issuer_path(issuer: &str) -> &str {
    let after_scheme = issuer.find("://").map_or(0, |at| at.saturating_add(3));
    let rest = issuer.get(after_scheme..).unwrap_or_default();
    let path = rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default();
    if path == "/" { "" } else { path }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn the_path_of_an_issuer_is_what_stands_behind_its_host() {
        for (issuer, path) in [
            ("https://auth.example.com", ""),
            ("https://auth.example.com/", ""),
            ("https://example.com/tenant/a", "/tenant/a"),
            ("http://127.0.0.1:8787", ""),
        ] {
            assert_eq!(issuer_path(issuer), path, "{issuer}");
        }
    }
}
