//! Keys from JWKs and from raw secrets.

use super::{KID_BYTES_MAX, Key, KeyPair, Material, Secret, Source};
use crate::UnixMs;
use crate::jwt::{Algorithm, Jwk, KeyId};

/// The last second of the year 9999: more is a mistake, milliseconds for instance.
const UNIX_SECONDS_MAX: u64 = 253_402_300_799;

impl Source for Jwk {
    fn secret(&self, algorithm: Algorithm) -> Result<Secret, &'static str> {
        Secret::from_jwk(self, algorithm)
    }

    fn pair<P: KeyPair>(&self, algorithm: Algorithm) -> Result<P, &'static str> {
        P::from_jwk(self, algorithm)
    }
}

impl Key {
    /// Takes a JWK.
    ///
    /// # Errors
    /// In fixed words that name the member, never its value: `kid` or `alg` missing, an unsupported
    /// type, curve or algorithm, a use that is not signing, a short, long or malformed key, a
    /// private part that does not belong to the public one.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, &'static str> {
        let kid = jwk.kid.as_deref().ok_or("kid is missing")?;
        let alg = jwk.alg.as_deref().ok_or("alg is missing")?;
        let algorithm = Algorithm::from_name(alg).ok_or("alg is not supported")?;
        check_use(jwk)?;
        let seconds = |seconds: &u64| *seconds <= UNIX_SECONDS_MAX;
        if !jwk.not_before.iter().chain(&jwk.retire_at).all(seconds) {
            return Err("not_before and retire_at must be Unix seconds");
        }
        let not_before = UnixMs(jwk.not_before.unwrap_or(0).saturating_mul(1000));
        let retire_at = jwk.retire_at.map(|seconds| UnixMs(seconds.saturating_mul(1000)));
        let key = Self::named(kid, algorithm, Material::of(jwk, algorithm)?)?;
        key.check_operations(jwk)?;
        Ok(key.with_lifetime(not_before, retire_at))
    }

    /// Takes a raw HMAC secret of at least the length of the algorithm's hash and at most 512
    /// bytes.
    ///
    /// # Errors
    /// In fixed words: a `kid` of another length than 1 to 256 bytes, an algorithm that is not
    /// HMAC's, a short or long secret.
    pub fn from_secret(
        kid: &str,
        algorithm: Algorithm,
        secret: &[u8],
    ) -> Result<Self, &'static str> {
        let secret = Secret::from_bytes(secret, algorithm)?;
        Self::named(kid, algorithm, Material::Secret(Box::new(secret)))
    }

    /// Takes a key of another issuer's set for `algorithm`; `None` for one that cannot be used or
    /// must not: a secret or private key that anyone could read there. Its lifetime is not what
    /// the key says, which members of ours might, but as long as it is in the set.
    pub(in crate::jwt) fn from_remote_jwk(jwk: &Jwk, algorithm: Algorithm) -> Option<Self> {
        let Jwk { d, p, q, dp, dq, qi, private, k, .. } = jwk;
        if [d, p, q, dp, dq, qi, private, k].into_iter().any(Option::is_some) {
            return None;
        }
        check_use(jwk).ok()?;
        let kid = jwk.kid.clone().unwrap_or_default();
        if kid.len() > KID_BYTES_MAX {
            return None;
        }
        let material = Material::of(jwk, algorithm).ok()?;
        let (id, not_before) = (KeyId::next(), UnixMs(0));
        let key = Self { id, kid, algorithm, material, not_before, retire_at: None };
        key.check_operations(jwk).ok()?;
        Some(key)
    }

    fn check_operations(&self, jwk: &Jwk) -> Result<(), &'static str> {
        let Some(operations) = &jwk.key_ops else { return Ok(()) };
        let has = |name: &str| operations.iter().any(|operation| operation == name);
        // A secret key both signs and verifies here; of a key pair the public half verifies,
        // whose operations RFC 7517 section 4.3 lists in its own JWK.
        match (self.algorithm.is_symmetric(), self.can_sign()) {
            (true, _) if !(has("sign") && has("verify")) => {
                Err("key_ops of a secret key must have sign and verify")
            }
            (false, true) if !has("sign") => Err("key_ops of a private key must have sign"),
            (false, false) if !has("verify") => Err("key_ops of a public key must have verify"),
            _ => Ok(()),
        }
    }
}

fn check_use(jwk: &Jwk) -> Result<(), &'static str> {
    match jwk.key_use.as_deref() {
        None | Some("sig") => Ok(()),
        Some(_) => Err("use must be sig"),
    }
}
