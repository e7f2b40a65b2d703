//! One key: bound to its `kid`, its algorithm and its lifetime.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_compact::Signature;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jwt_simple::algorithms::{
    Ed25519KeyPair, Ed25519PublicKey, EdDSAKeyPairLike, EdDSAPublicKeyLike,
};
use jwt_simple::reexports::zeroize::Zeroizing;
use sha2::Sha256;

use super::{Algorithm, Jwk, KeyId};
use crate::UnixMs;

/// Smallest HMAC-SHA256 key: the hash's length (RFC 7518 section 3.2).
const HS256_BYTES_MIN: usize = 32;
/// Largest HMAC key taken; more than a block is hashed down anyway.
const HMAC_BYTES_MAX: usize = 512;
/// The last second of the year 9999: more is a mistake, milliseconds for instance.
const UNIX_SECONDS_MAX: u64 = 253_402_300_799;
/// Longest `kid`, in bytes.
const KID_BYTES_MAX: usize = 256;

/// A key that verifies, and signs if it holds the secret part.
///
/// jwt-simple's keys and RustCrypto's HMAC do the cryptography; this type binds it to one algorithm and one `kid`.
pub struct Key {
    id: KeyId,
    kid: String,
    material: Material,
    not_before: UnixMs,
    retire_at: Option<UnixMs>,
}

enum Material {
    /// The hash states that have taken the key in: jwt-simple's own key hashes the padded key anew
    /// for each token, two of about seven blocks for a token of usual length.
    Hs256(Hmac<Sha256>),
    Ed25519 {
        public: Ed25519PublicKey,
        pair: Option<Ed25519KeyPair>,
    },
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
        if kid.is_empty() || kid.len() > KID_BYTES_MAX {
            return Err("kid must have 1 to 256 bytes");
        }
        if jwk.key_use.as_deref().is_some_and(|key_use| key_use != "sig") {
            return Err("use must be sig");
        }
        let alg = jwk.alg.as_deref().ok_or("alg is missing")?;
        let material = match (jwk.kty.as_str(), Algorithm::from_name(alg)) {
            (_, None) => return Err("alg is not supported (HS256, EdDSA)"),
            ("oct", Some(Algorithm::Hs256)) => hs256(jwk)?,
            ("OKP", Some(Algorithm::EdDsa)) => ed25519(jwk)?,
            _ => return Err("kty and alg do not belong together"),
        };
        let seconds = |seconds: &u64| *seconds <= UNIX_SECONDS_MAX;
        if !jwk.not_before.iter().chain(&jwk.retire_at).all(seconds) {
            return Err("not_before and retire_at must be Unix seconds");
        }
        let key = Self {
            id: KeyId::next(),
            kid,
            material,
            not_before: UnixMs(jwk.not_before.unwrap_or(0).saturating_mul(1000)),
            retire_at: jwk.retire_at.map(|seconds| UnixMs(seconds.saturating_mul(1000))),
        };
        key.check_operations(jwk.key_ops.as_deref())?;
        Ok(key)
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

    /// Which key of this process it is.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// Its `kid`.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Its one algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Hs256(_) => Algorithm::Hs256,
            Material::Ed25519 { .. } => Algorithm::EdDsa,
        }
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

    /// Whether it holds the part that signs.
    #[must_use]
    pub const fn can_sign(&self) -> bool {
        !matches!(self.material, Material::Ed25519 { pair: None, .. })
    }

    /// The signature over `input`; `None` when this key only verifies.
    pub(super) fn sign(&self, input: &[u8]) -> Option<Vec<u8>> {
        match &self.material {
            Material::Hs256(key) => {
                Some(key.clone().chain_update(input).finalize().into_bytes().to_vec())
            }
            Material::Ed25519 { pair, .. } => {
                let pair = pair.as_ref()?.key_pair().as_ref();
                Some(pair.sk.sign(input, None).to_vec())
            }
        }
    }

    /// Whether `signature` is this key's over `input`. HMAC tags are compared in constant time.
    pub(super) fn verifies(&self, input: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Hs256(key) => key.clone().chain_update(input).verify_slice(signature).is_ok(),
            Material::Ed25519 { public, .. } => {
                Signature::from_slice(signature).is_ok_and(|signature| {
                    public.public_key().as_ref().verify(input, &signature).is_ok()
                })
            }
        }
    }

    /// The public JWK; `None` for a symmetric key, which has no public part.
    #[must_use]
    pub fn public_jwk(&self) -> Option<Jwk> {
        let Material::Ed25519 { public, .. } = &self.material else { return None };
        Some(Jwk {
            kty: "OKP".into(),
            kid: Some(self.kid.clone()),
            alg: Some(self.algorithm().name().into()),
            key_use: Some("sig".into()),
            crv: Some("Ed25519".into()),
            x: Some(URL_SAFE_NO_PAD.encode(public.public_key().to_bytes())),
            ..Jwk::default()
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

fn hs256(jwk: &Jwk) -> Result<Material, &'static str> {
    let secret = bytes(jwk.k.as_deref(), "k is missing", "k is not canonical base64url")?;
    match secret.len() {
        HS256_BYTES_MIN..=HMAC_BYTES_MAX => {
            Hmac::new_from_slice(&secret).map(Material::Hs256).map_err(|_| "k is malformed")
        }
        0..HS256_BYTES_MIN => Err("k is too short: HS256 needs at least 32 bytes"),
        _ => Err("k is too long: at most 512 bytes"),
    }
}

fn ed25519(jwk: &Jwk) -> Result<Material, &'static str> {
    if jwk.crv.as_deref() != Some("Ed25519") {
        return Err("crv must be Ed25519");
    }
    let x = bytes(jwk.x.as_deref(), "x is missing", "x is not canonical base64url")?;
    let public = Ed25519PublicKey::from_bytes(&x).map_err(|_| "x is not an Ed25519 public key")?;
    let Some(d) = jwk.d.as_deref() else { return Ok(Material::Ed25519 { public, pair: None }) };
    let mut pair = bytes(Some(d), "d is missing", "d is not canonical base64url")?;
    pair.extend_from_slice(&x);
    let pair = Ed25519KeyPair::from_bytes(&pair).map_err(|_| "d and x are not a key pair")?;
    Ok(Material::Ed25519 { public, pair: Some(pair) })
}

fn bytes(
    text: Option<&str>,
    missing: &'static str,
    malformed: &'static str,
) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    let text = text.ok_or(missing)?;
    // Room for the public half too, so that extending leaves no unwiped copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len().max(64)));
    URL_SAFE_NO_PAD.decode_vec(text, &mut bytes).map_err(|_| malformed)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use jwt_simple::algorithms::{HS256Key, MACLike as _};

    use super::*;

    #[test]
    fn every_length_of_key_and_input_gives_the_tag_jwt_simple_gives() {
        let bytes: Vec<u8> = (0..=255_u8).cycle().take(600).collect();
        for key_length in (32..=130).chain([511, 512]) {
            let secret = &bytes[..key_length];
            let jwk = Jwk {
                kty: "oct".into(),
                kid: Some("k1".into()),
                alg: Some("HS256".into()),
                k: Some(URL_SAFE_NO_PAD.encode(secret)),
                ..Jwk::default()
            };
            let (ours, theirs) = (Key::from_jwk(&jwk).unwrap(), HS256Key::from_bytes(secret));
            for length in [0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 600] {
                let input = &bytes[..length];
                assert_eq!(ours.sign(input).unwrap(), theirs.authentication_tag(input));
            }
        }
    }
}
