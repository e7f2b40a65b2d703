//! RSA signatures (RFC 7518 sections 3.3 and 3.5): PKCS #1 v1.5 and PSS, keys of 2048 to 4096 bits.
//!
//! RustCrypto's `rsa`, which is what jwt-simple's keys are made of. Private operations are blinded.

use jwt_simple::reexports::zeroize::Zeroizing;
use superboring::pkey::Private;
use superboring::reexports::hmac_sha256::Hash as Sha256;
use superboring::reexports::hmac_sha512::{Hash as Sha512, sha384::Hash as Sha384};
use superboring::reexports::rsa::pkcs1::ALGORITHM_OID;
use superboring::reexports::rsa::pkcs8::{AssociatedOid, DecodePublicKey as _, PrivateKeyInfo};
use superboring::reexports::rsa::sha2::digest::{Digest, DynDigest};
use superboring::reexports::rsa::traits::{PrivateKeyParts as _, PublicKeyParts};
use superboring::reexports::rsa::{BigUint, Pkcs1v15Sign, Pss, RsaPrivateKey, RsaPublicKey};
use superboring::rsa::RsaKey;

use super::member::{self, Member, member};
use super::{KeyPair, PrivateMembers, random};
use crate::jwt::{Algorithm, Jwk};

/// Largest modulus, in bytes; no member is longer.
const MODULUS_BYTES_MAX: usize = 512;
/// Smallest modulus, in bits (RFC 7518 section 3.3).
const MODULUS_BITS_MIN: usize = 2048;
/// Largest modulus, in bits.
const MODULUS_BITS_MAX: usize = 4096;
/// What a new key has.
const GENERATED_BITS: usize = 2048;
/// 65537, base64url: the one public exponent taken.
const EXPONENT: &str = "AQAB";
const EXPONENT_FOREIGN: &str = "e must be 65537 (AQAB)";

pub(super) struct Rsa {
    algorithm: Algorithm,
    public: RsaPublicKey,
    secret: Option<RsaPrivateKey>,
}

impl Rsa {
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
        let mut random = random::generator().ok()?;
        let hash = <D as Digest>::digest(input);
        if self.is_pss() {
            secret.sign_with_rng(&mut random, Pss::new_blinded::<D>(), &hash).ok()
        } else {
            secret.sign_with_rng(&mut random, Pkcs1v15Sign::new::<D>(), &hash).ok()
        }
    }
}

impl KeyPair for Rsa {
    fn from_jwk(jwk: &Jwk, algorithm: Algorithm) -> Result<Self, &'static str> {
        if jwk.kty != "RSA" {
            return Err(super::KTY_FOREIGN);
        }
        let n = integer(jwk.n.as_deref(), &member!("n"))?;
        match jwk.e.as_deref() {
            None => return Err("e is missing"),
            Some(EXPONENT) => {}
            Some(_) => return Err(EXPONENT_FOREIGN),
        }
        check_length(&n)?;
        let public = RsaPublicKey::new((*n).clone(), exponent()).map_err(|_| "n is no modulus")?;
        let private = [&jwk.d, &jwk.p, &jwk.q, &jwk.dp, &jwk.dq, &jwk.qi];
        let secret = if private.into_iter().all(Option::is_none) {
            None
        } else {
            Some(secret(&public, jwk)?)
        };
        Ok(Self { algorithm, public, secret })
    }

    /// rsaEncryption only (RFC 3279 section 2.3.1): a key for PSS alone says so with another name.
    fn from_spki(der: &[u8], algorithm: Algorithm) -> Result<Self, &'static str> {
        let public = RsaPublicKey::from_public_key_der(der).map_err(|_| "not an RSA public key")?;
        check(&public)?;
        Ok(Self { algorithm, public, secret: None })
    }

    fn from_pkcs8(der: &[u8], algorithm: Algorithm) -> Result<Self, &'static str> {
        const MALFORMED: &str = "not an RSA private key";
        let info = PrivateKeyInfo::try_from(der).map_err(|_| MALFORMED)?;
        info.algorithm.assert_algorithm_oid(ALGORITHM_OID).map_err(|_| MALFORMED)?;
        let rsa = superboring::rsa::Rsa::<Private>::private_key_from_der(der);
        let RsaKey::Private(secret) = rsa.map_err(|_| MALFORMED)?.rsa_key else {
            return Err(MALFORMED);
        };
        check(&secret)?;
        Ok(Self { algorithm, public: secret.to_public_key(), secret: Some(secret) })
    }

    fn generate(algorithm: Algorithm) -> Result<Self, &'static str> {
        let secret = RsaPrivateKey::new(&mut random::generator()?, GENERATED_BITS)
            .map_err(|_| "no RSA key was found")?;
        Ok(Self { algorithm, public: secret.to_public_key(), secret: Some(secret) })
    }

    fn signature_bytes(&self) -> Option<usize> {
        Some(self.public.size())
    }

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

    fn private_members(&self) -> Option<PrivateMembers> {
        let secret = self.secret.as_ref()?;
        let [p, q] = secret.primes() else { return None };
        let qi = Zeroizing::new(secret.crt_coefficient()?);
        let members = [
            ("d", secret.d()),
            ("p", p),
            ("q", q),
            ("dp", secret.dp()?),
            ("dq", secret.dq()?),
            ("qi", &*qi),
        ];
        let member = |(name, number): (_, &BigUint)| (name, Zeroizing::new(number.to_bytes_be()));
        Some(members.into_iter().map(member).collect())
    }
}

fn check_length(n: &BigUint) -> Result<(), &'static str> {
    match n.bits() {
        ..MODULUS_BITS_MIN => Err("n is too short: at least 2048 bits"),
        MODULUS_BITS_MIN..=MODULUS_BITS_MAX => Ok(()),
        _ => Err("n is too long"),
    }
}

fn check(key: &impl PublicKeyParts) -> Result<(), &'static str> {
    check_length(key.n())?;
    if *key.e() == exponent() { Ok(()) } else { Err(EXPONENT_FOREIGN) }
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
