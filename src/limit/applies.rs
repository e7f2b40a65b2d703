//! Which requests a policy counts.

use super::LimitError;
use super::route::{Path, Route};

/// Most methods, routes or scopes of one policy.
const LIST_MAX: usize = 32;

/// Which requests a policy counts, of those its trigger has: those that every list which is not empty has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applies {
    methods: Vec<String>,
    routes: Vec<Route>,
    scopes: Vec<String>,
}

/// What a request asks for, as far as it is known.
#[derive(Clone, Debug, Default)]
pub struct Target<'r> {
    /// Its method.
    pub method: Option<&'r str>,
    /// Its path.
    pub path: Option<Path<'r>>,
}

impl Applies {
    /// Only requests of these methods (`HEAD` and `GET` are one), of one of these routes, and
    /// with a token of one of these scopes.
    ///
    /// # Errors
    /// [`LimitError::MethodInvalid`], [`LimitError::ScopeInvalid`] or [`LimitError::ListTooLong`] (over 32).
    pub fn new(
        methods: Vec<String>,
        routes: Vec<Route>,
        scopes: Vec<String>,
    ) -> Result<Self, LimitError> {
        if methods.len() > LIST_MAX || routes.len() > LIST_MAX || scopes.len() > LIST_MAX {
            return Err(LimitError::ListTooLong);
        }
        if !methods.iter().all(|name| is_method(name)) {
            return Err(LimitError::MethodInvalid);
        }
        if !scopes.iter().all(|scope| crate::jwt::is_scope_token(scope)) {
            return Err(LimitError::ScopeInvalid);
        }
        let methods = methods.iter().map(|name| of_get(name).to_owned()).collect();
        Ok(Self { methods, routes, scopes })
    }

    /// Whether it asks for the method or the path.
    #[must_use]
    pub fn needs_target(&self) -> bool {
        !self.methods.is_empty() || !self.routes.is_empty()
    }

    /// The routes it is limited to.
    pub fn routes(&self) -> impl Iterator<Item = &str> {
        self.routes.iter().map(Route::as_str)
    }

    /// Which of the routes the request is of, as it is configured; empty where there are none. `None`: it is not
    /// counted. What is not known of a request does not keep it from being counted: one whose path cannot be
    /// told is of the first route, and methods are the same in either case, as some servers take them.
    #[must_use]
    pub fn route_of(&self, target: &Target<'_>, scope: &str) -> Option<&str> {
        let of_method = |method: &str| {
            self.methods.iter().any(|wanted| wanted.eq_ignore_ascii_case(of_get(method)))
        };
        if !self.methods.is_empty() && !target.method.is_none_or(of_method) {
            return None;
        }
        let has = |wanted: &String| scope.split(' ').any(|part| part == wanted);
        if !self.scopes.is_empty() && !self.scopes.iter().any(has) {
            return None;
        }
        match &target.path {
            _ if self.routes.is_empty() => Some(""),
            Some(path) => self.routes.iter().find(|route| route.matches(path)).map(Route::as_str),
            None => self.routes.first().map(Route::as_str),
        }
    }
}

/// Whether this is a method as it is configured: in capitals.
pub(crate) fn is_method(name: &str) -> bool {
    http::Method::from_bytes(name.as_bytes()).is_ok()
        && !name.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// A `HEAD` does what its `GET` does.
pub(crate) fn of_get(method: &str) -> &str {
    if method.eq_ignore_ascii_case("HEAD") { "GET" } else { method }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn applies(methods: &[&str], routes: &[&str], scopes: &[&str]) -> Applies {
        let owned = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
        let routes = routes.iter().map(|&route| Route::new(route).unwrap()).collect();
        Applies::new(owned(methods), routes, owned(scopes)).unwrap()
    }

    fn target<'r>(method: &'r str, path: &'r str) -> Target<'r> {
        Target { method: Some(method), path: Some(Path::parse(path)) }
    }

    #[test]
    fn without_lists_it_counts_all() {
        let all = Applies::default();
        assert_eq!(all.route_of(&target("GET", "/a"), ""), Some(""));
        assert!(!all.needs_target());
    }

    #[test]
    fn every_list_must_have_the_request() {
        let some = applies(&["POST", "GET"], &["/a", "/b/*"], &["read", "write"]);
        assert_eq!(some.route_of(&target("POST", "/a"), "x write"), Some("/a"));
        assert_eq!(some.route_of(&target("HEAD", "/b/c"), "read"), Some("/b/*"));
        assert_eq!(some.route_of(&target("PUT", "/a"), "read"), None);
        assert_eq!(some.route_of(&target("GET", "/c"), "read"), None);
        assert_eq!(some.route_of(&target("GET", "/a"), "readers"), None);
    }

    #[test]
    fn what_is_not_known_does_not_keep_a_request_from_being_counted() {
        let some = applies(&["POST"], &["/a"], &[]);
        assert_eq!(some.route_of(&Target::default(), ""), Some("/a"));
        assert_eq!(some.route_of(&target("POST", "//a"), ""), Some("/a"));
        assert_eq!(some.route_of(&target("post", "/a"), ""), Some("/a"));
        assert_eq!(applies(&["GET"], &[], &[]).route_of(&target("head", "/"), ""), Some(""));
        let unknown = Target { method: None, path: Some(Path::parse("/b")) };
        assert_eq!(some.route_of(&unknown, ""), None);
    }

    #[test]
    fn lists_of_what_is_no_method_or_scope_or_too_much_are_refused() {
        let list = |text: &str, count| vec![text.to_owned(); count];
        let new = |methods, scopes| Applies::new(methods, Vec::new(), scopes);
        assert_eq!(new(list("get", 1), Vec::new()), Err(LimitError::MethodInvalid));
        assert_eq!(new(list("G T", 1), Vec::new()), Err(LimitError::MethodInvalid));
        assert_eq!(new(Vec::new(), list("a b", 1)), Err(LimitError::ScopeInvalid));
        assert_eq!(new(list("GET", 33), Vec::new()), Err(LimitError::ListTooLong));
    }
}
