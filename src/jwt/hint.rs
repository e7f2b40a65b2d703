//! What a token says of itself before its signature holds: as little as can be told, and only to
//! choose what it is then checked against.

use super::compact::{self, Compact};
use super::header::Header;
use super::json::string_member;
use super::{Algorithm, JwtError};

/// Which of `issuers` the token says it is of: its place among them, and nothing else of its claims.
///
/// It chooses the key set and policy of that issuer, which then must hold that very `iss` under the
/// signature (RFC 8725 section 3.8). `None`: of none of them, or it cannot be read; there is then
/// nothing to choose, and whatever it is checked against says what is wrong with it.
pub fn issuer_hint<'i>(
    token: &str,
    bytes_max: usize,
    issuers: impl IntoIterator<Item = &'i str>,
) -> Option<usize> {
    let compact = Compact::parse(token, bytes_max).ok()?;
    let payload = String::from_utf8(compact::decode(compact.payload).ok()?).ok()?;
    let said = string_member(&payload, "iss")?;
    issuers.into_iter().position(|issuer| issuer == said)
}

/// Whether the token's header asks for one of `algorithms`: whether keys that are not at hand could
/// verify it at all.
#[must_use]
pub fn asks_for(token: &str, bytes_max: usize, algorithms: &[Algorithm]) -> bool {
    let header =
        || -> Result<Header, JwtError> { Header::parse(Compact::parse(token, bytes_max)?.header) };
    let algorithm = header().ok().and_then(|header| header.algorithm);
    algorithm.is_some_and(|algorithm| algorithms.contains(&algorithm))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

    use super::*;

    const BYTES_MAX: usize = 16 * 1024;

    fn token(payload: &str) -> String {
        format!("e30.{}.", URL_SAFE_NO_PAD.encode(payload))
    }

    fn hint(token: &str) -> Option<usize> {
        issuer_hint(token, BYTES_MAX, ["https://a.test", "https://b.test"])
    }

    #[test]
    fn a_hint_is_the_place_of_the_issuer_the_token_names() {
        assert_eq!(hint(&token(r#"{"iss":"https://a.test"}"#)), Some(0));
        assert_eq!(hint(&token(r#"{"sub":"x","iss":"https:\/\/b.test","exp":1}"#)), Some(1));
    }

    #[test]
    fn no_other_issuer_gives_a_hint_however_near_it_is() {
        for said in ["https://a.test/", "https://A.test", " https://a.test", "https://a.tes", ""] {
            assert_eq!(hint(&token(&format!(r#"{{"iss":"{said}"}}"#))), None, "{said}");
        }
    }

    #[test]
    fn what_cannot_be_read_gives_no_hint() {
        for payload in [
            "",
            "{}",
            "[]",
            r#"{"iss":["https://a.test"]}"#,
            r#"{"iss":null}"#,
            r#"{"iss":"https://a.test","iss":"https://b.test"}"#,
            r#"{"iss":"https://b.test","x":{"y":1,"y":1}}"#,
            r#"{"x":{"iss":"https://a.test"}}"#,
            r#"{"iss":"https://a.test""#,
        ] {
            assert_eq!(hint(&token(payload)), None, "{payload}");
        }
        let good = token(r#"{"iss":"https://a.test"}"#);
        for token in ["", "a.b", "..", good.trim_end_matches('.'), &format!("{good}.x")] {
            assert_eq!(hint(token), None, "{token}");
        }
        assert_eq!(issuer_hint(&good, good.len() - 1, ["https://a.test"]), None);
        assert_eq!(issuer_hint(&good, good.len(), ["https://a.test"]), Some(0));
    }

    #[test]
    fn a_header_asks_for_one_algorithm() {
        let asks = |header: &str, algorithms: &[Algorithm]| {
            let token = format!("{}..", URL_SAFE_NO_PAD.encode(header));
            asks_for(&token, BYTES_MAX, algorithms)
        };
        assert!(asks(r#"{"alg":"EdDSA"}"#, &[Algorithm::EdDsa]));
        assert!(!asks(r#"{"alg":"HS256"}"#, &[Algorithm::EdDsa]));
        for header in [r#"{"alg":"none"}"#, r#"{"alg":["EdDSA"]}"#, "{}", ""] {
            assert!(!asks(header, &[Algorithm::EdDsa]), "{header}");
        }
    }
}
