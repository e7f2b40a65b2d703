//! The same tokens that the benchmark in JavaScript verifies in WebAssembly, verified natively.
//!
//! `npm run bench -- tokens native` writes them, with their keys, into a file that
//! `PORTCULLIS_BENCH_CASES` names, and reads what divan prints.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark that cannot run as it should must not go on"
)]

use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

use divan::{Bencher, black_box};
use jwt_simple::prelude::{
    ECDSAP256PublicKeyLike as _, ES256PublicKey, Ed25519PublicKey, EdDSAPublicKeyLike as _,
    HS256Key, MACLike as _, NoCustomClaims, RS256PublicKey, RSAPublicKeyLike as _,
    VerificationOptions,
};
use portcullis::UnixMs;
use portcullis::jwt::{JwkSet, Key, KeySet, LastHeader, Policy, select_after};
use serde::Deserialize;

fn main() {
    divan::main();
}

#[derive(Deserialize)]
struct Cases {
    now_ms: u64,
    issuer: String,
    audience: Option<String>,
    subject: String,
    lifetime_ms_max: u64,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    alg: String,
    jwks: JwkSet,
    /// The public half of an asymmetric key.
    pem: Option<String>,
    /// Whether jwt-simple is measured on it too.
    peers: bool,
    tokens: Vec<String>,
}

static CASES: LazyLock<Cases> = LazyLock::new(|| {
    let path =
        std::env::var_os("PORTCULLIS_BENCH_CASES").expect("PORTCULLIS_BENCH_CASES is not set");
    let text = std::fs::read(path).expect("the file of PORTCULLIS_BENCH_CASES cannot be read");
    serde_json::from_slice(&text)
        .expect("the file of PORTCULLIS_BENCH_CASES is not what is expected")
});

/// divan names a run by what its argument displays.
#[derive(Clone, Copy)]
struct Named(&'static Case);

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.name)
    }
}

fn all() -> impl Iterator<Item = Named> {
    CASES.cases.iter().map(Named)
}

fn with_peers() -> impl Iterator<Item = Named> {
    all().filter(|case| case.0.peers)
}

/// Ours: the claims checked, the payload as text.
#[divan::bench(args = all(), sample_size = 100, min_time = 0.4, max_time = 1)]
fn portcullis(bencher: Bencher<'_, '_>, Named(case): Named) {
    // Not `from_jwks`: a configured set may have no more than 100.
    let keys = case.jwks.keys.iter().map(Key::from_jwk).collect::<Result<Vec<_>, _>>();
    let keys = KeySet::from_keys(keys.expect("the keys are good")).expect("the set is good");
    let policy = Policy {
        issuers: vec![CASES.issuer.clone()],
        audiences: CASES.audience.iter().cloned().collect(),
        subject: Some(CASES.subject.clone()),
        lifetime_ms_max: Some(CASES.lifetime_ms_max),
        ..Policy::default()
    };
    let mut last = LastHeader::default();
    let mut tokens = case.tokens.iter().cycle();
    bencher.bench_local(|| {
        let token = tokens.next().expect("there is a token");
        let signed =
            select_after(&mut last, black_box(token), &keys, &policy, UnixMs(CASES.now_ms))
                .and_then(|selected| selected.check_signature())
                .expect("the signature holds");
        signed.claims(&policy, UnixMs(CASES.now_ms)).expect("the claims hold");
        signed.into_payload()
    });
}

/// The peer: the key imported once, the same claims checked, a claims object comes back.
#[divan::bench(args = with_peers(), sample_size = 100, min_time = 0.4, max_time = 1)]
fn jwt_simple(bencher: Bencher<'_, '_>, Named(case): Named) {
    let pem = || case.pem.as_deref().expect("an asymmetric key has a PEM");
    match case.alg.as_str() {
        "HS256" => {
            let key = HS256Key::from_bytes(&secret(case));
            verify_each(bencher, case, |token, options| key.verify_token(token, options));
        }
        "EdDSA" => {
            let key = Ed25519PublicKey::from_pem(pem()).expect("a good key");
            verify_each(bencher, case, |token, options| key.verify_token(token, options));
        }
        "ES256" => {
            let key = ES256PublicKey::from_pem(pem()).expect("a good key");
            verify_each(bencher, case, |token, options| key.verify_token(token, options));
        }
        "RS256" => {
            let key = RS256PublicKey::from_pem(pem()).expect("a good key");
            verify_each(bencher, case, |token, options| key.verify_token(token, options));
        }
        other => panic!("{other} is not among the peer's algorithms here"),
    }
}

type Verified = Result<jwt_simple::claims::JWTClaims<NoCustomClaims>, jwt_simple::Error>;

fn verify_each(
    bencher: Bencher<'_, '_>,
    case: &Case,
    verify: impl Fn(&str, Option<VerificationOptions>) -> Verified,
) {
    let options = VerificationOptions {
        allowed_issuers: Some([CASES.issuer.clone()].into()),
        allowed_audiences: CASES.audience.clone().map(|audience| [audience].into()),
        required_subject: Some(CASES.subject.clone()),
        max_validity: Some(Duration::from_millis(CASES.lifetime_ms_max).into()),
        time_tolerance: Some(Duration::default().into()),
        ..VerificationOptions::default()
    };
    let mut tokens = case.tokens.iter().cycle();
    bencher.bench_local(|| {
        let token = tokens.next().expect("there is a token");
        verify(black_box(token), Some(options.clone())).expect("the token holds")
    });
}

fn secret(case: &Case) -> Vec<u8> {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let k = case.jwks.keys.first().and_then(|jwk| jwk.k.as_deref()).expect("a secret key has k");
    URL_SAFE_NO_PAD.decode(k).expect("k is base64url")
}
