//! Revoking tokens of foreign issuers: by themselves, by session and by subject of that issuer.

use portcullis::fetch::FetchError;
use serde_json::json;

use super::*;
use crate::bench::Ask;
use crate::bench::setup::{ISSUER, SUBJECT};

fn revoke(foreign: &Foreign, client: &str, form: &[(&str, &str)]) -> Reply {
    foreign.bench.send(Ask::post("/oauth/revoke").basic(client).form(form))
}

#[track_caller]
fn revoked(foreign: &Foreign, token: &str) {
    foreign.authorize(token).refused(401, "ERR_JWT_REVOKED");
}

#[test]
fn a_token_is_revoked_by_its_jti_and_no_other_issuer_s_of_that_jti() {
    let foreign = Foreign::new();
    let jti = json!({"jti": "forged", "sub": "a"});
    let (token, again) = (fixed_token(&jti), fixed_token(&json!({"jti": "forged", "sub": "b"})));
    assert_eq!(revoke(&foreign, "admin", &[("token", &token)]).status, 200);
    revoked(&foreign, &token);
    revoked(&foreign, &again);
    let remote = signed("r1", b'r', &changed(claims(REMOTE), &jti));
    assert_eq!(foreign.authorize(&remote).status, 200);
    assert_eq!(foreign.authorize(&crate::bench::forge::token(&json!({}))).status, 200);
}

#[test]
fn a_token_without_a_jti_is_revoked_by_what_was_signed() {
    let foreign = Foreign::new();
    let (token, other) = (fixed_token(&json!({})), fixed_token(&json!({"nonce": 1})));
    assert_eq!(revoke(&foreign, "admin", &[("token", &token)]).status, 200);
    revoked(&foreign, &token);
    assert_eq!(foreign.authorize(&other).status, 200);
}

#[test]
fn a_token_for_somebody_else_or_not_in_force_yet_can_be_revoked() {
    let foreign = Foreign::new();
    let iat = NOW_MS / 1000;
    let token = fixed_token(&json!({"iat": iat + 60, "exp": iat + 960, "aud": "https://x.test"}));
    let reply = revoke(&foreign, "admin", &[("token", &token)]);
    assert_eq!((reply.status, reply.json()), (200, json!({"durability": "local"})));
}

#[test]
fn what_is_over_or_forged_is_nothing_to_revoke() {
    let foreign = Foreign::new();
    let iat = NOW_MS / 1000;
    let over = fixed_token(&json!({"iat": iat - 900, "exp": iat}));
    let endless = fixed_token(&json!({"exp": iat + 3_601}));
    let forged = signed("f1", b'x', &claims(FIXED));
    for token in [over, endless, forged] {
        let reply = revoke(&foreign, "admin", &[("token", &token)]);
        assert_eq!((reply.status, reply.json()), (200, json!({})));
    }
}

#[test]
fn no_client_issued_a_foreign_token_so_the_grant_decides() {
    let foreign = Foreign::new();
    let token = signed("r1", b'r', &changed(claims(REMOTE), &json!({"client_id": "web"})));
    revoke(&foreign, "web", &[("token", &token)]).refused(403, "ERR_GRANT_MISSING");
    assert_eq!(foreign.server.asked(), 0, "and nothing is fetched for it");
    assert_eq!(revoke(&foreign, "admin", &[("token", &token)]).status, 200);
    revoked(&foreign, &token);
}

#[test]
fn without_keys_it_cannot_be_told_whether_there_is_something_to_revoke() {
    let foreign = Foreign::new();
    foreign.server.answers(Err(FetchError::Unreachable));
    let form = [("token", remote_token("r1", b'r'))];
    let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
    revoke(&foreign, "admin", &form)
        .refused(503, "ERR_JWKS_UNAVAILABLE")
        .oauth("temporarily_unavailable");
}

#[test]
fn a_subject_is_cut_at_its_own_issuer_up_to_the_second_that_is_not_over() {
    let foreign = Foreign::new();
    let iat = NOW_MS / 1000;
    let token =
        |iat: u64| fixed_token(&json!({"sub": SUBJECT, "iat": iat, "iat_ms": iat * 1000 + 900}));
    let form = [("subject", SUBJECT), ("issuer", FIXED)];
    assert_eq!(revoke(&foreign, "admin", &form).status, 200);
    revoked(&foreign, &token(iat));
    revoked(&foreign, &token(iat + 1));
    // The cut lies in that second, before what the token says of milliseconds: that does not count.
    foreign.bench.pass(700);
    revoked(&foreign, &token(iat));
    foreign.bench.pass(1_300);
    assert_eq!(foreign.authorize(&token(iat + 2)).status, 200);
    assert_eq!(foreign.authorize(&crate::bench::forge::token(&json!({}))).status, 200, "ours");
    let remote = signed("r1", b'r', &changed(claims(REMOTE), &json!({"sub": SUBJECT})));
    assert_eq!(foreign.authorize(&remote).status, 200, "another's");
}

#[test]
fn our_own_subject_is_cut_by_no_name_or_by_ours() {
    for form in [vec![("subject", SUBJECT)], vec![("subject", SUBJECT), ("issuer", ISSUER)]] {
        let foreign = Foreign::new();
        let theirs = fixed_token(&json!({"sub": SUBJECT}));
        let ours = foreign.bench.mint();
        assert_eq!(revoke(&foreign, "admin", &form).status, 200);
        revoked(&foreign, &ours);
        assert_eq!(foreign.authorize(&theirs).status, 200);
    }
}

#[test]
fn a_session_is_ended_at_its_own_issuer() {
    let foreign = Foreign::new();
    let token = fixed_token(&json!({"sid": "s1"}));
    assert_eq!(revoke(&foreign, "admin", &[("session", "s1")]).status, 200, "one of ours");
    assert_eq!(foreign.authorize(&token).status, 200);
    assert_eq!(revoke(&foreign, "admin", &[("session", "s1"), ("issuer", FIXED)]).status, 200);
    revoked(&foreign, &token);
}

#[test]
fn an_issuer_must_be_one_of_those_accepted_and_stand_where_it_belongs() {
    let foreign = Foreign::new();
    for form in [
        vec![("subject", "a"), ("issuer", "https://stranger.test")],
        vec![("session", "a"), ("issuer", "fixed")],
        vec![("token", "a.b.c"), ("issuer", FIXED)],
    ] {
        revoke(&foreign, "admin", &form).refused(400, "ERR_REQUEST_INVALID").saying("issuer");
    }
    revoke(&foreign, "web", &[("subject", "a"), ("issuer", FIXED)])
        .refused(403, "ERR_GRANT_MISSING");
}

#[test]
fn a_revocation_outlives_the_longest_token_of_its_issuer() {
    // Theirs live longer than ours may.
    let foreign = Foreign::with(|settings| {
        settings["max_lifetime"] = json!("20m");
        settings["issuers"][1]["max_lifetime"] = json!("2h");
    });
    let iat = NOW_MS / 1000;
    let token = fixed_token(&json!({"exp": iat + 7_200, "sid": "s"}));
    for form in [
        [("subject", "alice-of-elsewhere"), ("issuer", FIXED)],
        [("session", "s"), ("issuer", FIXED)],
    ] {
        assert_eq!(revoke(&foreign, "admin", &form).status, 200);
    }
    foreign.bench.pass(7_200_000 - 251);
    revoked(&foreign, &token);
}
