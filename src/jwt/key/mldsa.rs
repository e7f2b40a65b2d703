//! ML-DSA (FIPS 204) as JOSE has it (RFC 9964): key type AKP, whose private part is the 32-byte
//! seed. Signing draws random bytes (the hedged variant); without any it fails.

use jwt_simple::reexports::zeroize::Zeroizing;
use p256::pkcs8::ObjectIdentifier;
use p256::pkcs8::der::{self, Decode as _, Reader as _, asn1::AnyRef, asn1::OctetStringRef};
use superboring::mldsa::{Algorithm as ParameterSet, MlDsaPrivateKey, MlDsaPublicKey};

use super::member::{self, member};
use super::pem::{pkcs8, spki};
use super::{KeyPair, PrivateMembers, random};
use crate::jwt::{Algorithm, Jwk};

const SEED_BYTES: usize = 32;

pub(super) struct MlDsa {
    public: MlDsaPublicKey,
    secret: Option<MlDsaPrivateKey>,
}

impl MlDsa {
    fn from_seed(seed: &[u8; SEED_BYTES], set: ParameterSet) -> Result<Self, &'static str> {
        const MALFORMED: &str = "priv is not a private key";
        let secret = MlDsaPrivateKey::from_seed(set, seed).map_err(|_| MALFORMED)?;
        let public = secret.public_key().map_err(|_| MALFORMED)?;
        Ok(Self { public, secret: Some(secret) })
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

const fn oid(set: ParameterSet) -> ObjectIdentifier {
    match set {
        ParameterSet::MlDsa44 => ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.17"),
        ParameterSet::MlDsa65 => ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.18"),
        ParameterSet::MlDsa87 => ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.19"),
    }
}

/// The seed in a private key's octets, which hold it alone or before the expanded key (RFC 9881
/// section 6). The expanded key, which follows from the seed, is not read; alone it is no seed.
fn seed_in(octets: &[u8]) -> Option<&[u8; SEED_BYTES]> {
    if let Some(seed) = octets.strip_prefix(&[0x80, 32]) {
        return seed.try_into().ok();
    }
    let seed = AnyRef::from_der(octets).ok()?.sequence(|reader| {
        let seed: &OctetStringRef = reader.decode()?;
        let _expanded: &OctetStringRef = reader.decode()?;
        Ok::<_, der::Error>(seed)
    });
    seed.ok()?.as_bytes().try_into().ok()
}

impl KeyPair for MlDsa {
    fn from_jwk(jwk: &Jwk, algorithm: Algorithm) -> Result<Self, &'static str> {
        if jwk.kty != "AKP" {
            return Err(super::KTY_FOREIGN);
        }
        let set = parameter_set(algorithm).ok_or(super::KTY_FOREIGN)?;
        let length = set.public_key_bytes();
        let public = member::bytes(jwk.public.as_deref(), &member!("pub"), length)?;
        if public.len() != length {
            return Err("pub does not have the length its alg says");
        }
        let Some(seed) = jwk.private.as_deref() else {
            let public = MlDsaPublicKey::from_slice(set, &public).map_err(|_| "pub is no key")?;
            return Ok(Self { public, secret: None });
        };
        let seed = member::bytes(Some(seed), &member!("priv"), SEED_BYTES)?;
        let seed = seed.as_slice().try_into().map_err(|_| "priv must be a seed of 32 bytes")?;
        let key = Self::from_seed(seed, set)?;
        if key.public.to_bytes().is_ok_and(|derived| derived == *public) {
            Ok(key)
        } else {
            Err("priv does not belong to pub")
        }
    }

    fn from_spki(der: &[u8], algorithm: Algorithm) -> Result<Self, &'static str> {
        const MALFORMED: &str = "not an ML-DSA public key of this algorithm";
        let set = parameter_set(algorithm).ok_or(super::KTY_FOREIGN)?;
        let public = spki(der, oid(set)).ok_or(MALFORMED)?;
        let public = MlDsaPublicKey::from_slice(set, public).map_err(|_| MALFORMED)?;
        Ok(Self { public, secret: None })
    }

    fn from_pkcs8(der: &[u8], algorithm: Algorithm) -> Result<Self, &'static str> {
        let set = parameter_set(algorithm).ok_or(super::KTY_FOREIGN)?;
        let (private, _) =
            pkcs8(der, oid(set)).ok_or("not an ML-DSA private key of this algorithm")?;
        Self::from_seed(seed_in(private).ok_or("the private key must have its seed")?, set)
    }

    fn generate(algorithm: Algorithm) -> Result<Self, &'static str> {
        let set = parameter_set(algorithm).ok_or(super::KTY_FOREIGN)?;
        let mut seed = Zeroizing::new([0; SEED_BYTES]);
        random::fill(seed.as_mut_slice())?;
        Self::from_seed(&seed, set)
    }

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
    fn private_members(&self) -> Option<PrivateMembers> {
        let seed = self.secret.as_ref()?.seed_bytes();
        Some(vec![("priv", Zeroizing::new(seed.to_vec()))])
    }
}
