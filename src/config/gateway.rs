//! The gateway as written: the table `gateway`.

use std::collections::BTreeMap;

use http::HeaderName;
use serde::Deserialize;

use super::cors::check_origin;
use super::{ConfigError, duration};
use crate::gateway::{Gateway, RouteRules, Upstream, takes_claim};

/// Longest deadline of a response's head, in milliseconds: five minutes.
const DEADLINE_MS_MAX: u64 = 5 * 60 * 1000;
/// Most claims that are told.
const CLAIMS_MAX: usize = 16;
/// Longest name of a claim, in bytes.
const CLAIM_BYTES_MAX: usize = 64;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GatewayTable {
    upstream: Option<String>,
    binding: Option<String>,
    #[serde(default)]
    pass_authorization: bool,
    #[serde(default)]
    claims: BTreeMap<String, String>,
    #[serde(default = "GatewayTable::default_deadline")]
    deadline: String,
}

impl GatewayTable {
    fn default_deadline() -> String {
        "30s".to_owned()
    }

    /// `routes`: what may pass; without any nothing could.
    pub(super) fn validate(&self, routes: &RouteRules) -> Result<Gateway, ConfigError> {
        let upstream = match (&self.upstream, &self.binding) {
            (Some(origin), None) => {
                check_origin("gateway.upstream", origin)?;
                Upstream::Origin(origin.clone())
            }
            (None, Some(name)) => Upstream::Binding(binding(name)?),
            _ => return Err(ConfigError::new("gateway", "needs either upstream or binding")),
        };
        if routes.is_empty() {
            let reason = "missing: the gateway lets nothing through that no route has";
            return Err(ConfigError::new("routes", reason));
        }
        let deadline_ms = match duration::at("gateway.deadline", &self.deadline)? {
            ms @ 1..=DEADLINE_MS_MAX => ms,
            _ => return Err(ConfigError::new("gateway.deadline", "must be 1ms to 5m")),
        };
        let pass_authorization = self.pass_authorization;
        Ok(Gateway { upstream, pass_authorization, claims: self.claims()?, deadline_ms })
    }

    fn claims(&self) -> Result<Vec<(HeaderName, String)>, ConfigError> {
        if self.claims.len() > CLAIMS_MAX {
            return Err(ConfigError::new("gateway.claims", "at most 16 claims"));
        }
        let mut claims: Vec<(HeaderName, String)> = Vec::with_capacity(self.claims.len());
        for (field, claim) in &self.claims {
            let fault =
                |reason: &str| Err(ConfigError::new(format!("gateway.claims.{field}"), reason));
            let Some(name) = HeaderName::try_from(field).ok().filter(takes_claim) else {
                return fault("must be a header field that is neither ours nor another's");
            };
            // In two cases of letters it is one field.
            if claims.iter().any(|(other, _)| *other == name) {
                return fault("is there twice");
            }
            let is_name = !claim.is_empty() && !claim.chars().any(char::is_control);
            if !is_name || claim.len() > CLAIM_BYTES_MAX {
                return fault("must name a claim, in at most 64 bytes");
            }
            claims.push((name, claim.clone()));
        }
        Ok(claims)
    }
}

fn binding(name: &str) -> Result<String, ConfigError> {
    let of_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.is_empty() || name.len() > 64 || !name.bytes().all(of_name) {
        return Err(ConfigError::new("gateway.binding", "must be a name of letters, digits and _"));
    }
    Ok(name.to_owned())
}
