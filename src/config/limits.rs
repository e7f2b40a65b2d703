//! Rate-limit policies as written, and the checks that turn each into its type.

use serde::Deserialize;

use super::{ConfigError, duration};
use crate::limit::{self, Algorithm, KeyKind, LimitError, OnOutage, PolicyName, Quota, Trigger};

/// Most policies a configuration may have: each is a decision on every request, and with the gate
/// they fill the local map's partitions.
const LIMITS_MAX: usize = 15;
/// The name of the gate's own policy.
const GATE: &str = "gate";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitTable {
    name: String,
    key: Key,
    algorithm: Counting,
    limit: u64,
    window: String,
    burst: Option<u64>,
    #[serde(default)]
    trigger: When,
    #[serde(default)]
    shadow: bool,
    on_outage: Option<WithoutStore>,
    local_share_percent: Option<u8>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GateTable {
    limit: u64,
    window: String,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Key {
    Ip,
    Subject,
    Client,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Counting {
    FixedWindow,
    SlidingWindow,
    SlidingLog,
    TokenBucket,
    Gcra,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum WithoutStore {
    Local,
    Closed,
    Open,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum When {
    #[default]
    Request,
    AuthFailure,
}

/// The policies of these tables, in their order.
pub(super) fn validate(tables: &[LimitTable]) -> Result<Vec<limit::Policy>, ConfigError> {
    if tables.len() > LIMITS_MAX {
        return Err(ConfigError::new("limits", format!("at most {LIMITS_MAX} policies")));
    }
    let mut policies: Vec<limit::Policy> = Vec::with_capacity(tables.len());
    for (index, written) in tables.iter().enumerate() {
        let policy = written.policy(&format!("limits[{index}]"))?;
        if policy.name.as_str() == GATE || policies.iter().any(|other| other.name == policy.name) {
            return Err(ConfigError::new(
                format!("limits[{index}].name"),
                "is there twice, or reserved",
            ));
        }
        policies.push(policy);
    }
    Ok(policies)
}

impl GateTable {
    pub(super) fn policy(&self) -> Result<limit::Policy, ConfigError> {
        Ok(limit::Policy {
            name: name(GATE, GATE)?,
            key: KeyKind::Ip,
            algorithm: Algorithm::SlidingWindow,
            quota: quota(GATE, self.limit, &self.window)?,
            trigger: Trigger::Request,
            shadow: false,
            // It never asks the store.
            on_outage: OnOutage::default(),
        })
    }
}

impl LimitTable {
    fn policy(&self, path: &str) -> Result<limit::Policy, ConfigError> {
        let (key, trigger) = match (self.key, self.trigger) {
            (Key::Ip, When::Request) => (KeyKind::Ip, Trigger::Request),
            (Key::Ip, When::AuthFailure) => (KeyKind::Ip, Trigger::AuthFailure),
            (Key::Subject, When::Request) => (KeyKind::Subject, Trigger::Request),
            (Key::Client, When::Request) => (KeyKind::Client, Trigger::Request),
            // Who failed to authenticate has an address and nothing else.
            (_, When::AuthFailure) => {
                let reason = "a policy on auth_failure is keyed by ip";
                return Err(ConfigError::new(format!("{path}.key"), reason));
            }
        };
        let policy = limit::Policy {
            name: name(&format!("{path}.name"), &self.name)?,
            key,
            algorithm: self.algorithm.into(),
            quota: self.quota(path)?,
            trigger,
            shadow: self.shadow,
            on_outage: self.on_outage(path)?,
        };
        let limit_path = format!("{path}.limit");
        policy.check().map_err(|error| ConfigError::new(limit_path, error.to_string()))?;
        Ok(policy)
    }

    fn quota(&self, path: &str) -> Result<Quota, ConfigError> {
        let quota = quota(path, self.limit, &self.window)?;
        let burst_path = format!("{path}.burst");
        match (self.algorithm, self.burst) {
            (Counting::TokenBucket | Counting::Gcra, burst) => quota
                .with_burst(burst.unwrap_or(self.limit))
                .map_err(|error| ConfigError::new(burst_path, error.to_string())),
            (_, None) => Ok(quota),
            (_, Some(_)) => {
                let reason = "goes with algorithm = \"token-bucket\" or \"gcra\" alone";
                Err(ConfigError::new(burst_path, reason))
            }
        }
    }

    fn on_outage(&self, path: &str) -> Result<OnOutage, ConfigError> {
        let share = format!("{path}.local_share_percent");
        match (self.on_outage, self.local_share_percent) {
            (None | Some(WithoutStore::Local), share_percent) => match share_percent.unwrap_or(100)
            {
                share_percent @ 1..=100 => Ok(OnOutage::Local { share_percent }),
                _ => Err(ConfigError::new(share, "must be 1 to 100")),
            },
            (_, Some(_)) => Err(ConfigError::new(share, "goes with on_outage = \"local\" alone")),
            (Some(WithoutStore::Closed), None) => Ok(OnOutage::Closed),
            (Some(WithoutStore::Open), None) => Ok(OnOutage::Open),
        }
    }
}

impl From<Counting> for Algorithm {
    fn from(counting: Counting) -> Self {
        match counting {
            Counting::FixedWindow => Self::FixedWindow,
            Counting::SlidingWindow => Self::SlidingWindow,
            Counting::SlidingLog => Self::SlidingLog,
            Counting::TokenBucket => Self::TokenBucket,
            Counting::Gcra => Self::Gcra,
        }
    }
}

fn name(path: &str, name: &str) -> Result<PolicyName, ConfigError> {
    PolicyName::new(name).map_err(|error| ConfigError::new(path, error.to_string()))
}

fn quota(path: &str, limit: u64, window: &str) -> Result<Quota, ConfigError> {
    let window_ms = duration::at(&format!("{path}.window"), window)?;
    Quota::new(limit, window_ms).map_err(|error| {
        let field = match error {
            LimitError::LimitZero => ".limit",
            LimitError::WindowOutOfRange { .. } => ".window",
            _ => "",
        };
        ConfigError::new(format!("{path}{field}"), error.to_string())
    })
}
