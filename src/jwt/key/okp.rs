//! Ed25519 (RFC 8037): signatures are deterministic, and of one form only.

use ed25519_compact::Signature;
use jwt_simple::algorithms::{
    Ed25519KeyPair, Ed25519PublicKey, EdDSAKeyPairLike, EdDSAPublicKeyLike,
};
use jwt_simple::reexports::zeroize::Zeroizing;

use super::KeyPair;
use super::member::{self, member};
use crate::jwt::Jwk;

/// More than any member has: one of another length is then refused as no key, not as too long.
const MEMBER_BYTES_MAX: usize = 64;

pub(super) struct Ed25519 {
    public: Ed25519PublicKey,
    pair: Option<Ed25519KeyPair>,
}

impl Ed25519 {
    pub(super) fn from_jwk(jwk: &Jwk) -> Result<Self, &'static str> {
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
}

impl KeyPair for Ed25519 {
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
}
