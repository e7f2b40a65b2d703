//! Tokens nobody minted: refused with their code, and nothing is taken for them.

use serde_json::{Value, json};

use crate::bench::forge::{self, encode, maced, signed, token};
use crate::bench::setup::{ED_X, HS_K, Keys};
use crate::bench::{Ask, Bench};

const INVALID_TOKEN: &str = "Bearer realm=\"portcullis\", error=\"invalid_token\"";

/// Each of `tokens` is refused with `code`, and afterwards all of the quota is there.
#[track_caller]
fn assert_refused(tokens: impl IntoIterator<Item = String>, code: &str) {
    let bench = Bench::new();
    for token in tokens {
        bench.authorize(&token).refused(401, code).challenged(INVALID_TOKEN);
        assert!(bench.store.calls().is_empty(), "the store was asked about {token}");
    }
    bench.assert_nothing_was_taken();
}

#[track_caller]
fn assert_claim_refused(changed: &Value, claim: &str, reason: &str) {
    let bench = Bench::new();
    let reply = bench.authorize(&token(changed));
    reply.refused(401, "ERR_JWT_CLAIM_VALIDATION_FAILED").challenged(INVALID_TOKEN);
    let body = reply.json();
    assert_eq!((&body["claim"], &body["reason"]), (&json!(claim), &json!(reason)), "{changed}");
    bench.assert_nothing_was_taken();
}

#[test]
fn the_forger_of_these_tests_makes_good_tokens_too() {
    assert_eq!(Bench::new().authorize(&token(&json!({}))).status, 200);
}

#[test]
fn a_token_has_three_parts() {
    let good = token(&json!({}));
    let (input, signature) = good.rsplit_once('.').unwrap();
    let header = input.split('.').next().unwrap();
    let parts = [".", "..", "...", "....", header, input];
    let mut tokens: Vec<String> = parts.into_iter().map(str::to_owned).collect();
    tokens.extend([format!("{good}."), format!(".{good}"), format!("{good}.{signature}")]);
    assert_refused(tokens, "ERR_JWS_INVALID");
}

#[test]
fn base64url_is_canonical() {
    let good = token(&json!({}));
    let last = good.chars().last().unwrap();
    // 64 bytes leave four bits of the last character unused: only one spelling is canonical.
    let stray = char::from(last as u8 + 1);
    let cut = &good[..good.len() - 1];
    let tokens = [
        format!("{good}="),
        format!("{good}=="),
        format!("{cut}{stray}"),
        format!("{cut}+"),
        format!("={good}"),
        good.replacen('.', "=.", 1),
    ];
    assert_refused(tokens, "ERR_JWS_INVALID");
}

#[test]
fn a_token_of_17_kib_is_too_large() {
    let padded = token(&json!({"padding": "x".repeat(13 * 1024)}));
    assert!(padded.len() > 17 * 1024);
    assert_refused([padded, "x".repeat(17 * 1024)], "ERR_JWT_TOO_LARGE");
}

#[test]
fn alg_none_is_refused_in_any_case() {
    let claims = forge::claims().to_string();
    let tokens = ["none", "None", "NONE", "nOnE", ""].into_iter().flat_map(|alg| {
        let header = json!({"alg": alg, "typ": "at+jwt", "kid": "ed"}).to_string();
        let input = format!("{}.{}", encode(&header), encode(&claims));
        [format!("{input}."), signed(&header, &claims)]
    });
    assert_refused(tokens.collect::<Vec<_>>(), "ERR_JOSE_ALG_NOT_ALLOWED");
}

#[test]
fn hs256_made_with_the_public_key_is_refused() {
    let x = forge::decode(ED_X);
    let jwk = json!({"crv": "Ed25519", "kty": "OKP", "x": ED_X}).to_string();
    let header = json!({"alg": "HS256", "typ": "at+jwt", "kid": "ed"});
    let keys = [x.as_slice(), ED_X.as_bytes(), jwk.as_bytes(), b""];
    let tokens = keys.map(|key| maced(&header, &forge::claims(), key));
    assert_refused(tokens, "ERR_JOSE_ALG_NOT_ALLOWED");
}

#[test]
fn an_unknown_kid_is_refused() {
    let tokens = ["other", "ED", "ed ", ""].map(|kid| {
        let header = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": kid});
        signed(&header.to_string(), &forge::claims().to_string())
    });
    assert_refused(tokens, "ERR_JWKS_NO_MATCHING_KEY");
}

#[test]
fn a_changed_signature_or_payload_is_refused() {
    let good = token(&json!({}));
    let (input, signature) = good.rsplit_once('.').unwrap();
    let (header, _) = input.split_once('.').unwrap();
    let mut admin = forge::claims();
    admin["scope"] = json!("admin");
    let tokens = [
        format!("{header}.{}.{signature}", encode(admin.to_string())),
        format!("{input}.{}", encode([0; 64])),
        format!("{input}.{}", encode([0xff; 64])),
        format!("{input}.{}", encode([0; 63])),
        format!("{input}."),
    ];
    assert_refused(tokens, "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
}

#[test]
fn a_duplicate_member_of_the_header_is_refused() {
    let header = r#"{"alg":"EdDSA","kid":"ed","typ":"at+jwt","kid":"ed"}"#;
    assert_refused([signed(header, &forge::claims().to_string())], "ERR_JWS_INVALID");
}

#[test]
fn a_duplicate_member_of_the_claims_is_refused_at_any_depth_and_however_it_is_spelled() {
    let claims = forge::claims().to_string();
    let open = &claims[..claims.len() - 1];
    let tokens = [r#""sub":"admin""#, r#""\u0073ub":"admin""#, r#""a":{"b":1,"b":2}"#]
        .map(|member| signed(&forge::header().to_string(), &format!("{open},{member}}}")));
    assert_refused(tokens, "ERR_JWT_INVALID");
}

#[test]
fn a_payload_that_is_no_claims_set_is_refused() {
    let header = forge::header().to_string();
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(5000), "]".repeat(5000));
    let payloads = ["", "[]", "null", "\"sub\"", "{", "{}{}", "{\"exp\":1e999}", &deep];
    assert_refused(payloads.map(|payload| signed(&header, payload)), "ERR_JWT_INVALID");
}

#[test]
fn a_claim_of_the_wrong_type_is_named() {
    for value in [json!("1700000900"), json!(true), json!([1]), json!({}), json!(-1)] {
        assert_claim_refused(&json!({"exp": value}), "exp", "invalid");
    }
    for value in [json!(1), json!(["a"]), json!(false), json!({"a": 1})] {
        assert_claim_refused(&json!({"sub": value}), "sub", "invalid");
    }
    for value in [json!(1), json!([1]), json!({}), json!(["https://api.test", null])] {
        assert_claim_refused(&json!({"aud": value}), "aud", "invalid");
    }
}

#[test]
fn no_exp_is_refused() {
    assert_claim_refused(&json!({"exp": null}), "exp", "missing");
}

#[test]
fn an_exp_of_1e300_or_in_milliseconds_is_refused() {
    assert_claim_refused(&json!({"exp": 1e300}), "exp", "invalid");
    assert_claim_refused(&json!({"exp": 1_700_000_900_000_u64}), "exp", "invalid");
}

#[test]
fn an_exp_beyond_the_longest_lifetime_is_refused() {
    assert_claim_refused(&json!({"exp": 1_700_000_000 + 86_401}), "exp", "check_failed");
}

#[test]
fn every_claim_of_an_access_token_is_required() {
    for name in ["iss", "sub", "aud", "client_id", "jti", "iat"] {
        assert_claim_refused(&json!({name: null}), name, "missing");
    }
}

#[test]
fn an_expired_token_is_refused_at_the_very_instant() {
    let bench = Bench::new();
    let token = bench.mint();
    bench.pass(900_000 - 250 - 1);
    assert_eq!(bench.authorize(&token).status, 200);
    bench.pass(1);
    bench.authorize(&token).refused(401, "ERR_JWT_EXPIRED").challenged(INVALID_TOKEN);
}

#[test]
fn another_issuer_audience_or_type_is_refused() {
    assert_claim_refused(&json!({"iss": "https://auth.test/"}), "iss", "check_failed");
    assert_claim_refused(&json!({"aud": "https://other.test"}), "aud", "check_failed");
    let plain = json!({"alg": "EdDSA", "typ": "JWT", "kid": "ed"}).to_string();
    let reply = Bench::new().authorize(&signed(&plain, &forge::claims().to_string()));
    reply.refused(401, "ERR_JWT_CLAIM_VALIDATION_FAILED");
    assert_eq!(reply.json()["claim"], "typ");
}

#[test]
fn an_hs256_configuration_mints_and_accepts_and_refuses_eddsa() {
    let bench = Bench::keyed(Keys::Hs256);
    let reply = bench.authorize(&bench.mint());
    assert_eq!(reply.status, 200, "{reply:?}");
    bench.authorize(&token(&json!({}))).refused(401, "ERR_JOSE_ALG_NOT_ALLOWED");
    let header = json!({"alg": "HS256", "typ": "at+jwt", "kid": "hs"});
    let mut key = forge::decode(HS_K);
    assert_eq!(bench.authorize(&maced(&header, &forge::claims(), &key)).status, 200);
    key[0] ^= 1;
    let forged = maced(&header, &forge::claims(), &key);
    bench.authorize(&forged).refused(401, "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
    assert_eq!(bench.send(Ask::get("/.well-known/jwks.json")).text, "{\"keys\":[]}");
}
