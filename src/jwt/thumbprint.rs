//! JWK thumbprints (RFC 7638, RFC 8037 section 2, RFC 9964).

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac_sha256::Hash;

use super::Jwk;

impl Jwk {
    /// The thumbprint by SHA-256, base64url; `None` for an unknown type or without a member it
    /// needs. That of a secret key lets others guess the secret, if it can be guessed.
    #[must_use]
    pub fn thumbprint(&self) -> Option<String> {
        Some(URL_SAFE_NO_PAD.encode(Hash::hash(self.thumbprint_input()?.as_bytes())))
    }

    /// The required members, sorted by name, without any space (RFC 7638 section 3).
    pub(super) fn thumbprint_input(&self) -> Option<String> {
        let required = match self.kty.as_str() {
            "oct" => vec![("k", &self.k)],
            "RSA" => vec![("e", &self.e), ("n", &self.n)],
            "EC" => vec![("crv", &self.crv), ("x", &self.x), ("y", &self.y)],
            "OKP" => vec![("crv", &self.crv), ("x", &self.x)],
            "AKP" => vec![("alg", &self.alg), ("pub", &self.public)],
            _ => return None,
        };
        let mut members = BTreeMap::from([("kty", self.kty.as_str())]);
        for (name, value) in required {
            members.insert(name, value.as_deref()?);
        }
        serde_json::to_string(&members).ok()
    }
}
