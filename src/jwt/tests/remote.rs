//! Sets of other issuers: what of them is used, what is ignored, and sets of many keys.

use super::super::{Algorithm, Key};
use super::test_keys::{signing_jwk, verifying_jwk};
use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn remote(keys: impl Into<Vec<Jwk>>, allowed: &[Algorithm]) -> KeySet {
    KeySet::from_remote(&JwkSet { keys: keys.into() }, allowed).unwrap()
}

fn algorithms(keys: &KeySet) -> Vec<Algorithm> {
    keys.iter().map(Key::algorithm).collect()
}

fn without_alg(algorithm: Algorithm) -> Jwk {
    Jwk { alg: None, ..verifying_jwk(algorithm) }
}

#[test]
fn a_key_is_for_the_algorithm_it_names_if_that_is_allowed() {
    for algorithm in Algorithm::ALL.into_iter().filter(|algorithm| !algorithm.is_symmetric()) {
        let jwk = || [verifying_jwk(algorithm)];
        assert_eq!(algorithms(&remote(jwk(), &[])), [algorithm]);
        assert_eq!(algorithms(&remote(jwk(), &Algorithm::ALL)), [algorithm]);
        let others: Vec<_> =
            Algorithm::ALL.into_iter().filter(|other| *other != algorithm).collect();
        assert!(remote(jwk(), &others).is_empty(), "{algorithm:?}");
    }
}

#[test]
fn a_key_without_alg_is_for_the_only_algorithm_of_its_curve() {
    for algorithm in [Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa] {
        let keys = remote([without_alg(algorithm)], &[]);
        assert_eq!(algorithms(&keys), [algorithm]);
        let token = signed(&key_set([signing_jwk(algorithm)]), header_of(algorithm), PAYLOAD);
        assert!(verify(&token, &keys, &Policy::default()).is_ok());
        assert!(remote([without_alg(algorithm)], &[Algorithm::Rs256]).is_empty());
    }
    assert!(remote([without_alg(Algorithm::MlDsa44)], &[]).is_empty());
}

fn header_of(algorithm: Algorithm) -> String {
    json!({"alg": algorithm.name(), "kid": "k1"}).to_string()
}

#[test]
fn an_rsa_key_without_alg_is_for_the_allowed_ones_and_otherwise_for_none() {
    let jwk = || [without_alg(Algorithm::Rs256)];
    assert!(remote(jwk(), &[]).is_empty());
    let allowed = [Algorithm::Ps256, Algorithm::Es256, Algorithm::Rs256];
    let keys = remote(jwk(), &allowed);
    assert_eq!(algorithms(&keys), [Algorithm::Ps256, Algorithm::Rs256]);
    for algorithm in [Algorithm::Rs256, Algorithm::Ps256] {
        let token = signed(&key_set([signing_jwk(algorithm)]), header_of(algorithm), PAYLOAD);
        assert!(verify(&token, &keys, &Policy::default()).is_ok(), "{algorithm:?}");
    }
    let other = Algorithm::Rs512;
    let token = signed(&key_set([signing_jwk(other)]), header_of(other), PAYLOAD);
    assert_eq!(refusal(&token, &keys), "ERR_JOSE_ALG_NOT_ALLOWED");
}

#[test]
fn what_cannot_be_used_is_ignored_and_the_rest_is_used() {
    let good = || public_jwk("good");
    let strange = [
        Jwk { kty: "XYZ".into(), ..good() },
        Jwk { alg: Some("ES512".into()), ..good() },
        Jwk { alg: Some("RS256".into()), ..good() },
        Jwk { key_use: Some("enc".into()), ..good() },
        Jwk { key_ops: Some(vec!["encrypt".into()]), ..good() },
        Jwk { crv: Some("Ed448".into()), ..good() },
        Jwk { x: Some("AA".into()), ..good() },
        Jwk { x: None, ..good() },
        Jwk { kid: Some("k".repeat(257)), ..good() },
        Jwk { n: Some("AQAB".into()), ..verifying_jwk(Algorithm::Rs256) },
        Jwk::default(),
    ];
    for jwk in strange {
        let keys = remote([jwk, good()], &[]);
        assert_eq!(keys.iter().map(Key::kid).collect::<Vec<_>>(), ["good"]);
    }
}

#[test]
fn a_key_whose_secret_anyone_can_read_is_never_used() {
    for algorithm in Algorithm::ALL {
        assert!(remote([signing_jwk(algorithm)], &[]).is_empty(), "{algorithm:?}");
        assert!(remote([signing_jwk(algorithm)], &Algorithm::ALL).is_empty(), "{algorithm:?}");
    }
    let odd = Jwk { k: Some(SECRET.into()), ..public_jwk("k1") };
    assert!(remote([odd], &[]).is_empty());
}

#[test]
fn a_lifetime_that_a_foreign_set_writes_is_not_ours() {
    let jwk = Jwk { retire_at: Some(1), not_before: Some(NOW_S * 1000), ..public_jwk("k1") };
    let keys = remote([jwk], &[]);
    let token = signed(&eddsa(), r#"{"alg":"EdDSA","kid":"k1"}"#, PAYLOAD);
    assert!(verify(&token, &keys, &Policy::default()).is_ok());
}

#[test]
fn a_key_without_kid_verifies_a_token_without_one_and_no_other() {
    let keys = remote([Jwk { kid: None, ..public_jwk("") }], &[]);
    let sign = |header: &str| signed(&eddsa(), header, PAYLOAD);
    assert!(verify(&sign(EDDSA_HEADER), &keys, &Policy::default()).is_ok());
    for header in [r#"{"alg":"EdDSA","kid":""}"#, r#"{"alg":"EdDSA","kid":"k1"}"#] {
        assert_eq!(refusal(&sign(header), &keys), "ERR_JWKS_NO_MATCHING_KEY");
    }
    assert_eq!(keys.public_jwks(NOW).keys[0].kid, None);
}

#[test]
fn two_keys_of_one_kid_and_algorithm_are_too_many_to_choose_from() {
    let token = signed(&eddsa(), r#"{"alg":"EdDSA","kid":"k1"}"#, PAYLOAD);
    for more in [0, 20] {
        let others = (0..more).map(|i| public_jwk(&format!("other{i}")));
        let keys: Vec<_> = [public_jwk("k1"), public_jwk("k1")].into_iter().chain(others).collect();
        assert_eq!(refusal(&token, &remote(keys, &[])), "ERR_JWKS_MULTIPLE_MATCHING_KEYS");
        let others = (0..more).map(|i| public_jwk(&format!("other{i}")));
        let other = Jwk { kid: Some("k1".into()), ..verifying_jwk(Algorithm::Es256) };
        let keys: Vec<_> = [public_jwk("k1"), other].into_iter().chain(others).collect();
        assert!(verify(&token, &remote(keys, &[]), &Policy::default()).is_ok());
    }
}

#[test]
fn a_set_of_any_size_finds_each_key_by_its_name() {
    for count in [1, 8, 9, 10, 100, 1000] {
        let named = |i: usize| public_jwk(&format!("k{i}"));
        let keys = remote((0..count).map(named).collect::<Vec<_>>(), &[]);
        assert_eq!(keys.len(), count);
        for i in [0, count / 2, count - 1] {
            let header = json!({"alg": "EdDSA", "kid": format!("k{i}")}).to_string();
            let token = signed(&eddsa(), header, PAYLOAD);
            let selected = select(&token, &keys, &Policy::default(), NOW).ok().unwrap();
            assert_eq!(selected.key().kid(), format!("k{i}"));
        }
        let unknown = json!({"alg": "EdDSA", "kid": format!("k{count}")}).to_string();
        let token = signed(&eddsa(), unknown, PAYLOAD);
        assert_eq!(refusal(&token, &keys), "ERR_JWKS_NO_MATCHING_KEY");
    }
}

#[test]
fn more_than_1000_keys_are_refused_before_any_is_read() {
    let reason = "key set: has more than 1,000 keys";
    let refused = |keys: Vec<Jwk>, allowed: &[Algorithm]| {
        KeySet::from_remote(&JwkSet { keys }, allowed).unwrap_err().to_string()
    };
    assert_eq!(refused(vec![Jwk::default(); 1001], &[]), reason);
    // Two algorithms each.
    let rsa = vec![without_alg(Algorithm::Rs256); 501];
    assert_eq!(refused(rsa, &[Algorithm::Rs256, Algorithm::Ps256]), reason);
    let own: Vec<_> = (0..1001)
        .map(|i| Key::from_secret(&format!("k{i}"), Algorithm::Hs256, &[1; 32]).unwrap())
        .collect();
    let refusal = KeySet::from_keys(own).unwrap_err().to_string();
    assert_eq!(refusal, "key set: must have 1 to 1,000 keys");
}

#[test]
fn keys_that_are_left_out_of_a_document_count_among_its_1000() {
    let read = |count: usize| {
        JwkSet::from_remote_json(&format!(r#"{{"keys":[{}]}}"#, vec!["null"; count].join(",")))
    };
    assert!(read(1000).is_ok_and(|set| set.keys.is_empty()));
    let refusal = read(1001).err().map(|error| error.to_string());
    assert_eq!(refusal.as_deref(), Some("key set: has more than 1,000 keys"));
}

#[test]
fn an_empty_remote_set_verifies_nothing() {
    let keys = remote([], &[]);
    assert!(keys.is_empty());
    let token = signed(&eddsa(), EDDSA_HEADER, PAYLOAD);
    assert_eq!(refusal(&token, &keys), "ERR_JOSE_ALG_NOT_ALLOWED");
}

#[test]
fn a_retired_key_of_a_large_set_is_not_found() {
    let retired = |i: usize| {
        Key::from_secret(&format!("k{i}"), Algorithm::Hs256, &[1; 32])
            .unwrap()
            .with_lifetime(UnixMs(0), (i == 3).then_some(NOW))
    };
    let keys = KeySet::from_keys((0..20).map(retired).collect()).unwrap();
    let token = |kid: &str| signed(&keys, json!({"alg": "HS256", "kid": kid}).to_string(), PAYLOAD);
    assert_eq!(refusal(&token("k3"), &keys), "ERR_JWKS_NO_MATCHING_KEY");
    assert!(verify(&token("k4"), &keys, &Policy::default()).is_ok());
}

#[test]
fn a_foreign_document_is_read_key_by_key() {
    let good = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{X}","kid":"k1","x5c":["AA=="]}}"#);
    for strange in [
        r#"{"kty":1}"#,
        r#"{"kty":"OKP","kid":7}"#,
        r#"{"kty":"OKP","kid":"a","kid":"b"}"#,
        r#"{"kty":"RSA","n":{"a":[]}}"#,
        "null",
        "[]",
        "\"key\"",
    ] {
        let text = format!(r#"{{"more":1,"keys":[{strange},{good}]}}"#);
        let set = JwkSet::from_remote_json(&text).unwrap();
        let kids: Vec<_> = set.keys.iter().map(|jwk| jwk.kid.as_deref()).collect();
        assert_eq!(kids, [Some("k1")], "{strange}");
    }
    for document in
        ["", "[]", "[[]]", "{}", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#, r#"{"keys":[]}x"#]
    {
        assert!(JwkSet::from_remote_json(document).is_err(), "{document}");
    }
}
