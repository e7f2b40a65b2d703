//! Rate-limit policies as written, and the checks that turn each into its type.

use std::sync::Arc;

use serde::Deserialize;

use super::{ConfigError, duration};
use crate::limit::{
    self, Algorithm, Applies, KeyPart, LimitError, OnOutage, PolicyName, Quota, Route, Trigger,
};

/// Most policies a configuration may have: each is a decision on every request, and with the gate and
/// the clients' own they fill the local map's partitions.
const LIMITS_MAX: usize = 14;
/// Most parts of a key.
const KEY_PARTS_MAX: usize = 4;
/// The name of the gate's own policy.
const GATE: &str = "gate";
/// The name of the policy by which each client is counted that has a limit of its own.
const CLIENT: &str = "client-limit";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitTable {
    name: String,
    key: OneOrMore,
    #[serde(default)]
    methods: Vec<String>,
    #[serde(default)]
    routes: Vec<String>,
    #[serde(default)]
    scopes: Vec<String>,
    algorithm: Algorithm,
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

/// A sliding window of requests: the gate's, by address, or a client's own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlainTable {
    limit: u64,
    window: String,
}

/// A text, or a list of them.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "text, or a list of it")]
enum OneOrMore {
    One(String),
    More(Vec<String>),
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
/// `targets`: whether a proxy says what is asked for.
pub(super) fn validate(
    tables: &[LimitTable],
    targets: bool,
) -> Result<Vec<limit::Policy>, ConfigError> {
    if tables.len() > LIMITS_MAX {
        return Err(ConfigError::new("limits", format!("at most {LIMITS_MAX} policies")));
    }
    let mut policies: Vec<limit::Policy> = Vec::with_capacity(tables.len());
    for (index, written) in tables.iter().enumerate() {
        let policy = written.policy(&format!("limits[{index}]"))?;
        if [GATE, CLIENT].contains(&policy.name.as_str())
            || policies.iter().any(|other| other.name == policy.name)
        {
            return Err(ConfigError::new(
                format!("limits[{index}].name"),
                "is there twice, or reserved",
            ));
        }
        let by_field = policy.key.iter().any(|part| matches!(part, KeyPart::Header(_)));
        if (policy.applies.needs_target() || by_field) && !targets {
            let reason = "methods, routes and header keys need gateway, or forward_auth: a proxy that shows its secret";
            return Err(ConfigError::new(format!("limits[{index}]"), reason));
        }
        policies.push(policy);
    }
    Ok(policies)
}

impl PlainTable {
    /// The gate's, which never asks the store.
    pub(super) fn gate(&self) -> Result<limit::Policy, ConfigError> {
        self.policy(GATE, KeyPart::Ip, GATE)
    }

    /// A client's own, found at `path`.
    pub(super) fn of_client(&self, path: &str) -> Result<limit::Policy, ConfigError> {
        self.policy(CLIENT, KeyPart::Client, path)
    }

    fn policy(&self, own: &str, key: KeyPart, path: &str) -> Result<limit::Policy, ConfigError> {
        Ok(limit::Policy {
            name: name(path, own)?,
            key: [key].into(),
            applies: Arc::default(),
            algorithm: Algorithm::SlidingWindow,
            quota: quota(path, self.limit, &self.window)?,
            trigger: Trigger::Request,
            shadow: false,
            on_outage: OnOutage::default(),
        })
    }
}

impl LimitTable {
    fn policy(&self, path: &str) -> Result<limit::Policy, ConfigError> {
        let applies = self.applies(path)?;
        let policy = limit::Policy {
            name: name(&format!("{path}.name"), &self.name)?,
            key: self.key(path, &applies)?,
            applies: Arc::new(applies),
            algorithm: self.algorithm,
            quota: self.quota(path)?,
            trigger: self.trigger.into(),
            shadow: self.shadow,
            on_outage: self.on_outage(path)?,
        };
        let limit_path = format!("{path}.limit");
        policy.check().map_err(|error| ConfigError::new(limit_path, error.to_string()))?;
        Ok(policy)
    }

    /// Which requests it counts.
    fn applies(&self, path: &str) -> Result<Applies, ConfigError> {
        let routes = self.routes.iter().enumerate().map(|(index, route)| {
            let path = format!("{path}.routes[{index}]");
            Route::new(route).map_err(|error| ConfigError::new(path, error.to_string()))
        });
        let routes = routes.collect::<Result<_, _>>()?;
        Applies::new(self.methods.clone(), routes, self.scopes.clone()).map_err(|error| {
            let field = match error {
                LimitError::MethodInvalid => ".methods",
                LimitError::ScopeInvalid => ".scopes",
                _ => "",
            };
            ConfigError::new(format!("{path}{field}"), error.to_string())
        })
    }

    fn key(&self, path: &str, applies: &Applies) -> Result<Arc<[KeyPart]>, ConfigError> {
        let path = format!("{path}.key");
        let fault = |reason: &str| Err(ConfigError::new(&path, reason));
        let written = match &self.key {
            OneOrMore::One(part) => std::slice::from_ref(part),
            OneOrMore::More(parts) => parts.as_slice(),
        };
        let parts: Result<Vec<_>, _> = written.iter().map(|part| KeyPart::parse(part)).collect();
        let parts = parts.map_err(|error| ConfigError::new(&path, error.to_string()))?;
        let twice = |(at, part): (usize, &KeyPart)| parts.iter().take(at).any(|it| it == part);
        if parts.is_empty() || parts.len() > KEY_PARTS_MAX || parts.iter().enumerate().any(twice) {
            return fault("must have 1 to 4 parts, none of them twice");
        }
        if parts.contains(&KeyPart::Route) && applies.routes().next().is_none() {
            return fault("counts by route, and the policy has no routes");
        }
        if matches!(self.trigger, When::AuthFailure) {
            // Who failed to authenticate has an address and nothing else.
            if parts != [KeyPart::Ip] {
                return fault("a policy on auth_failure is keyed by ip");
            }
            if *applies != Applies::default() {
                return fault("a policy on auth_failure counts all, whatever they ask for");
            }
        }
        Ok(parts.into())
    }

    fn quota(&self, path: &str) -> Result<Quota, ConfigError> {
        let quota = quota(path, self.limit, &self.window)?;
        let burst_path = format!("{path}.burst");
        quota
            .with(self.algorithm, self.burst)
            .map_err(|error| ConfigError::new(burst_path, error.to_string()))
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

impl From<When> for Trigger {
    fn from(when: When) -> Self {
        match when {
            When::Request => Self::Request,
            When::AuthFailure => Self::AuthFailure,
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
