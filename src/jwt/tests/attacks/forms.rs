//! Something else where a compact JWS is expected (RFC 7515 section 7, RFC 7516 section 9).

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn parts() -> (KeySet, [String; 3]) {
    let keys = hs256();
    let token = signed(&keys, HS256_HEADER, PAYLOAD);
    let parts: Vec<_> = token.split('.').map(str::to_owned).collect();
    (keys, parts.try_into().unwrap())
}

#[test]
fn a_jwe_is_refused() {
    let (keys, [header, payload, signature]) = parts();
    let jwe = base64url(r#"{"alg":"dir","enc":"A128CBC-HS256"}"#);
    for token in [
        format!("{jwe}.AAAA.AAAA.AAAA.AAAA"),
        format!("{jwe}..AAAA.AAAA.AAAA"),
        format!("{header}.{payload}.{signature}.AAAA.AAAA"),
        format!("{header}..{payload}..{signature}"),
    ] {
        assert_eq!(refusal(&token, &keys), "ERR_JWS_INVALID", "{token}");
    }
    // A header that says JWE over three parts.
    let token = signed(&keys, r#"{"alg":"HS256","enc":"A128GCM"}"#, PAYLOAD);
    assert_eq!(refusal(&token, &keys), "ERR_JOSE_NOT_SUPPORTED");
}

#[test]
fn the_json_serialisations_are_refused() {
    let (keys, [header, payload, signature]) = parts();
    let flattened = json!({"protected": header, "payload": payload, "signature": signature});
    let one = json!({"protected": header, "signature": signature});
    let general = json!({"payload": payload, "signatures": [one]});
    let unprotected =
        json!({"header": {"alg": "HS256"}, "payload": payload, "signature": signature});
    for jws in [flattened, general, unprotected] {
        for token in [
            jws.to_string(),
            base64url(jws.to_string()),
            format!("{}..", base64url(jws.to_string())),
        ] {
            assert_eq!(refusal(&token, &keys), "ERR_JWS_INVALID", "{token}");
        }
    }
}

#[test]
fn parts_that_are_empty_too_few_or_too_many_are_refused() {
    let (keys, [h, p, s]) = parts();
    for token in [
        String::new(),
        ".".into(),
        "..".into(),
        "...".into(),
        h.clone(),
        format!("{h}."),
        format!("{h}.{p}"),
        format!("{h}.{p}.{s}."),
        format!(".{h}.{p}.{s}"),
        format!("{h}..{p}.{s}"),
        format!("{h}.{p}..{s}"),
        format!(".{p}.{s}"),
        format!("{h}{p}{s}"),
        format!("{h},{p},{s}"),
        format!("{h}.{p}.{s} {h}.{p}.{s}"),
        format!("Bearer {h}.{p}.{s}"),
        format!("\"{h}.{p}.{s}\""),
    ] {
        assert_eq!(refusal(&token, &keys), "ERR_JWS_INVALID", "{token}");
    }
    for token in [format!("{h}..{s}"), format!("{h}.{p}."), format!("{h}..")] {
        assert_eq!(refusal(&token, &keys), "ERR_JWS_SIGNATURE_VERIFICATION_FAILED", "{token}");
    }
}

#[test]
fn a_dot_inside_a_part_is_refused_under_a_signature_made_over_it() {
    let (keys, [header, payload, _]) = parts();
    for place in 0..=payload.len() {
        let dotted = format!("{}.{}", &payload[..place], &payload[place..]);
        let token = signed_as_written(&keys, &header, &dotted);
        assert_eq!(refusal(&token, &keys), "ERR_JWS_INVALID", "{place}");
    }
}
