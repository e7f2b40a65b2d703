//! Given a token to mint, what is signed, and that it verifies.

use super::super::{Claims, ClockTolerance, IssuedAt, NewToken, Requirement, mint};
use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const ISSUED: UnixMs = UnixMs(NOW.0 + 789);

fn mint_with(keys: &KeySet, claims: &str) -> Result<String, JwtError> {
    let audience = ["api".to_owned(), "admin".to_owned()];
    let token = NewToken {
        issuer: "https://issuer.example",
        subject: "user_001",
        audience: &audience,
        client_id: "web",
        scope: "read write",
        token_id: "t1",
        session_id: Some("s1"),
        lifetime_s: 900,
        claims,
    };
    mint(&token, keys, ISSUED)
}

/// What a guard asks of its own tokens.
fn strict() -> Policy {
    Policy {
        issuers: vec!["https://issuer.example".into()],
        audiences: vec!["admin".into()],
        subject: Some("user_001".into()),
        types: vec!["at+jwt".into()],
        required: vec![
            Requirement::Expiration,
            Requirement::IssuedAt,
            Requirement::Subject,
            Requirement::TokenId,
            Requirement::ClientId,
        ],
        lifetime_ms_max: Some(900_000),
        clock_tolerance: ClockTolerance::default(),
        token_bytes_max: 1024,
    }
}

fn part(token: &str, index: usize) -> String {
    let part = token.split('.').nth(index).unwrap();
    String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[test]
fn a_minted_token_verifies_under_a_strict_policy_from_the_instant_it_is_issued() {
    for keys in [hs256(), eddsa()] {
        let token = mint_with(&keys, "{}").unwrap();
        assert!(verify_at(&token, &keys, &strict(), ISSUED).is_ok());
        let end = UnixMs((NOW_S + 900) * 1000);
        assert!(verify_at(&token, &keys, &strict(), end.minus(1)).is_ok());
        assert_eq!(verify_at(&token, &keys, &strict(), end), Err(JwtError::Expired));
    }
}

#[test]
fn the_header_names_algorithm_type_and_key() {
    let token = mint_with(&eddsa(), "{}").unwrap();
    assert_eq!(part(&token, 0), r#"{"alg":"EdDSA","typ":"at+jwt","kid":"k1"}"#);
}

#[test]
fn the_claims_stand_in_a_fixed_order_with_the_further_ones_behind_as_they_were_written() {
    let further = r#" { "tenant":"t", "price":1.10,"id":12345678901234567890123 } "#;
    let token = mint_with(&hs256(), further).unwrap();
    assert_eq!(
        part(&token, 1),
        concat!(
            r#"{"iss":"https://issuer.example","sub":"user_001","aud":["api","admin"],"#,
            r#""client_id":"web","scope":"read write","jti":"t1","sid":"s1","iat":1800000000,"#,
            r#""iat_ms":1800000000789,"exp":1800000900,"#,
            r#""tenant":"t", "price":1.10,"id":12345678901234567890123}"#
        )
    );
}

#[test]
fn an_empty_scope_is_left_out() {
    let token = NewToken {
        issuer: "i",
        subject: "s",
        audience: &[],
        client_id: "c",
        scope: "",
        token_id: "t",
        session_id: Some("s"),
        lifetime_s: 1,
        claims: "{}",
    };
    assert!(!part(&mint(&token, &hs256(), NOW).unwrap(), 1).contains("scope"));
}

#[test]
fn a_minted_token_reads_back_as_what_was_minted() {
    let keys = hs256();
    let token = mint_with(&keys, "{}").unwrap();
    let payload = verify_at(&token, &keys, &strict(), ISSUED).unwrap();
    let claims = Claims::parse(&payload).unwrap();
    assert_eq!(claims.issuer.as_deref(), Some("https://issuer.example"));
    assert_eq!(claims.subject.as_deref(), Some("user_001"));
    assert_eq!(claims.audience, ["api", "admin"]);
    assert_eq!(claims.client_id.as_deref(), Some("web"));
    assert_eq!(claims.scope.as_deref(), Some("read write"));
    assert_eq!(claims.token_id.as_deref(), Some("t1"));
    assert_eq!(claims.session_id.as_deref(), Some("s1"));
    assert_eq!(claims.issued(), IssuedAt::Ms(ISSUED));
    assert_eq!(claims.expires, Some(UnixMs((NOW_S + 900) * 1000)));
}

#[test]
fn a_further_claim_the_token_already_has_is_refused_by_name() {
    for name in ["iss", "sub", "aud", "client_id", "scope", "jti", "sid", "iat", "iat_ms", "exp"] {
        let further = json!({name: "canary"}).to_string();
        let error = mint_with(&hs256(), &further).unwrap_err();
        assert_eq!(error.code(), "ERR_JWT_CLAIM_VALIDATION_FAILED");
        assert_eq!(error.claim(), Some(name));
        assert_silent(&error, "canary");
    }
}

#[test]
fn a_minted_token_never_has_a_duplicate_member() {
    let further = json!({"EXP": 1, "exp ": 2, "a": {"exp": 3}}).to_string();
    let keys = hs256();
    let token = mint_with(&keys, &further).unwrap();
    assert!(verify_at(&token, &keys, &strict(), ISSUED).is_ok());
}

#[test]
fn text_that_needs_escaping_survives() {
    let further = json!({"x": "\"\\\u{0}\u{7f}\u{2028}é\u{1f600}"});
    let keys = key_set([secret_jwk("k\"1\\\u{0}é")]);
    let token = mint_with(&keys, &further.to_string()).unwrap();
    let payload = verify_at(&token, &keys, &strict(), ISSUED).unwrap();
    let back: Value = serde_json::from_str(&payload).unwrap();
    assert_eq!(back["x"], further["x"]);
}

#[test]
fn without_an_active_key_nothing_is_minted() {
    let error = mint_with(&key_set([public_jwk("k1")]), "{}").unwrap_err();
    assert_eq!(error, JwtError::NoSigningKey);
}
