//! What a token is ordered with.

use serde_json::{Value, json};

use crate::bench::setup::{API, Keys, SUBJECT};
use crate::bench::{Ask, Bench, Reply, forge};

fn ordered(bench: &Bench, further: &Value) -> Reply {
    let mut order = json!({"sub": SUBJECT});
    order.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
    bench.send(Ask::post("/v1/tokens").basic("web").json(&order))
}

#[track_caller]
fn assert_refused(orders: impl IntoIterator<Item = Value>, status: u16, code: &str, words: &str) {
    let bench = Bench::new();
    for order in orders {
        ordered(&bench, &order).refused(status, code).saying(words);
    }
    assert_eq!(bench.count("tokens_issued", ""), 0, "a token was minted for a refused order");
    bench.assert_nothing_was_taken();
}

#[test]
fn a_token_is_answered_with_all_that_is_known_of_it_and_kept_by_no_cache() {
    let bench = Bench::new();
    let order = json!({"scope": "read", "aud": API, "access_ttl": 60, "claims": {"plan": "pro"}});
    let reply = ordered(&bench, &order);
    assert_eq!(reply.status, 201);
    assert_eq!(reply.field("cache-control"), Some("no-store"));
    assert_eq!(reply.field("content-type"), Some("application/json"));
    let body = reply.json();
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(60)));
    let token = body["access_token"].as_str().unwrap();
    let claims: Value =
        serde_json::from_slice(&forge::decode(token.split('.').nth(1).unwrap())).unwrap();
    assert_eq!((&claims["jti"], &claims["sid"]), (&body["jti"], &body["session_id"]));
    let of_order = ["sub", "scope", "aud", "plan", "client_id"].map(|name| &claims[name]);
    let expected = [json!(SUBJECT), json!("read"), json!([API]), json!("pro"), json!("web")];
    assert_eq!(of_order, expected.each_ref());
}

#[test]
fn without_a_wish_a_token_has_all_audiences_of_its_client_no_scope_and_the_default_lifetime() {
    let reply = ordered(&Bench::new(), &json!({}));
    let body = reply.json();
    assert_eq!((&body["scope"], &body["expires_in"]), (&json!(""), &json!(900)));
}

#[test]
fn a_lifetime_of_0_or_above_the_maximum_is_refused() {
    let orders = [0, 86_401, u64::MAX].map(|ttl| json!({"access_ttl": ttl}));
    assert_refused(orders, 400, "ERR_REQUEST_INVALID", "access_ttl: must be at least 1 second");
    assert_eq!(ordered(&Bench::new(), &json!({"access_ttl": 86_400})).status, 201);
}

#[test]
fn a_lifetime_that_is_negative_fractional_or_beyond_any_integer_is_refused() {
    let orders = [json!(-1), json!(0.5), json!(60.0), json!(1e300), json!("60"), json!([60])]
        .map(|ttl| json!({"access_ttl": ttl}));
    assert_refused(
        orders,
        400,
        "ERR_REQUEST_INVALID",
        "access_ttl: must be a whole number of 0 or more",
    );
}

#[test]
fn a_subject_with_control_characters_or_space_around_it_is_refused() {
    let subjects = ["a\r\nb", "a\0", "\u{7f}", "a\u{85}b", " a", "a ", "\u{a0}a", "a\u{fffd}"];
    let orders = subjects.map(|sub| json!({"sub": sub}));
    assert_refused(orders, 400, "ERR_REQUEST_INVALID", "sub: must have no control");
}

#[test]
fn a_subject_that_is_empty_or_of_10_kb_is_refused() {
    let orders = [String::new(), "x".repeat(256), "\u{eb}".repeat(128), "x".repeat(10_000)];
    let orders = orders.map(|sub| json!({"sub": sub}));
    assert_refused(orders, 400, "ERR_REQUEST_INVALID", "sub: must have 1 to 255 bytes");
    assert_eq!(ordered(&Bench::new(), &json!({"sub": "x".repeat(255)})).status, 201);
}

#[test]
fn claims_that_others_decide_by_cannot_be_set() {
    let names = "iss sub aud exp nbf iat jti iat_ms sid scope client_id azp cnf act may_act \
        auth_time acr amr nonce at_hash c_hash events authorization_details roles groups \
        entitlements scp permissions role email_verified s_hash sub_jwk sub_id __proto__";
    let orders: Vec<_> =
        names.split_whitespace().map(|name| json!({"claims": {name: "x"}})).collect();
    assert_refused(orders, 400, "ERR_REQUEST_INVALID", "claims: must not set a registered");
}

#[test]
fn a_reserved_claim_cannot_be_set_in_another_case_either() {
    // Go's encoding/json takes all of these for sub, iss, scope, cnf and ack.
    let names = ["Sub", "SUB", "\u{17f}ub", "i\u{17f}\u{17f}", "\u{17f}cope", "CnF", "GroupS"];
    let orders = names.map(|name| json!({"claims": {name: "x"}}));
    assert_refused(orders, 400, "ERR_REQUEST_INVALID", "claims: must not set a registered");
    let order = json!({"claims": {"subject": "a", "scopes": "b", "": 1, "plan": {"sub": "c"}}});
    assert_eq!(ordered(&Bench::new(), &order).status, 201);
}

#[test]
fn a_claims_name_that_readers_may_trim_or_cut_is_refused() {
    let orders =
        ["sub\0", " sub", "sub ", "\u{a0}sub", "su\nb"].map(|name| json!({"claims": {name: "x"}}));
    assert_refused(orders, 400, "ERR_REQUEST_INVALID", "claims: a name has control");
}

#[test]
fn claims_of_more_than_4096_bytes_are_refused() {
    let claims = |bytes: usize| json!({"claims": {"x": "y".repeat(bytes - 8)}});
    assert_refused([claims(4097)], 400, "ERR_REQUEST_INVALID", "claims: must be at most 4,096");
    assert_eq!(ordered(&Bench::new(), &claims(4096)).status, 201);
}

#[test]
fn a_scope_beyond_the_clients_is_refused() {
    let orders = ["admin", "read admin", "Read", "readwrite"].map(|scope| json!({"scope": scope}));
    assert_refused(orders, 403, "ERR_GRANT_EXCEEDED", "scope: beyond");
}

#[test]
fn a_malformed_scope_is_refused() {
    let scopes = [" ", "read  write", " read", "read ", "read\twrite", "re\"ad", "r\\", "l\u{eb}s"];
    let orders = scopes.map(|scope| json!({"scope": scope}));
    assert_refused(orders, 400, "ERR_REQUEST_INVALID", "scope: must be scope tokens");
    let long = json!({"scope": "read ".repeat(300).trim_end()});
    assert_refused([long], 400, "ERR_REQUEST_INVALID", "scope: must be scope tokens");
}

#[test]
fn an_audience_beyond_the_clients_is_refused() {
    let orders = [json!("https://other.test"), json!([API, "https://api.test/"]), json!("")];
    let orders = orders.map(|aud| json!({"aud": aud}));
    assert_refused(orders, 403, "ERR_GRANT_EXCEEDED", "aud: beyond");
}

#[test]
fn no_audience_or_too_many_are_refused() {
    let orders = [json!([]), json!(vec![API; 17])].map(|aud| json!({"aud": aud}));
    assert_refused(orders, 400, "ERR_REQUEST_INVALID", "aud: must name 1 to 16");
}

#[test]
fn the_largest_token_that_can_be_minted_is_accepted() {
    let bench = Bench::with(|settings| {
        settings["issuer"] = json!(format!("https://auth.test/{:x>494}", ""));
        settings["audience"] = json!([format!("{API}/{:x>236}", 7)]);
    });
    // Each of these characters takes two in JSON.
    let order = json!({"sub": "\"".repeat(255), "claims": {"x": "\"".repeat(2044)},
        "scope": "read ".repeat(205).trim_end()});
    let reply = bench.send(Ask::post("/v1/tokens").basic("wide").json(&order));
    let body = reply.json();
    let token = body["access_token"].as_str().unwrap();
    assert!(token.len() > 13 * 1024, "{} bytes", token.len());
    assert_eq!(bench.authorize(token).status, 200, "{} bytes", token.len());
}

#[test]
fn without_a_key_that_signs_the_answer_is_503_and_nobody_is_blamed() {
    let bench = Bench::keyed(Keys::PublicOnly);
    ordered(&bench, &json!({})).refused(503, "ERR_NO_SIGNING_KEY");
    assert_eq!(bench.count("mint_failures", "ERR_NO_SIGNING_KEY"), 1);
    assert_eq!(bench.count("tokens_refused", ""), 0);
    let line = &bench.lines()[0].json;
    assert!(line.contains("\"mint_failed\"") && line.contains("\"error\""), "{line}");
    assert_eq!(bench.authorize(&forge::token(&json!({}))).status, 200);
}

#[test]
fn without_random_bytes_the_answer_is_503_and_no_token_is_minted() {
    let bench = Bench::without_entropy();
    ordered(&bench, &json!({})).refused(503, "ERR_ENTROPY_UNAVAILABLE");
    assert_eq!(bench.count("entropy_failures", ""), 1);
    assert_eq!(bench.count("tokens_issued", ""), 0);
}
