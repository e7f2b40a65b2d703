//! JSON Web Keys as they are written, in configuration and in sets of others (RFC 7517, RFC 7518, RFC 8037, RFC 9964).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::KeyError;
use super::key_set::{KEYS_MAX, TOO_MANY};

/// A JWK as written. Members that are not listed are ignored (RFC 7517 section 4), duplicates are
/// refused. It may hold secret material, so it has no `Debug`.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Jwk {
    /// Key type: `oct`, `RSA`, `EC`, `OKP` or `AKP`.
    pub kty: String,
    /// Key ID, required of our own: keys are chosen by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// Algorithm, required of our own: the key decides the algorithm, never the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// Public key use: `sig` or absent.
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    pub key_use: Option<String>,
    /// Key operations: absent, or with `verify` for a public key, `sign` for a private one and both
    /// for a secret one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_ops: Option<Vec<String>>,
    /// Curve: `Ed25519` of an `OKP` key, `P-256` or `P-384` of an `EC` key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crv: Option<String>,
    /// Public key of an `OKP` key, or first coordinate of an `EC` key, base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// Second coordinate of an `EC` key, base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
    /// Modulus of an `RSA` key, base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<String>,
    /// Public exponent of an `RSA` key: `AQAB`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e: Option<String>,
    /// Private key of an `OKP` or `EC` key, private exponent of an `RSA` key, base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub d: Option<String>,
    /// First prime of an `RSA` key, base64url. With `d`, all members up to `qi` must be there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p: Option<String>,
    /// Second prime.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// `d` modulo `p - 1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dp: Option<String>,
    /// `d` modulo `q - 1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dq: Option<String>,
    /// The inverse of `q` modulo `p`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qi: Option<String>,
    /// Public key of an `AKP` key, base64url.
    #[serde(rename = "pub", skip_serializing_if = "Option::is_none")]
    pub public: Option<String>,
    /// Private key of an `AKP` key, a seed of 32 bytes, base64url.
    #[serde(rename = "priv", skip_serializing_if = "Option::is_none")]
    pub private: Option<String>,
    /// Secret of an `oct` key, base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub k: Option<String>,
    /// From when the key signs, in Unix seconds (ours); absent: always.
    #[serde(alias = "notBefore", skip_serializing_if = "Option::is_none")]
    pub not_before: Option<u64>,
    /// Until when the key verifies, in Unix seconds (ours); absent: always.
    #[serde(alias = "retireAt", skip_serializing_if = "Option::is_none")]
    pub retire_at: Option<u64>,
}

/// A JWK Set as written (RFC 7517 section 5).
#[derive(Clone, Deserialize, Serialize)]
pub struct JwkSet {
    /// The keys, in any order.
    pub keys: Vec<Jwk>,
}

impl JwkSet {
    /// Reads another issuer's set, whose size the caller has bounded: a key that is not a JWK as we
    /// know it, be a member of another type or there twice, is left out (RFC 7517 section 5).
    ///
    /// # Errors
    /// [`KeyError::JwksInvalid`] for anything but a JSON object with a list of `keys`, and for a list
    /// of more than 1,000, those that would be left out included.
    pub fn from_remote_json(text: &str) -> Result<Self, KeyError> {
        #[derive(Deserialize)]
        struct Raw<'t> {
            #[serde(borrow)]
            keys: Vec<&'t RawValue>,
        }
        // A list would be read as the members of a struct in their order.
        let is_object = |text: &str| text.trim_start().starts_with('{');
        let raw: Option<Raw<'_>> = Some(text)
            .filter(|text| is_object(text))
            .and_then(|text| serde_json::from_str(text).ok());
        let raw = raw.ok_or(KeyError::JwksInvalid { reason: "is not a JWK Set" })?;
        if raw.keys.len() > KEYS_MAX {
            return Err(TOO_MANY);
        }
        let jwks = raw.keys.iter().map(|key| key.get()).filter(|key| is_object(key));
        Ok(Self { keys: jwks.filter_map(|jwk| serde_json::from_str(jwk).ok()).collect() })
    }
}
