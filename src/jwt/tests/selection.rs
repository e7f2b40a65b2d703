//! Given a well-formed header, one key is chosen, by `kid` and `alg`, or none.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn with_kid(kid: &str) -> String {
    json!({"alg": "HS256", "kid": kid}).to_string()
}

#[test]
fn the_key_of_the_kid_is_chosen_among_several() {
    let other = jwk(json!({"kty": "oct", "kid": "k2", "alg": "HS256", "k": "A".repeat(43)}));
    let both = key_set([secret_jwk("k1"), other.clone()]);
    let theirs = key_set([other]);
    let token = signed(&theirs, with_kid("k2"), PAYLOAD);
    let selected = select(&token, &both, &Policy::default(), NOW).ok().unwrap();
    assert_eq!(selected.key().kid(), "k2");
    assert!(verify(&token, &both, &Policy::default()).is_ok());
}

#[test]
fn a_token_signed_by_one_key_in_the_name_of_another_is_refused() {
    let other = jwk(json!({"kty": "oct", "kid": "k2", "alg": "HS256", "k": "A".repeat(43)}));
    let both = key_set([secret_jwk("k1"), other]);
    let token = signed(&hs256(), with_kid("k2"), PAYLOAD);
    assert_eq!(refusal(&token, &both), "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
}

#[test]
fn an_unknown_kid_is_refused_even_when_there_is_one_key() {
    let keys = hs256();
    for kid in ["k2", "K1", "k1 ", "k", "k11", "", "canary-kid"] {
        let token = signed(&keys, with_kid(kid), PAYLOAD);
        assert_eq!(refusal(&token, &keys), "ERR_JWKS_NO_MATCHING_KEY", "{kid}");
    }
}

#[test]
fn a_hostile_kid_is_only_ever_compared() {
    let keys = hs256();
    for kid in [
        "k1' OR '1'='1",
        "../../../../dev/null",
        "k1\0",
        "\0",
        "| cat /etc/passwd",
        "https://canary.example/jwks",
        "\u{202e}1k",
        &"k1".repeat(1000),
    ] {
        let token = signed(&keys, with_kid(kid), PAYLOAD);
        assert_eq!(refusal(&token, &keys), "ERR_JWKS_NO_MATCHING_KEY", "{kid}");
    }
}

#[test]
fn without_kid_the_only_key_is_chosen() {
    let keys = hs256();
    assert!(verify(&signed(&keys, HS256_HEADER, PAYLOAD), &keys, &Policy::default()).is_ok());
}

#[test]
fn without_kid_several_keys_are_too_many() {
    let keys = key_set([secret_jwk("k1"), secret_jwk("k2")]);
    let token = signed(&keys, HS256_HEADER, PAYLOAD);
    assert_eq!(refusal(&token, &keys), "ERR_JWKS_MULTIPLE_MATCHING_KEYS");
}

#[test]
fn without_kid_a_retired_key_is_not_counted() {
    let retired = Jwk { retire_at: Some(NOW_S), ..secret_jwk("k0") };
    let keys = key_set([secret_jwk("k1"), retired]);
    assert!(verify(&signed(&keys, HS256_HEADER, PAYLOAD), &keys, &Policy::default()).is_ok());
}

#[test]
fn the_right_kid_with_another_algorithm_is_refused() {
    let keys = eddsa();
    let token = signed(&keys, with_kid("k1"), PAYLOAD);
    assert_eq!(refusal(&token, &keys), "ERR_JOSE_ALG_NOT_ALLOWED");
}

#[test]
fn a_header_read_before_still_answers_to_keys_policy_and_time() {
    let keys = key_set([Jwk { retire_at: Some(NOW_S + 50), ..secret_jwk("k1") }]);
    let token = signed(&keys, with_kid("k1"), PAYLOAD);
    let typed = Policy { types: vec!["at+jwt".into()], ..Policy::default() };
    let mut last = LastHeader::default();
    let mut code = |token: &str, keys: &KeySet, policy: &Policy, now| {
        select_after(&mut last, token, keys, policy, now).err().map(|error| error.code())
    };
    let policy = Policy::default();
    for _ in 0..2 {
        assert_eq!(code(&token, &keys, &policy, NOW), None);
        let retired = code(&token, &keys, &policy, NOW.plus(50_000));
        assert_eq!(retired, Some("ERR_JWKS_NO_MATCHING_KEY"));
        assert_eq!(code(&token, &eddsa(), &policy, NOW), Some("ERR_JOSE_ALG_NOT_ALLOWED"));
        assert_eq!(code(&token, &keys, &typed, NOW), Some("ERR_JWT_CLAIM_VALIDATION_FAILED"));
        let other = signed(&keys, with_kid("k2"), PAYLOAD);
        assert_eq!(code(&other, &keys, &policy, NOW), Some("ERR_JWKS_NO_MATCHING_KEY"));
        assert_eq!(code("e30.e30.", &keys, &policy, NOW), Some("ERR_JWS_INVALID"));
    }
}
