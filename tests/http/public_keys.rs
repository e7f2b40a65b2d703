//! Our own keys as others see them: published before they sign, gone after their grace, and how long
//! they may be kept meanwhile.

use ed25519_compact::{KeyPair, Seed};
use portcullis::config::Config;
use serde_json::{Value, json};

use crate::bench::forge::{decode, encode};
use crate::bench::setup::{ED_X, Keys, clients, parse, settings};
use crate::bench::{Ask, Bench, NOW_MS, Reply};

const PATH: &str = "/.well-known/jwks.json";
const NOW_S: u64 = NOW_MS / 1000;

/// A key that signs from one second after `NOW_S` and retires at another.
fn jwk(kid: &str, seed: u8, not_before: Option<u64>, retire_at: Option<u64>) -> Value {
    let pair = KeyPair::from_seed(Seed::new([seed; 32]));
    let (d, x) = (encode([seed; 32]), encode(*pair.pk));
    let mut jwk =
        json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": kid, "d": d, "x": x});
    for (name, at) in [("not_before", not_before), ("retire_at", retire_at)] {
        if let Some(at) = at {
            jwk[name] = json!(NOW_S + at);
        }
    }
    jwk
}

fn configured(keys: &[Value]) -> Config {
    parse(&settings(), &json!({"keys": keys}), &clients()).unwrap()
}

/// A rotation: `next` signs from 600 s on, and `old` retires at 1,500 s.
fn rotating() -> Bench {
    let keys = [jwk("old", b'o', None, Some(1_500)), jwk("next", b'n', Some(600), None)];
    Bench::configured(configured(&keys))
}

fn get(bench: &Bench) -> Reply {
    bench.send(Ask::get(PATH))
}

fn published(bench: &Bench) -> Vec<String> {
    let set = get(bench).json();
    let kids = set["keys"].as_array().unwrap().iter();
    kids.map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn kid(token: &str) -> String {
    let header = decode(token.split('.').next().unwrap());
    serde_json::from_slice::<Value>(&header).unwrap()["kid"].as_str().unwrap().to_owned()
}

fn max_age(bench: &Bench) -> u64 {
    let reply = get(bench);
    let said = reply.field("cache-control").unwrap();
    said.strip_prefix("public, max-age=").expect(said).parse().unwrap()
}

#[test]
fn public_keys_are_cacheable_and_hold_no_private_part() {
    let reply = get(&Bench::new());
    assert_eq!(reply.status, 200);
    assert_eq!(reply.field("content-type"), Some("application/jwk-set+json"));
    assert_eq!(reply.field("cache-control"), Some("public, max-age=300"));
    let key = json!({"kty": "OKP", "kid": "ed", "alg": "EdDSA", "use": "sig", "crv": "Ed25519",
        "x": ED_X});
    assert_eq!(reply.json(), json!({"keys": [key]}));
}

#[test]
fn secret_keys_are_not_published() {
    let reply = get(&Bench::keyed(Keys::Hs256));
    assert_eq!((reply.status, reply.json()), (200, json!({"keys": []})));
}

#[test]
fn a_rotation_at_each_of_its_instants() {
    // What signs, what is published, and whether a token of the old key still verifies.
    let both = ["next", "old"];
    for (at_ms, signs, is_published, old_verifies) in [
        (0, "old", &both[..], true),
        (599_749, "old", &both[..], true),
        // 600 s after NOW_S, which is 250 ms before the bench begins.
        (599_750, "next", &both[..], true),
        (1_499_749, "next", &both[..], true),
        (1_499_750, "next", &both[..1], false),
    ] {
        let bench = rotating();
        bench.pass(590_000);
        let old = bench.mint_with(&json!({"access_ttl": 3_000}));
        assert_eq!(kid(&old), "old");
        let bench = rotating();
        bench.pass(at_ms);
        assert_eq!(kid(&bench.mint()), signs, "{at_ms}");
        assert_eq!(published(&bench), is_published, "{at_ms}");
        assert_eq!(bench.authorize(&bench.mint()).status, 200, "{at_ms}");
        if at_ms > 590_000 {
            let reply = bench.authorize(&old);
            assert_eq!(reply.status == 200, old_verifies, "{at_ms}: {reply:?}");
            if !old_verifies {
                reply.refused(401, "ERR_JWKS_NO_MATCHING_KEY");
            }
        }
    }
}

#[test]
fn the_set_is_not_kept_beyond_the_end_of_one_of_its_keys() {
    for (at_ms, seconds) in [
        (0, 300),
        (599_750, 300),
        (1_199_750, 300),
        (1_199_751, 299),
        (1_498_750, 1),
        (1_498_751, 0),
        (1_499_749, 0),
        // Then it does not change any more.
        (1_499_750, 300),
    ] {
        let bench = rotating();
        bench.pass(at_ms);
        assert_eq!(max_age(&bench), seconds, "{at_ms}");
    }
}

#[test]
fn the_next_of_several_ends_counts() {
    let keys = [
        jwk("a", b'a', None, None),
        jwk("b", b'b', None, Some(200)),
        jwk("c", b'c', None, Some(100)),
    ];
    let bench = Bench::configured(configured(&keys));
    assert_eq!(max_age(&bench), 99);
    bench.pass(100_000);
    assert_eq!(max_age(&bench), 99);
}

#[test]
fn whoever_has_the_set_is_told_so_without_a_body() {
    let bench = rotating();
    let first = get(&bench);
    let etag = first.field("etag").unwrap().to_owned();
    assert!(etag.len() == 45 && etag.starts_with('"') && etag.ends_with('"'), "{etag}");
    for known in [
        etag.clone(),
        format!("W/{etag}"),
        format!("\"other\", {etag}"),
        format!("\"other\",W/{etag} , \"more\""),
        "*".to_owned(),
    ] {
        let reply = bench.send(Ask::get(PATH).field("if-none-match", &known));
        assert_eq!((reply.status, reply.text.as_str()), (304, ""), "{known}");
        assert_eq!(reply.field("etag"), Some(etag.as_str()));
        assert_eq!(reply.field("cache-control"), first.field("cache-control"));
    }
    let twice = Ask::get(PATH).field("if-none-match", "\"x\"").field("if-none-match", &etag);
    assert_eq!(bench.send(twice).status, 304);
}

#[test]
fn whoever_has_another_set_gets_this_one() {
    let bench = rotating();
    let etag = get(&bench).field("etag").unwrap().to_owned();
    let unquoted = etag.trim_matches('"');
    for known in ["\"other\"", "", "\"\"", unquoted, &etag[..20], "w/*", "**"] {
        let reply = bench.send(Ask::get(PATH).field("if-none-match", known));
        assert_eq!(reply.status, 200, "{known}");
    }
    assert_eq!(bench.send(Ask::get(PATH).field("if-none-match", b"\xff\"")).status, 200);
    bench.pass(1_499_750);
    let reply = bench.send(Ask::get(PATH).field("if-none-match", &etag));
    assert_eq!(reply.status, 200, "a key has retired since");
    assert_ne!(reply.field("etag"), Some(etag.as_str()));
}

#[test]
fn the_name_of_the_set_is_the_same_in_every_instance() {
    let etag = |bench: &Bench| get(bench).field("etag").unwrap().to_owned();
    assert_eq!(etag(&rotating()), etag(&rotating()));
    assert_ne!(etag(&rotating()), etag(&Bench::new()));
}

#[test]
fn a_head_tells_all_but_the_body() {
    let bench = rotating();
    let (get, head) = (get(&bench), bench.send(Ask::new("HEAD", PATH)));
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert_eq!(head.fields, get.fields);
    let etag = get.field("etag").unwrap();
    let known = bench.send(Ask::new("HEAD", PATH).field("if-none-match", etag));
    assert_eq!(known.status, 304);
}
