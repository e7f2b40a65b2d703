//! JSON Web Keys as read from configuration (RFC 7517, RFC 8037).

use serde::{Deserialize, Serialize};

/// A JWK as written. Members that are not listed are ignored (RFC 7517 section 4), duplicates are
/// refused. It may hold secret material, so it has no `Debug`.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Jwk {
    /// Key type: `oct` or `OKP`.
    pub kty: String,
    /// Key ID, required here: keys are chosen by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// Algorithm, required here: the key decides the algorithm, never the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// Public key use: `sig` or absent.
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    pub key_use: Option<String>,
    /// Key operations: absent, or with `verify` for a public key, `sign` for a private one and both
    /// for a secret one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_ops: Option<Vec<String>>,
    /// Curve of an `OKP` key: `Ed25519`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crv: Option<String>,
    /// Public key of an `OKP` key, base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// Private key of an `OKP` key, base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub d: Option<String>,
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
