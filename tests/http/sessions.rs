//! Sessions: refresh tokens, their rotation, their end.

use portcullis::config::Config;
use portcullis::store::Store;
use serde_json::{Value, json};

use crate::bench::setup::{
    API, ISSUER, Keys, REFRESH_SECRET, SUBJECT, clients, config, parse, settings,
};
use crate::bench::{Ask, Bench, Fault, Queue, Reply, Rigged, forge};

fn with_sessions(change: impl FnOnce(&mut Value)) -> Config {
    config(Keys::EdDsa, change).unwrap().with_refresh_secret(Some(REFRESH_SECRET)).unwrap()
}

fn bench() -> Bench {
    Bench::configured(with_sessions(|_| ()))
}

/// The tokens of a session that `web` opened.
fn open<S: Store>(bench: &Bench<S>) -> Value {
    open_with(bench, &json!({}))
}

fn open_with<S: Store>(bench: &Bench<S>, further: &Value) -> Value {
    let mut order = json!({"sub": SUBJECT, "refresh": true});
    order.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
    let reply = bench.send(Ask::post("/v1/tokens").basic("web").json(&order));
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.json()
}

fn text<'v>(answer: &'v Value, member: &str) -> &'v str {
    answer[member].as_str().unwrap()
}

fn refresh_with<S: Store>(bench: &Bench<S>, token: &str, further: &[(&str, &str)]) -> Reply {
    let form = [&[("grant_type", "refresh_token"), ("refresh_token", token)], further].concat();
    bench.send(Ask::post("/oauth/token").basic("web").form(&form))
}

fn refresh<S: Store>(bench: &Bench<S>, token: &str) -> Reply {
    refresh_with(bench, token, &[])
}

#[track_caller]
fn refreshed<S: Store>(bench: &Bench<S>, token: &str) -> Value {
    let reply = refresh(bench, token);
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

#[track_caller]
fn assert_over<S: Store>(bench: &Bench<S>, token: &str) {
    refresh(bench, token).refused(400, "ERR_REFRESH_INVALID").oauth("invalid_grant");
}

fn revoke<S: Store>(bench: &Bench<S>, client: &str, form: &[(&str, &str)]) -> Reply {
    bench.send(Ask::post("/oauth/revoke").basic(client).form(form))
}

fn claims(token: &str) -> Value {
    serde_json::from_slice(&forge::decode(token.split('.').nth(1).unwrap())).unwrap()
}

#[test]
fn a_refresh_token_is_exchanged_for_an_access_token_and_the_next_one() {
    let bench = bench();
    let order = json!({"scope": "read", "aud": API, "access_ttl": 60, "claims": {"plan": 1.0}});
    let opened = open_with(&bench, &order);
    assert_eq!(opened["refresh_expires_in"], 14 * 24 * 60 * 60);
    bench.pass(1_000);
    let reply = refresh(&bench, text(&opened, "refresh_token"));
    assert_eq!((reply.status, reply.field("cache-control")), (200, Some("no-store")), "{reply:?}");
    let answer = reply.json();
    assert_eq!((&answer["token_type"], &answer["expires_in"]), (&json!("Bearer"), &json!(60)));
    assert_eq!(answer["scope"], "read");
    assert_ne!(answer["refresh_token"], opened["refresh_token"]);
    let [before, after] = [&opened, &answer].map(|answer| claims(text(answer, "access_token")));
    for same in ["iss", "sub", "aud", "client_id", "scope", "sid", "plan"] {
        assert_eq!(before[same], after[same], "{same}");
    }
    assert_ne!(before["jti"], after["jti"]);
    assert_eq!(bench.authorize(text(&answer, "access_token")).status, 200);
    assert_eq!((bench.count("sessions_opened", ""), bench.count("sessions_refreshed", "")), (1, 1));
}

#[test]
fn a_request_that_is_sent_again_has_the_same_successor_within_the_grace() {
    let bench = bench();
    let first = open(&bench);
    let [once, again] = [0, 9_999].map(|ms| {
        bench.pass(ms);
        refreshed(&bench, text(&first, "refresh_token"))
    });
    assert_eq!(once["refresh_token"], again["refresh_token"]);
    assert_ne!(once["access_token"], again["access_token"]);
    refreshed(&bench, text(&again, "refresh_token"));
    assert_eq!(bench.count("refresh_reuses", ""), 0);
}

/// The token, used again after `ms`, kills its session: with it go all its tokens, of either kind.
#[track_caller]
fn assert_killed(bench: &Bench, reused: &str, latest: &Value, ms: u64) {
    bench.pass(ms);
    refresh(bench, reused).refused(400, "ERR_REFRESH_REUSED").oauth("invalid_grant");
    assert_eq!(bench.count("refresh_reuses", ""), 1);
    assert!(bench.lines().iter().any(|line| line.json.contains("\"refresh_reused\"")));
    assert_over(bench, text(latest, "refresh_token"));
    assert_over(bench, reused);
    bench.authorize(text(latest, "access_token")).refused(401, "ERR_JWT_REVOKED");
}

#[test]
fn a_token_used_again_after_the_grace_kills_the_session() {
    let bench = bench();
    let first = open(&bench);
    let second = refreshed(&bench, text(&first, "refresh_token"));
    assert_killed(&bench, text(&first, "refresh_token"), &second, 10_000);
}

#[test]
fn a_token_used_again_after_its_successor_was_kills_the_session() {
    let bench = bench();
    let first = open(&bench);
    let second = refreshed(&bench, text(&first, "refresh_token"));
    let third = refreshed(&bench, text(&second, "refresh_token"));
    assert_killed(&bench, text(&first, "refresh_token"), &third, 0);
}

#[test]
fn an_instance_that_saw_a_reuse_refuses_the_session_without_the_store_too() {
    let bench = bench();
    let first = open(&bench);
    let second = refreshed(&bench, text(&first, "refresh_token"));
    assert_killed(&bench, text(&first, "refresh_token"), &second, 10_000);
    bench.store.fault(Fault::Forgets);
    bench.authorize(text(&second, "access_token")).refused(401, "ERR_JWT_REVOKED");
}

#[test]
fn what_is_no_refresh_token_of_the_client_is_refused_and_tells_nothing() {
    let bench = bench();
    let opened = open(&bench);
    let token = text(&opened, "refresh_token");
    let mut forged = token.to_owned();
    forged.pop();
    let access = bench.mint();
    for wrong in ["x", "a.b.c", &forged, &access, &"x".repeat(17 * 1024)] {
        assert_over(&bench, wrong);
    }
    let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
    let theirs = bench.send(Ask::post("/oauth/token").basic("other").form(&form));
    theirs.refused(400, "ERR_REFRESH_INVALID").oauth("invalid_grant");
    assert_eq!(refresh(&bench, token).status, 200, "and none of it used the token up");
}

#[test]
fn a_refresh_token_is_no_access_token() {
    let bench = bench();
    let opened = open(&bench);
    bench.authorize(text(&opened, "refresh_token")).refused(401, "ERR_JOSE_ALG_NOT_ALLOWED");
    // Nor where access tokens are made with the very same key, by the very same name.
    let part =
        |at: usize| forge::decode(text(&opened, "refresh_token").split('.').nth(at).unwrap());
    let header: Value = serde_json::from_slice(&part(0)).unwrap();
    let key = json!({"keys": [
        {"kty": "oct", "kid": header["kid"], "alg": "HS256", "k": REFRESH_SECRET}
    ]});
    let config = parse(&settings(), &key, &clients()).unwrap();
    let shared = Bench::configured(config.with_refresh_secret(Some(REFRESH_SECRET)).unwrap());
    assert_eq!(shared.authorize(&shared.mint()).status, 200);
    let opened = open(&shared);
    let reply = shared.authorize(text(&opened, "refresh_token"));
    reply.refused(401, "ERR_JWT_CLAIM_VALIDATION_FAILED").saying("typ");
    assert_over(&shared, text(&opened, "access_token"));
}

#[test]
fn a_session_ends_when_it_is_not_refreshed_and_at_its_end_in_any_case() {
    let times = json!({"lifetime": "1h", "idle_lifetime": "25m", "reuse_grace": "0s"});
    let bench = Bench::configured(with_sessions(|settings| settings["sessions"] = times));
    let mut answer = open(&bench);
    for _ in 0..2 {
        assert_eq!(answer["refresh_expires_in"], 1_500);
        bench.pass(20 * 60_000);
        answer = refreshed(&bench, text(&answer, "refresh_token"));
    }
    // The session began within a second: its end is that of the second before.
    assert_eq!(answer["refresh_expires_in"], 1_199);
    bench.pass(20 * 60_000);
    assert_over(&bench, text(&answer, "refresh_token"));
    let idle = open(&bench);
    bench.pass(25 * 60_000);
    assert_over(&bench, text(&idle, "refresh_token"));
}

#[test]
fn an_access_token_may_have_less_than_its_session_and_never_more() {
    let bench = bench();
    let opened = open_with(&bench, &json!({"scope": "read write"}));
    let less = refresh_with(&bench, text(&opened, "refresh_token"), &[("scope", "read")]).json();
    assert_eq!(less["scope"], "read");
    let all = refreshed(&bench, text(&less, "refresh_token"));
    assert_eq!(all["scope"], "read write", "the session has what it had");
    let next = text(&all, "refresh_token");
    let narrow = open_with(&bench, &json!({"scope": "read"}));
    refresh_with(&bench, text(&narrow, "refresh_token"), &[("scope", "write")])
        .refused(400, "ERR_GRANT_EXCEEDED")
        .oauth("invalid_scope");
    refresh_with(&bench, next, &[("scope", "read  write")])
        .refused(400, "ERR_REQUEST_INVALID")
        .oauth("invalid_scope");
    let one = refresh_with(&bench, next, &[("resource", API)]).json();
    assert_eq!(claims(text(&one, "access_token"))["aud"], json!([API]));
    refresh_with(&bench, text(&one, "refresh_token"), &[("resource", "https://else.test")])
        .refused(400, "ERR_GRANT_EXCEEDED")
        .oauth("invalid_target");
}

#[test]
fn what_a_client_lost_since_its_sessions_lose_too() {
    let bench = bench();
    let opened = open_with(&bench, &json!({"scope": "read write"}));
    let mut fewer = clients();
    fewer[0]["scopes"] = json!(["write"]);
    let config = parse(&settings(), &Keys::EdDsa.json(), &fewer).unwrap();
    let config = config.with_refresh_secret(Some(REFRESH_SECRET)).unwrap();
    let later = Bench::over_store_of(&bench, config);
    assert_eq!(refreshed(&later, text(&opened, "refresh_token"))["scope"], "write");
}

#[test]
fn an_access_token_lives_no_longer_than_is_configured_now() {
    let bench = bench();
    let opened = open_with(&bench, &json!({"access_ttl": 3_600}));
    let shorter = with_sessions(|settings| {
        settings["max_lifetime"] = json!("30m");
        settings["access_ttl"] = json!("10m");
    });
    let later = Bench::over_store_of(&bench, shorter);
    assert_eq!(refreshed(&later, text(&opened, "refresh_token"))["expires_in"], 1_800);
}

#[test]
fn an_access_token_ends_with_its_session() {
    let times = json!({"lifetime": "1h", "idle_lifetime": "1h"});
    let bench = Bench::configured(with_sessions(|settings| settings["sessions"] = times));
    let opened = open(&bench);
    bench.pass(58 * 60_000);
    let expires_in = refreshed(&bench, text(&opened, "refresh_token"))["expires_in"].as_u64();
    assert!((119..=120).contains(&expires_in.unwrap()), "{expires_in:?}");
}

#[test]
fn a_client_that_is_added_has_no_sessions_of_a_subject_of_its_name() {
    let bench = bench();
    let opened = open_with(&bench, &json!({"sub": "newcomer"}));
    let mut more = clients();
    let mut newcomer = more[0].clone();
    newcomer["id"] = json!("newcomer");
    more.as_array_mut().unwrap().push(newcomer);
    let config = parse(&settings(), &Keys::EdDsa.json(), &more).unwrap();
    let config = config.with_refresh_secret(Some(REFRESH_SECRET)).unwrap();
    let later = Bench::over_store_of(&bench, config);
    assert_over(&later, text(&opened, "refresh_token"));
    refreshed(&bench, text(&opened, "refresh_token"));
}

#[test]
fn a_session_is_ended_by_its_refresh_token_its_name_or_its_subject() {
    for by in ["token", "session", "subject"] {
        let bench = bench();
        let opened = open(&bench);
        let (token, access) = (text(&opened, "refresh_token"), text(&opened, "access_token"));
        let (client, value) = match by {
            "token" => ("web", token),
            "session" => ("admin", text(&opened, "session_id")),
            _ => ("admin", SUBJECT),
        };
        assert_eq!(revoke(&bench, client, &[(by, value)]).status, 200);
        assert_over(&bench, token);
        bench.authorize(access).refused(401, "ERR_JWT_REVOKED");
        bench.pass(1);
        let since = open(&bench);
        refreshed(&bench, text(&since, "refresh_token"));
    }
}

#[test]
fn another_clients_refresh_token_is_not_revoked() {
    let bench = bench();
    let opened = open(&bench);
    let token = text(&opened, "refresh_token");
    revoke(&bench, "other", &[("token", token)]).refused(403, "ERR_TOKEN_FOREIGN");
    refreshed(&bench, token);
}

#[test]
fn sessions_are_listed_oldest_first_and_ended_one_by_one() {
    let bench = bench();
    let opened = [(); 2].map(|()| {
        bench.pass(1_000);
        open(&bench)
    });
    let list = || {
        let target = format!("/v1/sessions?subject={SUBJECT}");
        let reply = bench.send(Ask::get(&target).basic("admin"));
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()["sessions"].as_array().unwrap().clone()
    };
    refreshed(&bench, text(&opened[1], "refresh_token"));
    let listed = list();
    assert_eq!(listed.len(), 2);
    let (start, month_s) = (listed[0]["started_at"].as_u64().unwrap(), 30 * 24 * 60 * 60);
    assert_eq!(listed[0]["expires_at"], start + month_s);
    assert_eq!((&listed[0]["refreshes"], &listed[1]["refreshes"]), (&json!(0), &json!(1)));
    let end =
        |id: &str| bench.send(Ask::new("DELETE", &format!("/v1/sessions/{id}")).basic("admin"));
    assert_eq!(end(text(&listed[0], "id")).json(), json!({"durability": "local"}));
    assert_eq!(list(), listed[1..]);
    assert_over(&bench, text(&opened[0], "refresh_token"));
    bench.authorize(text(&opened[0], "access_token")).refused(401, "ERR_JWT_REVOKED");
    end("x").refused(400, "ERR_REQUEST_INVALID").saying("id");
}

#[test]
fn sessions_are_an_administrators_affair() {
    let bench = bench();
    let list = |client: &str| bench.send(Ask::get("/v1/sessions?subject=u").basic(client));
    list("web").refused(403, "ERR_GRANT_MISSING");
    bench.send(Ask::get("/v1/sessions?subject=u")).refused(401, "ERR_CREDENTIALS_MISSING");
    bench.send(Ask::get("/v1/sessions").basic("admin")).refused(400, "ERR_REQUEST_INVALID");
    let id = "A".repeat(43);
    let end = Ask::new("DELETE", &format!("/v1/sessions/{id}"));
    bench.send(end.basic("web")).refused(403, "ERR_GRANT_MISSING");
}

#[test]
fn a_subject_that_is_denied_refreshes_nothing() {
    let bench = bench();
    let opened = open(&bench);
    let order = json!({"subject": SUBJECT, "for": "1h"});
    bench.send(Ask::post("/v1/lists/deny").basic("admin").json(&order));
    let reply = refresh(&bench, text(&opened, "refresh_token"));
    reply.refused(400, "ERR_ACCESS_DENIED").oauth("invalid_grant");
}

#[test]
fn a_session_that_would_be_one_of_those_just_revoked_is_not_opened() {
    let bench = bench();
    assert_eq!(revoke(&bench, "admin", &[("subject", SUBJECT)]).status, 200);
    let order = json!({"sub": SUBJECT, "refresh": true});
    let ask = Ask::post("/v1/tokens").basic("web").json(&order);
    bench.send(ask).refused(409, "ERR_SESSION_REFUSED");
    assert_eq!(bench.count("sessions_opened", ""), 0);
    assert_eq!(bench.count("tokens_issued", ""), 0, "what is not answered is not issued");
    bench.pass(1);
    open(&bench);
}

#[test]
fn a_session_that_cannot_be_read_is_over_and_said_so() {
    let bench = bench();
    let opened = open(&bench);
    bench.store.fault(Fault::Corrupt);
    assert_over(&bench, text(&opened, "refresh_token"));
    assert_eq!(bench.count("store_corrupt", "scope=\"session\""), 1);
}

#[test]
fn without_the_store_no_session_is_opened_refreshed_or_listed() {
    let bench = bench();
    let opened = open(&bench);
    bench.store.fault(Fault::Unreachable);
    refresh(&bench, text(&opened, "refresh_token"))
        .refused(503, "ERR_STORE_UNAVAILABLE")
        .oauth("temporarily_unavailable");
    let order = json!({"sub": SUBJECT, "refresh": true});
    let reply = bench.send(Ask::post("/v1/tokens").basic("web").json(&order));
    reply.refused(503, "ERR_STORE_UNAVAILABLE");
    let list = Ask::get("/v1/sessions?subject=u").basic("admin");
    bench.send(list).refused(503, "ERR_STORE_UNAVAILABLE");
    bench.store.fault(None);
    refreshed(&bench, text(&opened, "refresh_token"));
}

#[test]
fn an_exchange_whose_answer_was_lost_is_repeated_within_the_grace() {
    let bench = bench();
    let opened = open(&bench);
    bench.store.fault(Fault::Lost);
    refresh(&bench, text(&opened, "refresh_token")).refused(503, "ERR_STORE_UNAVAILABLE");
    bench.store.fault(None);
    bench.pass(5_000);
    let next = refreshed(&bench, text(&opened, "refresh_token"));
    refreshed(&bench, text(&next, "refresh_token"));
}

#[test]
fn a_session_that_was_ended_in_an_outage_is_over_here_before_the_store_heard_of_it() {
    let (primary, queue) = (Rigged::remote(), Queue::default());
    let config = with_sessions(|_| ());
    let bench = Bench::chained_of(&primary, None, &queue, config);
    let opened = open(&bench);
    primary.fault(Fault::Unreachable);
    let form = [("session", text(&opened, "session_id"))];
    assert_eq!(revoke(&bench, "admin", &form).json(), json!({"durability": "local"}));
    // Longer than any access token lives.
    bench.pass(25 * 60 * 60_000);
    primary.fault(None);
    assert_over(&bench, text(&opened, "refresh_token"));
    queue.run();
    bench.authorize(&bench.mint());
    queue.run();
    let elsewhere = Bench::over_store_of(&bench, with_sessions(|_| ()));
    assert_over(&elsewhere, text(&opened, "refresh_token"));
}

#[test]
fn a_deployment_without_a_secret_has_no_sessions_and_says_so() {
    let bench = Bench::new();
    let order = json!({"sub": SUBJECT, "refresh": true});
    let reply = bench.send(Ask::post("/v1/tokens").basic("web").json(&order));
    reply.refused(503, "ERR_SESSIONS_UNAVAILABLE");
    refresh(&bench, "x").refused(503, "ERR_SESSIONS_UNAVAILABLE");
    let list = Ask::get("/v1/sessions?subject=u").basic("admin");
    bench.send(list).refused(503, "ERR_SESSIONS_UNAVAILABLE");
    assert_eq!(bench.store.calls(), [""; 0]);
}

#[test]
fn introspection_tells_a_refresh_token_to_its_client_alone() {
    let bench = bench();
    let order =
        json!({"sub": SUBJECT, "refresh": true, "aud": "https://other.test", "scope": "read"});
    let opened = bench.send(Ask::post("/v1/tokens").basic("other").json(&order)).json();
    let introspect = |client: &str, token: &str| {
        bench.send(Ask::post("/oauth/introspect").basic(client).form(&[("token", token)])).json()
    };
    let token = text(&opened, "refresh_token");
    let told = introspect("other", token);
    assert_eq!((&told["active"], &told["token_type"]), (&json!(true), &json!("refresh_token")));
    assert_eq!((&told["sub"], &told["iss"]), (&json!(SUBJECT), &json!(ISSUER)));
    assert_eq!(told["sid"], opened["session_id"]);
    assert_eq!(introspect("auditor", token), json!({"active": false}));
    let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
    assert_eq!(bench.send(Ask::post("/oauth/token").basic("other").form(&form)).status, 200);
    assert_eq!(introspect("other", token), json!({"active": false}), "it was exchanged");
}

#[test]
fn during_a_rotation_of_the_secret_tokens_of_both_are_exchanged() {
    let bench = bench();
    let opened = open(&bench);
    let newer = "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM";
    let with = |secret: &str| {
        config(Keys::EdDsa, |_| ()).unwrap().with_refresh_secret(Some(secret)).unwrap()
    };
    let both = Bench::over_store_of(&bench, with(&format!("{newer}, {REFRESH_SECRET}")));
    let next = refreshed(&both, text(&opened, "refresh_token"));
    let after = Bench::over_store_of(&bench, with(newer));
    let last = refreshed(&after, text(&next, "refresh_token"));
    assert_over(&bench, text(&last, "refresh_token"));
}

#[test]
fn sessions_that_cannot_be_kept_as_configured_are_a_fault_of_configuration() {
    let fault = |change: Value, secret: Option<&str>| {
        let config = config(Keys::EdDsa, |settings| settings["sessions"] = change);
        config.and_then(|config| config.with_refresh_secret(secret)).unwrap_err()
    };
    let secret = Some(REFRESH_SECRET);
    for (change, path) in [
        (json!({"lifetime": "0s"}), "sessions.lifetime"),
        (json!({"lifetime": "367d"}), "sessions.lifetime"),
        (json!({"lifetime": "1h"}), "sessions.idle_lifetime"),
        (json!({"idle_lifetime": "31d"}), "sessions.idle_lifetime"),
        (json!({"reuse_grace": "61s"}), "sessions.reuse_grace"),
        (json!({"other": 1}), "sessions.other"),
    ] {
        assert_eq!(fault(change.clone(), secret).path, path, "{change}");
    }
    let no_secret = fault(json!({}), None);
    assert_eq!(no_secret.path, "PORTCULLIS_REFRESH_SECRET");
    for bad in ["", "c2hvcnQ", "not base64!", &format!("{REFRESH_SECRET},,")] {
        let error = fault(json!({}), Some(bad));
        assert_eq!(error.path, "PORTCULLIS_REFRESH_SECRET");
        assert!(bad.is_empty() || !error.reason.contains(bad), "{error}");
    }
}
