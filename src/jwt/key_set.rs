//! A set of keys: which one verifies a token, which one signs, what is published.

use std::collections::HashMap;

use super::header::Header;
use super::{Algorithm, Jwk, JwkSet, JwtError, Key, KeyError};
use crate::UnixMs;

/// Most keys a configured set may have.
const CONFIGURED_MAX: usize = 100;
/// Most keys any set may have, and most entries of a remote one.
pub(super) const KEYS_MAX: usize = 1000;
/// Why a remote set of more is refused.
pub(crate) const TOO_MANY: KeyError = KeyError::JwksInvalid { reason: "has more than 1,000 keys" };
/// Up to how many keys comparing the `kid` of each is quicker than hashing one.
const COMPARED_MAX: usize = 8;

/// Keys of one issuer, all symmetric or all asymmetric. A key is found by its `kid` and algorithm in
/// the same time however many there are.
#[derive(Debug)]
pub struct KeySet {
    /// Newest first, so that the first active one signs.
    keys: Vec<Key>,
    /// Places in `keys`; empty for a set of [`COMPARED_MAX`] or less. Who makes a set could have its
    /// names collide, and would slow down its own tokens, by a bounded factor.
    by_kid: HashMap<Box<str>, Vec<usize>>,
    /// Whether there is any key of an algorithm, by its discriminant.
    has: [bool; Algorithm::ALL.len()],
}

impl KeySet {
    /// Takes a JWK Set as configured: strict.
    ///
    /// # Errors
    /// [`KeyError::JwkInvalid`] for a key that cannot be used or has the `kid` of another,
    /// [`KeyError::JwksInvalid`] for an empty set or one of more than 100, or secret and public keys in one.
    pub fn from_jwks(set: &JwkSet) -> Result<Self, KeyError> {
        if set.keys.is_empty() || set.keys.len() > CONFIGURED_MAX {
            return Err(KeyError::JwksInvalid { reason: "must have 1 to 100 keys" });
        }
        let key = |(index, jwk)| {
            Key::from_jwk(jwk).map_err(|reason| KeyError::JwkInvalid { index, reason })
        };
        Self::from_keys(set.keys.iter().enumerate().map(key).collect::<Result<_, _>>()?)
    }

    /// Takes up to 1,000 keys, each with a `kid` of its own, all symmetric or all asymmetric.
    ///
    /// # Errors
    /// As [`KeySet::from_jwks`], of more than 1,000 keys.
    pub fn from_keys(keys: Vec<Key>) -> Result<Self, KeyError> {
        if keys.is_empty() || keys.len() > KEYS_MAX {
            return Err(KeyError::JwksInvalid { reason: "must have 1 to 1,000 keys" });
        }
        let mut kids = std::collections::HashSet::new();
        if let Some(index) = keys.iter().position(|key| !kids.insert(key.kid())) {
            return Err(KeyError::JwkInvalid { index, reason: "kid is there twice" });
        }
        let symmetric = |key: &Key| key.algorithm().is_symmetric();
        if keys.iter().any(symmetric) && !keys.iter().all(symmetric) {
            return Err(KeyError::JwksInvalid { reason: "mixes secret and public keys" });
        }
        Ok(Self::indexed(keys))
    }

    /// Takes another issuer's JWK Set as RFC 7517 section 5 says: what cannot be used is ignored, be
    /// it of an unknown type, for another use, malformed, or secret. It may end up empty, and then
    /// verifies nothing.
    ///
    /// A key is for its `alg`, if that is among `allowed`. One that names none is for the only
    /// algorithm of its type and curve; an RSA key, which has six, for each of `allowed`. An empty
    /// `allowed` allows any algorithm that a key names or determines. A key without `kid` verifies
    /// tokens without one.
    ///
    /// # Errors
    /// [`KeyError::JwksInvalid`] for a set of more than 1,000 keys.
    pub fn from_remote(set: &JwkSet, allowed: &[Algorithm]) -> Result<Self, KeyError> {
        if set.keys.len() > KEYS_MAX {
            return Err(TOO_MANY);
        }
        let mut keys = Vec::new();
        for jwk in &set.keys {
            for algorithm in algorithms_of(jwk, allowed) {
                keys.extend(Key::from_remote_jwk(jwk, algorithm));
            }
            if keys.len() > KEYS_MAX {
                return Err(TOO_MANY);
            }
        }
        Ok(Self::indexed(keys))
    }

    fn indexed(mut keys: Vec<Key>) -> Self {
        keys.sort_by_key(|key| std::cmp::Reverse(key.not_before()));
        let has =
            Algorithm::ALL.map(|algorithm| keys.iter().any(|key| key.algorithm() == algorithm));
        let mut by_kid: HashMap<Box<str>, Vec<usize>> = HashMap::new();
        if keys.len() > COMPARED_MAX {
            for (place, key) in keys.iter().enumerate() {
                by_kid.entry(key.kid().into()).or_default().push(place);
            }
        }
        Self { keys, by_kid, has }
    }

    /// How many keys there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is none, as may be of a remote set.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Every key, the newest first.
    pub fn iter(&self) -> impl Iterator<Item = &Key> {
        self.keys.iter()
    }

    /// The key a token's header selects: by `kid` and `alg`, among those not retired at `now`.
    pub(super) fn select(&self, header: &Header, now: UnixMs) -> Result<&Key, JwtError> {
        let algorithm = header.algorithm.ok_or(JwtError::AlgNotAllowed)?;
        if self.has.get(algorithm as usize) != Some(&true) {
            return Err(JwtError::AlgNotAllowed);
        }
        let usable = |key: &&Key| key.algorithm() == algorithm && !key.is_retired(now);
        match header.kid.as_deref() {
            None => the_only(self.keys.iter().filter(usable)),
            // A key without a name does not answer to an empty one.
            Some("") => Err(JwtError::NoMatchingKey),
            Some(kid) if self.by_kid.is_empty() => {
                the_only(self.keys.iter().filter(|key| key.kid() == kid).filter(usable))
            }
            Some(kid) => {
                let places = self.by_kid.get(kid).map_or(&[][..], Vec::as_slice);
                the_only(places.iter().filter_map(|place| self.keys.get(*place)).filter(usable))
            }
        }
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

    /// When [`KeySet::public_jwks`] is another than at `now`: a key retires. `None`: never. (That one
    /// becomes active changes nothing: it was published before.)
    #[must_use]
    pub fn next_change(&self, now: UnixMs) -> Option<UnixMs> {
        self.keys.iter().filter_map(Key::retire_at).filter(|end| now < *end).min()
    }
}

fn the_only<'k>(mut matching: impl Iterator<Item = &'k Key>) -> Result<&'k Key, JwtError> {
    let key = matching.next().ok_or(JwtError::NoMatchingKey)?;
    if matching.next().is_some() {
        return Err(JwtError::MultipleMatchingKeys);
    }
    Ok(key)
}

/// The algorithms a foreign JWK is for.
fn algorithms_of(jwk: &Jwk, allowed: &[Algorithm]) -> Vec<Algorithm> {
    let determined = match (jwk.alg.as_deref(), jwk.kty.as_str(), jwk.crv.as_deref()) {
        (Some(alg), ..) => Algorithm::from_name(alg),
        (None, "RSA", _) => {
            let mut rsa = allowed.to_vec();
            rsa.retain(|algorithm| algorithm.is_rsa());
            return rsa;
        }
        (None, "EC", Some("P-256")) => Some(Algorithm::Es256),
        (None, "EC", Some("P-384")) => Some(Algorithm::Es384),
        (None, "OKP", Some("Ed25519")) => Some(Algorithm::EdDsa),
        _ => None,
    };
    let is_allowed = |algorithm: &Algorithm| allowed.is_empty() || allowed.contains(algorithm);
    determined.filter(is_allowed).into_iter().collect()
}
