//! Published vectors, typed in as data.

use super::super::{Algorithm, Key, Verdict};
use super::test_keys::{signing_jwk, verifying_jwk};
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

const JOE: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

/// Asserts that the default policy accepts the token just before its `exp`.
fn assert_joes(token: &str, keys: &KeySet) {
    let payload =
        "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";
    let at = |now| verify_at(token, keys, &Policy::default(), now);
    assert_eq!(at(UnixMs(1_300_819_379_999)).unwrap(), payload);
    assert_eq!(at(UnixMs(1_300_819_380_000)), Err(JwtError::Expired));
}

#[test]
fn rfc_7515_appendix_a_2_rs256() {
    let keys = key_set([signing_jwk(Algorithm::Rs256)]);
    let token = [
        "eyJhbGciOiJSUzI1NiJ9.",
        JOE,
        ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt",
        "_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIA",
        "RNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv",
        "hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
    ]
    .concat();
    let payload = URL_SAFE_NO_PAD.decode(JOE).unwrap();
    assert_eq!(signed(&keys, r#"{"alg":"RS256"}"#, payload), token);
    assert_joes(&token, &keys);
}

#[test]
fn rfc_7515_appendix_a_3_es256() {
    let token = [
        "eyJhbGciOiJFUzI1NiJ9.",
        JOE,
        ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    ]
    .concat();
    assert_joes(&token, &key_set([verifying_jwk(Algorithm::Es256)]));
}

/// We do not have P-521, nor the algorithm on it.
#[test]
fn rfc_7515_appendix_a_4_es512_is_refused_by_name() {
    let token = ["eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.", &base64url([1; 132])].concat();
    let keys = key_set([verifying_jwk(Algorithm::Es256)]);
    assert_eq!(refusal(&token, &keys), "ERR_JOSE_ALG_NOT_ALLOWED");
    let jwk = Jwk { alg: Some("ES512".into()), ..verifying_jwk(Algorithm::Es256) };
    assert_eq!(set_refusal([jwk]), "key 0: alg is not supported");
}

/// The payload of all of RFC 7520 section 4.
const FRODO: &str = concat!(
    "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAg",
    "b250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dp",
    "bmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4"
);

/// RFC 7520 section 3.3, the public key.
const BILBO_N: &str = concat!(
    "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_",
    "AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpP",
    "e7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg",
    "_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw"
);

/// Asserts that the key's own verdict on a token of RFC 7520 is that it holds.
fn assert_frodos(jwk: Value, header: &str, signature: &str) {
    let jwk: Jwk = serde_json::from_value(jwk).unwrap();
    let input = format!("{header}.{FRODO}");
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let key = Key::from_jwk(&jwk).unwrap();
    assert_eq!(key.check(input.as_bytes(), &signature), Verdict::Holds);
}

#[test]
fn rfc_7520_section_4_1_rs256() {
    assert_frodos(
        json!({"kty": "RSA", "kid": "bilbo.baggins@hobbiton.example", "use": "sig",
            "alg": "RS256", "n": BILBO_N, "e": "AQAB"}),
        "eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9",
        concat!(
            "MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996i",
            "vp83xuglII7PNDi84wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1u",
            "SNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAh",
            "b6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18",
            "kDquDg"
        ),
    );
}

#[test]
fn rfc_7520_section_4_2_ps384() {
    assert_frodos(
        json!({"kty": "RSA", "kid": "bilbo.baggins@hobbiton.example", "use": "sig",
            "alg": "PS384", "n": BILBO_N, "e": "AQAB"}),
        "eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9",
        concat!(
            "cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqH",
            "CdP6O8TTB5dDDItllVo6_1OLPpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn",
            "442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3lm8d9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0",
            "n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfmWjwZ6oD4ifKo8DYM-",
            "X72Eaw"
        ),
    );
}

#[test]
fn rfc_7520_section_4_4_hs256() {
    assert_frodos(
        json!({"kty": "oct", "kid": "018c0ae5-4d9b-471b-bfd6-eef314bc7037", "use": "sig",
            "alg": "HS256", "k": "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg"}),
        "eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNGJjNzAzNyJ9",
        "s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0",
    );
}

#[test]
fn rfc_6979_appendix_a_2_6_p_384_with_sha_384() {
    let key = Key::from_jwk(&signing_jwk(Algorithm::Es384)).unwrap();
    let signature = concat!(
        "lO27kqXsuKrUc25WxpGRaz-IFAZmzp-nPWTE6pWtEzyBpkgVLkSs-W423R6A-r5Gme9K6xXxeM6h_kDbJgMTjxMO",
        "dAoZYkUmIDtjUdCjqU-jKcFFeG5nnnuCxxo4YorI"
    );
    assert_eq!(base64url(key.sign(b"sample").unwrap()), signature);
}
