//! ML-DSA (FIPS 204) as JOSE has it (RFC 9964): key type AKP, whose private part is the 32-byte
//! seed. Signing draws random bytes (the hedged variant); without any it fails.

use superboring::mldsa::{Algorithm as ParameterSet, MlDsaPrivateKey, MlDsaPublicKey};

use super::KeyPair;
use super::member::{self, member};
use crate::jwt::{Algorithm, Jwk};

const SEED_BYTES: usize = 32;

pub(super) struct MlDsa {
    public: MlDsaPublicKey,
    secret: Option<MlDsaPrivateKey>,
}

impl MlDsa {
    pub(super) fn from_jwk(jwk: &Jwk, algorithm: Algorithm) -> Result<Self, &'static str> {
        if jwk.kty != "AKP" {
            return Err(super::KTY_FOREIGN);
        }
        let set = parameter_set(algorithm).ok_or(super::KTY_FOREIGN)?;
        let length = set.public_key_bytes();
        let public = member::bytes(jwk.public.as_deref(), &member!("pub"), length)?;
        let key = MlDsaPublicKey::from_slice(set, &public)
            .map_err(|_| "pub does not have the length its alg says")?;
        let Some(seed) = jwk.private.as_deref() else {
            return Ok(Self { public: key, secret: None });
        };
        let seed = member::bytes(Some(seed), &member!("priv"), SEED_BYTES)?;
        let seed = seed.as_slice().try_into().map_err(|_| "priv must be a seed of 32 bytes")?;
        let secret =
            MlDsaPrivateKey::from_seed(set, seed).map_err(|_| "priv is not a private key")?;
        let derived = secret.public_key().and_then(|key| key.to_bytes());
        if derived.is_ok_and(|derived| derived == *public) {
            Ok(Self { public: key, secret: Some(secret) })
        } else {
            Err("priv does not belong to pub")
        }
    }
}

const fn parameter_set(algorithm: Algorithm) -> Option<ParameterSet> {
    match algorithm {
        Algorithm::MlDsa44 => Some(ParameterSet::MlDsa44),
        Algorithm::MlDsa65 => Some(ParameterSet::MlDsa65),
        Algorithm::MlDsa87 => Some(ParameterSet::MlDsa87),
        _ => None,
    }
}

impl KeyPair for MlDsa {
    fn can_sign(&self) -> bool {
        self.secret.is_some()
    }

    fn sign(&self, input: &[u8]) -> Option<Vec<u8>> {
        self.secret.as_ref()?.sign(input).ok()
    }

    fn verifies(&self, input: &[u8], signature: &[u8]) -> bool {
        self.public.verify(input, signature).is_ok()
    }

    fn public_jwk(&self) -> Jwk {
        Jwk {
            kty: "AKP".into(),
            public: self.public.to_bytes().ok().and_then(member::text),
            ..Jwk::default()
        }
    }
}
