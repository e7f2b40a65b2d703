//! Routes, by path: patterns, and paths that can be read in one way only.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::LimitError;

/// Longest pattern, in bytes.
const PATTERN_BYTES_MAX: usize = 256;

/// A pattern of paths: `/orders`, `/orders/*` (one segment), `/files/**` (any that follow, or none). ASCII letters
/// match in either case, and one `/` at the end is none: a path that some server takes for another must not
/// escape what counts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route(String);

/// A request's path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Path<'p> {
    /// Its segments, decoded.
    Segments(Vec<Cow<'p, str>>),
    /// One that servers read in different ways: `//`, `.` or `..`, `;`, a backslash or a control character,
    /// encoded or not; an encoded slash, question mark, number or percent sign; a dot or space at the end of a name; what is
    /// no UTF-8, or not whole. It is of every route.
    Ambiguous,
}

impl<'p> Path<'p> {
    /// Reads the path of a request target, up to its query.
    #[must_use]
    pub fn parse(target: &'p str) -> Self {
        // A target has no fragment (RFC 9112 section 3.2): a number sign is one that somebody reads otherwise.
        let path = target.split('?').next().unwrap_or_default();
        Self::segments(path).map_or(Self::Ambiguous, Self::Segments)
    }

    fn segments(path: &'p str) -> Option<Vec<Cow<'p, str>>> {
        let rest = path.strip_prefix('/')?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.is_empty() {
            return (path == "/").then(Vec::new);
        }
        rest.split('/').map(segment).collect()
    }
}

/// A segment, decoded; `None` for one that can be read in more than one way.
fn segment(text: &str) -> Option<Cow<'_, str>> {
    let decoded = percent_decode_str(text).decode_utf8().ok()?;
    // What is left of `%` was encoded, or begins no encoding.
    let odd = |c: char| matches!(c, '/' | '\\' | '%' | ';' | '?' | '#') || c.is_control();
    let dots = matches!(decoded.as_ref(), "" | "." | "..");
    // Some servers leave these out at the end of a name.
    let trailing = decoded.ends_with(['.', ' ']);
    (!dots && !trailing && !decoded.contains(odd)).then_some(decoded)
}

impl Route {
    /// Takes a pattern as configured.
    ///
    /// # Errors
    /// [`LimitError::RouteInvalid`].
    pub fn new(pattern: impl Into<String>) -> Result<Self, LimitError> {
        let pattern = pattern.into();
        let Path::Segments(segments) = Path::parse(&pattern) else {
            return Err(LimitError::RouteInvalid);
        };
        let last = segments.len().saturating_sub(1);
        let is_good = |(at, segment): (usize, &Cow<'_, str>)| match segment.as_ref() {
            "*" => true,
            "**" => at == last,
            other => !other.contains('*'),
        };
        let good = segments.iter().enumerate().all(is_good);
        if !good || pattern.len() > PATTERN_BYTES_MAX || pattern.contains(['?', '#', '%']) {
            return Err(LimitError::RouteInvalid);
        }
        Ok(Self(pattern))
    }

    /// The pattern as configured.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a path is of it.
    #[must_use]
    pub fn matches(&self, path: &Path<'_>) -> bool {
        let Path::Segments(segments) = path else { return true };
        let pattern = self.0.trim_matches('/');
        let mut wanted = pattern.split('/').filter(|part| !part.is_empty());
        let mut given = segments.iter();
        loop {
            match (wanted.next(), given.next()) {
                (Some("**"), _) | (None, None) => return true,
                (Some("*"), Some(_)) => {}
                (Some(one), Some(other)) if one.eq_ignore_ascii_case(other) => {}
                _ => return false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn matches(pattern: &str, target: &str) -> bool {
        Route::new(pattern).unwrap().matches(&Path::parse(target))
    }

    #[test]
    fn a_pattern_is_of_its_paths_and_no_other() {
        for (pattern, good, bad) in [
            ("/", &["/", "/?q"][..], &["/a"][..]),
            ("/a", &["/a", "/A", "/a/", "/%61", "/a?b=/c"], &["/", "/b", "/a/b", "/ab"]),
            ("/a/*", &["/a/b", "/a/%C3%A9/"], &["/a", "/a/", "/a/b/c"]),
            ("/a/**", &["/a", "/a/b", "/a/b/c/"], &["/", "/b", "/ab"]),
            ("/**", &["/", "/a/b"], &[]),
            ("/*/x", &["/a/x", "/b/X"], &["/x", "/a/y", "/a/x/y"]),
            ("/\u{e9}", &["/%C3%A9", "/%c3%a9"], &["/e"]),
        ] {
            for target in good {
                assert!(matches(pattern, target), "{pattern} {target}");
            }
            for target in bad {
                assert!(!matches(pattern, target), "{pattern} {target}");
            }
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_of_every_route() {
        for target in [
            "",
            "a",
            "//a",
            "/a//b",
            "/a//",
            "/./a",
            "/a/..",
            "/a/../b",
            "/%2e/a",
            "/a./b",
            "/a.",
            "/a%20",
            "/a%2fb",
            "/a%2Fb",
            "/a\\b",
            "/a%5Cb",
            "/a;v=1",
            "/a%3bv",
            "/a%00",
            "/a%0a",
            "/a%",
            "/a%2",
            "/a%zz",
            "/a%252e",
            "/a%3Fb",
            "/a%23",
            "/a#b",
            "/%ff",
            "*",
            "http://host/a",
        ] {
            assert_eq!(Path::parse(target), Path::Ambiguous, "{target}");
            assert!(matches("/quite/another", target), "{target}");
        }
    }

    #[test]
    fn a_pattern_that_is_none_is_refused() {
        let long = format!("/{}", "x".repeat(256));
        for pattern in ["", "a", "/a*", "/**/a", "/a//b", "/a?b", "/%61", "/..", "/a;b", &long] {
            assert_eq!(Route::new(pattern), Err(LimitError::RouteInvalid), "{pattern}");
        }
    }
}
