//! Verification: parse and select, signature, claims.

use super::JwtError;
use super::compact::{self, Compact};
use super::header::{Header, LastHeader};
use super::{Claims, Key, KeySet, Policy, Verdict};
use crate::UnixMs;

/// Step one: the token is well-formed, its header is accepted, its key is chosen.
///
/// # Errors
/// [`JwtError::TooLarge`], [`JwtError::JwsInvalid`], [`JwtError::NotSupported`],
/// [`JwtError::AlgNotAllowed`], [`JwtError::NoMatchingKey`], [`JwtError::MultipleMatchingKeys`], or
/// [`JwtError::ClaimValidationFailed`] for `typ`.
pub fn select<'t, 'k>(
    token: &'t str,
    keys: &'k KeySet,
    policy: &Policy,
    now: UnixMs,
) -> Result<Selected<'t, 'k>, JwtError> {
    let compact = Compact::parse(token, policy.token_bytes_max)?;
    let header = Header::parse(compact.header)?;
    choose(compact, &header, keys, policy, now)
}

/// As [`select`], which is quicker for a token with the header of the one before.
///
/// # Errors
/// As [`select`].
pub fn select_after<'t, 'k>(
    last: &mut LastHeader,
    token: &'t str,
    keys: &'k KeySet,
    policy: &Policy,
    now: UnixMs,
) -> Result<Selected<'t, 'k>, JwtError> {
    let compact = Compact::parse(token, policy.token_bytes_max)?;
    let header = last.or_parse(compact.header)?;
    choose(compact, header, keys, policy, now)
}

fn choose<'t, 'k>(
    compact: Compact<'t>,
    header: &Header,
    keys: &'k KeySet,
    policy: &Policy,
    now: UnixMs,
) -> Result<Selected<'t, 'k>, JwtError> {
    let key = keys.select(header, now)?;
    policy.check_type(header.typ.as_deref())?;
    Ok(Selected { compact, key })
}

/// A token whose key is known and whose signature is not yet.
pub struct Selected<'t, 'k> {
    compact: Compact<'t>,
    key: &'k Key,
}

impl<'t> Selected<'t, '_> {
    /// The key that must have signed it.
    #[must_use]
    pub const fn key(&self) -> &Key {
        self.key
    }

    /// Step two: the signature holds.
    ///
    /// # Errors
    /// [`JwtError::SignatureVerificationFailed`], or [`JwtError::JwsInvalid`] when signature or
    /// payload is not canonical base64url.
    pub fn check_signature(self) -> Result<Signed<'t>, JwtError> {
        let signature = compact::decode(self.compact.signature)?;
        // A key held elsewhere has not said that the signature holds.
        if self.key.check(self.compact.signing_input.as_bytes(), &signature) != Verdict::Holds {
            return Err(JwtError::SignatureVerificationFailed);
        }
        let payload = String::from_utf8(compact::decode(self.compact.payload)?)
            .map_err(|_| JwtError::ClaimsSetInvalid { reason: "not UTF-8" })?;
        Ok(Signed { signing_input: self.compact.signing_input, payload })
    }
}

/// A token whose signature holds.
pub struct Signed<'t> {
    signing_input: &'t str,
    payload: String,
}

impl Signed<'_> {
    /// Step three: the claims are what `policy` asks for at `now`.
    ///
    /// # Errors
    /// [`JwtError::ClaimsSetInvalid`], [`JwtError::Expired`] or
    /// [`JwtError::ClaimValidationFailed`].
    pub fn claims(&self, policy: &Policy, now: UnixMs) -> Result<Claims<'_>, JwtError> {
        let claims = Claims::parse(&self.payload)?;
        policy.check(&claims, now)?;
        Ok(claims)
    }

    /// The claims set exactly as signed: JSON text.
    #[must_use]
    pub fn payload(&self) -> &str {
        &self.payload
    }

    /// As [`Signed::payload`], without a copy.
    #[must_use]
    pub fn into_payload(self) -> String {
        self.payload
    }

    /// What was signed. It names a token without a `jti`: canonical, and free of the signature,
    /// which others can vary (ECDSA).
    #[must_use]
    pub const fn signing_input(&self) -> &str {
        self.signing_input
    }
}
