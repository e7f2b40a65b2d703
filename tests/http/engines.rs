//! Signatures by the runtime's own cryptography, and what happens when it does not say.

use std::sync::Mutex;

use portcullis::guard::Guard;
use portcullis::jwt::{Key, Native, NativeFault, Signatures};
use serde_json::json;

use crate::bench::setup::Keys;
use crate::bench::{Bench, forge};

/// A runtime that says what it is told to, and counts how often it was asked.
#[derive(Debug)]
struct Told {
    verdict: Result<bool, NativeFault>,
    asked: Mutex<u32>,
}

impl Signatures for Told {
    fn verify<'a>(&'a self, _: &'a Key, input: &'a [u8], signature: &'a [u8]) -> Native<'a, bool> {
        assert!(!input.is_empty() && signature.len() == 64);
        *self.asked.lock().unwrap() += 1;
        Box::pin(async { self.verdict })
    }

    fn sign<'a>(&'a self, _: &'a Key, _: &'a [u8]) -> Native<'a, Vec<u8>> {
        *self.asked.lock().unwrap() += 1;
        Box::pin(async { self.verdict.map(|_| vec![7; 64]) })
    }
}

fn told(verdict: Result<bool, NativeFault>) -> &'static Told {
    Box::leak(Box::new(Told { verdict, asked: Mutex::new(0) }))
}

fn bench(keys: Keys, runtime: &'static Told) -> Bench {
    let mut bench = Bench::keyed(keys);
    let guard = Guard::new(bench.instance.clone(), bench.store.clone(), crate::bench::entropy);
    bench.guard = guard.with_signatures(runtime);
    bench
}

fn native(bench: &Bench) -> u64 {
    bench.count("signature_checks", "engine=\"native\",algorithm=\"EdDSA\"")
}

#[test]
fn the_runtimes_verdict_counts_and_is_counted_as_its_own() {
    let forged =
        format!("{}.{}", forge::token(&json!({})).rsplit_once('.').unwrap().0, "A".repeat(86));
    let trusting = bench(Keys::EdDsa, told(Ok(true)));
    assert_eq!(trusting.authorize(&forged).status, 200, "it said that the signature holds");
    assert_eq!(native(&trusting), 1);
    let refusing = bench(Keys::EdDsa, told(Ok(false)));
    let good = forge::token(&json!({}));
    refusing.authorize(&good).refused(401, "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
    assert_eq!(native(&refusing), 1);
}

#[test]
fn what_is_no_verdict_lets_the_core_decide() {
    for fault in [NativeFault::Refused, NativeFault::Lacking, NativeFault::Failed] {
        let bench = bench(Keys::EdDsa, told(Err(fault)));
        let token = bench.mint();
        assert_eq!(bench.authorize(&token).status, 200);
        let (input, _) = token.rsplit_once('.').unwrap();
        let forged = format!("{input}.{}", "A".repeat(86));
        bench.authorize(&forged).refused(401, "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
        assert_eq!(native(&bench), 0);
        assert_eq!(bench.count("signature_checks", "engine=\"wasm\""), 2);
        // Of the token that was minted, and the two that were presented.
        let times = |this| if fault == this { 3 } else { 0 };
        assert_eq!(bench.count("native_refusals", "EdDSA"), times(NativeFault::Refused));
        assert_eq!(bench.count("native_failures", "EdDSA"), times(NativeFault::Failed));
    }
}

#[test]
fn the_runtime_signs_what_is_minted() {
    let bench = bench(Keys::EdDsa, told(Ok(true)));
    let token = bench.mint();
    assert_eq!(forge::decode(token.rsplit_once('.').unwrap().1), [7; 64]);
}

#[test]
fn the_runtime_is_not_asked_for_hmac_nor_about_a_signature_of_a_wrong_length() {
    let runtime = told(Ok(true));
    let symmetric = bench(Keys::Hs256, runtime);
    let token = symmetric.mint();
    assert_eq!(symmetric.authorize(&token).status, 200);
    let pair = bench(Keys::EdDsa, runtime);
    let good = forge::token(&json!({}));
    let (input, signature) = good.rsplit_once('.').unwrap();
    for wrong in ["", "AAAA", &signature[..84], &format!("{signature}AAAA")] {
        let code = "ERR_JWS_SIGNATURE_VERIFICATION_FAILED";
        pair.authorize(&format!("{input}.{wrong}")).refused(401, code);
    }
    pair.authorize(&format!("{input}.{signature}=")).refused(401, "ERR_JWS_INVALID");
    assert_eq!(*runtime.asked.lock().unwrap(), 0);
}
