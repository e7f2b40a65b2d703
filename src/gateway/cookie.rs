//! A token in a cookie: where a browser has one, it is sent along whoever has it ask. So what may change something
//! must come from a page of our own.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::{asks_for_websocket, only};

/// How a page's relation to what it asks for is told (Fetch Metadata Request Headers).
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// Goes by proxies that take `Upgrade` for themselves.
const WEBSOCKET_KEY: HeaderName = HeaderName::from_static("sec-websocket-key");

/// What is read of a request beside the cookie, to tell who had it asked.
pub const CSRF_FIELDS: [HeaderName; 4] =
    [header::ORIGIN, SEC_FETCH_SITE, header::UPGRADE, WEBSOCKET_KEY];

/// The cookie that a token may come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenCookie {
    /// Its name, which begins with `__Host-`: no other host and no plain http can have set it.
    pub name: String,
    /// Origins beside our own whose pages may have requests made.
    pub origins: Vec<String>,
}

/// A cookie is there more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeated;

impl TokenCookie {
    /// The cookie's value (RFC 6265 section 4.2.1), of bytes that others' cookies may have beyond ASCII; `None` where
    /// it is absent or empty.
    ///
    /// # Errors
    /// [`Repeated`].
    pub fn value<'f>(&self, fields: &'f HeaderMap) -> Result<Option<&'f [u8]>, Repeated> {
        let lines = fields.get_all(header::COOKIE).iter();
        let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
        let of_it = |pair: &'f [u8]| {
            let (name, value) = name_and_value(pair);
            if name == self.name.as_bytes() { value } else { None }
        };
        let mut values = pairs.filter_map(of_it);
        let first = values.next();
        if values.next().is_some() {
            return Err(Repeated);
        }
        Ok(first.filter(|value| !value.is_empty()))
    }

    /// A `Cookie` field without it; `None` when no other cookie is left.
    #[must_use]
    pub fn taken_out(&self, field: &HeaderValue) -> Option<HeaderValue> {
        let pairs = field.as_bytes().split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let is_other = |pair: &&[u8]| name_and_value(pair).0 != self.name.as_bytes();
        let others: Vec<_> = pairs.filter(is_other).collect();
        let others = others.join(&b"; "[..]);
        if others.is_empty() { None } else { HeaderValue::from_bytes(&others).ok() }
    }

    /// Whether a request that came with the cookie was asked for by whom it may be: by a page of `own`, its own
    /// origin, or of one of [`TokenCookie::origins`], or by the user. What changes nothing anybody may ask for.
    ///
    /// A browser says `Sec-Fetch-Site: same-origin`, or `none` for what no page asked for; or it says another, or
    /// is too old to, and then `Origin` counts. Who says neither is no browser that keeps the cookie.
    #[must_use]
    pub fn may_have_asked(
        &self,
        method: Option<&str>,
        fields: &HeaderMap,
        own: Option<&str>,
    ) -> bool {
        let changes_nothing = matches!(method, Some("GET" | "HEAD" | "OPTIONS"));
        let websocket = asks_for_websocket(fields) || fields.contains_key(WEBSOCKET_KEY);
        if changes_nothing && !websocket {
            return true;
        }
        // One that is there twice says nothing.
        if matches!(only(fields, &SEC_FETCH_SITE), Some("same-origin" | "none")) {
            return true;
        }
        let Some(origin) = only(fields, &header::ORIGIN) else { return false };
        let is_it = |other: &str| other.eq_ignore_ascii_case(origin);
        own.is_some_and(is_it) || self.origins.iter().any(|other| is_it(other))
    }
}

fn name_and_value(pair: &[u8]) -> (&[u8], Option<&[u8]>) {
    let mut parts = pair.splitn(2, |byte| *byte == b'=').map(<[u8]>::trim_ascii);
    (parts.next().unwrap_or_default(), parts.next())
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const OWN: &str = "https://app.test";

    fn cookie() -> TokenCookie {
        let origins = vec!["https://other.test".to_owned()];
        TokenCookie { name: "__Host-token".to_owned(), origins }
    }

    fn fields(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let field = |&(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        fields.iter().map(field).collect()
    }

    #[test]
    fn the_cookie_is_found_by_its_very_name() {
        let value = |text: &'static str| {
            cookie().value(&fields(&[("cookie", text)])).map(|value| value.map(<[u8]>::to_vec))
        };
        assert_eq!(value("a=1; __Host-token=x.y=z; b"), Ok(Some(b"x.y=z".to_vec())));
        for text in [
            "",
            "a=1",
            "__host-token=x",
            "token=x",
            "x__Host-token=x",
            "__Host-token",
            "__Host-token=",
        ] {
            assert_eq!(value(text), Ok(None), "{text}");
        }
        for text in ["__Host-token=x; __Host-token=x", "__Host-token=; __Host-token=x"] {
            assert_eq!(value(text), Err(Repeated), "{text}");
        }
        let lines = fields(&[("cookie", "__Host-token=x"), ("cookie", "__Host-token=y")]);
        assert_eq!(cookie().value(&lines), Err(Repeated));
    }

    #[test]
    fn it_is_taken_out_and_the_others_stay_byte_for_byte() {
        let left = |text: &[u8]| {
            let left = cookie().taken_out(&HeaderValue::from_bytes(text).unwrap());
            left.map(|value| value.as_bytes().to_vec())
        };
        for (text, expected) in [
            (&b"a=1; __Host-token=x; b=2"[..], &b"a=1; b=2"[..]),
            (b"a=__Host-token; b", b"a=__Host-token; b"),
            ("a=\u{e9}; __Host-token=x".as_bytes(), "a=\u{e9}".as_bytes()),
            (b"__Host-token=x; a=\xe9\xff=", b"a=\xe9\xff="),
        ] {
            assert_eq!(left(text).as_deref(), Some(expected));
        }
        for text in [&b"__Host-token=x;__Host-token=y"[..], b" __Host-token = x", b"__Host-token"] {
            assert_eq!(left(text), None);
        }
        let beyond = HeaderValue::from_bytes(b"a=\xff; __Host-token=x").unwrap();
        let beyond: HeaderMap = [(header::COOKIE, beyond)].into_iter().collect();
        assert_eq!(cookie().value(&beyond), Ok(Some(&b"x"[..])));
    }

    #[test]
    fn what_changes_nothing_anybody_may_ask_for() {
        let cross = fields(&[("sec-fetch-site", "cross-site"), ("origin", "https://evil.test")]);
        for method in ["GET", "HEAD", "OPTIONS"] {
            assert!(cookie().may_have_asked(Some(method), &cross, Some(OWN)), "{method}");
        }
        for method in [Some("POST"), Some("DELETE"), Some("get"), None] {
            assert!(!cookie().may_have_asked(method, &cross, Some(OWN)), "{method:?}");
        }
    }

    #[test]
    fn what_may_change_something_comes_from_a_page_that_may_ask() {
        for (good, given) in [
            (true, &[("sec-fetch-site", "same-origin")][..]),
            (true, &[("sec-fetch-site", "none")]),
            (true, &[("origin", "https://app.test")]),
            (true, &[("origin", "https://other.test")]),
            (true, &[("sec-fetch-site", "cross-site"), ("origin", "https://other.test")]),
            (false, &[]),
            (false, &[("sec-fetch-site", "same-site")]),
            (false, &[("sec-fetch-site", "cross-site")]),
            (false, &[("sec-fetch-site", "SAME-ORIGIN")]),
            (false, &[("origin", "null")]),
            (false, &[("origin", "https://app.test.evil.test")]),
            (false, &[("origin", "http://app.test")]),
            (false, &[("sec-fetch-site", "same-site"), ("origin", "https://evil.test")]),
            (false, &[("origin", "https://app.test"), ("origin", "https://app.test")]),
            (false, &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")]),
        ] {
            assert_eq!(
                cookie().may_have_asked(Some("POST"), &fields(given), Some(OWN)),
                good,
                "{given:?}"
            );
        }
        let origin = fields(&[("origin", "https://app.test")]);
        assert!(!cookie().may_have_asked(Some("POST"), &origin, None));
    }

    #[test]
    fn a_websocket_may_change_something() {
        for asked in
            [("upgrade", "websocket"), ("upgrade", "h2c, WebSocket"), ("sec-websocket-key", "x")]
        {
            let evil = fields(&[asked, ("origin", "https://evil.test")]);
            assert!(!cookie().may_have_asked(Some("GET"), &evil, Some(OWN)), "{asked:?}");
            let own = fields(&[asked, ("origin", "https://app.test")]);
            assert!(cookie().may_have_asked(Some("GET"), &own, Some(OWN)), "{asked:?}");
        }
    }
}
