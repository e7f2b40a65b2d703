//! The header fields of a request as they are passed on.

use std::borrow::Cow;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::{Gateway, TokenCookie};

/// Fields of one connection (RFC 9110 section 7.6.1, and what older proxies sent).
const HOP_BY_HOP: [&str; 10] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
];

/// What is not the client's to say: the framing, which is made anew; who it is; and what servers take for the
/// method, the path or the address in place of those that were decided on.
const NOT_THE_CLIENTS: [&str; 17] = [
    "host",
    "content-length",
    "expect",
    "forwarded",
    "x-real-ip",
    "true-client-ip",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-original-uri",
    "x-rewrite-url",
    "sec-websocket-key",
    "sec-websocket-version",
    "sec-websocket-extensions",
    "sec-websocket-accept",
    "proxy",
];

/// Beginnings of names that are ours to give.
const OURS: [&str; 3] = ["x-auth-", "x-forwarded-", "portcullis-"];

/// A name as servers that make variables of names (RFC 3875 section 4.1.18) read it: they take `_` and `-` for one.
fn read_as(name: &str) -> Cow<'_, str> {
    if name.contains('_') { name.replace('_', "-").into() } else { name.into() }
}

/// Whether a field of this name is never passed on as the client sent it.
fn is_dropped(name: &str) -> bool {
    HOP_BY_HOP.contains(&name)
        || NOT_THE_CLIENTS.contains(&name)
        || OURS.iter().any(|ours| name.starts_with(ours))
}

/// Whether a claim can be told in a field of this name: not in one that means something else to a server or
/// to those on the way.
#[must_use]
pub fn takes_claim(name: &HeaderName) -> bool {
    let name = read_as(name.as_str());
    let others =
        ["authorization", "cookie", "content-type", "content-encoding", "sec-websocket-protocol"];
    !is_dropped(&name) && !others.contains(&name.as_ref()) && !name.starts_with("cf-")
}

/// What is wrong with how a request says where its body ends (RFC 9112 section 6.3): servers that read it
/// in different ways take part of a body for another request.
///
/// # Errors
/// In fixed words.
pub fn check_framing(fields: &HeaderMap) -> Result<(), &'static str> {
    let mut lengths = fields.get_all(header::CONTENT_LENGTH).iter();
    let mut codings = fields.get_all(header::TRANSFER_ENCODING).iter();
    let (length, coding) = (lengths.next(), codings.next());
    if lengths.next().is_some() || codings.next().is_some() {
        return Err("a field that frames the body is there twice");
    }
    if length.is_some() && coding.is_some() {
        return Err("Content-Length and Transfer-Encoding are both there");
    }
    let digits =
        |value: &HeaderValue| !value.is_empty() && value.as_bytes().iter().all(u8::is_ascii_digit);
    if !length.is_none_or(digits) {
        return Err("Content-Length is no length");
    }
    if !coding.is_none_or(|value| value.as_bytes().eq_ignore_ascii_case(b"chunked")) {
        return Err("Transfer-Encoding is not chunked");
    }
    Ok(())
}

/// Whether a request asks for a WebSocket (RFC 6455 section 4.1).
#[must_use]
pub fn asks_for_websocket(fields: &HeaderMap) -> bool {
    words(fields, &header::UPGRADE).any(|word| word.eq_ignore_ascii_case("websocket"))
}

/// The fields of a request that are passed on as they are: without those of its connection, without what is not
/// the client's to say, and without the token's cookie.
#[must_use]
pub fn passed_on(fields: &HeaderMap, gateway: &Gateway, cookie: Option<&TokenCookie>) -> HeaderMap {
    let named: Vec<_> = words(fields, &header::CONNECTION).map(str::to_ascii_lowercase).collect();
    let mut passed = HeaderMap::with_capacity(fields.len());
    for (name, value) in fields {
        let read = read_as(name.as_str());
        let of_claim = |(other, _): &(HeaderName, String)| read_as(other.as_str()) == read;
        if is_dropped(&read)
            || named.iter().any(|named| named == name.as_str())
            || (read == "authorization" && !gateway.pass_authorization)
            || gateway.claims.iter().any(of_claim)
        {
            continue;
        }
        let value = match cookie {
            Some(cookie) if read == "cookie" => cookie.taken_out(value),
            _ => Some(value.clone()),
        };
        if let Some(value) = value {
            // No more than there were.
            let _ = passed.try_append(name.clone(), value);
        }
    }
    passed
}

/// The value of a field that is there once.
pub(crate) fn only<'f>(fields: &'f HeaderMap, name: &HeaderName) -> Option<&'f str> {
    let mut values = fields.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// The words of a list field, whichever way it was split into lines.
fn words<'f>(fields: &'f HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'f str> {
    let values = fields.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::gateway::Upstream;

    fn gateway() -> Gateway {
        let claims = vec![(HeaderName::from_static("x-user-email"), "email".to_owned())];
        let upstream = Upstream::Origin("https://origin.test".to_owned());
        Gateway { upstream, pass_authorization: false, claims, deadline_ms: 1 }
    }

    fn map(fields: &[(&str, &str)]) -> HeaderMap {
        let field = |(name, value): &(&str, &str)| {
            (HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap())
        };
        fields.iter().map(field).collect()
    }

    fn names(fields: &[(&str, &str)]) -> Vec<String> {
        let passed = passed_on(&map(fields), &gateway(), None);
        passed.keys().map(|name| name.as_str().to_owned()).collect()
    }

    #[test]
    fn what_is_the_clients_to_say_is_passed_on() {
        let fields = [("accept", "*/*"), ("x-request-id", "1"), ("origin", "https://a.test")];
        assert_eq!(names(&fields), ["accept", "x-request-id", "origin"]);
    }

    #[test]
    fn fields_of_the_connection_and_those_it_names_are_not() {
        for name in HOP_BY_HOP {
            assert!(names(&[(name, "x")]).is_empty(), "{name}");
        }
        let fields = [
            ("connection", "close, X-Hop"),
            ("x-hop", "1"),
            ("connection", "x-too"),
            ("x-too", "1"),
        ];
        assert!(names(&fields).is_empty());
    }

    #[test]
    fn nobody_says_of_themselves_who_they_are() {
        for name in [
            "x-auth-subject",
            "X-Auth-Anything",
            "x_auth_subject",
            "x-auth_subject",
            "portcullis-degraded",
            "portcullis-proxy-secret",
            "x-user-email",
            "x_user-email",
            "x-forwarded-user",
            "forwarded",
            "authorization",
            "x-original-url",
            "x-http-method-override",
            "content_length",
        ] {
            assert!(names(&[(name, "x")]).is_empty(), "{name}");
        }
    }

    #[test]
    fn a_body_has_one_end() {
        for fields in [
            &[("content-length", "5"), ("transfer-encoding", "chunked")][..],
            &[("content-length", "5"), ("content-length", "5")],
            &[("content-length", "5, 5")],
            &[("content-length", "+5")],
            &[("content-length", "")],
            &[("transfer-encoding", "gzip, chunked")],
            &[("transfer-encoding", "chunked, chunked")],
            &[("transfer-encoding", "xchunked")],
        ] {
            assert!(check_framing(&map(fields)).is_err(), "{fields:?}");
        }
        for fields in [&[][..], &[("content-length", "0")], &[("transfer-encoding", "Chunked")]] {
            assert_eq!(check_framing(&map(fields)), Ok(()), "{fields:?}");
        }
    }
}
