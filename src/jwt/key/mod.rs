//! One key: bound to its `kid`, its algorithm and its lifetime.

mod ecdsa;
mod export;
mod generate;
mod hmac;
mod import;
mod member;
mod mldsa;
mod okp;
mod pem;
mod random;
mod rsa;

use std::fmt;

use jwt_simple::reexports::zeroize::Zeroizing;

use self::ecdsa::{P256, P384};
use self::hmac::Secret;
use self::mldsa::MlDsa;
use self::okp::Ed25519;
use self::rsa::Rsa;
use super::{Algorithm, Jwk, KeyId};
use crate::UnixMs;

/// Longest `kid`, in bytes.
const KID_BYTES_MAX: usize = 256;
/// `kty` is not the one of `alg`.
const KTY_FOREIGN: &str = "kty and alg do not belong together";

/// A key that verifies, and signs if it holds the secret part.
///
/// jwt-simple's keys, what they are made of, and RustCrypto's HMAC do the cryptography; this type
/// binds it to one algorithm and one `kid`.
pub struct Key {
    id: KeyId,
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
trait KeyPair: Send + Sync + 'static {
    fn from_jwk(jwk: &Jwk, algorithm: Algorithm) -> Result<Self, &'static str>
    where
        Self: Sized;
    /// Reads a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).
    fn from_spki(der: &[u8], algorithm: Algorithm) -> Result<Self, &'static str>
    where
        Self: Sized;
    /// Reads a OneAsymmetricKey (RFC 5958 section 2).
    fn from_pkcs8(der: &[u8], algorithm: Algorithm) -> Result<Self, &'static str>
    where
        Self: Sized;
    fn generate(algorithm: Algorithm) -> Result<Self, &'static str>
    where
        Self: Sized;

    fn can_sign(&self) -> bool;
    /// The signature over `input`; `None` without the private part, or without random bytes where
    /// the algorithm needs them.
    fn sign(&self, input: &[u8]) -> Option<Vec<u8>>;
    fn verifies(&self, input: &[u8], signature: &[u8]) -> bool;
    /// How many bytes its signatures have, where its algorithm does not say.
    fn signature_bytes(&self) -> Option<usize> {
        None
    }
    /// The public members, and `kty`.
    fn public_jwk(&self) -> Jwk;
    /// The private members, decoded; `None` without the private part.
    fn private_members(&self) -> Option<PrivateMembers>;
}

type PrivateMembers = Vec<(&'static str, Zeroizing<Vec<u8>>)>;

/// Where key material comes from. A parameter of what chooses the family, so that a binary that reads
/// JWKs alone has no code that reads PEM.
trait Source {
    fn secret(&self, algorithm: Algorithm) -> Result<Secret, &'static str>;
    fn pair<P: KeyPair>(&self, algorithm: Algorithm) -> Result<P, &'static str>;
}

impl Material {
    fn of(source: &impl Source, algorithm: Algorithm) -> Result<Self, &'static str> {
        fn boxed(pair: impl KeyPair) -> Material {
            Material::Pair(Box::new(pair))
        }
        use Algorithm as A;
        Ok(match algorithm {
            A::Hs256 | A::Hs384 | A::Hs512 => Self::Secret(Box::new(source.secret(algorithm)?)),
            A::Rs256 | A::Rs384 | A::Rs512 | A::Ps256 | A::Ps384 | A::Ps512 => {
                boxed(source.pair::<Rsa>(algorithm)?)
            }
            A::Es256 => boxed(source.pair::<P256>(algorithm)?),
            A::Es384 => boxed(source.pair::<P384>(algorithm)?),
            A::EdDsa => boxed(source.pair::<Ed25519>(algorithm)?),
            A::MlDsa44 | A::MlDsa65 | A::MlDsa87 => boxed(source.pair::<MlDsa>(algorithm)?),
        })
    }
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
    /// A key the platform holds, a non-extractable `CryptoKey` for instance: [`Key::check`] answers
    /// [`Verdict::NotHere`], and it is never published.
    ///
    /// # Errors
    /// In fixed words: a `kid` that is empty or longer than 256 bytes.
    pub fn opaque(kid: &str, algorithm: Algorithm, can_sign: bool) -> Result<Self, &'static str> {
        Self::named(kid, algorithm, Material::Elsewhere { can_sign })
    }

    fn named(kid: &str, algorithm: Algorithm, material: Material) -> Result<Self, &'static str> {
        if kid.is_empty() || kid.len() > KID_BYTES_MAX {
            return Err("kid must have 1 to 256 bytes");
        }
        let (kid, not_before) = (kid.to_owned(), UnixMs(0));
        Ok(Self { id: KeyId::next(), kid, algorithm, material, not_before, retire_at: None })
    }

    /// The same key, which signs from `not_before` on, and verifies until `retire_at`.
    #[must_use]
    pub fn with_lifetime(self, not_before: UnixMs, retire_at: Option<UnixMs>) -> Self {
        Self { not_before, retire_at, ..self }
    }

    /// Which key of this process it is.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// Its `kid`; empty for a key of a remote set that has none.
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

    /// How many bytes each of its signatures has; `None` for an RSA key held elsewhere.
    #[must_use]
    pub fn signature_bytes(&self) -> Option<usize> {
        match &self.material {
            Material::Pair(pair) => pair.signature_bytes(),
            _ => None,
        }
        .or_else(|| self.algorithm.signature_bytes())
    }

    /// When its grace ends.
    #[must_use]
    pub const fn retire_at(&self) -> Option<UnixMs> {
        self.retire_at
    }

    /// Whether the platform holds it, and nobody else can check or make its signatures.
    #[must_use]
    pub const fn is_elsewhere(&self) -> bool {
        matches!(self.material, Material::Elsewhere { .. })
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
