//! Settings, keys and clients of the bench.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac_sha256::Hash;
use portcullis::config::{Config, ConfigError};
use serde_json::{Value, json};

pub const ISSUER: &str = "https://auth.test";
pub const API: &str = "https://api.test";
pub const SUBJECT: &str = "subject-7f3a";
/// RFC 8037 appendix A.1.
pub const ED_D: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
pub const ED_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
/// RFC 7515 appendix A.1.
pub const HS_K: &str =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";

/// What refresh tokens are derived with.
pub const REFRESH_SECRET: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA";

#[derive(Clone, Copy)]
pub enum Keys {
    EdDsa,
    Hs256,
    /// EdDSA, of which only the public half is here.
    PublicOnly,
}

impl Keys {
    pub fn json(self) -> Value {
        let pair = json!({"kty": "OKP", "crv": "Ed25519", "kid": "ed", "alg": "EdDSA",
            "x": ED_X, "d": ED_D});
        let public = json!({"kty": "OKP", "crv": "Ed25519", "kid": "ed", "alg": "EdDSA",
            "x": ED_X});
        let secret = json!({"kty": "oct", "kid": "hs", "alg": "HS256", "k": HS_K});
        match self {
            Self::EdDsa => json!({"keys": [pair]}),
            Self::Hs256 => json!({"keys": [secret]}),
            Self::PublicOnly => json!({"keys": [public]}),
        }
    }
}

pub fn settings() -> Value {
    json!({
        "issuer": ISSUER,
        "audience": [API],
        "limits": [policy("per-subject", "subject", 3)],
    })
}

/// A policy of `limit` per 60 s.
pub fn policy(name: &str, key: &str, limit: u64) -> Value {
    json!({"name": name, "key": key, "algorithm": "sliding-window", "limit": limit,
        "window": "60s"})
}

/// A policy of `limit` failed authentications per 60 s and address.
pub fn failures(limit: u64) -> Value {
    let mut policy = policy("failures", "ip", limit);
    policy["trigger"] = json!("auth_failure");
    policy
}

/// The secret of a client: what its record holds the hash of.
pub fn secret(client: &str) -> String {
    format!("{client}-secret-of-256-random-bits")
}

pub fn hash(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(Hash::hash(secret.as_bytes()))
}

pub fn clients() -> Value {
    let client = |id: &str, grants: &[&str], scopes: &[&str], audiences: &[&str]| {
        json!({"id": id, "secret_sha256": [hash(&secret(id))], "grants": grants,
            "scopes": scopes, "audiences": audiences})
    };
    // The longest audiences there can be.
    let wide = [(); 16].map({
        let mut number = 0..;
        move |()| format!("{API}/{:x>236}", number.next().unwrap())
    });
    json!([
        client("web", &["tokens:issue"], &["read", "write"], &[API, "https://files.test"]),
        client("other", &["tokens:issue", "tokens:introspect"], &["read"], &["https://other.test"]),
        client("auditor", &["tokens:introspect"], &[], &[API]),
        client("admin", &["tokens:revoke", "limits:admin", "metrics:read"], &[], &[]),
        client("bare", &[], &[], &[]),
        client("wide", &["tokens:issue"], &["read"], &wide.each_ref().map(String::as_str)),
    ])
}

pub fn config(keys: Keys, change: impl FnOnce(&mut Value)) -> Result<Config, ConfigError> {
    let mut settings = settings();
    change(&mut settings);
    parse(&settings, &keys.json(), &clients())
}

pub fn parse(settings: &Value, keys: &Value, clients: &Value) -> Result<Config, ConfigError> {
    Config::from_json(&settings.to_string(), &keys.to_string(), &clients.to_string())
}
