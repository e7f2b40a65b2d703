//! The service behind, where this is its gateway.

use http::HeaderName;
use serde::Deserialize;

use super::cors::check_origin;
use super::{ConfigError, duration};

/// Longest deadline of the service's answer, in milliseconds.
const DEADLINE_MS_MAX: u64 = 600_000;
/// Most claims that are passed on.
const CLAIMS_MAX: usize = 16;

/// How requests go on to the service behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// Where it is.
    pub upstream: Upstream,
    /// `Authorization` goes with them.
    pub pass_authorization: bool,
    /// Claims that go with them, each in a header field.
    pub claims: Vec<(HeaderName, String)>,
    /// How long the head of its answer may take, in milliseconds.
    pub deadline_ms: u64,
}

/// Where the service behind is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upstream {
    /// At an origin.
    Origin(String),
    /// A service binding of this name.
    Binding(String),
}

/// `gateway` as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GatewayTable {
    upstream: Option<String>,
    binding: Option<String>,
    #[serde(default)]
    pass_authorization: bool,
    #[serde(default)]
    claims: std::collections::BTreeMap<String, String>,
    #[serde(default = "GatewayTable::default_deadline")]
    deadline: String,
}

impl GatewayTable {
    fn default_deadline() -> String {
        "30s".to_owned()
    }

    pub(super) fn validate(&self) -> Result<Gateway, ConfigError> {
        let fault = |field: &str, reason: &str| ConfigError::new(format!("gateway{field}"), reason);
        let upstream = match (&self.upstream, &self.binding) {
            (Some(origin), None) => {
                check_origin("gateway.upstream", origin)?;
                Upstream::Origin(origin.clone())
            }
            (None, Some(name)) if !name.is_empty() => Upstream::Binding(name.clone()),
            _ => return Err(fault("", "must have either upstream or binding")),
        };
        if self.claims.len() > CLAIMS_MAX {
            return Err(fault(".claims", "at most 16 claims"));
        }
        let claim = |(name, claim): (&String, &String)| {
            let path = format!("gateway.claims.{name}");
            let field: Option<HeaderName> = name.to_ascii_lowercase().parse().ok();
            let field = field.filter(|field| field.as_str().starts_with("x-") && !is_ours(field));
            let reason = "must be a header field that begins with x-, and none of our own";
            Ok((field.ok_or_else(|| ConfigError::new(path, reason))?, claim.clone()))
        };
        let deadline_ms = match duration::at("gateway.deadline", &self.deadline)? {
            ms @ 1..=DEADLINE_MS_MAX => ms,
            _ => return Err(fault(".deadline", "must be 1ms to 10m")),
        };
        Ok(Gateway {
            upstream,
            pass_authorization: self.pass_authorization,
            claims: self.claims.iter().map(claim).collect::<Result<_, ConfigError>>()?,
            deadline_ms,
        })
    }
}

/// Fields that say who calls and how, which we write ourselves.
fn is_ours(field: &HeaderName) -> bool {
    let name = field.as_str();
    ["x-auth-", "x-forwarded-"].iter().any(|prefix| name.starts_with(prefix))
}
