//! ECDSA on P-256 and P-384 (RFC 7518 section 3.4): a signature is r and s, each of the length of
//! the curve's field. Signing is deterministic (RFC 6979), so that it needs no random bytes.

use jwt_simple::reexports::zeroize::Zeroizing;
use p256::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _};

use super::member::{self, member};
use super::{KeyPair, PrivateMembers, random};
use crate::jwt::{Algorithm, Jwk};

/// First byte of a point with both coordinates (SEC 1 section 2.3.3).
const UNCOMPRESSED: u8 = 4;
/// How often to look for a private key among random numbers.
const TRIES_MAX: u32 = 64;

/// One curve's key. A macro, not a type with a parameter: the bounds of RustCrypto's generic types
/// would be longer than what is written here.
macro_rules! curve {
    ($name:ident, $curve:ident, $crv:literal, $bytes:literal, $length:literal) => {
        pub(super) struct $name {
            public: $curve::ecdsa::VerifyingKey,
            secret: Option<$curve::ecdsa::SigningKey>,
        }

        impl $name {
            fn of(secret: $curve::ecdsa::SigningKey) -> Self {
                Self { public: *secret.verifying_key(), secret: Some(secret) }
            }
        }

        impl KeyPair for $name {
            fn from_jwk(jwk: &Jwk, _: Algorithm) -> Result<Self, &'static str> {
                if jwk.kty != "EC" {
                    return Err(super::KTY_FOREIGN);
                }
                if jwk.crv.as_deref() != Some($crv) {
                    return Err(concat!("crv must be ", $crv));
                }
                let x = member::bytes(jwk.x.as_deref(), &member!("x"), $bytes)?;
                let y = member::bytes(jwk.y.as_deref(), &member!("y"), $bytes)?;
                if x.len() != $bytes || y.len() != $bytes {
                    return Err(concat!("x and y must have ", $length, " bytes"));
                }
                let point = [&[UNCOMPRESSED], x.as_slice(), y.as_slice()].concat();
                let public = $curve::ecdsa::VerifyingKey::from_sec1_bytes(&point)
                    .map_err(|_| "x and y are no point of the curve")?;
                let Some(d) = jwk.d.as_deref() else { return Ok(Self { public, secret: None }) };
                let d = member::bytes(Some(d), &member!("d"), $bytes)?;
                if d.len() != $bytes {
                    return Err(concat!("d must have ", $length, " bytes"));
                }
                let secret = $curve::ecdsa::SigningKey::from_slice(&d)
                    .map_err(|_| "d is not a private key of the curve")?;
                if *secret.verifying_key() != public {
                    return Err("d does not belong to x and y");
                }
                Ok(Self { public, secret: Some(secret) })
            }

            fn from_spki(der: &[u8], _: Algorithm) -> Result<Self, &'static str> {
                let public = $curve::ecdsa::VerifyingKey::from_public_key_der(der)
                    .map_err(|_| concat!("not a public key of ", $crv))?;
                Ok(Self { public, secret: None })
            }

            /// RFC 5915: a public key beside the private one must belong to it.
            fn from_pkcs8(der: &[u8], _: Algorithm) -> Result<Self, &'static str> {
                $curve::ecdsa::SigningKey::from_pkcs8_der(der)
                    .map(Self::of)
                    .map_err(|_| concat!("not a private key of ", $crv))
            }

            fn generate(_: Algorithm) -> Result<Self, &'static str> {
                let mut d = Zeroizing::new([0; $bytes]);
                // Almost every number of this length is within the order.
                for _ in 0..TRIES_MAX {
                    random::fill(d.as_mut_slice())?;
                    if let Ok(secret) = $curve::ecdsa::SigningKey::from_slice(d.as_slice()) {
                        return Ok(Self::of(secret));
                    }
                }
                Err("the random bytes are not random")
            }

            fn can_sign(&self) -> bool {
                self.secret.is_some()
            }

            fn sign(&self, input: &[u8]) -> Option<Vec<u8>> {
                use $curve::ecdsa::{Signature, signature::Signer as _};
                let signature: Signature = self.secret.as_ref()?.try_sign(input).ok()?;
                Some(signature.to_bytes().to_vec())
            }

            /// Another length, and an r or s of zero or beyond the curve's order, are no signature.
            fn verifies(&self, input: &[u8], signature: &[u8]) -> bool {
                use $curve::ecdsa::{Signature, signature::Verifier as _};
                Signature::from_slice(signature)
                    .is_ok_and(|signature| self.public.verify(input, &signature).is_ok())
            }

            fn public_jwk(&self) -> Jwk {
                let point = self.public.to_sec1_point(false);
                Jwk {
                    kty: "EC".into(),
                    crv: Some($crv.into()),
                    x: point.x().and_then(member::text),
                    y: point.y().and_then(member::text),
                    ..Jwk::default()
                }
            }

            fn private_members(&self) -> Option<PrivateMembers> {
                let d = Zeroizing::new(self.secret.as_ref()?.to_bytes());
                Some(vec![("d", Zeroizing::new(d.to_vec()))])
            }
        }
    };
}

curve!(P256, p256, "P-256", 32, "32");
curve!(P384, p384, "P-384", 48, "48");
