//! RSA signatures (RFC 7518 sections 3.3 and 3.5): PKCS #1 v1.5 and PSS, keys of 2048 to 4096 bits.
//!
//! RustCrypto's `rsa`, which is what jwt-simple's keys are made of. Private operations are blinded.

use jwt_simple::reexports::zeroize::Zeroizing;
use superboring::reexports::hmac_sha256::Hash as Sha256;
use superboring::reexports::hmac_sha512::{Hash as Sha512, sha384::Hash as Sha384};
use superboring::reexports::rand::{SeedableRng as _, rngs::OsRng, rngs::StdRng};
use superboring::reexports::rsa::pkcs8::AssociatedOid;
use superboring::reexports::rsa::sha2::digest::{Digest, DynDigest};
use superboring::reexports::rsa::traits::{PrivateKeyParts as _, PublicKeyParts as _};
use superboring::reexports::rsa::{BigUint, Pkcs1v15Sign, Pss, RsaPrivateKey, RsaPublicKey};

use super::KeyPair;
use super::member::{self, Member, member};
use crate::jwt::{Algorithm, Jwk};

/// Largest modulus, in bytes; no member is longer.
const MODULUS_BYTES_MAX: usize = 512;
/// Smallest modulus, in bits (RFC 7518 section 3.3).
const MODULUS_BITS_MIN: usize = 2048;
/// 65537, base64url: the one public exponent taken.
const EXPONENT: &str = "AQAB";

pub(super) struct Rsa {
    algorithm: Algorithm,
    public: RsaPublicKey,
    secret: Option<RsaPrivateKey>,
}

impl Rsa {
    pub(super) fn from_jwk(jwk: &Jwk, algorithm: Algorithm) -> Result<Self, &'static str> {
        if jwk.kty != "RSA" {
            return Err(super::KTY_FOREIGN);
        }
        let n = integer(jwk.n.as_deref(), &member!("n"))?;
        match jwk.e.as_deref() {
            None => return Err("e is missing"),
            Some(EXPONENT) => {}
            Some(_) => return Err("e must be 65537 (AQAB)"),
        }
        if n.bits() < MODULUS_BITS_MIN {
            return Err("n is too short: at least 2048 bits");
        }
        let public = RsaPublicKey::new((*n).clone(), exponent()).map_err(|_| "n is no modulus")?;
        let private = [&jwk.d, &jwk.p, &jwk.q, &jwk.dp, &jwk.dq, &jwk.qi];
        let secret = if private.into_iter().all(Option::is_none) {
            None
        } else {
            Some(secret(&public, jwk)?)
        };
        Ok(Self { algorithm, public, secret })
    }

    const fn is_pss(&self) -> bool {
        matches!(self.algorithm, Algorithm::Ps256 | Algorithm::Ps384 | Algorithm::Ps512)
    }

    fn verifies_with<D: Hash>(&self, input: &[u8], signature: &[u8]) -> bool {
        let hash = <D as Digest>::digest(input);
        if self.is_pss() {
            self.public.verify(Pss::new::<D>(), &hash, signature).is_ok()
        } else {
            self.public.verify(Pkcs1v15Sign::new::<D>(), &hash, signature).is_ok()
        }
    }

    fn sign_with<D: Hash>(&self, input: &[u8]) -> Option<Vec<u8>> {
        let secret = self.secret.as_ref()?;
        // Seeded first: `OsRng` itself would panic where there are no random bytes.
        let mut random = StdRng::from_rng(OsRng).ok()?;
        let hash = <D as Digest>::digest(input);
        if self.is_pss() {
            secret.sign_with_rng(&mut random, Pss::new_blinded::<D>(), &hash).ok()
        } else {
            secret.sign_with_rng(&mut random, Pkcs1v15Sign::new::<D>(), &hash).ok()
        }
    }
}

impl KeyPair for Rsa {
    fn can_sign(&self) -> bool {
        self.secret.is_some()
    }

    fn sign(&self, input: &[u8]) -> Option<Vec<u8>> {
        match self.algorithm {
            Algorithm::Rs384 | Algorithm::Ps384 => self.sign_with::<Sha384>(input),
            Algorithm::Rs512 | Algorithm::Ps512 => self.sign_with::<Sha512>(input),
            _ => self.sign_with::<Sha256>(input),
        }
    }

    /// A signature has the modulus's length and is less than it (RFC 8017 section 5.2.2): the
    /// library reduces a PSS signature that is not.
    fn verifies(&self, input: &[u8], signature: &[u8]) -> bool {
        if signature.len() != self.public.size()
            || BigUint::from_bytes_be(signature) >= *self.public.n()
        {
            return false;
        }
        match self.algorithm {
            Algorithm::Rs384 | Algorithm::Ps384 => self.verifies_with::<Sha384>(input, signature),
            Algorithm::Rs512 | Algorithm::Ps512 => self.verifies_with::<Sha512>(input, signature),
            _ => self.verifies_with::<Sha256>(input, signature),
        }
    }

    fn public_jwk(&self) -> Jwk {
        Jwk {
            kty: "RSA".into(),
            n: member::text(self.public.n().to_bytes_be()),
            e: Some(EXPONENT.into()),
            ..Jwk::default()
        }
    }
}

/// What both paddings ask of a hash.
trait Hash: Digest + DynDigest + AssociatedOid + Send + Sync + 'static {}
impl<D: Digest + DynDigest + AssociatedOid + Send + Sync + 'static> Hash for D {}

fn exponent() -> BigUint {
    BigUint::from(65_537_u32)
}

/// The private key, all of whose members are there and agree (RFC 7518 section 6.3.2). A modulus of
/// three primes does not: `oth` is not read.
fn secret(public: &RsaPublicKey, jwk: &Jwk) -> Result<RsaPrivateKey, &'static str> {
    const DISAGREE: &str = "d, p, q, dp, dq and qi do not belong to n and e";
    let d = integer(jwk.d.as_deref(), &member!("d"))?;
    let p = integer(jwk.p.as_deref(), &member!("p"))?;
    let q = integer(jwk.q.as_deref(), &member!("q"))?;
    let dp = integer(jwk.dp.as_deref(), &member!("dp"))?;
    let dq = integer(jwk.dq.as_deref(), &member!("dq"))?;
    let qi = integer(jwk.qi.as_deref(), &member!("qi"))?;
    if *d >= *public.n() {
        return Err(DISAGREE);
    }
    let primes = vec![(*p).clone(), (*q).clone()];
    let key = RsaPrivateKey::from_components(public.n().clone(), exponent(), (*d).clone(), primes)
        .map_err(|_| DISAGREE)?;
    let agree = key.dp() == Some(&*dp)
        && key.dq() == Some(&*dq)
        && key.crt_coefficient().map(Zeroizing::new) == Some(qi);
    if agree { Ok(key) } else { Err(DISAGREE) }
}

/// A Base64urlUInt: big-endian, without leading zeros (RFC 7518 section 2).
fn integer(text: Option<&str>, member: &Member) -> Result<Zeroizing<BigUint>, &'static str> {
    let bytes = member::bytes(text, member, MODULUS_BYTES_MAX)?;
    match bytes.first() {
        None | Some(0) => Err("an integer is empty or has leading zeros"),
        Some(_) => Ok(Zeroizing::new(BigUint::from_bytes_be(&bytes))),
    }
}
