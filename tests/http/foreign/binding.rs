//! A key set is its issuer's alone (RFC 8725 section 3.8).

use serde_json::json;

use super::*;
use crate::bench::forge;
use crate::bench::setup::{ED_X, ISSUER};

#[test]
fn no_issuer_signs_for_another() {
    let foreign = Foreign::new();
    // By whose key, of which name, it says whose token it is.
    for (kid, seed, issuer) in [
        ("f1", b'f', ISSUER),
        ("ed", b'f', ISSUER),
        ("f1", b'f', REMOTE),
        ("r1", b'f', REMOTE),
        ("r1", b'r', FIXED),
        ("f1", b'r', FIXED),
    ] {
        let whole = json!({"client_id": "web", "jti": "j"});
        let reply = foreign.authorize(&signed(kid, seed, &changed(claims(issuer), &whole)));
        assert_eq!(reply.status, 401, "{kid} as {issuer}: {reply:?}");
    }
}

#[test]
fn our_own_key_does_not_sign_for_a_foreign_issuer() {
    let foreign = Foreign::new();
    for issuer in [REMOTE, FIXED] {
        foreign
            .authorize(&forge::token(&json!({"iss": issuer})))
            .refused(401, "ERR_JWKS_NO_MATCHING_KEY");
    }
}

#[test]
fn an_issuer_that_shares_our_key_is_still_only_itself() {
    let shared = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": "ed",
        "x": ED_X}]});
    let foreign = Foreign::with(|settings| settings["issuers"][1]["jwks"] = shared);
    let token = foreign.bench.mint();
    assert_eq!(foreign.authorize(&token).field("x-auth-issuer"), Some(ISSUER));
    let token = forge::token(&json!({"iss": FIXED}));
    assert_eq!(foreign.authorize(&token).field("x-auth-issuer"), Some(FIXED));
}

#[test]
fn an_issuer_named_twice_or_in_other_words_chooses_nothing() {
    let foreign = Foreign::new();
    let header = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "f1"}).to_string();
    let good = claims(FIXED).to_string();
    for payload in [
        good.replacen('{', &format!(r#"{{"iss":"{REMOTE}","#), 1),
        good.replacen(FIXED, "https://fixed.test/", 1),
        good.replacen(FIXED, "https://FIXED.test", 1),
        good.replacen(&format!("\"{FIXED}\""), &format!("[\"{FIXED}\"]"), 1),
    ] {
        let input = format!("{}.{}", encode(&header), encode(&payload));
        let token = format!("{input}.{}", encode(*pair(b'f').sk.sign(&input, None)));
        assert_eq!(foreign.authorize(&token).status, 401, "{payload}");
    }
    let escaped = good.replacen("https://fixed", "https:\\/\\/fixed", 1);
    let input = format!("{}.{}", encode(&header), encode(&escaped));
    let token = format!("{input}.{}", encode(*pair(b'f').sk.sign(&input, None)));
    assert_eq!(foreign.authorize(&token).status, 200, "the same text, otherwise written");
}

#[test]
fn a_secret_made_of_a_public_key_signs_for_nobody() {
    let foreign = Foreign::new();
    for key in [&pair(b'f').pk[..], jwk("f1", b'f').to_string().as_bytes()] {
        let header = json!({"alg": "HS256", "typ": "at+jwt", "kid": "f1"});
        let token = forge::maced(&header, &claims(FIXED), key);
        foreign.authorize(&token).refused(401, "ERR_JOSE_ALG_NOT_ALLOWED");
    }
}

#[test]
fn an_unsigned_token_that_names_a_foreign_issuer_costs_it_no_more_than_any_other() {
    let foreign = Foreign::new();
    let header = json!({"alg": "none", "typ": "at+jwt", "kid": "x"});
    let token = signed_under(&header, b'x', &claims(REMOTE));
    foreign.authorize(&token).refused(401, "ERR_JOSE_ALG_NOT_ALLOWED");
    assert_eq!(foreign.server.asked(), 1, "there was no set yet");
    foreign.bench.pass(60_000);
    foreign.authorize(&token).refused(401, "ERR_JOSE_ALG_NOT_ALLOWED");
    assert_eq!(foreign.server.asked(), 0, "no key of the issuer's could verify it");
}
