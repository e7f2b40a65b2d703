//! Verification: parse and select, signature, claims.

use std::borrow::Cow;
use std::sync::Arc;

use super::JwtError;
use super::cache::Verified;
use super::compact::{self, Compact};
use super::header::{Header, LastHeader};
use super::json::string_member;
use super::{Claims, Engine, Key, KeyId, KeySet, NativeFault, Policy, Signatures, Verdict};
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
    /// [`JwtError::SignatureVerificationFailed`]; [`JwtError::JwsInvalid`] when signature or payload is
    /// not canonical base64url; [`JwtError::ClaimsSetInvalid`] when the payload is not UTF-8;
    /// [`JwtError::NotSupported`] for a key that the platform holds.
    pub fn check_signature(self) -> Result<Signed<'t>, JwtError> {
        let signature = self.signature()?;
        // Not for the key to say: it may be held elsewhere, and be none the wiser for it.
        let verdict = if self.is_of_its_length(&signature) {
            self.key.check(self.input(), &signature)
        } else {
            Verdict::Fails
        };
        self.judged(verdict)
    }

    /// As [`Selected::check_signature`], by the runtime's own cryptography where that can tell: who did
    /// it, why it was not the runtime, and what came of it.
    pub async fn check_signature_by(
        self,
        runtime: &dyn Signatures,
    ) -> (Engine, Option<NativeFault>, Result<Signed<'t>, JwtError>) {
        let Some(signature) = self.signature_for_runtime() else {
            return (Engine::Wasm, None, self.check_signature());
        };
        match runtime.verify(self.key, self.input(), &signature).await {
            Ok(true) => (Engine::Native, None, self.judged(Verdict::Holds)),
            Ok(false) => (Engine::Native, None, self.judged(Verdict::Fails)),
            Err(fault) => (Engine::Wasm, Some(fault), self.check_signature()),
        }
    }

    /// The decoded signature, where it is for the runtime to check; `None` where it is malformed, or of
    /// another length than its key's: that is for [`Selected::check_signature`] to refuse. Runtimes
    /// differ there: OpenSSL takes an RSA-PSS signature whose leading zero is left out.
    pub(crate) fn signature_for_runtime(&self) -> Option<Vec<u8>> {
        self.signature().ok().filter(|signature| self.is_of_its_length(signature))
    }

    fn is_of_its_length(&self, signature: &[u8]) -> bool {
        self.key.signature_bytes().is_none_or(|bytes| bytes == signature.len())
    }

    /// What the signature is over.
    const fn input(&self) -> &'t [u8] {
        self.compact.signing_input.as_bytes()
    }

    fn signature(&self) -> Result<Vec<u8>, JwtError> {
        compact::decode(self.compact.signature)
    }

    /// Step two with a verdict that the runtime gave on this very signature and key.
    pub(crate) fn judged(self, verdict: Verdict) -> Result<Signed<'t>, JwtError> {
        match verdict {
            Verdict::Holds => {}
            Verdict::Fails => return Err(JwtError::SignatureVerificationFailed),
            Verdict::NotHere => return Err(JwtError::NotSupported { what: "this key, here" }),
        }
        let payload = String::from_utf8(compact::decode(self.compact.payload)?)
            .map_err(|_| JwtError::ClaimsSetInvalid { reason: "not UTF-8" })?;
        Ok(self.signed(Payload::Decoded(payload)))
    }

    pub(super) const fn token(&self) -> &'t str {
        self.compact.token
    }

    /// The token as [`super::TokenCache`] remembers it: this very text, by this very key.
    pub(super) fn remembered(self, verified: Arc<Verified>) -> Signed<'t> {
        self.signed(Payload::Remembered(verified))
    }

    const fn signed(self, payload: Payload) -> Signed<'t> {
        let Compact { token, signing_input, .. } = self.compact;
        Signed { token, signing_input, key: self.key.id(), payload }
    }
}

/// A token whose signature holds.
pub struct Signed<'t> {
    token: &'t str,
    signing_input: &'t str,
    key: KeyId,
    payload: Payload,
}

enum Payload {
    Decoded(String),
    Remembered(Arc<Verified>),
}

impl<'t> Signed<'t> {
    /// Step three: the claims are what `policy` asks for at `now`.
    ///
    /// # Errors
    /// [`JwtError::ClaimsSetInvalid`], [`JwtError::Expired`] or
    /// [`JwtError::ClaimValidationFailed`].
    pub fn claims(&self, policy: &Policy, now: UnixMs) -> Result<Claims<'_>, JwtError> {
        let claims = Claims::parse(self.payload())?;
        policy.check(&claims, now)?;
        Ok(claims)
    }

    /// The claims set exactly as signed: JSON text.
    #[must_use]
    pub fn payload(&self) -> &str {
        match &self.payload {
            Payload::Decoded(payload) => payload,
            Payload::Remembered(verified) => verified.payload(),
        }
    }

    /// A claim that no policy looks at, when it is there and a string.
    #[must_use]
    pub fn text_claim(&self, name: &str) -> Option<Cow<'_, str>> {
        string_member(self.payload(), name)
    }

    /// As [`Signed::payload`], without a copy where there is none to make.
    #[must_use]
    pub fn into_payload(self) -> String {
        match self.payload {
            Payload::Decoded(payload) => payload,
            Payload::Remembered(verified) => verified.payload().to_owned(),
        }
    }

    /// The token itself.
    pub(crate) const fn token(&self) -> &'t str {
        self.token
    }

    /// What was signed. It names a token without a `jti`: canonical, and free of the signature,
    /// which others can vary (ECDSA).
    #[must_use]
    pub const fn signing_input(&self) -> &str {
        self.signing_input
    }

    /// What a cache takes of it: token, payload and key; `None` when it is from there.
    pub(super) fn to_remember(&self) -> Option<(&'t str, &str, KeyId)> {
        match &self.payload {
            Payload::Decoded(payload) => Some((self.token, payload, self.key)),
            Payload::Remembered(_) => None,
        }
    }
}
