//! Attacks with a name, each refused at the step it belongs to.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// A set whose one secret is `secret`: what an attacker signs with.
fn attacker(secret: &[u8]) -> KeySet {
    let k = base64url(secret);
    key_set([jwk(json!({"kty": "oct", "kid": "k1", "alg": "HS256", "k": k}))])
}

/// A public key as SPKI PEM (RFC 8410).
fn pem(x: &str) -> String {
    use base64::engine::general_purpose::STANDARD;
    let mut der = vec![0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    der.extend(URL_SAFE_NO_PAD.decode(x).unwrap());
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der))
}

#[test]
fn an_hmac_made_with_the_public_key_is_refused() {
    let published = serde_json::to_string(&eddsa().public_jwks(NOW)).unwrap();
    let jwk_text = serde_json::to_string(&public_jwk("k1")).unwrap();
    let raw = URL_SAFE_NO_PAD.decode(X).unwrap();
    let pem = pem(X);
    for secret in [
        &raw[..],
        X.as_bytes(),
        pem.as_bytes(),
        pem.trim_end().as_bytes(),
        jwk_text.as_bytes(),
        published.as_bytes(),
    ] {
        let token = signed(&attacker(secret), r#"{"alg":"HS256","kid":"k1"}"#, PAYLOAD);
        assert_eq!(refusal(&token, &eddsa()), "ERR_JOSE_ALG_NOT_ALLOWED");
        // The same tag under the algorithm that is allowed is no signature.
        let token = signed(&attacker(secret), r#"{"alg":"EdDSA","kid":"k1"}"#, PAYLOAD);
        assert_eq!(refusal(&token, &eddsa()), "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
    }
}

#[test]
fn a_key_the_token_brings_along_is_never_used() {
    let theirs = key_set([jwk(json!({
        "kty": "OKP", "crv": "Ed25519", "kid": "k1", "alg": "EdDSA",
        // RFC 8032 section 7.1, test 2.
        "d": "TM0Imyj_ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U-4pvs",
        "x": "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw",
    }))]);
    let embedded = serde_json::to_value(theirs.public_jwks(NOW)).unwrap()["keys"][0].clone();
    for extra in [
        json!({"jwk": embedded}),
        json!({"jku": "https://canary.example/jwks"}),
        json!({"x5u": "https://canary.example/cert"}),
        json!({"x5c": ["MIIB"]}),
        json!({"x5t": "AAAA", "x5t#S256": "AAAA"}),
    ] {
        let mut header = extra;
        header["alg"] = "EdDSA".into();
        for kid in [None, Some("k1")] {
            if let Some(kid) = kid {
                header["kid"] = kid.into();
            }
            let token = signed(&theirs, header.to_string(), PAYLOAD);
            assert_eq!(refusal(&token, &eddsa()), "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
            // And it does no harm where the signature is ours.
            let token = signed(&eddsa(), header.to_string(), PAYLOAD);
            assert!(verify(&token, &eddsa(), &Policy::default()).is_ok(), "{header}");
        }
    }
}

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
