//! A key set that is taken publishes no secret, and what it publishes is itself a key set that is taken,
//! with the same keys. What it signs, it verifies. Of another's set no key is taken that could sign.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::UnixMs;
use portcullis::jwt::{Algorithm, Jwk, JwkSet, KeySet};
use portcullis_fuzz::sign_and_verify;

const NOW: UnixMs = UnixMs(1_800_000_000_000);

fuzz_target!(|data: &[u8]| {
    if let Ok(set) = serde_json::from_slice::<JwkSet>(data) {
        check(&set);
    }
    if let Ok(jwk) = serde_json::from_slice::<Jwk>(data) {
        check(&JwkSet { keys: vec![jwk] });
    }
});

fn check(set: &JwkSet) {
    if let Ok(keys) = KeySet::from_remote(set, &Algorithm::ALL) {
        let signs = keys.iter().any(|key| key.can_sign() || key.algorithm().is_symmetric());
        // A key without alg stands for each of those it can be for.
        assert!(!signs && keys.iter().count() <= 6 * set.keys.len().min(1000));
    }
    let Ok(keys) = KeySet::from_jwks(set) else { return };
    let again = serde_json::to_string(set).unwrap();
    assert!(KeySet::from_jwks(&serde_json::from_str(&again).unwrap()).is_ok(), "{again}");

    let published = keys.public_jwks(NOW);
    for jwk in &published.keys {
        let Jwk { d, p, q, dp, dq, qi, private, k, .. } = jwk;
        assert!([d, p, q, dp, dq, qi, private, k].into_iter().all(Option::is_none));
        let ours = set.keys.iter().find(|ours| ours.kid == jwk.kid).unwrap();
        // A member that is none of its type's is passed over, and not published.
        for (ours, published) in public_members(ours).into_iter().zip(public_members(jwk)) {
            assert!(published.is_none() || published == ours);
        }
    }
    if !published.keys.is_empty() {
        let public = KeySet::from_jwks(&published).unwrap();
        let kids = |set: &JwkSet| set.keys.iter().map(|jwk| jwk.kid.clone()).collect::<Vec<_>>();
        assert_eq!(kids(&public.public_jwks(NOW)), kids(&published));
    }
    sign_and_verify(&keys);
}

fn public_members(jwk: &Jwk) -> [&Option<String>; 7] {
    let Jwk { alg, crv, x, y, n, e, public, .. } = jwk;
    [alg, crv, x, y, n, e, public]
}
