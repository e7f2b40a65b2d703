//! What an unsigned token may learn or do: nothing.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn claims_are_not_looked_at_before_the_signature_holds() {
    let (ours, theirs) = (hs256(), attacker(&[7; 32]));
    let policy = Policy { issuers: vec!["https://issuer.example".into()], ..Policy::default() };
    for payload in [
        r#"{"exp":1}"#,
        r#"{"exp":"canary"}"#,
        r#"{"iss":"canary","exp":1800000060}"#,
        "{}",
        "not JSON",
        "",
        r#"{"a":1,"a":1}"#,
    ] {
        let token = signed(&theirs, HS256_HEADER, payload);
        let error = verify(&token, &ours, &policy).unwrap_err();
        assert_eq!(error, JwtError::SignatureVerificationFailed, "{payload}");
    }
}

#[test]
fn a_payload_that_is_not_base64_or_utf_8_is_not_looked_at_before_the_signature_holds() {
    let (ours, theirs) = (hs256(), attacker(&[7; 32]));
    for payload in [base64url(b"\xff\xfe"), "!".into(), "A".into(), "e30=".into()] {
        let token = signed_as_written(&theirs, &base64url(HS256_HEADER), &payload);
        assert_eq!(refusal(&token, &ours), "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
    }
}

#[test]
fn a_signature_does_not_move_to_another_payload_or_header() {
    let keys = hs256();
    let token = signed(&keys, HS256_HEADER, PAYLOAD);
    let (_, signature) = token.rsplit_once('.').unwrap();
    for (header, payload) in [
        (HS256_HEADER, r#"{"sub":"admin","exp":1800000060}"#),
        (r#"{"alg":"HS256","typ":"at+jwt"}"#, PAYLOAD),
    ] {
        let token = format!("{}.{}.{signature}", base64url(header), base64url(payload));
        assert_eq!(refusal(&token, &keys), "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
    }
}

#[test]
fn an_hmac_tag_cut_short_or_drawn_out_is_refused() {
    let keys = hs256();
    let token = signed(&keys, HS256_HEADER, PAYLOAD);
    let (input, signature) = token.rsplit_once('.').unwrap();
    let tag = URL_SAFE_NO_PAD.decode(signature).unwrap();
    for tag in [&tag[..31], &tag[..16], &tag[..1], &[&tag[..], &[0]].concat(), &tag.repeat(2)] {
        let token = format!("{input}.{}", base64url(tag));
        assert_eq!(refusal(&token, &keys), "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
    }
}
