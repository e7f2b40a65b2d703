//! The deployment of a run: its settings, keys, clients and bounds, and where random bytes come from.

use std::cell::RefCell;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac_sha256::Hash;
use portcullis::config::Config;
use portcullis::store::memory::MemoryBounds;
use serde_json::{Value, json};

use super::plan::Setup;
use super::rng::Rng;

pub const ISSUER: &str = "https://auth.test";
pub const API: &str = "https://api.test";
/// RFC 7515 appendix A.1.
pub const KEY: &str =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";

/// What refresh tokens are derived with.
const REFRESH_SECRET: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA";
/// For how long the same successor is given again.
pub const GRACE_MS: u64 = 10_000;

/// Room for a handful.
pub const SMALL: MemoryBounds = MemoryBounds {
    revoked_tokens: 5,
    revoked_sessions: 3,
    revoked_subjects: 2,
    policies: 16,
    keys_per_policy: 2,
    penalties_per_policy: 2,
    sessions: 1,
    sessions_per_subject: 1,
    records: 1,
};

thread_local! {
    static DRAWN: RefCell<Rng> = RefCell::new(Rng::of(&[]));
}

/// Random bytes from now on come from this seed.
pub fn seed_entropy(seed: u64) {
    DRAWN.set(Rng::of(&[seed, 6]));
}

pub fn entropy() -> Option<[u8; 32]> {
    Some(DRAWN.with_borrow_mut(Rng::bytes))
}

pub fn secret(client: &str) -> String {
    format!("{client}-secret-of-256-random-bits")
}

pub fn config(setup: &Setup) -> Config {
    let limit = |name: &str, key: &str, limit: u64| -> Value {
        json!({"name": name, "key": key, "algorithm": "sliding-window", "limit": limit,
            "window": format!("{}s", setup.window_s)})
    };
    let mut subject = limit("per-subject", "subject", setup.subject_limit);
    subject["local_share_percent"] = json!(setup.share_percent);
    let mut client = limit("per-client", "client", setup.subject_limit * 2);
    client["on_outage"] = json!(setup.client_mode);
    let mut failures = limit("failures", "ip", setup.failures_limit);
    failures["trigger"] = json!("auth_failure");
    let settings = json!({
        "issuer": ISSUER,
        "audience": [API],
        "clock_tolerance": format!("{}s", setup.tolerance_s),
        "limits": [subject, client, failures],
        "gate": {"limit": 200, "window": "10s"},
        "revocation": {"on_outage": setup.revocation_mode},
        "sessions": {"lifetime": "1h", "idle_lifetime": "1m", "reuse_grace": format!("{GRACE_MS}ms")},
    });
    let keys = json!({"keys": [{"kty": "oct", "kid": "hs", "alg": "HS256", "k": KEY}]});
    let client = |id: &str, grants: &[&str]| {
        let hash = URL_SAFE_NO_PAD.encode(Hash::hash(secret(id).as_bytes()));
        json!({"id": id, "secret_sha256": [hash], "grants": grants, "scopes": ["read"], "audiences": [API]})
    };
    let web = client("web", &["tokens:issue", "tokens:introspect"]);
    let admin = client("admin", &["tokens:revoke", "limits:admin"]);
    let clients = json!([web, admin]);
    Config::from_json(&settings.to_string(), &keys.to_string(), &clients.to_string())
        .and_then(|config| config.with_refresh_secret(Some(REFRESH_SECRET)))
        .expect("a configuration")
}
