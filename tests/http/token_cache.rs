//! Tokens remembered as verified: what is saved, and what is asked all the same.

use serde_json::json;

use crate::bench::{Ask, Bench};

fn hits_and_misses(bench: &Bench) -> (u64, u64) {
    (bench.count("token_cache_hits", ""), bench.count("token_cache_misses", ""))
}

fn roomy() -> Bench {
    Bench::with(|settings| settings["limits"][0]["limit"] = json!(100))
}

#[test]
fn a_token_presented_again_has_the_same_answer_without_its_signature_being_checked() {
    let bench = roomy();
    let token = bench.mint();
    let (first, second) = (bench.authorize(&token), bench.authorize(&token));
    assert_eq!((first.status, second.status), (200, 200));
    assert_eq!(first.json(), second.json());
    assert_eq!(hits_and_misses(&bench), (1, 1));
    let checks = bench.count("signature_checks", "engine=\"wasm\",algorithm=\"EdDSA\"");
    assert_eq!(checks, 1);
}

#[test]
fn its_end_its_audience_and_its_limits_are_asked_every_time() {
    let bench = Bench::with(|settings| settings["access_ttl"] = json!("60s"));
    let token = bench.mint();
    let statuses: Vec<_> = (0..4).map(|_| bench.authorize(&token).status).collect();
    assert_eq!(statuses, [200, 200, 200, 429]);
    bench.pass(60_000);
    bench.authorize(&token).refused(401, "ERR_JWT_EXPIRED");
    // Introspection asks after no audience, and remembers a token that is none for this API.
    let order = json!({"sub": "s", "aud": ["https://other.test"]});
    let minted = bench.send(Ask::post("/v1/tokens").basic("other").json(&order)).json();
    let elsewhere = minted["access_token"].as_str().unwrap();
    let ask = Ask::post("/oauth/introspect").basic("other").form(&[("token", elsewhere)]);
    assert_eq!(bench.send(ask).json()["active"], true);
    let hits = bench.count("token_cache_hits", "");
    bench.authorize(elsewhere).refused(401, "ERR_JWT_CLAIM_VALIDATION_FAILED");
    assert_eq!(bench.count("token_cache_hits", ""), hits + 1);
}

#[test]
fn a_revocation_holds_against_a_remembered_token_and_has_it_forgotten() {
    for revoke_elsewhere in [false, true] {
        let bench = roomy();
        let other = Bench::beside(&bench);
        let token = bench.mint();
        assert_eq!(bench.authorize(&token).status, 200);
        assert_eq!(bench.instance.tokens.size().0, 1);
        let at = if revoke_elsewhere { &other } else { &bench };
        let revoked = at.send(Ask::post("/oauth/revoke").basic("web").form(&[("token", &token)]));
        assert_eq!(revoked.status, 200);
        assert_eq!(bench.instance.tokens.size().0, usize::from(revoke_elsewhere));
        bench.authorize(&token).refused(401, "ERR_JWT_REVOKED");
        assert_eq!(bench.instance.tokens.size().0, 0);
    }
}

#[test]
fn what_is_refused_is_not_remembered() {
    let bench = roomy();
    let token = bench.mint();
    let (input, _) = token.rsplit_once('.').unwrap();
    for _ in 0..2 {
        assert_eq!(bench.authorize(&format!("{input}.AAAA")).status, 401);
    }
    bench.pass(3_600_000);
    assert_eq!(bench.authorize(&token).status, 401);
    assert_eq!(bench.instance.tokens.size().0, 0);
    assert_eq!(bench.count("token_cache_hits", ""), 0);
}

#[test]
fn without_a_cache_every_signature_is_checked() {
    let bench = Bench::with(|settings| {
        settings["token_cache"] = json!({"entries": 0});
    });
    let token = bench.mint();
    assert_eq!((bench.authorize(&token).status, bench.authorize(&token).status), (200, 200));
    assert_eq!(hits_and_misses(&bench), (0, 0));
    assert_eq!(bench.count("signature_checks", "EdDSA"), 2);
}
