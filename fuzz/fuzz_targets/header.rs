//! A header is read as a plain reader of its JSON reads it, and refused where that reader finds a fault.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::jwt::fuzzing;
use portcullis_fuzz::{decode, encode, strict_object};
use serde_json::{Map, Value};

fuzz_target!(|data: &[u8]| {
    check(&encode(data));
    if let Ok(encoded) = std::str::from_utf8(data) {
        check(encoded);
    }
});

fn check(encoded: &str) {
    let read = fuzzing::header(encoded);
    let expected = expected(encoded);
    assert_eq!(read.is_ok(), expected.is_some(), "{read:?}");
    if let (Ok((algorithm, kid, typ)), Some(header)) = (read, expected) {
        let text = |name| header.get(name).and_then(Value::as_str);
        assert_eq!((kid.as_deref(), typ.as_deref()), (text("kid"), text("typ")));
        // An algorithm not known here is for the key set to refuse.
        assert!(algorithm.is_none_or(|algorithm| text("alg") == Some(algorithm.name())));
        assert_eq!(algorithm.is_some(), text("alg").is_some_and(is_known));
    }
}

fn is_known(alg: &str) -> bool {
    portcullis::jwt::Algorithm::from_name(alg).is_some()
}

fn expected(encoded: &str) -> Option<Map<String, Value>> {
    if encoded.len() > 4096 {
        return None;
    }
    let header = strict_object(&String::from_utf8(decode(encoded)?).ok()?)?;
    let right = |(name, value): (&String, &Value)| match name.as_str() {
        "alg" | "kid" | "typ" => value.is_string(),
        "b64" => value == true,
        "crit" | "zip" | "enc" => false,
        _ => true,
    };
    (header.contains_key("alg") && header.iter().all(right)).then_some(header)
}
