//! Which answers are a key set, and what of one is used.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// What a first fetch comes to: code and cause of the refusal.
fn refusal(answers: Fetched) -> (&'static str, &'static str) {
    let bench = Bench::new();
    bench.answers(answers);
    let ticket = bench.told_to_fetch(NOW);
    let error = bench.fetch(ticket).expect_err("taken for a key set");
    assert!(matches!(bench.remote.look_up(NOW), Lookup::Unavailable(_)));
    (error.code(), error.cause())
}

fn json(body: impl Into<Vec<u8>>) -> Fetched {
    answer(200, &[("content-type", "application/json")], body)
}

/// The keys of a set that is taken.
fn taken(answers: Fetched) -> Keys {
    Bench::primed(answers).keys(NOW)
}

#[test]
fn two_media_types_are_a_key_set_s() {
    for kind in ["application/json", "application/jwk-set+json", "Application/JSON ; charset=utf-8"]
    {
        assert!(has(&taken(answer(200, &[("content-type", kind)], body(&["a"]))), "a"), "{kind}");
    }
    for kind in ["text/html", "text/plain", "application/jwk+json", "application/jsonp", ""] {
        let refused = refusal(answer(200, &[("content-type", kind)], body(&["a"])));
        assert_eq!(refused, ("ERR_JWKS_INVALID", "media_type"), "{kind}");
    }
    assert_eq!(refusal(answer(200, &[], body(&["a"]))), ("ERR_JWKS_INVALID", "media_type"));
}

#[test]
fn no_redirect_is_followed() {
    for status in [301, 302, 303, 307, 308] {
        let answers = answer(status, &[("location", "https://elsewhere.test")], body(&["a"]));
        assert_eq!(refusal(answers), ("ERR_JWKS_UNAVAILABLE", "redirect"), "{status}");
    }
}

#[test]
fn any_other_status_than_200_is_no_key_set() {
    let body = || body(&["a"]);
    for (status, cause) in [
        (500, "http_5xx"),
        (503, "http_5xx"),
        (429, "quota"),
        (404, "http_status"),
        (401, "http_status"),
        (206, "http_status"),
        (204, "http_status"),
    ] {
        let answers = answer(status, &[("content-type", "application/json")], body());
        assert_eq!(refusal(answers), ("ERR_JWKS_UNAVAILABLE", cause), "{status}");
    }
}

#[test]
fn a_confirmation_nobody_asked_for_confirms_nothing() {
    assert_eq!(refusal(answer(304, &[], "")), ("ERR_JWKS_UNAVAILABLE", "redirect"));
}

#[test]
fn what_the_platform_could_not_receive_has_its_own_word() {
    assert_eq!(refusal(UNREACHABLE), ("ERR_JWKS_UNAVAILABLE", "unreachable"));
    assert_eq!(refusal(TIMEOUT), ("ERR_JWKS_TIMEOUT", "timeout"));
    assert_eq!(refusal(Err(FetchError::TooLarge)), ("ERR_JWKS_INVALID", "jwks_too_large"));
}

#[test]
fn a_body_over_256_kib_is_refused_even_by_a_platform_that_lets_it_through() {
    let padded = |length: usize| {
        let body = body(&["a"]);
        format!("{body}{}", " ".repeat(length - body.len()))
    };
    assert!(has(&taken(json(padded(256 << 10))), "a"));
    assert_eq!(refusal(json(padded((256 << 10) + 1))), ("ERR_JWKS_INVALID", "jwks_too_large"));
}

#[test]
fn what_is_not_an_object_with_a_list_of_keys_is_no_key_set() {
    for body in [
        "",
        "null",
        "[]",
        "{}",
        "<html></html>",
        r#"{"keys":{}}"#,
        r#"{"keys":null}"#,
        r#"{"keys":[]"#,
        r#"{"keys":[]} {}"#,
        r#"{"keys":[],"keys":[]}"#,
    ] {
        assert_eq!(refusal(json(body)), ("ERR_JWKS_INVALID", "not_a_jwks"), "{body}");
    }
    let not_text = format!(r#"{{"keys":[{}],"x":"#, jwk("a")).into_bytes();
    let not_text = [&not_text[..], b"\"\xff\"}"].concat();
    assert_eq!(refusal(json(not_text)), ("ERR_JWKS_INVALID", "not_a_jwks"));
}

#[test]
fn a_set_of_more_than_a_thousand_keys_is_refused_whole() {
    let set_of = |count: usize| {
        let mut keys = vec!["null".to_owned(); count];
        keys[0] = jwk("a");
        json(format!(r#"{{"keys":[{}]}}"#, keys.join(",")))
    };
    assert!(has(&taken(set_of(1_000)), "a"));
    assert_eq!(refusal(set_of(1_001)), ("ERR_JWKS_INVALID", "too_many_keys"));
}

#[test]
fn keys_that_cannot_be_used_are_left_out_and_the_others_used() {
    let strange = [
        "null",
        "7",
        r#"{"kty":"OKP"}"#,
        r#"{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","kid":"e","use":"enc","x":"AA"}"#,
        r#"{"kty":"quantum","alg":"Q1","kid":"q"}"#,
        r#"{"kty":"OKP","crv":"Ed25519","alg":7,"kid":"n"}"#,
    ];
    for strange in strange {
        let body = format!(r#"{{"extra":{{}},"keys":[{strange},{}]}}"#, jwk("a"));
        assert!(has(&taken(json(body)), "a"), "{strange}");
    }
}

#[test]
fn two_keys_of_one_kid_verify_nothing_by_it_and_the_others_go_on() {
    let keys = taken(set(&["a", "b", "a"]));
    assert!(has(&keys, "b") && !has(&keys, "a"));
}

#[test]
fn a_set_without_a_key_that_can_be_used_is_refused() {
    let secret = r#"{"kty":"oct","alg":"HS256","kid":"s","k":"c2VjcmV0LWNhbmFyeS1vZi0zMi1ieXRlcy1sZW5ndGg"}"#;
    for keys in ["", "null", secret] {
        let answers = json(format!(r#"{{"keys":[{keys}]}}"#));
        assert_eq!(refusal(answers), ("ERR_JWKS_INVALID", "no_usable_key"), "{keys}");
    }
}

#[test]
fn only_keys_of_the_configured_algorithms_are_used() {
    let bench = Bench::with(|settings| settings.algorithms = vec![Algorithm::Es256]);
    bench.answers(set(&["a"]));
    let ticket = bench.told_to_fetch(NOW);
    assert_eq!(bench.fetch(ticket).unwrap_err().cause(), "no_usable_key");
}

#[test]
fn a_name_that_could_not_stand_in_a_field_is_not_sent_back() {
    let long = format!("\"{}\"", "e".repeat(256));
    for etag in ["", "1", "\"", "\"a\r\nb\"", "\"a", "\"\u{e9}\"", "\"a\" b\"", long.as_str()] {
        let bench = Bench::primed(set_with(&["a"], &[("etag", etag)]));
        let ticket = bench.remote.look_for_newer(NOW.plus(MINUTE_MS)).unwrap().unwrap();
        bench.fetch(ticket).unwrap();
        assert_eq!(*bench.server.asked.borrow(), [None, None], "{etag:?}");
    }
}

#[test]
fn neither_url_nor_key_is_shown() {
    let bench = Bench::primed(set(&["a"]));
    let shown = format!("{:?} {:?}", bench.remote, settings());
    assert!(!shown.contains("s3cret") && !shown.contains(X), "{shown}");
}
