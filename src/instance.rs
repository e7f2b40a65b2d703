//! What lives as long as one wasm instance, and is gone when a crash resets it.

use hmac_sha256::Hash;

use crate::config::{Config, KeySource};
use crate::jwks::RemoteJwks;
use crate::jwt::TokenCache;
use crate::rules::KnownRules;
use crate::store::denied::Denied;
use crate::store::memory::MemoryStore;
use crate::store::{InstanceId, outages::Outages};
use crate::telemetry::Telemetry;

/// One instance: configuration, local map, counters, and what it knows of its stores' health.
#[derive(Debug)]
pub struct Instance {
    /// The validated configuration.
    pub config: Config,
    /// The bounded local map: the gate's counts, what is known as revoked, and the store where no
    /// other is configured or reachable.
    pub memory: MemoryStore,
    /// Keys of limits that the store denied a moment ago.
    pub denied: Denied,
    /// The access rules, as far as they are known.
    pub rules: KnownRules,
    /// Tokens whose signature held.
    pub tokens: TokenCache,
    /// Events and counters.
    pub telemetry: Telemetry,
    /// Breakers, and what the store has still to be told.
    pub outages: Outages,
    /// The key set of each foreign issuer, in their order; `None` of one that is configured whole.
    pub jwks: Vec<Option<RemoteJwks>>,
}

impl Instance {
    /// A fresh instance. `random`: 32 random bytes, from which its hash keys and its name are made.
    #[must_use]
    pub fn new(config: Config, random: [u8; 32]) -> Self {
        let drawn = |purpose: &str| {
            let mut hash = Hash::new();
            hash.update(random);
            hash.update(purpose);
            let mut bytes = [0; 16];
            bytes.iter_mut().zip(hash.finalize()).for_each(|(byte, drawn)| *byte = drawn);
            bytes
        };
        let name = InstanceId::new(drawn("name"));
        // A probe may be two calls: the script by its hash, and by its text after a restart.
        let probe_ms_max = config.store.first_deadline_ms.max(config.store.deadline_ms);
        let probe_ms_max = probe_ms_max.saturating_mul(2);
        let outages = Outages::new(probe_ms_max, drawn("outages"), name);
        let memory = MemoryStore::new(drawn("memory"));
        let jwks = config.issuers.iter().map(|issuer| match &issuer.keys {
            KeySource::Remote(settings) => Some(RemoteJwks::new(settings.clone())),
            KeySource::Fixed(_) => None,
        });
        let jwks = jwks.collect();
        let tokens = TokenCache::new(config.token_cache, drawn("tokens"));
        let denied = Denied::new(drawn("denied"));
        let telemetry = Telemetry::default();
        let rules = KnownRules::default();
        Self { config, memory, denied, rules, tokens, telemetry, outages, jwks }
    }
}
