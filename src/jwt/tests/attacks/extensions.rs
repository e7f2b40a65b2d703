//! Header parameters that change what the rest means: `crit`, `b64`, `zip`.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn header_refusal(members: &str) -> &'static str {
    let keys = hs256();
    refusal(&signed(&keys, format!(r#"{{"alg":"HS256",{members}}}"#), PAYLOAD), &keys)
}

#[test]
fn crit_is_never_passed_over() {
    let unsupported = [
        r#""crit":["exp"],"exp":1800000060"#,
        r#""crit":["http://example.invalid/x"],"http://example.invalid/x":true"#,
        // Names of the specification itself must not be listed; names that are not there neither.
        r#""crit":["alg"]"#,
        r#""crit":["alg","kid","typ","crit"]"#,
        r#""crit":["absent"]"#,
        r#""crit":["x","x"],"x":1"#,
        r#""crit":[""],"":1"#,
        r#""crit":["b64"],"b64":true"#,
    ];
    for members in unsupported {
        assert_eq!(header_refusal(members), "ERR_JOSE_NOT_SUPPORTED", "{members}");
    }
    for members in
        [r#""crit":[]"#, r#""crit":null"#, r#""crit":"b64""#, r#""crit":{}"#, r#""crit":[1]"#]
    {
        assert_eq!(header_refusal(members), "ERR_JWS_INVALID", "{members}");
    }
}

/// `crit` in the payload asks nothing: only a protected header does.
#[test]
fn crit_among_the_claims_is_a_claim() {
    assert!(accepts(r#"{"exp":1800000060,"crit":["x"]}"#, &Policy::default()));
}

/// RFC 7797: the payload stands there as it is, and the same bytes could be read encoded or not.
#[test]
fn a_payload_that_is_not_encoded_is_refused() {
    let keys = hs256();
    for header in
        [r#"{"alg":"HS256","b64":false}"#, r#"{"alg":"HS256","b64":false,"crit":["b64"]}"#]
    {
        for payload in [PAYLOAD.to_owned(), base64url(PAYLOAD), "e30".into()] {
            let token = signed_as_written(&keys, &base64url(header), &payload);
            assert!(
                ["ERR_JOSE_NOT_SUPPORTED", "ERR_JWS_INVALID"].contains(&refusal(&token, &keys))
            );
        }
    }
    // Detached, it is refused as well.
    let token = signed(&keys, r#"{"alg":"HS256","b64":false,"crit":["b64"]}"#, PAYLOAD);
    let (header, rest) = token.split_once('.').unwrap();
    let (_, signature) = rest.split_once('.').unwrap();
    assert_eq!(refusal(&format!("{header}..{signature}"), &keys), "ERR_JOSE_NOT_SUPPORTED");
}

#[test]
fn a_compressed_payload_is_refused_and_never_inflated() {
    for members in
        [r#""zip":"DEF""#, r#""zip":"def""#, r#""zip":"GZIP""#, r#""zip":"""#, r#""zip":[]"#]
    {
        assert_eq!(header_refusal(members), "ERR_JOSE_NOT_SUPPORTED", "{members}");
    }
}
