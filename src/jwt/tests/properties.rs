//! What holds for any input.

use proptest::prelude::*;

use super::*;

/// JSON of any shape, at most four deep.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A member name the code looks at, or any other.
fn any_name() -> impl Strategy<Value = String> {
    const NAMES: [&str; 18] = [
        "alg",
        "kid",
        "typ",
        "crit",
        "b64",
        "zip",
        "enc",
        "iss",
        "sub",
        "aud",
        "exp",
        "nbf",
        "iat",
        "iat_ms",
        "jti",
        "sid",
        "client_id",
        "scope",
    ];
    prop_oneof![prop::sample::select(&NAMES[..]).prop_map(str::to_owned), any::<String>()]
}

fn any_object() -> impl Strategy<Value = String> {
    prop::collection::btree_map(any_name(), any_json(), 0..12)
        .prop_map(|members| Value::Object(members.into_iter().collect()).to_string())
}

proptest! {
    #[test]
    fn any_text_is_refused_without_a_panic(token in any::<String>()) {
        prop_assert!(verify(&token, &hs256(), &Policy::default()).is_err());
    }

    #[test]
    fn any_three_parts_are_refused_without_a_panic(token in "[A-Za-z0-9_=+/-]{0,40}(\\.[A-Za-z0-9_-]{0,90}){2}") {
        prop_assert!(verify(&token, &eddsa(), &Policy::default()).is_err());
    }

    #[test]
    fn any_header_is_judged_without_a_panic(
        header in prop_oneof![any_object().prop_map(String::into_bytes), any::<Vec<u8>>()],
    ) {
        let keys = hs256();
        let _ = verify(&signed(&keys, header, PAYLOAD), &keys, &Policy::default());
    }

    #[test]
    fn any_signed_bytes_are_judged_without_a_panic(
        payload in prop_oneof![any_object().prop_map(String::into_bytes), any::<Vec<u8>>()],
        now in any::<u64>(),
    ) {
        let keys = hs256();
        let token = signed(&keys, HS256_HEADER, payload);
        let _ = verify_at(&token, &keys, &Policy::default(), UnixMs(now));
    }

    #[test]
    fn any_signed_claims_set_comes_back_byte_for_byte(payload in any_object()) {
        let keys = hs256();
        let token = signed(&keys, HS256_HEADER, &payload);
        let selected = select(&token, &keys, &Policy::default(), NOW).ok().unwrap();
        let signed = selected.check_signature().ok().unwrap();
        prop_assert_eq!(signed.payload(), payload);
    }

    #[test]
    fn a_token_with_any_stretch_replaced_is_refused(
        start in 0_usize..100, length in 0_usize..30, patch in "[A-Za-z0-9_.-]{0,30}",
    ) {
        let keys = hs256();
        let token = signed(&keys, HS256_HEADER, PAYLOAD);
        let end = (start + length).min(token.len());
        let patched = format!("{}{patch}{}", &token[..start], &token[end..]);
        prop_assume!(patched != token);
        prop_assert!(verify(&patched, &keys, &Policy::default()).is_err());
    }

    #[test]
    fn any_key_is_judged_without_a_panic(k in any::<String>(), x in any::<[u8; 32]>(), d in any::<[u8; 32]>()) {
        let secret = Jwk { k: Some(k), ..secret_jwk("k1") };
        let pair = Jwk { x: Some(base64url(x)), d: Some(base64url(d)), ..public_jwk("k2") };
        prop_assert!(super::super::Key::from_jwk(&secret).is_err() || secret.k.is_some_and(|k| k.len() >= 43));
        prop_assert!(super::super::Key::from_jwk(&pair).is_err());
    }
}
