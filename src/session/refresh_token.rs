//! Refresh tokens: a JWT under a secret of its own, the same one for the same session and generation.
//!
//! Nothing of it is stored but the generation, so a request that is sent again has the same answer again, and a
//! store that is read by others holds nothing that could be presented.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac_sha256::Hash;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::UnixMs;
use crate::jwt::{Jwk, JwkSet, JwtError, KeyError, KeySet, sign_claims};

/// Its media type in the header's `typ`: no access token of any issuer has it.
pub const REFRESH_TOKEN_TYPE: &str = "rt+jwt";

/// What a refresh token says: all that its session's next access token is made of. It has no `Debug`: it is what
/// the token is made of.
#[derive(Clone, Deserialize, Serialize)]
pub struct RefreshToken {
    /// Who issued it.
    #[serde(rename = "iss")]
    pub issuer: String,
    /// Whose session it is.
    #[serde(rename = "sub")]
    pub subject: String,
    /// Whom access tokens are for.
    #[serde(rename = "aud")]
    pub audience: Vec<String>,
    /// The client it was issued to, and that alone may present it (RFC 6749 section 6).
    pub client_id: String,
    /// What access tokens allow, space-separated.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// The session.
    #[serde(rename = "sid")]
    pub session_id: String,
    /// How often the session was refreshed.
    #[serde(rename = "gen")]
    pub generation: u64,
    /// When the session was opened, in Unix seconds.
    pub iat: u64,
    /// The same, in milliseconds.
    pub iat_ms: UnixMs,
    /// When the session ends whatever happens, in Unix seconds.
    pub exp: u64,
    /// Lifetime of access tokens in seconds, where another than the deployment's was ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_ttl: Option<u64>,
    /// Further claims of access tokens, as they were written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<Box<RawValue>>,
}

impl RefreshToken {
    /// What a payload says whose signature holds.
    ///
    /// # Errors
    /// [`JwtError::ClaimsSetInvalid`] for one that no refresh token of ours has.
    pub fn read(payload: &str) -> Result<Self, JwtError> {
        serde_json::from_str(payload)
            .map_err(|_| JwtError::ClaimsSetInvalid { reason: "not a refresh token's" })
    }

    /// The token of a generation: the same one however often it is asked for.
    ///
    /// # Errors
    /// [`JwtError::ClaimsSetInvalid`].
    pub fn sign(&self, keys: &KeySet, now: UnixMs) -> Result<String, JwtError> {
        let claims = serde_json::to_string(self)
            .map_err(|_| JwtError::ClaimsSetInvalid { reason: "cannot be written as JSON" })?;
        sign_claims(REFRESH_TOKEN_TYPE, &claims, keys, now)?.sign()
    }
}

/// The keys of one secret, or two: the first signs. Each is named by a hash of it.
///
/// `secrets`: at least 32 random bytes each, in base64url.
///
/// # Errors
/// [`KeyError`].
pub fn refresh_keys(secrets: &[&str]) -> Result<KeySet, KeyError> {
    let key = |secret: &&str| {
        let mut hash = Hash::new();
        hash.update(b"portcullis refresh token key\0");
        hash.update(secret.as_bytes());
        let name = URL_SAFE_NO_PAD.encode(hash.finalize().first_chunk::<9>().unwrap_or(&[0; 9]));
        Jwk {
            kty: "oct".to_owned(),
            alg: Some("HS256".to_owned()),
            kid: Some(name),
            k: Some((*secret).to_owned()),
            ..Jwk::default()
        }
    };
    KeySet::from_jwks(&JwkSet { keys: secrets.iter().map(key).collect() })
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const SECRETS: [&str; 2] = [
        "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE",
        "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI",
    ];

    fn token(generation: u64) -> RefreshToken {
        RefreshToken {
            issuer: "https://auth.example.com".into(),
            subject: "u".into(),
            audience: vec!["https://api.example.com".into()],
            client_id: "c".into(),
            scope: "read".into(),
            session_id: "s".into(),
            generation,
            iat: 1_700_000_000,
            iat_ms: UnixMs(1_700_000_000_250),
            exp: 1_700_003_600,
            access_ttl: None,
            claims: RawValue::from_string("{\"n\":1.0}".into()).ok(),
        }
    }

    #[test]
    fn a_generation_has_one_token_whenever_it_is_asked_for() {
        let keys = refresh_keys(&SECRETS).unwrap();
        let signed = token(3).sign(&keys, UnixMs(1)).unwrap();
        assert_eq!(token(3).sign(&keys, UnixMs(9_999)).unwrap(), signed);
        assert_ne!(token(4).sign(&keys, UnixMs(1)).unwrap(), signed);
    }

    #[test]
    fn the_first_of_two_secrets_signs_and_each_has_a_name_of_its_own() {
        let [first, second] = SECRETS;
        let both = refresh_keys(&SECRETS).unwrap();
        let alone = refresh_keys(&[first]).unwrap();
        let signed = |keys: &KeySet| token(1).sign(keys, UnixMs(1)).unwrap();
        assert_eq!(signed(&both), signed(&alone));
        assert_ne!(signed(&both), signed(&refresh_keys(&[second, first]).unwrap()));
    }

    #[test]
    fn a_secret_that_is_too_short_or_there_twice_is_refused() {
        assert!(refresh_keys(&["AQEB"]).is_err());
        assert!(refresh_keys(&[SECRETS[0], SECRETS[0]]).is_err());
        assert!(refresh_keys(&[]).is_err());
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        let payload = serde_json::to_string(&token(7)).unwrap();
        let read = RefreshToken::read(&payload).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), payload);
        assert_eq!(read.claims.unwrap().get(), "{\"n\":1.0}");
        assert!(RefreshToken::read("{}").is_err());
    }
}
