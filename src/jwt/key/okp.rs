//! Ed25519 (RFC 8037): signatures are deterministic, and of one form only.

use ed25519_compact::{KeyPair as KeyPairOfSeed, Seed, Signature};
use jwt_simple::algorithms::{
    Ed25519KeyPair, Ed25519PublicKey, EdDSAKeyPairLike, EdDSAPublicKeyLike,
};
use jwt_simple::reexports::zeroize::Zeroizing;

use p256::pkcs8::ObjectIdentifier;

use super::member::{self, member};
use super::pem::{pkcs8, spki};
use super::{KeyPair, PrivateMembers, random};
use crate::jwt::{Algorithm, Jwk};

/// id-Ed25519 (RFC 8410 section 3).
const OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// More than any member has: one of another length is then refused as no key, not as too long.
const MEMBER_BYTES_MAX: usize = 64;

pub(super) struct Ed25519 {
    public: Ed25519PublicKey,
    pair: Option<Ed25519KeyPair>,
}

impl Ed25519 {
    fn from_seed(seed: &[u8]) -> Result<Self, &'static str> {
        const MALFORMED: &str = "not an Ed25519 private key";
        let seed = Seed::from_slice(seed).map_err(|_| MALFORMED)?;
        let pair = KeyPairOfSeed::try_from_seed(seed).map_err(|_| MALFORMED)?;
        let pair = Ed25519KeyPair::from_bytes(pair.sk.as_slice()).map_err(|_| MALFORMED)?;
        Ok(Self { public: pair.public_key(), pair: Some(pair) })
    }
}

impl KeyPair for Ed25519 {
    fn from_jwk(jwk: &Jwk, _: Algorithm) -> Result<Self, &'static str> {
        if jwk.kty != "OKP" {
            return Err(super::KTY_FOREIGN);
        }
        if jwk.crv.as_deref() != Some("Ed25519") {
            return Err("crv must be Ed25519");
        }
        let x = member::bytes(jwk.x.as_deref(), &member!("x"), MEMBER_BYTES_MAX)?;
        let public =
            Ed25519PublicKey::from_bytes(&x).map_err(|_| "x is not an Ed25519 public key")?;
        let Some(d) = jwk.d.as_deref() else { return Ok(Self { public, pair: None }) };
        let d = member::bytes(Some(d), &member!("d"), MEMBER_BYTES_MAX)?;
        let both = Zeroizing::new([d.as_slice(), x.as_slice()].concat());
        let pair = Ed25519KeyPair::from_bytes(&both).map_err(|_| "d and x are not a key pair")?;
        Ok(Self { public, pair: Some(pair) })
    }

    fn from_spki(der: &[u8], _: Algorithm) -> Result<Self, &'static str> {
        const MALFORMED: &str = "not an Ed25519 public key";
        let x = spki(der, OID).ok_or(MALFORMED)?;
        let public = Ed25519PublicKey::from_bytes(x).map_err(|_| MALFORMED)?;
        Ok(Self { public, pair: None })
    }

    /// RFC 8410 section 7: an octet string within the octet string.
    fn from_pkcs8(der: &[u8], _: Algorithm) -> Result<Self, &'static str> {
        let (private, public) = pkcs8(der, OID).ok_or("not an Ed25519 private key")?;
        let key = Self::from_seed(private.strip_prefix(&[4, 32]).unwrap_or_default())?;
        match public {
            Some(public) if public != key.public.public_key().to_bytes() => {
                Err("the private key does not belong to the public one")
            }
            _ => Ok(key),
        }
    }

    fn generate(_: Algorithm) -> Result<Self, &'static str> {
        let mut seed = Zeroizing::new([0; 32]);
        random::fill(seed.as_mut_slice())?;
        Self::from_seed(seed.as_slice())
    }

    fn can_sign(&self) -> bool {
        self.pair.is_some()
    }

    fn sign(&self, input: &[u8]) -> Option<Vec<u8>> {
        let pair = self.pair.as_ref()?.key_pair().as_ref();
        Some(pair.sk.sign(input, None).to_vec())
    }

    fn verifies(&self, input: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature).is_ok_and(|signature| {
            self.public.public_key().as_ref().verify(input, &signature).is_ok()
        })
    }

    fn public_jwk(&self) -> Jwk {
        Jwk {
            kty: "OKP".into(),
            crv: Some("Ed25519".into()),
            x: member::text(self.public.public_key().to_bytes()),
            ..Jwk::default()
        }
    }
    fn private_members(&self) -> Option<PrivateMembers> {
        let pair = self.pair.as_ref()?.key_pair().as_ref();
        Some(vec![("d", Zeroizing::new(pair.sk.seed().to_vec()))])
    }
}
