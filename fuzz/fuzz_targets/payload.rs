//! An object is read alike by both readers and by a plain one that builds a tree; claims are what stands
//! in the tree, and mean the same when that is written out again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::UnixMs;
use portcullis::jwt::{Claims, check_json_object, fuzzing};
use portcullis_fuzz::{claims_fault, strict_object};
use serde_json::{Map, Value};

fuzz_target!(|text: &str| {
    let tree = strict_object(text);
    let long = fuzzing::members_the_long_way(text);
    assert_eq!(long.is_ok(), tree.is_some(), "{long:?}");
    assert_eq!(check_json_object(text).is_ok(), tree.is_some());
    if let Some(short) = fuzzing::members_the_short_way(text) {
        assert_eq!(Ok(&short), long.as_ref());
    }
    let claims = fuzzing::claims(text);
    let (Some(tree), Ok(members)) = (tree, long) else { return assert!(claims.is_err()) };
    assert_eq!(members.len(), tree.len());
    for (name, value) in &members {
        assert!(value.as_ref().is_none_or(|value| Some(value) == tree.get(name)), "{name}");
    }
    assert_eq!(claims.is_ok(), claims_fault(&tree).is_none(), "{claims:?}");
    if let Ok(claims) = claims {
        assert_claims(&claims, &tree);
        let again = Value::Object(tree).to_string();
        assert_eq!(fuzzing::claims(&again).as_ref(), Ok(&claims), "{again}");
    }
});

fn assert_claims(claims: &Claims<'_>, tree: &Map<String, Value>) {
    let text = |name| tree.get(name).and_then(Value::as_str);
    assert_eq!(claims.issuer.as_deref(), text("iss"));
    assert_eq!(claims.subject.as_deref(), text("sub"));
    assert_eq!(claims.token_id.as_deref(), text("jti"));
    assert_eq!(claims.session_id.as_deref(), text("sid"));
    assert_eq!(claims.client_id.as_deref(), text("client_id"));
    assert_eq!(claims.scope.as_deref(), text("scope"));
    let number = |name, scale: f64| {
        let number = tree.get(name).and_then(Value::as_f64)?;
        Some(UnixMs((number * scale).floor() as u64))
    };
    assert_eq!(claims.expires, number("exp", 1000.0));
    assert_eq!(claims.not_before, number("nbf", 1000.0));
    assert_eq!(claims.issued_at, number("iat", 1000.0));
    assert_eq!(claims.issued_at_ms, number("iat_ms", 1.0));
    let audience = match tree.get("aud") {
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        one => one.and_then(Value::as_str).into_iter().collect::<Vec<_>>(),
    };
    assert_eq!(claims.audience, audience);
}
