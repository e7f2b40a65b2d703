//! One key: bound to its `kid`, its algorithm and its lifetime.

mod ecdsa;
mod hmac;
mod member;
mod mldsa;
mod okp;
mod rsa;

use std::fmt;

use self::ecdsa::{P256, P384};
use self::hmac::Secret;
use self::mldsa::MlDsa;
use self::okp::Ed25519;
use self::rsa::Rsa;
use super::{Algorithm, Jwk};
use crate::UnixMs;

/// The last second of the year 9999: more is a mistake, milliseconds for instance.
const UNIX_SECONDS_MAX: u64 = 253_402_300_799;
/// Longest `kid`, in bytes.
const KID_BYTES_MAX: usize = 256;
/// `kty` is not the one of `alg`.
const KTY_FOREIGN: &str = "kty and alg do not belong together";

/// A key that verifies, and signs if it holds the secret part.
///
/// jwt-simple's keys, what they are made of, and RustCrypto's HMAC do the cryptography; this type
/// binds it to one algorithm and one `kid`.
pub struct Key {
    kid: String,
    algorithm: Algorithm,
    material: Material,
    not_before: UnixMs,
    retire_at: Option<UnixMs>,
}

enum Material {
    Secret(Box<Secret>),
    Pair(Box<dyn KeyPair>),
    /// Held by the platform, which signs and verifies with it.
    Elsewhere {
        can_sign: bool,
    },
}

/// The public key of any family but HMAC, with its private part or without.
trait KeyPair: Send + Sync {
    fn can_sign(&self) -> bool;
    /// The signature over `input`; `None` without the private part, or without random bytes where
    /// the algorithm needs them.
    fn sign(&self, input: &[u8]) -> Option<Vec<u8>>;
    fn verifies(&self, input: &[u8], signature: &[u8]) -> bool;
    /// The members that are this key's, and `kty`.
    fn public_jwk(&self) -> Jwk;
}

/// What a key says of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// It is this key's.
    Holds,
    /// It is not.
    Fails,
    /// This key's material is with the platform: only its own cryptography can tell.
    NotHere,
}

impl Key {
    /// Takes a JWK.
    ///
    /// # Errors
    /// In fixed words that name the member, never its value: `kid` or `alg` missing, an unsupported
    /// type, curve or algorithm, a use that is not signing, a short or malformed key, a private
    /// part that does not belong to the public one.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, &'static str> {
        let kid = jwk.kid.clone().ok_or("kid is missing")?;
        if jwk.key_use.as_deref().is_some_and(|key_use| key_use != "sig") {
            return Err("use must be sig");
        }
        let alg = jwk.alg.as_deref().ok_or("alg is missing")?;
        let algorithm = Algorithm::from_name(alg).ok_or("alg is not supported")?;
        let seconds = |seconds: &u64| *seconds <= UNIX_SECONDS_MAX;
        if !jwk.not_before.iter().chain(&jwk.retire_at).all(seconds) {
            return Err("not_before and retire_at must be Unix seconds");
        }
        let key = Self {
            not_before: UnixMs(jwk.not_before.unwrap_or(0).saturating_mul(1000)),
            retire_at: jwk.retire_at.map(|seconds| UnixMs(seconds.saturating_mul(1000))),
            ..Self::of(&kid, algorithm, Material::from_jwk(jwk, algorithm)?)?
        };
        key.check_operations(jwk.key_ops.as_deref())?;
        Ok(key)
    }

    /// A key the platform holds, a non-extractable `CryptoKey` for instance: [`Key::check`] answers
    /// [`Verdict::NotHere`], and it is never published.
    ///
    /// # Errors
    /// In fixed words: a `kid` that is empty or longer than 256 bytes.
    pub fn opaque(kid: &str, algorithm: Algorithm, can_sign: bool) -> Result<Self, &'static str> {
        Self::of(kid, algorithm, Material::Elsewhere { can_sign })
    }

    fn of(kid: &str, algorithm: Algorithm, material: Material) -> Result<Self, &'static str> {
        if kid.is_empty() || kid.len() > KID_BYTES_MAX {
            return Err("kid must have 1 to 256 bytes");
        }
        let (kid, not_before) = (kid.to_owned(), UnixMs(0));
        Ok(Self { kid, algorithm, material, not_before, retire_at: None })
    }

    fn check_operations(&self, operations: Option<&[String]>) -> Result<(), &'static str> {
        let Some(operations) = operations else { return Ok(()) };
        let has = |name: &str| operations.iter().any(|operation| operation == name);
        // A secret key both signs and verifies here; of a key pair the public half verifies,
        // whose operations RFC 7517 section 4.3 lists in its own JWK.
        match (self.algorithm().is_symmetric(), self.can_sign()) {
            (true, _) if !(has("sign") && has("verify")) => {
                Err("key_ops of a secret key must have sign and verify")
            }
            (false, true) if !has("sign") => Err("key_ops of a private key must have sign"),
            (false, false) if !has("verify") => Err("key_ops of a public key must have verify"),
            _ => Ok(()),
        }
    }

    /// Its `kid`.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Its one algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// From when it signs.
    #[must_use]
    pub const fn not_before(&self) -> UnixMs {
        self.not_before
    }

    /// Whether its grace has ended at `now`: it neither signs nor verifies any more.
    #[must_use]
    pub fn is_retired(&self, now: UnixMs) -> bool {
        self.retire_at.is_some_and(|end| now >= end)
    }

    /// Whether it can sign, here or, where it is held elsewhere, there.
    #[must_use]
    pub fn can_sign(&self) -> bool {
        match &self.material {
            Material::Secret(_) => true,
            Material::Pair(pair) => pair.can_sign(),
            Material::Elsewhere { can_sign } => *can_sign,
        }
    }

    /// The signature over `input`; `None` when this key only verifies or is held elsewhere, or when
    /// its algorithm needs random bytes and there are none.
    pub(crate) fn sign(&self, input: &[u8]) -> Option<Vec<u8>> {
        match &self.material {
            Material::Secret(secret) => Some(secret.sign(input)),
            Material::Pair(pair) => pair.sign(input),
            Material::Elsewhere { .. } => None,
        }
    }

    /// Whether `signature` is this key's over `input`. HMAC tags are compared in constant time; a
    /// signature of another length than its algorithm's is none.
    #[inline]
    pub fn check(&self, input: &[u8], signature: &[u8]) -> Verdict {
        let holds = match &self.material {
            Material::Secret(secret) => secret.verifies(input, signature),
            Material::Pair(pair) => pair.verifies(input, signature),
            Material::Elsewhere { .. } => return Verdict::NotHere,
        };
        if holds { Verdict::Holds } else { Verdict::Fails }
    }

    /// The public JWK; `None` for a symmetric key, which has no public part, and for one held
    /// elsewhere.
    #[must_use]
    pub fn public_jwk(&self) -> Option<Jwk> {
        let Material::Pair(pair) = &self.material else { return None };
        Some(Jwk {
            kid: Some(self.kid.clone()),
            alg: Some(self.algorithm.name().into()),
            key_use: Some("sig".into()),
            ..pair.public_jwk()
        })
    }
}

impl Material {
    fn from_jwk(jwk: &Jwk, algorithm: Algorithm) -> Result<Self, &'static str> {
        use Algorithm::{
            EdDsa, Es256, Es384, Hs256, Hs384, Hs512, MlDsa44, MlDsa65, MlDsa87, Ps256, Ps384,
            Ps512, Rs256, Rs384, Rs512,
        };
        Ok(match algorithm {
            Hs256 | Hs384 | Hs512 => Self::Secret(Box::new(Secret::from_jwk(jwk, algorithm)?)),
            Rs256 | Rs384 | Rs512 | Ps256 | Ps384 | Ps512 => {
                Self::Pair(Box::new(Rsa::from_jwk(jwk, algorithm)?))
            }
            Es256 => Self::Pair(Box::new(P256::from_jwk(jwk)?)),
            Es384 => Self::Pair(Box::new(P384::from_jwk(jwk)?)),
            EdDsa => Self::Pair(Box::new(Ed25519::from_jwk(jwk)?)),
            MlDsa44 | MlDsa65 | MlDsa87 => Self::Pair(Box::new(MlDsa::from_jwk(jwk, algorithm)?)),
        })
    }
}

/// Shows which key it is, never its material.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm())
            .finish_non_exhaustive()
    }
}
