//! A set of keys: which one verifies a token, which one signs, what is published.

use super::header::Header;
use super::{JwkSet, JwtError, Key, KeyError};
use crate::UnixMs;

/// Most keys a set may have.
const KEYS_MAX: usize = 100;

/// Keys of one issuer, at least one, each with its own `kid`, all symmetric or all asymmetric.
#[derive(Debug)]
pub struct KeySet {
    /// Newest first, so that the first active one signs.
    keys: Vec<Key>,
}

impl KeySet {
    /// Takes a JWK Set.
    ///
    /// # Errors
    /// [`KeyError::JwkInvalid`] for a key that cannot be used, [`KeyError::JwksInvalid`] for an
    /// empty or too large set, two keys of one `kid`, or secret and public keys in one set.
    pub fn from_jwks(set: &JwkSet) -> Result<Self, KeyError> {
        if set.keys.is_empty() || set.keys.len() > KEYS_MAX {
            return Err(KeyError::JwksInvalid { reason: "must have 1 to 100 keys" });
        }
        let mut keys = Vec::with_capacity(set.keys.len());
        for (index, jwk) in set.keys.iter().enumerate() {
            let key =
                Key::from_jwk(jwk).map_err(|reason| KeyError::JwkInvalid { index, reason })?;
            if keys.iter().any(|other: &Key| other.kid() == key.kid()) {
                return Err(KeyError::JwkInvalid { index, reason: "kid is there twice" });
            }
            keys.push(key);
        }
        let symmetric = |key: &Key| key.algorithm().is_symmetric();
        if keys.iter().any(symmetric) && !keys.iter().all(symmetric) {
            return Err(KeyError::JwksInvalid { reason: "mixes secret and public keys" });
        }
        keys.sort_by_key(|key| std::cmp::Reverse(key.not_before()));
        Ok(Self { keys })
    }

    /// Takes keys, each with a `kid` of its own.
    ///
    /// # Errors
    /// As [`KeySet::from_jwks`].
    pub fn from_keys(keys: Vec<Key>) -> Result<Self, KeyError> {
        Ok(Self { keys })
    }

    /// Every key, the newest first.
    pub fn iter(&self) -> impl Iterator<Item = &Key> {
        self.keys.iter()
    }

    /// The key a token's header selects: by `kid` and `alg`, among those not retired at `now`.
    pub(super) fn select(&self, header: &Header, now: UnixMs) -> Result<&Key, JwtError> {
        let algorithm = header.algorithm.ok_or(JwtError::AlgNotAllowed)?;
        if !self.keys.iter().any(|key| key.algorithm() == algorithm) {
            return Err(JwtError::AlgNotAllowed);
        }
        let mut matching = self.keys.iter().filter(|key| {
            key.algorithm() == algorithm
                && !key.is_retired(now)
                && header.kid.as_deref().is_none_or(|kid| kid == key.kid())
        });
        let key = matching.next().ok_or(JwtError::NoMatchingKey)?;
        if matching.next().is_some() {
            return Err(JwtError::MultipleMatchingKeys);
        }
        Ok(key)
    }

    /// The newest active key that can sign.
    pub(super) fn signer(&self, now: UnixMs) -> Result<&Key, JwtError> {
        self.keys
            .iter()
            .find(|key| key.can_sign() && key.not_before() <= now && !key.is_retired(now))
            .ok_or(JwtError::NoSigningKey)
    }

    /// The public keys not retired at `now`, those not yet active included, so that verifiers
    /// know them before they sign. Empty for symmetric keys.
    #[must_use]
    pub fn public_jwks(&self, now: UnixMs) -> JwkSet {
        let live = self.keys.iter().filter(|key| !key.is_retired(now));
        JwkSet { keys: live.filter_map(Key::public_jwk).collect() }
    }
}
