//! Route rules: what a request of a method and path needs to be let through.

use thiserror::Error;

use crate::jwt::is_scope_token;
use crate::limit::{Path, Route, is_method, of_get};

/// Most rules: each is compared with every request until one has it.
const RULES_MAX: usize = 64;
/// Most scopes a rule asks for.
const SCOPES_MAX: usize = 32;

/// What requests of a method and a pattern of paths need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteRule {
    /// `None`: any.
    method: Option<String>,
    route: Route,
    /// The scopes a token must have, all of them.
    pub scopes: Vec<String>,
    /// Whether a request is refused that cannot be checked against the store.
    pub strict: bool,
    /// Whether no token is needed.
    pub public: bool,
}

/// Rules in their order: the first that has a request counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteRules(Vec<RouteRule>);

/// Why a rule cannot be used: the field at fault and the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{field}: {reason}")]
pub struct RuleFault {
    /// The field of the rule; empty for the list of rules.
    pub field: &'static str,
    /// What is wrong, in fixed words.
    pub reason: &'static str,
}

impl RouteRule {
    /// A rule for requests of `pattern`: `POST /admin/*`, or `/admin/*` for any method.
    ///
    /// # Errors
    /// [`RuleFault`] when the pattern is none, a scope is no scope token (RFC 6749 section 3.3), or a public route
    /// asks for something of a token.
    pub fn new(
        pattern: &str,
        scopes: Vec<String>,
        strict: bool,
        public: bool,
    ) -> Result<Self, RuleFault> {
        let fault = |field, reason| Err(RuleFault { field, reason });
        let (method, path) = match pattern.split_once(' ') {
            Some((method, path)) => (Some(method), path),
            None => (None, pattern),
        };
        if !method.is_none_or(is_method) {
            return fault("match", "must be a path or a method in capitals and a path");
        }
        let Ok(route) = Route::new(path) else {
            return fault("match", "must have a path such as /orders, /orders/* or /files/**");
        };
        if scopes.len() > SCOPES_MAX || !scopes.iter().all(|scope| is_scope_token(scope)) {
            return fault("scopes", "must be at most 32 scope tokens");
        }
        if public && !scopes.is_empty() {
            return fault("public", "needs no token, so it cannot ask for scopes");
        }
        if public && strict {
            return fault("public", "needs no token, so nothing of it can be strict");
        }
        let method = method.map(|name| of_get(name).to_owned());
        Ok(Self { method, route, scopes, strict, public })
    }

    /// Methods are the same in either case, as some servers take them; `HEAD` and `GET` are one.
    fn has(&self, method: &str, path: &Path<'_>) -> bool {
        let wanted = self.method.as_deref();
        wanted.is_none_or(|wanted| wanted.eq_ignore_ascii_case(of_get(method)))
            && self.route.matches(path)
    }

    /// Whether a token of this scope (RFC 6749 section 3.3) has all that it asks for.
    #[must_use]
    pub fn allows(&self, scope: &str) -> bool {
        self.scopes.iter().all(|wanted| scope.split(' ').any(|part| part == wanted))
    }
}

impl RouteRules {
    /// Rules in their order.
    ///
    /// # Errors
    /// The index of the rule at fault, `None` for all of them, and [`RuleFault`].
    pub fn new(rules: Vec<RouteRule>) -> Result<Self, (Option<usize>, RuleFault)> {
        if rules.len() > RULES_MAX {
            return Err((None, RuleFault { field: "", reason: "at most 64 routes" }));
        }
        for (index, rule) in rules.iter().enumerate() {
            let same = |other: &RouteRule| {
                let pattern = other.route.as_str().eq_ignore_ascii_case(rule.route.as_str());
                other.method == rule.method && pattern
            };
            if rules.iter().take(index).any(same) {
                let reason = "is there twice: the second is never reached";
                return Err((Some(index), RuleFault { field: "match", reason }));
            }
        }
        Ok(Self(rules))
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first rule that has requests of this method and path. None has one whose path is ambiguous, or whose
    /// method no request to a server behind us has (RFC 9110 sections 9.3.6 and 9.3.8).
    #[must_use]
    pub fn of(&self, method: &str, path: &Path<'_>) -> Option<&RouteRule> {
        let not_ours = ["CONNECT", "TRACE", "TRACK"];
        if *path == Path::Ambiguous || not_ours.iter().any(|name| name.eq_ignore_ascii_case(method))
        {
            return None;
        }
        self.0.iter().find(|rule| rule.has(method, path))
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn rules(patterns: &[&str]) -> RouteRules {
        let rule = |pattern: &&str| RouteRule::new(pattern, Vec::new(), false, false).unwrap();
        RouteRules::new(patterns.iter().map(rule).collect()).unwrap()
    }

    fn of<'r>(rules: &'r RouteRules, method: &str, target: &str) -> Option<&'r str> {
        rules.of(method, &Path::parse(target)).map(|rule| rule.route.as_str())
    }

    #[test]
    fn the_first_rule_that_has_a_request_counts() {
        let rules = rules(&["POST /admin/*", "/admin/**", "GET /a"]);
        assert_eq!(of(&rules, "POST", "/admin/x"), Some("/admin/*"));
        assert_eq!(of(&rules, "GET", "/admin/x"), Some("/admin/**"));
        assert_eq!(of(&rules, "POST", "/admin/x/y"), Some("/admin/**"));
        assert_eq!(of(&rules, "HEAD", "/a"), Some("/a"));
        assert_eq!(of(&rules, "POST", "/a"), None);
        assert_eq!(of(&rules, "GET", "/b"), None);
    }

    #[test]
    fn case_of_method_and_path_leads_past_no_rule() {
        let rules = rules(&["POST /admin/*", "/**"]);
        assert_eq!(of(&rules, "post", "/ADMIN/x"), Some("/admin/*"));
        assert_eq!(of(&rules, "POST", "/%61dmin/x/"), Some("/admin/*"));
    }

    #[test]
    fn no_rule_has_an_ambiguous_path_or_a_method_of_connections() {
        let rules = rules(&["/**"]);
        assert_eq!(of(&rules, "GET", "/a//b"), None);
        for method in ["CONNECT", "TRACE", "track"] {
            assert_eq!(of(&rules, method, "/a"), None, "{method}");
        }
    }

    #[test]
    fn every_scope_is_asked_for() {
        let scopes = vec!["a".to_owned(), "b".to_owned()];
        let rule = RouteRule::new("/x", scopes, false, false).unwrap();
        assert!(rule.allows("b c a"));
        assert!(!rule.allows("a"));
        assert!(!rule.allows("ab b"));
        assert!(!rule.allows(""));
    }

    #[test]
    fn a_rule_that_is_none_is_refused() {
        let field = |pattern: &str, scopes: &[&str], strict, public| {
            let scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
            RouteRule::new(pattern, scopes, strict, public).unwrap_err().field
        };
        for pattern in
            ["", "a", "POST", "POST  /a", "post /a", "/a /b", "GET POST /a", " /a", "/a*", "/a?b"]
        {
            assert_eq!(field(pattern, &[], false, false), "match", "{pattern:?}");
        }
        assert_eq!(field("/a", &["a b"], false, false), "scopes");
        assert_eq!(field("/a", &["a"; 33], false, false), "scopes");
        assert_eq!(field("/a", &["a"], false, true), "public");
        assert_eq!(field("/a", &[], true, true), "public");
    }

    #[test]
    fn rules_that_are_never_reached_or_too_many_are_refused() {
        let rule = |pattern: &str| RouteRule::new(pattern, Vec::new(), false, false).unwrap();
        let (index, fault) = RouteRules::new(vec![rule("GET /a"), rule("HEAD /A")]).unwrap_err();
        assert_eq!((index, fault.field), (Some(1), "match"));
        assert!(RouteRules::new(vec![rule("GET /a"), rule("/a")]).is_ok());
        let many = (0..65).map(|number| rule(&format!("/{number}"))).collect();
        assert_eq!(RouteRules::new(many).unwrap_err().0, None);
    }
}
