//! Options as JavaScript objects; all are optional, and an unknown member is refused by its name.

use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::JsValue;

use super::error;
use crate::jwt::{ClockTolerance, Policy};
use crate::limit::{self, Algorithm, KeyPart, LimitError, OnOutage, PolicyName, Quota, Trigger};

/// Of a verifier.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Verifying {
    issuers: Vec<String>,
    audiences: Vec<String>,
    subject: Option<String>,
    types: Vec<String>,
    clock_tolerance_ms: u64,
    lifetime_ms_max: Option<u64>,
    token_bytes_max: usize,
}

impl Default for Verifying {
    fn default() -> Self {
        let Policy { issuers, audiences, subject, types, lifetime_ms_max, token_bytes_max, .. } =
            Policy::default();
        Self {
            issuers,
            audiences,
            subject,
            types,
            clock_tolerance_ms: 0,
            lifetime_ms_max,
            token_bytes_max,
        }
    }
}

impl Verifying {
    pub(super) fn policy(self) -> Result<Policy, JsValue> {
        let clock_tolerance = ClockTolerance::from_ms(self.clock_tolerance_ms)
            .ok_or_else(|| error("ERR_CONFIG_INVALID", "clockToleranceMs: at most 300,000"))?;
        Ok(Policy {
            issuers: self.issuers,
            audiences: self.audiences,
            subject: self.subject,
            types: self.types,
            lifetime_ms_max: self.lifetime_ms_max,
            clock_tolerance,
            token_bytes_max: self.token_bytes_max,
            ..Policy::default()
        })
    }
}

/// Of a limiter.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Limiting {
    pub(super) policies: Vec<Limit>,
}

/// One policy of a limiter.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Limit {
    name: String,
    algorithm: Algorithm,
    limit: u64,
    window_ms: u64,
    burst: Option<u64>,
}

impl Limit {
    pub(super) fn policy(&self) -> Result<limit::Policy, LimitError> {
        let algorithm = self.algorithm;
        let quota = Quota::new(self.limit, self.window_ms)?.with(algorithm, self.burst)?;
        let policy = limit::Policy {
            name: PolicyName::new(&self.name)?,
            // The caller says by what.
            key: [KeyPart::Subject].into(),
            applies: Arc::default(),
            algorithm,
            quota,
            trigger: Trigger::Request,
            shadow: false,
            on_outage: OnOutage::default(),
        };
        policy.check()?;
        Ok(policy)
    }
}

/// Of a signer.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Signing {
    pub(super) typ: String,
}

impl Default for Signing {
    fn default() -> Self {
        Self { typ: "JWT".to_owned() }
    }
}

/// Reads options. Every member is looked at on the way, so that an unknown one is refused: read
/// straight into the struct, only the known names would be asked for.
pub(super) fn read<T: Default + DeserializeOwned>(options: JsValue) -> Result<T, JsValue> {
    if options.is_undefined() {
        return Ok(T::default());
    }
    let fault = |message: String| error("ERR_CONFIG_INVALID", &format!("options: {message}"));
    let members: serde_json::Value =
        serde_wasm_bindgen::from_value(options).map_err(|e| fault(e.to_string()))?;
    serde_json::from_value(members).map_err(|e| fault(e.to_string()))
}
