//! Minting: a claims set of ours, signed by the newest active key.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;

use super::{ClaimReason, JwtError, Key, KeySet, NativeFault, Signatures, member_names};
use crate::UnixMs;

/// The claims [`mint`] writes itself: a further claim of one of these names would be a duplicate
/// member, or stand in for one that was left out.
const OWN_CLAIMS: [&str; 10] =
    ["iss", "sub", "aud", "client_id", "scope", "jti", "sid", "iat", "iat_ms", "exp"];

/// An access token to be minted (RFC 9068). The caller has validated every part.
#[derive(Clone, Debug, Serialize)]
pub struct NewToken<'a> {
    /// Who issues it.
    #[serde(rename = "iss")]
    pub issuer: &'a str,
    /// Whom it is about.
    #[serde(rename = "sub")]
    pub subject: &'a str,
    /// Whom it is for.
    #[serde(rename = "aud")]
    pub audience: &'a [String],
    /// The client it is issued to.
    pub client_id: &'a str,
    /// What it allows, space-separated.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub scope: &'a str,
    /// Its own name.
    #[serde(rename = "jti")]
    pub token_id: &'a str,
    /// Its session, if it is of one.
    #[serde(rename = "sid", skip_serializing_if = "Option::is_none")]
    pub session_id: Option<&'a str>,
    /// Lifetime in seconds, set into `exp` by [`mint`].
    #[serde(skip)]
    pub lifetime_s: u64,
    /// Further claims: a JSON object as text, signed as it is written. None of the names above, nor
    /// `iat`, `iat_ms` or `exp`.
    #[serde(skip)]
    pub claims: &'a str,
}

/// Signs `token` with the newest active key of `keys`, issued at `now`.
///
/// `iat` and `exp` are whole seconds, `iat_ms` is `now`.
///
/// # Errors
/// [`JwtError::NoSigningKey`], or [`JwtError::ClaimValidationFailed`] for a further claim that the
/// token already has.
pub fn mint(token: &NewToken<'_>, keys: &KeySet, now: UnixMs) -> Result<String, JwtError> {
    unsigned(token, keys, now)?.sign()
}

/// A token that lacks its signature alone.
pub struct Unsigned<'k> {
    key: &'k Key,
    input: String,
}

impl Unsigned<'_> {
    /// Whose signature it lacks.
    #[must_use]
    pub const fn key(&self) -> &Key {
        self.key
    }

    /// The token, signed here.
    ///
    /// # Errors
    /// [`JwtError::NoSigningKey`].
    pub fn sign(self) -> Result<String, JwtError> {
        let signature = self.key.sign(self.input.as_bytes()).ok_or(JwtError::NoSigningKey)?;
        Ok(self.with(&signature))
    }

    /// The token, signed by the runtime's own cryptography where that can, and why it was not.
    pub async fn sign_by(
        self,
        runtime: &dyn Signatures,
    ) -> (Option<NativeFault>, Result<String, JwtError>) {
        match runtime.sign(self.key, self.input.as_bytes()).await {
            Ok(signature) => (None, Ok(self.with(&signature))),
            Err(fault) => (Some(fault), self.sign()),
        }
    }

    fn with(self, signature: &[u8]) -> String {
        let mut jws = self.input;
        jws.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut jws);
        jws
    }
}

/// The first half of [`mint`].
///
/// # Errors
/// As [`mint`].
pub fn unsigned<'k>(
    token: &NewToken<'_>,
    keys: &'k KeySet,
    now: UnixMs,
) -> Result<Unsigned<'k>, JwtError> {
    #[derive(Serialize)]
    struct ClaimsSet<'a> {
        #[serde(flatten)]
        token: &'a NewToken<'a>,
        iat: u64,
        iat_ms: UnixMs,
        exp: u64,
    }
    let further =
        member_names(token.claims).map_err(|reason| JwtError::ClaimsSetInvalid { reason })?;
    let taken = |name: &&str| further.iter().any(|further| further == *name);
    if let Some(claim) = OWN_CLAIMS.into_iter().find(taken) {
        return Err(JwtError::ClaimValidationFailed { claim, reason: ClaimReason::Invalid });
    }
    let iat = now.seconds();
    let exp = iat.saturating_add(token.lifetime_s);
    let claims = json(&ClaimsSet { token, iat, iat_ms: now, exp })?;
    sign_claims("at+jwt", &with_members(claims, token.claims), keys, now)
}

/// A token of any claims set, JSON text, that lacks the signature of the newest active key of `keys`.
///
/// `typ`: its media type (RFC 7515 section 4.1.9).
///
/// # Errors
/// [`JwtError::NoSigningKey`].
pub fn sign_claims<'k>(
    typ: &str,
    claims: &str,
    keys: &'k KeySet,
    now: UnixMs,
) -> Result<Unsigned<'k>, JwtError> {
    #[derive(Serialize)]
    struct Header<'a> {
        alg: &'a str,
        typ: &'a str,
        kid: &'a str,
    }
    let key = keys.signer(now)?;
    let header = Header { alg: key.algorithm().name(), typ, kid: key.kid() };
    let mut input = URL_SAFE_NO_PAD.encode(json(&header)?);
    input.push('.');
    URL_SAFE_NO_PAD.encode_string(claims, &mut input);
    Ok(Unsigned { key, input })
}

/// The object `own` with the members of the object `further` behind its own, as they are written:
/// numbers that no double holds are signed as they were ordered.
fn with_members(mut own: String, further: &str) -> String {
    let further = further.trim();
    let members = further.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let members = members.unwrap_or_default().trim();
    if !members.is_empty() && own.pop().is_some() {
        own.push(',');
        own.push_str(members);
        own.push('}');
    }
    own
}

fn json(part: &impl Serialize) -> Result<String, JwtError> {
    serde_json::to_string(part)
        .map_err(|_| JwtError::ClaimsSetInvalid { reason: "cannot be written as JSON" })
}
