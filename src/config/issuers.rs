//! Foreign issuers, whose tokens are accepted beside our own: the tables `issuers`.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::settings::{check_issuer, whole_seconds};
use super::{ConfigError, LIFETIME_S_MAX, acceptance_ms_max, client, duration};
use crate::jwks::{IssuerName, JwksUrl, RemoteSettings};
use crate::jwt::{Algorithm, ClockTolerance, JwkSet, KeyError, KeySet, Policy, Requirement};

/// Most foreign issuers: each token is compared with all of them.
const ISSUERS_MAX: usize = 32;
/// Most media types of a token.
const TYPES_MAX: usize = 8;
const MINUTE_MS: u64 = 60 * 1000;
const DAY_MS: u64 = 24 * 60 * MINUTE_MS;

/// An issuer whose tokens are accepted beside our own.
#[derive(Debug)]
pub struct ForeignIssuer {
    /// What it is called here.
    pub name: IssuerName,
    /// `iss` of its tokens.
    pub issuer: String,
    /// What its tokens must be to be accepted: of this very issuer, with a longest lifetime.
    pub access: Policy,
    /// What they must be to be revoked: `access` with the widest tolerance, whomever they are for.
    pub revocable: Policy,
    /// What verifies them, and nothing else.
    pub keys: KeySource,
}

/// Where an issuer's keys come from.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// They stand in the configuration.
    Fixed(Arc<KeySet>),
    /// They are fetched.
    Remote(RemoteSettings),
}

impl ForeignIssuer {
    /// As [`super::Config::acceptance_ms_max`], of its tokens.
    #[must_use]
    pub fn acceptance_ms_max(&self) -> u64 {
        let lifetime_ms = self.access.lifetime_ms_max.unwrap_or(u64::MAX);
        acceptance_ms_max(lifetime_ms, self.access.clock_tolerance)
    }
}

/// One of `issuers` as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IssuerTable {
    name: String,
    issuer: String,
    jwks_url: Option<String>,
    /// Read when it is its turn: its own faults must not quote what may be a key.
    jwks: Option<Value>,
    audience: Option<Vec<String>>,
    algorithms: Vec<String>,
    types: Option<Vec<String>>,
    max_lifetime: String,
    clock_tolerance: Option<String>,
    jwks_max_age: Option<String>,
    jwks_max_stale: Option<String>,
    jwks_cooldown: Option<String>,
    jwks_deadline: Option<String>,
}

/// Validates the tables; `own` is the policy of our own tokens, which stands in where one does not
/// say.
pub(super) fn validate(
    tables: &[IssuerTable],
    own_issuer: &str,
    own: &Policy,
) -> Result<Vec<ForeignIssuer>, ConfigError> {
    if tables.len() > ISSUERS_MAX {
        return Err(ConfigError::new("issuers", format!("at most {ISSUERS_MAX} issuers")));
    }
    let mut issuers: Vec<ForeignIssuer> = Vec::with_capacity(tables.len());
    for (index, table) in tables.iter().enumerate() {
        let path = format!("issuers[{index}]");
        let issuer = table.issuer(&path, own)?;
        if issuers.iter().any(|other| other.name == issuer.name) {
            return Err(ConfigError::new(format!("{path}.name"), "is there twice"));
        }
        // Of two key sets for one issuer either could sign for the other.
        if issuer.issuer == own_issuer || issuers.iter().any(|it| it.issuer == issuer.issuer) {
            return Err(ConfigError::new(format!("{path}.issuer"), "is there twice, or our own"));
        }
        issuers.push(issuer);
    }
    Ok(issuers)
}

impl IssuerTable {
    fn issuer(&self, path: &str, own: &Policy) -> Result<ForeignIssuer, ConfigError> {
        let fault = |field: &str, reason: &str| ConfigError::new(format!("{path}.{field}"), reason);
        let name = IssuerName::new(&self.name).ok_or_else(|| {
            fault("name", "must have 1 to 64 characters of a-z, 0-9, '.', '_', '-'")
        })?;
        check_issuer(&format!("{path}.issuer"), &self.issuer)?;
        let access = self.access(path, own)?;
        let revocable = Policy {
            audiences: Vec::new(),
            clock_tolerance: ClockTolerance::MAX,
            ..access.clone()
        };
        let algorithms = self.algorithms(path)?;
        let keys = match (&self.jwks_url, &self.jwks) {
            (Some(url), None) => KeySource::Remote(self.remote(path, url, algorithms)?),
            (None, Some(set)) => {
                if self.remote_fields().any(|(_, text)| text.is_some()) {
                    return Err(fault("jwks", "needs no jwks_... setting: nothing is fetched"));
                }
                KeySource::Fixed(Arc::new(fixed(path, set, &algorithms)?))
            }
            _ => return Err(fault("jwks_url", "exactly one of jwks_url and jwks is required")),
        };
        Ok(ForeignIssuer { name, issuer: self.issuer.clone(), access, revocable, keys })
    }

    fn access(&self, path: &str, own: &Policy) -> Result<Policy, ConfigError> {
        let at = |field: &str| format!("{path}.{field}");
        let audiences = self.audience.as_ref().unwrap_or(&own.audiences);
        client::check_audiences(&at("audience"), audiences)?;
        let default_types = || vec!["at+jwt".to_owned()];
        let types = self.types.clone().unwrap_or_else(default_types);
        if types.len() > TYPES_MAX || types.iter().any(String::is_empty) {
            return Err(ConfigError::new(at("types"), "must be at most 8 media types"));
        }
        let lifetime_s = whole_seconds(&at("max_lifetime"), &self.max_lifetime)?;
        if lifetime_s > LIFETIME_S_MAX {
            return Err(ConfigError::new(at("max_lifetime"), "must be at most 366d"));
        }
        let clock_tolerance = match &self.clock_tolerance {
            Some(text) => super::clock_tolerance(&at("clock_tolerance"), text)?,
            None => own.clock_tolerance,
        };
        Ok(Policy {
            issuers: vec![self.issuer.clone()],
            audiences: audiences.clone(),
            types,
            // A token without a jti is named by what was signed; not every issuer names clients.
            required: vec![Requirement::Expiration, Requirement::IssuedAt, Requirement::Subject],
            lifetime_ms_max: Some(lifetime_s.saturating_mul(1000)),
            clock_tolerance,
            ..Policy::default()
        })
    }

    /// Asymmetric ones alone: with a shared secret we could sign what we are to verify, and a public
    /// key could be taken for one.
    fn algorithms(&self, path: &str) -> Result<Vec<Algorithm>, ConfigError> {
        let asymmetric = |name: &String| Algorithm::from_name(name).filter(|it| !it.is_symmetric());
        let algorithms: Option<Vec<_>> = self.algorithms.iter().map(asymmetric).collect();
        algorithms.filter(|algorithms| !algorithms.is_empty()).ok_or_else(|| {
            let reason = "must name at least one algorithm, and no unknown or symmetric one";
            ConfigError::new(format!("{path}.algorithms"), reason)
        })
    }

    fn remote_fields(&self) -> impl Iterator<Item = (&'static str, Option<&String>)> {
        [
            ("jwks_max_age", self.jwks_max_age.as_ref()),
            ("jwks_max_stale", self.jwks_max_stale.as_ref()),
            ("jwks_cooldown", self.jwks_cooldown.as_ref()),
            ("jwks_deadline", self.jwks_deadline.as_ref()),
        ]
        .into_iter()
    }

    fn remote(
        &self,
        path: &str,
        url: &str,
        algorithms: Vec<Algorithm>,
    ) -> Result<RemoteSettings, ConfigError> {
        let url = JwksUrl::new(url)
            .map_err(|reason| ConfigError::new(format!("{path}.jwks_url"), reason))?;
        let mut settings = RemoteSettings {
            url,
            algorithms,
            max_age_ms: 10 * MINUTE_MS,
            stale_ms_max: DAY_MS,
            cooldown_ms: MINUTE_MS / 2,
            deadline_ms: 3_000,
        };
        for (field, text) in self.remote_fields() {
            let Some(text) = text else { continue };
            let path = format!("{path}.{field}");
            let (setting, range, reason) = match field {
                "jwks_max_age" => (&mut settings.max_age_ms, 1_000..=DAY_MS, "must be 1s to 24h"),
                "jwks_max_stale" => {
                    (&mut settings.stale_ms_max, 0..=30 * DAY_MS, "must be at most 30d")
                }
                "jwks_cooldown" => {
                    (&mut settings.cooldown_ms, 1_000..=60 * MINUTE_MS, "must be 1s to 1h")
                }
                _ => (&mut settings.deadline_ms, 1..=10_000, "must be 1ms to 10s"),
            };
            *setting = duration::at(&path, text)?;
            if !range.contains(setting) {
                return Err(ConfigError::new(path, reason));
            }
        }
        Ok(settings)
    }
}

/// The public keys that stand in the settings. Those are public too, so a private one is refused.
fn fixed(path: &str, set: &Value, algorithms: &[Algorithm]) -> Result<KeySet, ConfigError> {
    let path = format!("{path}.jwks");
    let read: Result<JwkSet, _> = serde_json::from_value(set.clone());
    let read = read.map_err(|_| ConfigError::new(&path, "is not a JWK Set"))?;
    let private = ["d", "k", "p", "q", "dp", "dq", "qi", "oth", "priv"];
    let keys = set.get("keys").and_then(Value::as_array).into_iter().flatten();
    for (index, key) in keys.enumerate() {
        if private.iter().any(|member| key.get(member).is_some()) {
            let reason = "holds a private part: these settings are public";
            return Err(ConfigError::new(format!("{path}.keys[{index}]"), reason));
        }
    }
    for (index, jwk) in read.keys.iter().enumerate() {
        let algorithm = jwk.alg.as_deref().and_then(Algorithm::from_name);
        if !algorithm.is_some_and(|algorithm| algorithms.contains(&algorithm)) {
            let reason = "alg is not one of this issuer's algorithms";
            return Err(ConfigError::new(format!("{path}.keys[{index}]"), reason));
        }
    }
    KeySet::from_jwks(&read).map_err(|error| match error {
        KeyError::JwkInvalid { index, reason } => {
            ConfigError::new(format!("{path}.keys[{index}]"), reason)
        }
        KeyError::JwksInvalid { reason } => ConfigError::new(&path, reason),
    })
}
