//! Published vectors of forms that are no compact JWS or carry no signature, typed in as data: refused,
//! whatever key they were made with.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// RFC 7515 appendix A.1: the claims of Joe, encoded.
const JOE: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
/// RFC 7520 section 4: the payload of all its examples, encoded.
const FRODO: &str = concat!(
    "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUg",
    "cm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0",
    "IGJlIHN3ZXB0IG9mZiB0by4"
);
const FRODO_KID: &str = "018c0ae5-4d9b-471b-bfd6-eef314bc7037";
const FRODO_HEADER: &str =
    "eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNGJjNzAzNyJ9";

/// RFC 7520 section 3.5.
fn frodo() -> KeySet {
    key_set([jwk(json!({
        "kty": "oct", "kid": FRODO_KID, "use": "sig", "alg": "HS256",
        "k": "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg",
    }))])
}

#[test]
fn rfc_7515_appendix_a_5_an_unsecured_token_is_refused() {
    let token = format!("eyJhbGciOiJub25lIn0.{JOE}.");
    for keys in [hs256(), eddsa()] {
        assert_eq!(refusal(&token, &keys), "ERR_JOSE_ALG_NOT_ALLOWED");
    }
}

#[test]
fn rfc_7515_appendices_a_6_and_a_7_the_json_serialisations_are_refused() {
    let one = json!({
        "protected": "eyJhbGciOiJFUzI1NiJ9",
        "header": {"kid": "e9bc097a-ce51-4036-9562-d2ade882db0d"},
        "signature": "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    });
    let mut flattened = one.clone();
    flattened["payload"] = JOE.into();
    for jws in [json!({"payload": JOE, "signatures": [one]}), flattened] {
        assert_eq!(refusal(&jws.to_string(), &hs256()), "ERR_JWS_INVALID");
    }
}

/// The signature holds with the payload in its place, and not without: what is detached is not fetched.
#[test]
fn rfc_7520_section_4_5_detached_content_is_refused() {
    let signature = "s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0";
    let whole = format!("{FRODO_HEADER}.{FRODO}.{signature}");
    assert_eq!(refusal(&whole, &frodo()), "ERR_JWT_INVALID", "the signature holds");
    let detached = format!("{FRODO_HEADER}..{signature}");
    assert_eq!(refusal(&detached, &frodo()), "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
}

/// A `kid` outside the protected header counts nowhere; without it the same signature selects by `alg`.
#[test]
fn rfc_7520_section_4_6_an_unprotected_header_is_refused() {
    let (protected, signature) =
        ("eyJhbGciOiJIUzI1NiJ9", "bWUSVaxorn7bEF1djytBd0kHv70Ly5pvbomzMWSOr20");
    let jws = json!({
        "payload": FRODO, "protected": protected, "header": {"kid": FRODO_KID}, "signature": signature,
    });
    assert_eq!(refusal(&jws.to_string(), &frodo()), "ERR_JWS_INVALID");
    let compact = format!("{protected}.{FRODO}.{signature}");
    assert_eq!(refusal(&compact, &frodo()), "ERR_JWT_INVALID", "the signature holds");
}

/// With nothing protected there is not even an algorithm that was signed.
#[test]
fn rfc_7520_section_4_7_a_token_without_a_protected_header_is_refused() {
    let signature = "xuLifqLGiblpv9zBpuZczWhNj1gARaLV3UxvxhJxZuk";
    let jws = json!({
        "payload": FRODO, "header": {"alg": "HS256", "kid": FRODO_KID}, "signature": signature,
    });
    assert_eq!(refusal(&jws.to_string(), &frodo()), "ERR_JWS_INVALID");
    let tag = frodo().signer(NOW).unwrap().sign(format!(".{FRODO}").as_bytes()).unwrap();
    assert_eq!(base64url(tag), signature, "the signature holds");
    assert_eq!(refusal(&format!(".{FRODO}.{signature}"), &frodo()), "ERR_JWS_INVALID");
}
