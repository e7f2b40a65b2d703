//! Given a key, what can be made of it: a private JWK, new keys, thumbprints.

use jwt_simple::algorithms::{
    ECDSAP256PublicKeyLike as _, ECDSAP384PublicKeyLike as _, ES256PublicKey, ES384PublicKey,
    Ed25519PublicKey, EdDSAPublicKeyLike as _, MLDSA44PublicKey, MLDSA65PublicKey,
    MLDSA87PublicKey, MLDSAPublicKeyLike as _, PS256PublicKey, PS384PublicKey, PS512PublicKey,
    RS256PublicKey, RS384PublicKey, RS512PublicKey, RSAPublicKeyLike as _,
};
use jwt_simple::claims::NoCustomClaims;
use jwt_simple::common::VerificationOptions;
use jwt_simple::reexports::coarsetime::Duration;

use super::super::{Algorithm, Key, Verdict};
use super::test_keys::{signing_jwk, verifying_jwk};
use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn key(jwk: &Jwk) -> Key {
    Key::from_jwk(jwk).unwrap()
}

#[test]
fn a_private_jwk_reads_back_as_the_key() {
    for algorithm in Algorithm::ALL {
        let text = key(&signing_jwk(algorithm)).private_jwk().unwrap();
        let back: Jwk = serde_json::from_str(&text).unwrap();
        let expected = Jwk { key_use: Some("sig".into()), ..signing_jwk(algorithm) };
        let [back, expected] = [back, expected].map(|jwk| serde_json::to_value(jwk).unwrap());
        assert_eq!(back, expected, "{algorithm:?}");
    }
}

#[test]
fn a_key_that_cannot_sign_has_no_private_jwk() {
    for algorithm in Algorithm::ALL.into_iter().filter(|algorithm| !algorithm.is_symmetric()) {
        assert!(key(&verifying_jwk(algorithm)).private_jwk().is_none());
        assert!(Key::opaque("k1", algorithm, true).unwrap().private_jwk().is_none());
    }
}

/// RSA keys take seconds to find: one of their six algorithms is enough, and not in WebAssembly.
fn generated() -> impl Iterator<Item = Algorithm> {
    let rsa = if cfg!(target_arch = "wasm32") { None } else { Some(Algorithm::Ps256) };
    Algorithm::ALL.into_iter().filter(move |one| !one.is_rsa() || Some(*one) == rsa)
}

#[test]
fn a_generated_key_signs_and_reads_back() {
    for algorithm in generated() {
        let new = Key::generate("new", algorithm).unwrap();
        assert_eq!((new.kid(), new.algorithm()), ("new", algorithm));
        let back = key(&serde_json::from_str(&new.private_jwk().unwrap()).unwrap());
        let signature = new.sign(b"a").unwrap();
        assert_eq!(back.check(b"a", &signature), Verdict::Holds, "{algorithm:?}");
        assert_eq!(new.private_jwk(), back.private_jwk());
    }
    assert!(Key::generate("", Algorithm::EdDsa).is_err());
}

#[test]
fn no_two_generated_keys_are_the_same() {
    for algorithm in generated().filter(|algorithm| !algorithm.is_rsa()) {
        let [one, other] = [(); 2].map(|()| Key::generate("k1", algorithm).unwrap());
        assert_ne!(one.private_jwk(), other.private_jwk(), "{algorithm:?}");
    }
}

#[test]
fn a_raw_secret_is_held_to_the_same_bounds() {
    let jwk = signing_jwk(Algorithm::Hs384);
    let raw = Key::from_secret("k1", Algorithm::Hs384, &[b'k'; 64]).unwrap();
    assert_eq!(raw.private_jwk(), key(&jwk).private_jwk());
    for (algorithm, length) in [
        (Algorithm::Hs256, 31),
        (Algorithm::Hs384, 47),
        (Algorithm::Hs512, 63),
        (Algorithm::Hs256, 513),
        (Algorithm::EdDsa, 32),
    ] {
        assert!(Key::from_secret("k1", algorithm, &vec![1; length]).is_err(), "{algorithm:?}");
    }
    assert!(Key::from_secret("", Algorithm::Hs256, &[1; 32]).is_err());
}

#[test]
fn a_lifetime_can_be_given_to_any_key() {
    let key = Key::generate("k1", Algorithm::EdDsa).unwrap();
    let keys = vec![key.with_lifetime(NOW, Some(NOW.plus(1)))];
    let keys = KeySet::from_keys(keys).unwrap();
    assert!(keys.signer(NOW.minus(1)).is_err());
    assert!(keys.signer(NOW).is_ok());
    assert!(keys.signer(NOW.plus(1)).is_err());
}

/// RFC 7638 section 3.1.
#[test]
fn rfc_7638_thumbprint_of_an_rsa_key() {
    let jwk = jwk(
        json!({"kty": "RSA", "alg": "RS256", "kid": "2011-04-29", "e": "AQAB", "n": concat!(
            "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_B",
            "JECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_F",
            "DW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4",
            "vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
        )}),
    );
    let thumbprint = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
    assert_eq!(jwk.thumbprint().as_deref(), Some(thumbprint));
    assert_eq!(key(&jwk).thumbprint().as_deref(), Some(thumbprint));
}

#[test]
fn rfc_8037_appendix_a_3_thumbprint_of_an_ed25519_key() {
    let thumbprint = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
    for jwk in [public_jwk("k1"), private_jwk("k2")] {
        assert_eq!(key(&jwk).thumbprint().as_deref(), Some(thumbprint));
    }
}

/// The `kid` of the example key in RFC 9964, of the all-zero seed: it holds the derivation too.
#[test]
fn rfc_9964_thumbprint_of_an_ml_dsa_key() {
    let key = key(&signing_jwk(Algorithm::MlDsa44));
    let thumbprint = "T4xl70S7MT6Zeq6r9V9fPJGVn76wfnXJ21-gyo0Gu6o";
    assert_eq!(key.thumbprint().as_deref(), Some(thumbprint));
}

#[test]
fn a_thumbprint_needs_its_members_and_tells_nothing_of_a_secret_key() {
    assert!(key(&secret_jwk("k1")).thumbprint().is_none());
    assert!(Key::opaque("k1", Algorithm::EdDsa, false).unwrap().thumbprint().is_none());
    assert!(Jwk { x: None, ..public_jwk("k1") }.thumbprint().is_none());
    assert!(Jwk { kty: "okp".into(), ..public_jwk("k1") }.thumbprint().is_none());
}

/// What we sign over bytes, jwt-simple takes as the signature of a token, with its own key types.
#[test]
fn jwt_simple_accepts_what_we_sign() {
    macro_rules! accepts {
        ($key:ty, $jwk:expr, $token:expr) => {
            <$key>::from_jwk(&$jwk)
                .unwrap()
                .verify_token::<NoCustomClaims>(&$token, options())
                .is_ok()
        };
    }
    fn options() -> Option<VerificationOptions> {
        Some(VerificationOptions {
            artificial_time: Some(Duration::from_secs(NOW_S)),
            ..Default::default()
        })
    }
    for algorithm in Algorithm::ALL.into_iter().filter(|algorithm| !algorithm.is_symmetric()) {
        let keys = key_set([signing_jwk(algorithm)]);
        let header = json!({"alg": algorithm.name()}).to_string();
        let token = signed(&keys, header, PAYLOAD);
        let jwk = serde_json::to_string(&verifying_jwk(algorithm)).unwrap();
        use Algorithm as A;
        let accepted = match algorithm {
            A::Rs256 => accepts!(RS256PublicKey, jwk, token),
            A::Rs384 => accepts!(RS384PublicKey, jwk, token),
            A::Rs512 => accepts!(RS512PublicKey, jwk, token),
            A::Ps256 => accepts!(PS256PublicKey, jwk, token),
            A::Ps384 => accepts!(PS384PublicKey, jwk, token),
            A::Ps512 => accepts!(PS512PublicKey, jwk, token),
            A::Es256 => accepts!(ES256PublicKey, jwk, token),
            A::Es384 => accepts!(ES384PublicKey, jwk, token),
            A::EdDsa => accepts!(Ed25519PublicKey, jwk, token),
            A::MlDsa44 => accepts!(MLDSA44PublicKey, jwk, token),
            A::MlDsa65 => accepts!(MLDSA65PublicKey, jwk, token),
            A::MlDsa87 => accepts!(MLDSA87PublicKey, jwk, token),
            A::Hs256 | A::Hs384 | A::Hs512 => true,
        };
        assert!(accepted, "{algorithm:?}");
    }
}
