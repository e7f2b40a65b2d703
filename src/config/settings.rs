//! The public settings as written, and the checks that turn each into its type.

use serde::Deserialize;

use super::issuers::IssuerTable;
use super::store::{RevocationTable, StoreTable};
use super::token_cache::TokenCacheTable;
use super::{AddressSource, ConfigError, duration, error};
use crate::fetch::is_loopback;
use crate::limit::{self, Algorithm, KeyKind, LimitError, OnOutage, PolicyName, Quota, Trigger};

/// Most policies a configuration may have: each is a decision on every request, and with the gate
/// they fill the local map's partitions.
const LIMITS_MAX: usize = 15;
/// Longest lifetime of a token that can be configured, in seconds: 366 days. A revocation is kept
/// that long, and a date beyond the year 9999 would not be read back.
pub(super) const LIFETIME_S_MAX: u64 = 366 * 24 * 60 * 60;
/// Longest issuer, in bytes: it stands in every token.
const ISSUER_BYTES_MAX: usize = 512;
/// The name of the gate's own policy.
const GATE: &str = "gate";

/// `[vars.portcullis]` as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    pub(super) issuer: String,
    pub(super) audience: Vec<String>,
    #[serde(default = "Settings::default_access_ttl")]
    access_ttl: String,
    #[serde(default = "Settings::default_max_lifetime")]
    max_lifetime: String,
    #[serde(default = "Settings::default_clock_tolerance")]
    pub(super) clock_tolerance: String,
    #[serde(default)]
    limits: Vec<Limit>,
    gate: Option<Gate>,
    trusted_proxy_hops: Option<usize>,
    #[serde(default)]
    pub(super) legacy_rate_limit_fields: bool,
    #[serde(default)]
    pub(super) store: StoreTable,
    #[serde(default)]
    pub(super) revocation: RevocationTable,
    #[serde(default)]
    pub(super) issuers: Vec<IssuerTable>,
    #[serde(default)]
    pub(super) token_cache: TokenCacheTable,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit {
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
struct Gate {
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

impl Settings {
    pub(super) fn from_json(text: &str) -> Result<Self, ConfigError> {
        error::parse_public(text)
    }

    fn default_access_ttl() -> String {
        "15m".to_owned()
    }

    fn default_max_lifetime() -> String {
        "24h".to_owned()
    }

    fn default_clock_tolerance() -> String {
        "0s".to_owned()
    }

    pub(super) fn max_lifetime_s(&self) -> Result<u64, ConfigError> {
        match whole_seconds("max_lifetime", &self.max_lifetime)? {
            lifetime_s @ ..=LIFETIME_S_MAX => Ok(lifetime_s),
            _ => Err(ConfigError::new("max_lifetime", "must be at most 366d")),
        }
    }

    pub(super) fn access_ttl_s(&self, lifetime_s_max: u64) -> Result<u64, ConfigError> {
        let ttl_s = whole_seconds("access_ttl", &self.access_ttl)?;
        if ttl_s > lifetime_s_max {
            return Err(ConfigError::new("access_ttl", "must not exceed max_lifetime"));
        }
        Ok(ttl_s)
    }

    pub(super) fn limits(&self) -> Result<Vec<limit::Policy>, ConfigError> {
        if self.limits.len() > LIMITS_MAX {
            return Err(ConfigError::new("limits", format!("at most {LIMITS_MAX} policies")));
        }
        let mut policies: Vec<limit::Policy> = Vec::with_capacity(self.limits.len());
        for (index, written) in self.limits.iter().enumerate() {
            let policy = written.policy(&format!("limits[{index}]"))?;
            if policy.name.as_str() == GATE
                || policies.iter().any(|other| other.name == policy.name)
            {
                return Err(ConfigError::new(
                    format!("limits[{index}].name"),
                    "is there twice, or reserved",
                ));
            }
            policies.push(policy);
        }
        Ok(policies)
    }

    pub(super) fn gate(&self) -> Result<Option<limit::Policy>, ConfigError> {
        let Some(gate) = &self.gate else { return Ok(None) };
        Ok(Some(limit::Policy {
            name: name(GATE, GATE)?,
            key: KeyKind::Ip,
            algorithm: Algorithm::SlidingWindow,
            quota: quota(GATE, gate.limit, &gate.window)?,
            trigger: Trigger::Request,
            shadow: false,
            // It never asks the store.
            on_outage: OnOutage::default(),
        }))
    }

    pub(super) fn address(&self) -> Result<AddressSource, ConfigError> {
        match self.trusted_proxy_hops {
            None => Ok(AddressSource::CfConnectingIp),
            Some(hops @ 1..=16) => Ok(AddressSource::ForwardedFor { hops }),
            Some(_) => Err(ConfigError::new("trusted_proxy_hops", "must be 1 to 16")),
        }
    }
}

impl Limit {
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

pub(super) fn whole_seconds(path: &str, text: &str) -> Result<u64, ConfigError> {
    match duration::at(path, text)? {
        ms @ 1000.. if ms % 1000 == 0 => Ok(ms / 1000),
        _ => Err(ConfigError::new(path, "must be whole seconds, at least 1s")),
    }
}

/// An issuer is an https URL without query or fragment (RFC 8414 section 2); http on loopback. It
/// is not echoed: one with a password in it would end up in a log.
pub(super) fn check_issuer(path: &str, issuer: &str) -> Result<(), ConfigError> {
    let bad = |reason: &str| ConfigError::new(path, reason);
    if issuer.len() > ISSUER_BYTES_MAX {
        return Err(bad("must be at most 512 bytes"));
    }
    let uri: http::Uri = issuer.parse().map_err(|_| bad("not a URL"))?;
    let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(|| bad("not a URL"))?;
    match uri.scheme_str() {
        Some("https") => {}
        Some("http") if is_loopback(host) => {}
        _ => return Err(bad("must be https")),
    }
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err(bad("must not hold credentials"));
    }
    if issuer.contains(['?', '#']) {
        return Err(bad("must have no query and no fragment"));
    }
    Ok(())
}
