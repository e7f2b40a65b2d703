//! What each route of the services behind asks for.

use serde::Deserialize;

use super::ConfigError;
use crate::jwt::is_scope_token;
use crate::limit::{Path, Route};

/// Most rules: each may be looked at for a request.
const RULES_MAX: usize = 64;
/// Most scopes of a rule.
const SCOPES_MAX: usize = 16;

/// What a route asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteRule {
    /// `None`: any. `GET` stands for `HEAD` too.
    method: Option<String>,
    route: Route,
    /// All of which a token must have.
    pub scopes: Vec<String>,
    /// A token is never accepted unchecked here.
    pub strict: bool,
    /// Nobody need show a token; one that is shown is not looked at.
    pub public: bool,
}

impl RouteRule {
    /// Whether a request is of it.
    #[must_use]
    pub fn matches(&self, method: &str, path: &Path<'_>) -> bool {
        let method = if method.eq_ignore_ascii_case("HEAD") { "GET" } else { method };
        let same = |own: &String| own.eq_ignore_ascii_case(method);
        self.method.as_ref().is_none_or(same) && self.route.matches(path)
    }

    /// Whether a token of this scope (RFC 6749 section 3.3) has all that it asks for.
    #[must_use]
    pub fn allows(&self, scope: &str) -> bool {
        let has = |wanted: &String| scope.split(' ').any(|part| part == wanted);
        self.scopes.iter().all(has)
    }
}

/// `routes` as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RouteTable {
    #[serde(rename = "match")]
    pattern: String,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    strict: bool,
    #[serde(default)]
    public: bool,
}

/// The rules of these tables, in their order: the first that a request is of decides.
pub(super) fn validate(tables: &[RouteTable]) -> Result<Vec<RouteRule>, ConfigError> {
    if tables.len() > RULES_MAX {
        return Err(ConfigError::new("routes", format!("at most {RULES_MAX} routes")));
    }
    let rule = |(index, table): (usize, &RouteTable)| table.rule(&format!("routes[{index}]"));
    tables.iter().enumerate().map(rule).collect()
}

impl RouteTable {
    fn rule(&self, path: &str) -> Result<RouteRule, ConfigError> {
        let fault = |field: &str, reason: &str| ConfigError::new(format!("{path}{field}"), reason);
        let (method, pattern) = match self.pattern.split_once(' ') {
            Some((method, pattern)) => (Some(method.to_owned()), pattern),
            None => (None, self.pattern.as_str()),
        };
        let capitals =
            |name: &String| !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase());
        if !method.as_ref().is_none_or(capitals) {
            return Err(fault(
                ".match",
                "must be a path, or a method in capitals, a space and a path",
            ));
        }
        if method.as_deref() == Some("HEAD") {
            return Err(fault(".match", "HEAD is of GET"));
        }
        let route = Route::new(pattern).map_err(|error| fault(".match", &error.to_string()))?;
        let good = self.scopes.len() <= SCOPES_MAX && self.scopes.iter().all(|s| is_scope_token(s));
        if !good {
            return Err(fault(".scopes", "must be at most 16 scope tokens"));
        }
        if self.public && (self.strict || !self.scopes.is_empty()) {
            return Err(fault("", "is public, and so asks for neither scopes nor strict"));
        }
        let scopes = self.scopes.clone();
        Ok(RouteRule { method, route, scopes, strict: self.strict, public: self.public })
    }
}
