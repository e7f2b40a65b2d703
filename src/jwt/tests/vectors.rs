//! Published vectors, typed in as data.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn rfc_7515_appendix_a_1_hs256() {
    let keys = key_set([jwk(json!({
        "kty": "oct", "kid": "a1", "alg": "HS256",
        "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    }))]);
    let header = "{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}";
    let payload =
        "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";
    let token = concat!(
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
        ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
        ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    );
    assert_eq!(signed(&keys, header, payload), token);
    let at = |now| verify_at(token, &keys, &Policy::default(), now);
    assert_eq!(at(UnixMs(1_300_819_379_999)).unwrap(), payload);
    assert_eq!(at(UnixMs(1_300_819_380_000)), Err(JwtError::Expired));
}

/// The payload of RFC 8037 is no claims set, so that the third step refuses what the second
/// accepted.
#[test]
fn rfc_8037_appendix_a_4_ed25519() {
    let keys = eddsa();
    let payload = "Example of Ed25519 signing";
    let token = concat!(
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
        ".hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    );
    assert_eq!(signed(&keys, EDDSA_HEADER, payload), token);
    let selected = select(token, &keys, &Policy::default(), NOW).ok().unwrap();
    assert_eq!(selected.check_signature().ok().unwrap().payload(), payload);
    assert_eq!(refusal(token, &keys), "ERR_JWT_INVALID");
}
