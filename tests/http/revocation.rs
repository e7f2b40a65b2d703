//! POST /oauth/revoke (RFC 7009): by token, session and subject.

use std::future::Future as _;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use pollster::block_on;
use portcullis::UnixMs;
use portcullis::jwt::IssuedAt;
use portcullis::store::{Admit, EntryKey, KeySpace, Store as _, TokenCheck};
use serde_json::{Value, json};

use crate::bench::setup::{ISSUER, SUBJECT};
use crate::bench::{Ask, Bench, Fault, Reply, forge};

fn revoke(bench: &Bench, client: &str, form: &[(&str, &str)]) -> Reply {
    bench.send(Ask::post("/oauth/revoke").basic(client).form(form))
}

fn session_of(token: &str) -> String {
    let payload = forge::decode(token.split('.').nth(1).unwrap());
    let claims: Value = serde_json::from_slice(&payload).unwrap();
    claims["sid"].as_str().unwrap().to_owned()
}

/// The token is refused, no store is asked about it any more, and the quota was not touched.
#[track_caller]
fn assert_revoked(bench: &Bench, token: &str) {
    bench
        .authorize(token)
        .refused(401, "ERR_JWT_REVOKED")
        .challenged("Bearer realm=\"portcullis\", error=\"invalid_token\"");
}

#[test]
fn a_revoked_token_is_refused_and_the_others_are_not() {
    let bench = Bench::new();
    let (token, other) = (bench.mint(), bench.mint());
    let reply = revoke(&bench, "web", &[("token", &token)]);
    assert_eq!((reply.status, reply.json()), (200, json!({"durability": "local"})));
    assert_eq!(reply.field("content-type"), Some("application/json"));
    assert_revoked(&bench, &token);
    assert_eq!(bench.authorize(&other).status, 200);
    assert_eq!(bench.count("revocations", "scope=\"token\""), 1);
    assert_eq!(bench.count("tokens_refused", "ERR_JWT_REVOKED"), 1);
    assert!(bench.lines()[0].json.contains("\"revoked\""));
}

#[test]
fn a_hint_of_the_tokens_type_changes_nothing() {
    let bench = Bench::new();
    for hint in ["access_token", "refresh_token"] {
        let token = bench.mint();
        let form = [("token", token.as_str()), ("token_type_hint", hint)];
        assert_eq!(revoke(&bench, "web", &form).status, 200);
        assert_revoked(&bench, &token);
    }
}

#[test]
fn a_type_of_token_there_is_none_of_is_told_so() {
    let bench = Bench::new();
    let token = bench.mint();
    let form = [("token", token.as_str()), ("token_type_hint", "id_token")];
    revoke(&bench, "web", &form)
        .refused(400, "ERR_TOKEN_TYPE_UNSUPPORTED")
        .oauth("unsupported_token_type");
    assert_eq!(bench.authorize(&token).status, 200);
}

#[test]
fn revoking_twice_is_revoking_once() {
    let bench = Bench::new();
    let token = bench.mint();
    for _ in 0..2 {
        assert_eq!(revoke(&bench, "web", &[("token", &token)]).status, 200);
    }
    assert_revoked(&bench, &token);
}

#[test]
fn the_signature_may_not_be_varied_to_get_around_a_revocation() {
    let bench = Bench::new();
    let token = bench.mint();
    assert_eq!(revoke(&bench, "web", &[("token", &token)]).status, 200);
    // The same claims signed again, as whoever holds the key could: the same jti.
    let payload = forge::decode(token.split('.').nth(1).unwrap());
    let header = forge::header().to_string();
    let again = forge::signed(&header, &String::from_utf8(payload).unwrap());
    assert_ne!(again, token);
    assert_revoked(&bench, &again);
}

#[test]
fn another_clients_token_is_refused_and_stays_good() {
    let bench = Bench::new();
    let token = bench.mint();
    for client in ["other", "admin", "bare"] {
        let reply = revoke(&bench, client, &[("token", &token)]);
        reply.refused(403, "ERR_TOKEN_FOREIGN").oauth("invalid_grant");
    }
    assert!(bench.store.calls().is_empty(), "nothing was written");
    assert_eq!(bench.count("revocations", ""), 0);
    assert_eq!(bench.authorize(&token).status, 200);
}

#[test]
fn garbage_is_200_and_nothing_is_written() {
    let bench = Bench::new();
    let good = bench.mint();
    let (input, signature) = good.rsplit_once('.').unwrap();
    let forged = format!("{input}.{}", forge::encode([7; 64]));
    let none = format!("{}.{}.", forge::encode(r#"{"alg":"none"}"#), forge::encode("{}"));
    let long = "x".repeat(17 * 1024);
    for token in ["x", "a.b.c", "....", &forged, &none, signature, &long] {
        let reply = revoke(&bench, "web", &[("token", token)]);
        assert_eq!((reply.status, reply.json()), (200, json!({})), "{token}");
    }
    assert!(bench.store.calls().is_empty());
    assert_eq!(bench.count("revocations", ""), 0);
    assert_eq!(bench.authorize(&good).status, 200);
}

#[test]
fn a_forged_token_that_names_a_good_ones_jti_revokes_nothing() {
    let bench = Bench::new();
    let token = bench.mint();
    let mut parts: Vec<_> = token.split('.').map(str::to_owned).collect();
    parts[2] = forge::encode([0; 64]);
    assert_eq!(revoke(&bench, "web", &[("token", &parts.join("."))]).status, 200);
    assert_eq!(bench.authorize(&token).status, 200);
}

#[test]
fn an_expired_token_is_200_and_nothing_is_written() {
    let bench = Bench::new();
    let token = bench.mint();
    bench.pass(900_000);
    let reply = revoke(&bench, "web", &[("token", &token)]);
    assert_eq!((reply.status, reply.json()), (200, json!({})));
    assert!(bench.store.calls().is_empty());
}

#[test]
fn a_token_for_another_audience_can_be_revoked() {
    let bench = Bench::new();
    let token = bench.mint_with(&json!({"aud": "https://files.test"}));
    bench.authorize(&token).refused(401, "ERR_JWT_CLAIM_VALIDATION_FAILED");
    let reply = revoke(&bench, "web", &[("token", &token)]);
    assert_eq!(reply.json(), json!({"durability": "local"}));
}

#[test]
fn a_revoked_session_takes_its_tokens_with_it_and_no_other() {
    let bench = Bench::new();
    let (token, other) = (bench.mint(), bench.mint());
    let reply = revoke(&bench, "admin", &[("session", &session_of(&token))]);
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_revoked(&bench, &token);
    assert_eq!(bench.authorize(&other).status, 200);
    assert_eq!(bench.count("revocations", "scope=\"session\""), 1);
}

#[test]
fn a_revoked_subject_loses_every_token_so_far_and_none_to_come() {
    let bench = Bench::new();
    let tokens = [bench.mint(), bench.mint()];
    let stranger = bench.mint_with(&json!({"sub": "somebody-else"}));
    assert_eq!(revoke(&bench, "admin", &[("subject", SUBJECT)]).status, 200);
    for token in &tokens {
        assert_revoked(&bench, token);
    }
    assert_eq!(bench.authorize(&stranger).status, 200);
    bench.pass(1);
    assert_eq!(bench.authorize(&bench.mint()).status, 200);
    assert_eq!(bench.count("revocations", "scope=\"subject\""), 1);
}

#[test]
fn exactly_one_thing_is_revoked_at_a_time() {
    let bench = Bench::new();
    for form in [
        vec![],
        vec![("token", "")],
        vec![("subject", ""), ("session", "")],
        vec![("token", "t"), ("subject", "s")],
        vec![("session", "t"), ("subject", "s")],
        vec![("token", "t"), ("session", "s"), ("subject", "u")],
    ] {
        let reply = revoke(&bench, "admin", &form);
        reply.refused(400, "ERR_REQUEST_INVALID").saying("exactly one").oauth("invalid_request");
    }
    assert!(bench.store.calls().is_empty());
}

#[test]
fn a_malformed_subject_or_session_is_refused_by_its_name() {
    let bench = Bench::new();
    for subject in [" a", "a\n", "\u{7f}", &"x".repeat(256)] {
        let reply = revoke(&bench, "admin", &[("subject", subject)]);
        reply.refused(400, "ERR_REQUEST_INVALID").saying("subject: must have");
    }
    let reply = revoke(&bench, "admin", &[("session", &"x".repeat(256))]);
    reply.refused(400, "ERR_REQUEST_INVALID").saying("session: must have");
    assert!(bench.store.calls().is_empty());
}

#[test]
fn what_this_instance_revoked_stays_revoked_even_if_the_store_forgets() {
    let bench = Bench::new();
    let (first, second, third) = (bench.mint(), bench.mint(), bench.mint());
    bench.store.fault(Fault::Forgets);
    revoke(&bench, "web", &[("token", &first)]);
    revoke(&bench, "admin", &[("session", &session_of(&second))]);
    for token in [&first, &second] {
        assert_revoked(&bench, token);
    }
    assert_eq!(bench.authorize(&third).status, 200);
    revoke(&bench, "admin", &[("subject", SUBJECT)]);
    assert_revoked(&bench, &third);
}

#[test]
fn what_this_instance_saw_revoked_stays_revoked_even_if_the_store_forgets() {
    let bench = Bench::new();
    let tokens = [bench.mint(), bench.mint(), bench.mint()];
    // Another instance over the same store revokes.
    let elsewhere = Bench::beside(&bench);
    revoke(&elsewhere, "web", &[("token", &tokens[0])]);
    revoke(&elsewhere, "admin", &[("session", &session_of(&tokens[1]))]);
    revoke(&elsewhere, "admin", &[("subject", SUBJECT)]);
    for token in &tokens {
        assert_revoked(&bench, token);
    }
    for fault in [Fault::Forgets, Fault::Unreachable] {
        bench.store.fault(fault);
        bench.store.calls();
        for token in &tokens {
            assert_revoked(&bench, token);
        }
        assert!(bench.store.calls().is_empty(), "known here: no store is asked");
    }
}

#[test]
fn a_revocation_lives_as_long_as_the_token_could() {
    let bench = Bench::with(|settings| settings["clock_tolerance"] = json!("10s"));
    let token = bench.mint();
    revoke(&bench, "web", &[("token", &token)]);
    bench.pass(900_000 - 250 + 9_999);
    assert_revoked(&bench, &token);
    bench.pass(1);
    bench.authorize(&token).refused(401, "ERR_JWT_EXPIRED");
}

/// A clock that is ahead, or settings that are not the same everywhere yet.
#[test]
fn a_token_that_is_not_in_force_here_yet_can_be_revoked() {
    let bench = Bench::new();
    let iat = bench.now().seconds() + 60;
    let token = crate::bench::forge::token(&json!({"iat": iat, "iat_ms": null, "exp": iat + 900}));
    bench.authorize(&token).refused(401, "ERR_JWT_CLAIM_VALIDATION_FAILED");
    let ask = Ask::post("/oauth/revoke").basic("web").form(&[("token", &token)]);
    assert_eq!(bench.send(ask).json()["durability"], "local");
    bench.pass(61_000);
    bench.authorize(&token).refused(401, "ERR_JWT_REVOKED");
}

/// The store is asked before the revocation and answers after it, and it forgets.
#[test]
fn a_check_under_way_sees_a_revocation_acknowledged_meanwhile() {
    let bench = Bench::new();
    let token = bench.mint();
    bench.store.fault(Fault::Slow);
    let request = Ask::get("/v1/authorize").bearer(&token).request();
    let mut answer = pin!(bench.answer(&request));
    let mut context = Context::from_waker(Waker::noop());
    assert!(answer.as_mut().poll(&mut context).is_pending());
    bench.store.fault(Fault::Forgets);
    let ask = Ask::post("/oauth/revoke").basic("web").form(&[("token", &token)]);
    assert_eq!(bench.send(ask).status, 200);
    let Poll::Ready(response) = answer.as_mut().poll(&mut context) else { panic!("answered") };
    assert_eq!(response.status(), 401);
}

/// A store looks by its own clock, and a call that was made within a token's time may reach it later.
#[test]
fn a_revocation_outlives_its_token_by_as_long_as_a_check_may_take() {
    let bench = Bench::new();
    let order = json!({"sub": SUBJECT, "access_ttl": 60});
    let minted = bench.send(Ask::post("/v1/tokens").basic("web").json(&order)).json();
    let form = [("token", minted["access_token"].as_str().unwrap())];
    assert_eq!(bench.send(Ask::post("/oauth/revoke").basic("web").form(&form)).status, 200);

    let jti = format!("jti:{}", minted["jti"].as_str().unwrap());
    let end = UnixMs((bench.now().seconds() + 60) * 1000);
    let check = TokenCheck {
        token: EntryKey::new(KeySpace::Token, ISSUER, &jti),
        session: None,
        subject: None,
        issued_at: IssuedAt::Ms(bench.now()),
        expires: end,
    };
    let admit = Admit { token: Some(check), ..Admit::default() };
    let known = |at| block_on(bench.store.admit(&admit, at)).unwrap().revoked.is_some();
    assert!(known(end) && known(end.plus(1_999)), "two calls of an instance's first deadline");
    assert!(!known(end.plus(2_000)));
}
