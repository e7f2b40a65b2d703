//! A token is accepted exactly where a plain reading of it, its signature and the policy says so.
//!
//! Input of one line is the token itself. With a line feed in it, what stands before the first is a
//! header and what stands behind is a payload, both signed with the right key: how else would a fuzzer
//! come past the signature.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use portcullis::UnixMs;
use portcullis::jwt::{
    JwkSet, JwtError, KeySet, LastHeader, Policy, fuzzing, select, select_after,
};
use portcullis_fuzz::{Wanted, decode, encode, is_accepted, sign};
use serde_json::json;

const NOW: UnixMs = UnixMs(1_800_000_000_000);

static HS256: LazyLock<(Wanted, KeySet)> = LazyLock::new(|| {
    let secret = *b"a secret of the fuzz targets, 32";
    let jwk = json!({"kty": "oct", "kid": "k1", "alg": "HS256", "k": encode(secret)});
    (Wanted { alg: "HS256", kid: "k1", secret }, key_set(jwk))
});

/// The key pair of RFC 8032 section 7.1, test 1, as in RFC 8037 appendix A.
static EDDSA: LazyLock<(Wanted, KeySet)> = LazyLock::new(|| {
    let d = decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "kid": "k1", "alg": "EdDSA", "x": x});
    (Wanted { alg: "EdDSA", kid: "k1", secret: d.try_into().unwrap() }, key_set(jwk))
});

static POLICIES: LazyLock<[Policy; 2]> = LazyLock::new(|| {
    let strict = Policy {
        issuers: vec!["https://a".into()],
        audiences: vec!["b".into(), "c".into()],
        types: vec!["at+jwt".into()],
        lifetime_ms_max: Some(3_600_000),
        ..Policy::default()
    };
    [Policy::default(), strict]
});

fn key_set(jwk: serde_json::Value) -> KeySet {
    let set: JwkSet = serde_json::from_value(json!({"keys": [jwk]})).unwrap();
    KeySet::from_jwks(&set).unwrap()
}

fuzz_target!(|text: &str| {
    match text.split_once('\n') {
        None => judge(text),
        Some((header, payload)) => {
            let (wanted, _) = if header.contains("EdDSA") { &*EDDSA } else { &*HS256 };
            let input = format!("{}.{}", encode(header), encode(payload));
            let signature = sign(wanted.alg, wanted.secret, &input);
            judge(&format!("{input}.{}", encode(signature)));
        }
    }
});

fn judge(token: &str) {
    for part in token.split('.') {
        let decoded = fuzzing::decode(part).ok();
        assert_eq!(decoded, decode(part));
        assert!(decoded.is_none_or(|bytes| encode(bytes) == part));
    }
    for (wanted, keys) in [&*HS256, &*EDDSA] {
        for policy in &*POLICIES {
            let verdict = verify(token, keys, policy);
            let expected = is_accepted(token, wanted, policy, NOW);
            assert_eq!(verdict.is_ok(), expected, "{token} {verdict:?}");
            if let Ok(payload) = verdict {
                assert_eq!(token.split('.').nth(1), Some(&*encode(payload)));
            }
        }
    }
}

fn verify(token: &str, keys: &KeySet, policy: &Policy) -> Result<String, JwtError> {
    let kid = select(token, keys, policy, NOW).map(|selected| selected.key().kid().to_owned());
    let mut last = LastHeader::default();
    for _ in 0..2 {
        let again = select_after(&mut last, token, keys, policy, NOW);
        assert_eq!(again.map(|selected| selected.key().kid().to_owned()), kid);
    }
    let signed = select(token, keys, policy, NOW)?.check_signature()?;
    signed.claims(policy, NOW)?;
    Ok(signed.into_payload())
}
