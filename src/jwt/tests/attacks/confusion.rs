//! An algorithm for public keys taken for one with a shared secret, which the public key then is.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

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
