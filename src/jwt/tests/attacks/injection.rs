//! A header that says with which key it is to be checked, and more than a name.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

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

/// What a `kid` does where it becomes a path, a query, a command or a C string.
#[test]
fn a_kid_is_compared_and_never_interpreted() {
    let keys = hs256();
    let long = "k1".repeat(1500);
    for kid in [
        "../../../../dev/null",
        "..\\\\..\\\\k1",
        "/dev/null",
        "file:///dev/null",
        "k1/../k1",
        "' OR '1'='1",
        "k1'; DROP TABLE keys; --",
        "k1' UNION SELECT 'AAAA",
        "$(id)",
        "|id",
        "*",
        "%6b1",
        "k1\\u0000",
        "\\u0000k1",
        "k1 ",
        " k1",
        "K1",
        "k",
        "",
        "__proto__",
        &long,
    ] {
        let token = signed(&keys, format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#), PAYLOAD);
        assert_eq!(refusal(&token, &keys), "ERR_JWKS_NO_MATCHING_KEY", "{kid}");
    }
}

#[test]
fn an_empty_key_signs_nothing_that_holds() {
    // What `kid` = /dev/null is for: a tag under no key at all.
    let token = format!("{}.{}", base64url(r#"{"alg":"HS256","kid":"k1"}"#), base64url(PAYLOAD));
    for secret in [&b""[..], b"\0", &[0; 32], &[0; 64]] {
        let tag = hmac_sha256::HMAC::mac(token.as_bytes(), secret);
        let token = format!("{token}.{}", base64url(tag));
        assert_eq!(refusal(&token, &hs256()), "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
    }
}
