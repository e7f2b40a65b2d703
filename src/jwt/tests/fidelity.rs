//! What was signed comes back as it was written: numbers that no double holds, their spelling, escapes,
//! white space, the order of members and of `aud`.

use proptest::prelude::*;

use super::super::{NewToken, mint};
use super::*;

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "1.0",
            "1e2",
            "1E+2",
            "-0",
            "0.10",
            "9007199254740993",
            "1e-400"
        ])
        .prop_map(str::to_owned),
        "-?(0|[1-9][0-9]{0,29})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?",
    ]
}

fn string() -> impl Strategy<Value = String> {
    prop_oneof![
        "\"[^\"\\\\\u{0}-\u{1f}]{0,12}\"",
        r#""(\\["\\/bfnrt]|\\u00[0-9a-fA-F]{2}|\\ud83d\\ude00|[a-z€😀]){0,8}""#,
    ]
}

/// JSON as text, spelled in every way.
fn value() -> impl Strategy<Value = String> {
    let leaf =
        prop_oneof![4 => number(), 4 => string(), 1 => "true|false|null", 1 => "\\[ *\\]|\\{ *\\}"];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let list = prop::collection::vec(inner.clone(), 1..4);
        let members = prop::collection::vec(inner, 1..4);
        prop_oneof![
            list.prop_map(|values| format!("[{}]", values.join(" ,\t"))),
            members.prop_map(|values| object(&values, " ")),
        ]
    })
}

/// An object with these values under names of its own, and `space` where JSON lets it stand.
fn object(values: &[String], space: &str) -> String {
    let members: Vec<_> = values
        .iter()
        .enumerate()
        .map(|(name, value)| format!("\"m{name}\"{space}:{space}{value}{space}"))
        .collect();
    format!("{{{space}{}}}", members.join(","))
}

fn objects() -> impl Strategy<Value = String> {
    let space = prop::sample::select(vec!["", " ", "\n", "\r\n\t"]);
    (prop::collection::vec(value(), 0..16), space)
        .prop_map(|(values, space)| object(&values, space))
}

proptest! {
    #[test]
    fn a_payload_comes_back_as_it_was_signed(payload in objects()) {
        for (keys, header) in [(hs256(), HS256_HEADER), (eddsa(), EDDSA_HEADER)] {
            let policy = Policy { required: Vec::new(), ..Policy::default() };
            let token = signed(&keys, header, &payload);
            prop_assert_eq!(verify(&token, &keys, &policy).unwrap(), payload.as_str());
        }
    }

    #[test]
    fn what_is_minted_is_accepted_and_says_what_was_ordered(
        claims in objects(),
        [issuer, subject, client_id, token_id] in any::<[String; 4]>(),
        audience in prop::collection::vec(any::<String>(), 0..4),
        now in 0..253_402_300_000_u64,
    ) {
        let token = NewToken {
            issuer: &issuer, subject: &subject, audience: &audience, client_id: &client_id,
            scope: "read write", token_id: &token_id, session_id: Some("s"), lifetime_s: 60, claims: &claims,
        };
        let now = UnixMs(now * 1000 + 123);
        for keys in [hs256(), eddsa()] {
            let token = mint(&token, &keys, now).unwrap();
            let signed = select(&token, &keys, &Policy::default(), now).ok().unwrap();
            let signed = signed.check_signature().ok().unwrap();
            let read = signed.claims(&Policy::default(), now).unwrap();
            prop_assert_eq!(read.issuer.as_deref(), Some(&*issuer));
            prop_assert_eq!(read.subject.as_deref(), Some(&*subject));
            prop_assert_eq!(&read.audience, &audience);
            prop_assert_eq!(read.client_id.as_deref(), Some(&*client_id));
            prop_assert_eq!(read.token_id.as_deref(), Some(&*token_id));
            prop_assert_eq!(read.issued_at_ms, Some(now));
            let members = claims.trim_start_matches('{').trim_end_matches('}').trim();
            prop_assert!(signed.payload().contains(members), "{}", signed.payload());
        }
    }

    /// The payload is not touched, whatever the policy says of it.
    #[test]
    fn the_order_and_spelling_of_aud_stay(audience in prop::collection::vec(string(), 1..8)) {
        let payload = format!(r#"{{"exp":1800000060,"aud":[{}]}}"#, audience.join(", "));
        let keys = hs256();
        let token = signed(&keys, HS256_HEADER, &payload);
        let signed = select(&token, &keys, &Policy::default(), NOW).ok().unwrap();
        let signed = signed.check_signature().ok().unwrap();
        let expected: Vec<String> =
            audience.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
        prop_assert_eq!(signed.claims(&Policy::default(), NOW).unwrap().audience, expected);
        prop_assert_eq!(signed.payload(), payload);
    }
}
