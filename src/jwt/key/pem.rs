//! Keys from PEM (RFC 7468): PKCS #8 private keys and SubjectPublicKeyInfo public keys, no other form.

use p256::pkcs8::{ObjectIdentifier, PrivateKeyInfoRef, SecretDocument, SubjectPublicKeyInfoRef};

use super::{Key, KeyPair, Material, Secret, Source};
use crate::jwt::Algorithm;

/// Longest text taken, in bytes: an ML-DSA-87 key with its expanded form beside its seed has 6.8 kB.
const PEM_BYTES_MAX: usize = 8192;

struct Pem {
    is_private: bool,
    der: SecretDocument,
}

impl Source for Pem {
    fn secret(&self, _: Algorithm) -> Result<Secret, &'static str> {
        Err("a secret is not written as PEM")
    }

    fn pair<P: KeyPair>(&self, algorithm: Algorithm) -> Result<P, &'static str> {
        let der = self.der.as_bytes();
        if self.is_private { P::from_pkcs8(der, algorithm) } else { P::from_spki(der, algorithm) }
    }
}

impl Key {
    /// Takes a key in PEM, for one algorithm: `BEGIN PRIVATE KEY` (PKCS #8, unencrypted) or
    /// `BEGIN PUBLIC KEY` (SubjectPublicKeyInfo).
    ///
    /// # Errors
    /// In fixed words: a `kid` of another length than 1 to 256 bytes, text that is longer than
    /// 8,192 bytes or not such PEM, a key that is not of the algorithm or outside its bounds.
    pub fn from_pem(kid: &str, algorithm: Algorithm, pem: &str) -> Result<Self, &'static str> {
        if pem.len() > PEM_BYTES_MAX {
            return Err("the PEM is too long");
        }
        let (label, der) = SecretDocument::from_pem(pem.trim()).map_err(|_| "not PEM")?;
        let is_private = match label {
            "PRIVATE KEY" => true,
            "PUBLIC KEY" => false,
            _ => return Err("the PEM must be a PRIVATE KEY (PKCS #8) or a PUBLIC KEY (SPKI)"),
        };
        Self::named(kid, algorithm, Material::of(&Pem { is_private, der }, algorithm)?)
    }
}

/// The public key in a SubjectPublicKeyInfo of this algorithm, which has no parameters.
pub(super) fn spki(der: &[u8], oid: ObjectIdentifier) -> Option<&[u8]> {
    let info = SubjectPublicKeyInfoRef::try_from(der).ok()?;
    let is_it = info.algorithm.oid == oid && info.algorithm.parameters.is_none();
    info.subject_public_key.as_bytes().filter(|_| is_it)
}

/// The private key in a OneAsymmetricKey of this algorithm, which has no parameters, and the public
/// one if it is there.
pub(super) fn pkcs8(der: &[u8], oid: ObjectIdentifier) -> Option<(&[u8], Option<&[u8]>)> {
    let info = PrivateKeyInfoRef::try_from(der).ok()?;
    let is_it = info.algorithm.oid == oid && info.algorithm.parameters.is_none();
    let public = info.public_key.map(|public| public.as_bytes().unwrap_or_default());
    is_it.then(|| (info.private_key.as_bytes(), public))
}
