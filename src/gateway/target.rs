//! Paths that a server behind us cannot take for another.

use crate::limit::Path;

/// Reads the path of a request target that is to be matched and then passed on as it is; `None` for one that
/// servers read in different ways: [`Path::Ambiguous`], or with a character that no path has (RFC 3986 section 3.3)
/// and that a client library may rewrite.
#[must_use]
pub fn unambiguous(target: &str) -> Option<Path<'_>> {
    let path = target.split('?').next().unwrap_or_default();
    let path = path.bytes().all(is_of_path).then(|| Path::parse(path))?;
    (path != Path::Ambiguous).then_some(path)
}

/// `pchar` of RFC 3986 without `;`, and the slash.
const fn is_of_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'%' | b'/' | b':' | b'@')
        || matches!(byte, b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b'=')
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_plain_path_is_read() {
        for target in [
            "/",
            "/a",
            "/a/",
            "/a.b/c-d_e~f",
            "/%C3%A9",
            "/a@b:c=d,e!",
            "/.well-known",
            "/a?x=//../;%2f",
        ] {
            assert!(unambiguous(target).is_some(), "{target}");
        }
    }

    #[test]
    fn what_servers_read_in_different_ways_is_not() {
        for target in [
            "",
            "a",
            "*",
            "//a",
            "/a//b",
            "/./a",
            "/a/..",
            "/%2e%2E/a",
            "/a%2fb",
            "/a\\b",
            "/a%5cb",
            "/a;b",
            "/..;/a",
            "/a%3bb",
            "/a%00",
            "/a%0d%0a",
            "/a%252f",
            "/a%2",
            "/%ff",
            "/a.",
            "/a./b",
            "/a%2e",
            "/a%20",
            "/a%20/b",
            "/a b",
            "/a|b",
            "/a^b",
            "/a\"b",
            "/a<b",
            "/a`b",
            "/a{b}",
            "/\u{e9}",
        ] {
            assert!(unambiguous(target).is_none(), "{target}");
        }
    }
}
