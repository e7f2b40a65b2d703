//! What a header may say, and what it may not.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn header_refusal(header: impl AsRef<[u8]>) -> &'static str {
    let keys = hs256();
    refusal(&signed(&keys, header, PAYLOAD), &keys)
}

fn header_accepted(header: &str) -> bool {
    let keys = hs256();
    verify(&signed(&keys, header, PAYLOAD), &keys, &Policy::default()).is_ok()
}

#[test]
fn alg_none_in_any_case_is_refused_with_and_without_a_signature() {
    let keys = hs256();
    for alg in ["none", "None", "NONE", "nOnE", "none ", ""] {
        let header = format!(r#"{{"alg":"{alg}"}}"#);
        let token = signed(&keys, &header, PAYLOAD);
        assert_eq!(refusal(&token, &keys), "ERR_JOSE_ALG_NOT_ALLOWED", "{alg}");
        let (input, _) = token.rsplit_once('.').unwrap();
        assert_eq!(refusal(&format!("{input}."), &keys), "ERR_JOSE_ALG_NOT_ALLOWED", "{alg}");
    }
}

#[test]
fn a_missing_alg_is_refused() {
    for header in ["{}", r#"{"typ":"JWT"}"#, r#"{"ALG":"HS256"}"#] {
        assert_eq!(header_refusal(header), "ERR_JWS_INVALID", "{header}");
    }
}

#[test]
fn an_alg_that_is_no_string_is_refused() {
    for alg in ["null", "1", "true", r#"["HS256"]"#, r#"{"HS256":1}"#] {
        assert_eq!(header_refusal(format!(r#"{{"alg":{alg}}}"#)), "ERR_JWS_INVALID", "{alg}");
    }
}

#[test]
fn an_alg_of_no_key_here_is_refused_however_close() {
    for alg in ["HS512", "hs256", "HS256 ", "HS256\\u0000", "EdDSA", "RS256", "canary-alg"] {
        let header = format!(r#"{{"alg":"{alg}"}}"#);
        assert_eq!(header_refusal(header), "ERR_JOSE_ALG_NOT_ALLOWED", "{alg}");
    }
}

#[test]
fn duplicate_members_are_refused_at_any_depth() {
    for header in [
        r#"{"alg":"HS256","alg":"HS256"}"#,
        r#"{"alg":"HS256","\u0061lg":"none"}"#,
        r#"{"alg":"HS256","kid":"k1","kid":"k2"}"#,
        r#"{"alg":"HS256","x":1,"x":1}"#,
        r#"{"alg":"HS256","x":{"y":[{"z":1,"z":1}]}}"#,
    ] {
        assert_eq!(header_refusal(header), "ERR_JWS_INVALID", "{header}");
    }
}

#[test]
fn crit_is_refused_whatever_it_names() {
    for crit in [r#"["exp"]"#, r#"["b64"]"#, r#"["http://example.com/x"]"#, r#"["alg","alg"]"#] {
        let header = format!(r#"{{"alg":"HS256","b64":true,"crit":{crit}}}"#);
        assert_eq!(header_refusal(header), "ERR_JOSE_NOT_SUPPORTED", "{crit}");
    }
}

#[test]
fn crit_that_is_empty_or_no_list_of_names_is_invalid() {
    for crit in ["[]", "null", r#""exp""#, "true", "{}", "[1]", r#"["exp",null]"#, r#"[["exp"]]"#] {
        let header = format!(r#"{{"alg":"HS256","crit":{crit}}}"#);
        assert_eq!(header_refusal(header), "ERR_JWS_INVALID", "{crit}");
    }
}

#[test]
fn an_unencoded_payload_is_refused_with_and_without_crit() {
    for header in [
        r#"{"alg":"HS256","b64":false}"#,
        r#"{"alg":"HS256","b64":false,"crit":["b64"]}"#,
        r#"{"alg":"HS256","b64":null}"#,
        r#"{"alg":"HS256","b64":"true"}"#,
    ] {
        assert_eq!(header_refusal(header), "ERR_JOSE_NOT_SUPPORTED", "{header}");
    }
    assert!(header_accepted(r#"{"alg":"HS256","b64":true}"#));
}

#[test]
fn compression_and_encryption_are_refused() {
    for header in [
        r#"{"alg":"HS256","zip":"DEF"}"#,
        r#"{"alg":"HS256","zip":null}"#,
        r#"{"alg":"HS256","enc":"A128GCM"}"#,
    ] {
        assert_eq!(header_refusal(header), "ERR_JOSE_NOT_SUPPORTED", "{header}");
    }
}

#[test]
fn kid_and_typ_that_are_no_strings_are_refused() {
    for member in [r#""kid":1"#, r#""kid":null"#, r#""kid":["k1"]"#, r#""typ":1"#, r#""typ":null"#]
    {
        let header = format!(r#"{{"alg":"HS256",{member}}}"#);
        assert_eq!(header_refusal(header), "ERR_JWS_INVALID", "{member}");
    }
}

#[test]
fn a_header_that_is_no_json_object_is_refused() {
    for header in
        ["", "[]", "null", r#""HS256""#, "{", r#"{"alg":"HS256"}{}"#, r#"{"alg":"HS256",}"#]
    {
        assert_eq!(header_refusal(header), "ERR_JWS_INVALID", "{header}");
    }
}

#[test]
fn a_header_that_is_not_utf_8_or_has_a_bom_is_refused() {
    assert_eq!(header_refusal(b"{\"alg\":\"HS256\",\"x\":\"\xff\"}"), "ERR_JWS_INVALID");
    assert_eq!(header_refusal("\u{feff}{\"alg\":\"HS256\"}"), "ERR_JWS_INVALID");
}

#[test]
fn a_header_over_4_kib_is_refused() {
    let header =
        |encoded: usize| format!(r#"{{"alg":"HS256","x":"{}"}}"#, "x".repeat(encoded / 4 * 3 - 23));
    assert!(header_accepted(&header(4096)));
    assert_eq!(header_refusal(header(4100)), "ERR_JWS_INVALID");
}

#[test]
fn members_not_known_are_ignored() {
    assert!(header_accepted(r#"{"alg":"HS256","cty":"x","x":{"y":[1,null]}}"#));
}
