//! Given keys of several ages, which one signs, which ones verify, which are published.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Three keys: one that signs until the second is active at `NOW_S`, and a third for later.
fn generations() -> [Jwk; 3] {
    [
        Jwk { not_before: Some(NOW_S - 100), retire_at: Some(NOW_S + 50), ..private_jwk("old") },
        Jwk { not_before: Some(NOW_S), ..private_jwk("current") },
        Jwk { not_before: Some(NOW_S + 100), ..private_jwk("future") },
    ]
}

fn signer_at(keys: &KeySet, now: UnixMs) -> &str {
    keys.signer(now).unwrap().kid()
}

fn published_at(keys: &KeySet, now: UnixMs) -> Vec<String> {
    let mut kids: Vec<_> =
        keys.public_jwks(now).keys.into_iter().filter_map(|jwk| jwk.kid).collect();
    kids.sort();
    kids
}

#[test]
fn the_newest_active_key_signs_in_whatever_order_they_are_configured() {
    let [old, current, future] = generations();
    for order in [
        [old.clone(), current.clone(), future.clone()],
        [future.clone(), current.clone(), old.clone()],
        [current, future, old],
    ] {
        let keys = key_set(order);
        assert_eq!(signer_at(&keys, NOW.minus(1)), "old");
        assert_eq!(signer_at(&keys, NOW), "current");
        assert_eq!(signer_at(&keys, NOW.plus(99_999)), "current");
        assert_eq!(signer_at(&keys, NOW.plus(100_000)), "future");
    }
}

#[test]
fn a_future_key_is_published_before_it_signs() {
    let keys = key_set(generations());
    assert_eq!(published_at(&keys, NOW), ["current", "future", "old"]);
}

#[test]
fn a_retired_key_is_no_longer_published() {
    let keys = key_set(generations());
    assert_eq!(published_at(&keys, NOW.plus(49_999)), ["current", "future", "old"]);
    assert_eq!(published_at(&keys, NOW.plus(50_000)), ["current", "future"]);
}

#[test]
fn a_retired_key_stops_verifying_exactly_at_its_end() {
    let keys = key_set(generations());
    let input = format!("{}.{}", base64url(r#"{"alg":"EdDSA","kid":"old"}"#), base64url(PAYLOAD));
    let signature = keys.signer(NOW.minus(1)).unwrap().sign(input.as_bytes()).unwrap();
    let token = format!("{input}.{}", base64url(signature));
    let at = |now| verify_at(&token, &keys, &Policy::default(), now);
    assert!(at(NOW.plus(49_999)).is_ok());
    assert_eq!(at(NOW.plus(50_000)), Err(JwtError::NoMatchingKey));
}

#[test]
fn a_future_key_verifies_already_so_that_clocks_may_disagree() {
    let keys = key_set(generations());
    let [.., future] = generations();
    let early = key_set([Jwk { not_before: None, ..future }]);
    let token = signed(&early, r#"{"alg":"EdDSA","kid":"future"}"#, PAYLOAD);
    assert!(verify(&token, &keys, &Policy::default()).is_ok());
}

#[test]
fn without_an_active_key_nothing_is_signed() {
    let [_, _, future] = generations();
    let retired = Jwk { retire_at: Some(NOW_S), ..private_jwk("k0") };
    for jwk in [future, retired, public_jwk("k1")] {
        let keys = key_set([jwk]);
        assert_eq!(keys.signer(NOW).unwrap_err(), JwtError::NoSigningKey);
    }
}

#[test]
fn a_newer_public_key_does_not_keep_an_older_private_one_from_signing() {
    let newer = Jwk { not_before: Some(NOW_S), ..public_jwk("k2") };
    assert_eq!(signer_at(&key_set([newer, private_jwk("k1")]), NOW), "k1");
}

#[test]
fn times_at_the_end_of_what_a_number_holds_do_not_wrap() {
    let never = Jwk { not_before: Some(253_402_300_799), ..private_jwk("k1") };
    let always = Jwk { retire_at: Some(253_402_300_799), ..private_jwk("k2") };
    let keys = key_set([never, always]);
    assert_eq!(signer_at(&keys, UnixMs(253_402_300_798_999)), "k2");
}

#[test]
fn times_in_milliseconds_are_refused_because_such_a_key_would_never_retire() {
    for ms in [NOW_S * 1000, u64::MAX] {
        let reason = "key 0: not_before and retire_at must be Unix seconds";
        assert_eq!(set_refusal([Jwk { retire_at: Some(ms), ..private_jwk("k1") }]), reason);
        assert_eq!(set_refusal([Jwk { not_before: Some(ms), ..private_jwk("k1") }]), reason);
    }
}

#[test]
fn the_public_set_never_holds_secret_material() {
    let published = serde_json::to_value(eddsa().public_jwks(NOW)).unwrap();
    assert_eq!(
        published,
        json!({"keys": [
            {"kty": "OKP", "crv": "Ed25519", "kid": "k1", "alg": "EdDSA", "use": "sig", "x": X}
        ]})
    );
}

#[test]
fn the_public_set_of_secret_keys_is_empty() {
    assert!(hs256().public_jwks(NOW).keys.is_empty());
}

#[test]
fn what_is_published_verifies_what_is_signed() {
    let keys = eddsa();
    let published = KeySet::from_jwks(&keys.public_jwks(NOW)).unwrap();
    let token = signed(&keys, EDDSA_HEADER, PAYLOAD);
    assert!(verify(&token, &published, &Policy::default()).is_ok());
}
