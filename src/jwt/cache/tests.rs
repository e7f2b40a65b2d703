#![allow(clippy::arithmetic_side_effects, clippy::string_slice, reason = "a test may panic")]

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::UnixMs;
use crate::jwt::tests::{HS256_HEADER, SECRET, hs256, signed};
use crate::jwt::{JwkSet, JwtError, KeySet, Policy, select};

const NOW: UnixMs = UnixMs(1_800_000_000_000);
const BOUNDS: CacheBounds = CacheBounds { entries: 8, bytes: 1 << 20 };

fn cache() -> TokenCache {
    TokenCache::new(BOUNDS, [7; 16])
}

fn payload(number: usize) -> String {
    format!(r#"{{"jti":"{number}","exp":1800000060}}"#)
}

fn token(keys: &KeySet, number: usize) -> String {
    signed(keys, HS256_HEADER, payload(number))
}

/// What the cache says of a token: its payload.
fn recalled(cache: &TokenCache, keys: &KeySet, token: &str) -> Option<String> {
    let selected = select(token, keys, &Policy::default(), NOW).ok()?;
    cache.recall(selected).ok().map(Signed::into_payload)
}

/// As a guard does: recalled, or checked and kept.
fn present(cache: &TokenCache, keys: &KeySet, token: &str) -> bool {
    if recalled(cache, keys, token).is_some() {
        return true;
    }
    let selected = select(token, keys, &Policy::default(), NOW).unwrap();
    cache.keep(&selected.check_signature().unwrap());
    false
}

#[test]
fn a_token_is_recalled_with_its_payload_and_claims_exactly_as_signed() {
    let (cache, keys) = (cache(), hs256());
    let payload = r#"{ "exp":1800000060, "n":1.0, "s":"\u00eb" }"#;
    let token = signed(&keys, HS256_HEADER, payload);
    assert!(!present(&cache, &keys, &token));
    let selected = select(&token, &keys, &Policy::default(), NOW).unwrap();
    let signed = cache.recall(selected).ok().unwrap();
    assert_eq!(signed.payload(), payload);
    assert_eq!(Some(signed.signing_input()), token.rsplit_once('.').map(|(input, _)| input));
    assert!(signed.claims(&Policy::default(), NOW).is_ok());
    let expired = signed.claims(&Policy::default(), UnixMs(1_800_000_060_000));
    assert_eq!(expired, Err(JwtError::Expired));
}

#[test]
fn a_text_that_differs_in_one_character_is_not_recalled() {
    let (cache, keys) = (cache(), hs256());
    let token = token(&keys, 0);
    present(&cache, &keys, &token);
    for at in 0..token.len() {
        let twin = if &token[at..=at] == "A" { "B" } else { "A" };
        let changed = format!("{}{twin}{}", &token[..at], &token[at + 1..]);
        assert_eq!(recalled(&cache, &keys, &changed), None, "{at}");
    }
    assert_eq!(recalled(&cache, &keys, &token[..token.len() - 1]), None);
    assert!(recalled(&cache, &keys, &token).is_some());
}

#[test]
fn a_key_set_made_anew_recalls_nothing_even_of_the_same_keys() {
    let (cache, keys) = (cache(), hs256());
    let token = token(&keys, 0);
    present(&cache, &keys, &token);
    let next = hs256();
    assert_eq!(recalled(&cache, &next, &token), None);
    // Once it has been checked by the new key, it is the new key's.
    assert!(!present(&cache, &next, &token));
    assert!(recalled(&cache, &next, &token).is_some());
    assert_eq!(recalled(&cache, &keys, &token), None);
    assert_eq!(cache.size().0, 1);
}

#[test]
fn a_retired_key_and_a_wrong_type_refuse_a_token_that_is_remembered() {
    let jwk = format!(
        r#"{{"keys":[{{"kty":"oct","kid":"k","alg":"HS256","k":"{SECRET}","retire_at":1800000030}}]}}"#
    );
    let set: JwkSet = serde_json::from_str(&jwk).unwrap();
    let (cache, keys) = (cache(), KeySet::from_jwks(&set).unwrap());
    let token = token(&keys, 0);
    present(&cache, &keys, &token);
    let refused =
        |policy: &Policy, at| select(&token, &keys, policy, at).err().map(|error| error.code());
    let typed = Policy { types: vec!["at+jwt".into()], ..Policy::default() };
    assert_eq!(refused(&typed, NOW), Some("ERR_JWT_CLAIM_VALIDATION_FAILED"));
    let retired = UnixMs(1_800_000_030_000);
    assert_eq!(refused(&Policy::default(), retired), Some("ERR_JWKS_NO_MATCHING_KEY"));
}

#[test]
fn a_forgotten_token_is_not_recalled_and_its_bytes_are_free() {
    let (cache, keys) = (cache(), hs256());
    let token = token(&keys, 0);
    present(&cache, &keys, &token);
    cache.forget(&token);
    assert_eq!(recalled(&cache, &keys, &token), None);
    assert_eq!(cache.size(), (0, 0));
    cache.forget(&token);
}

#[test]
fn no_bounds_means_no_cache() {
    for bounds in [CacheBounds { entries: 0, ..BOUNDS }, CacheBounds { bytes: 0, ..BOUNDS }] {
        let (cache, keys) = (TokenCache::new(bounds, [7; 16]), hs256());
        let token = token(&keys, 0);
        assert!(!present(&cache, &keys, &token) && !present(&cache, &keys, &token));
        assert!(cache.is_off());
    }
}

#[test]
fn tokens_that_are_presented_once_displace_none_that_is_in_use() {
    let (cache, keys) = (cache(), hs256());
    let in_use: Vec<_> = (0..6).map(|number| token(&keys, number)).collect();
    // Presented twice each, and moved on by the newcomers after them.
    for token in &in_use {
        present(&cache, &keys, token);
        present(&cache, &keys, token);
    }
    for number in 100..200 {
        present(&cache, &keys, &token(&keys, number));
    }
    for token in &in_use {
        assert!(recalled(&cache, &keys, token).is_some());
    }
}

#[test]
fn a_token_too_large_for_the_newcomers_room_is_not_kept_and_displaces_none() {
    let keys = hs256();
    let cache = TokenCache::new(CacheBounds { bytes: 4096, ..BOUNDS }, [7; 16]);
    let small = token(&keys, 0);
    present(&cache, &keys, &small);
    let pad = "p".repeat(1024);
    let large = signed(&keys, HS256_HEADER, format!(r#"{{"exp":1800000060,"pad":"{pad}"}}"#));
    present(&cache, &keys, &large);
    assert_eq!(recalled(&cache, &keys, &large), None);
    assert!(recalled(&cache, &keys, &small).is_some());
}

#[test]
fn it_shows_nothing_of_what_it_holds() {
    assert_eq!(format!("{:?}", cache()), "TokenCache { .. }");
}

#[cfg(not(target_arch = "wasm32"))]
mod properties {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bounds_hold_and_only_what_was_kept_and_not_forgotten_is_recalled(
            entries in 0..12_usize,
            bytes in 0..6_000_usize,
            steps in proptest::collection::vec((0..20_usize, 0..8_u8), 1..200),
        ) {
            let (cache, keys) = (TokenCache::new(CacheBounds { entries, bytes }, [7; 16]), hs256());
            let mut may_be_there = HashSet::new();
            for (number, step) in steps {
                let token = token(&keys, number);
                if step == 0 {
                    cache.forget(&token);
                    may_be_there.remove(&number);
                } else {
                    let found = recalled(&cache, &keys, &token);
                    prop_assert!(found.is_none() || may_be_there.contains(&number));
                    prop_assert!(found.is_none_or(|found| found == payload(number)));
                    present(&cache, &keys, &token);
                    may_be_there.insert(number);
                }
                let (len, taken) = cache.size();
                prop_assert!(len <= entries && taken <= bytes);
                cache.with(|state| {
                    let items = state.newcomers.items.len() + state.in_use.items.len();
                    assert!(state.slots.len() <= items && items <= entries.max(len));
                    let cost = |slot: &Slot| slot.verified.cost();
                    assert_eq!(state.slots.values().map(cost).sum::<usize>(), taken);
                });
            }
        }
    }
}
