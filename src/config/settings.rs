//! The public settings as written, and the checks that turn each into its type.

use serde::Deserialize;

use super::cookie::CookieTable;
use super::cors::CorsTable;
use super::gateway::GatewayTable;
use super::issuers::IssuerTable;
use super::limits::{LimitTable, PlainTable};
use super::routes::RouteTable;
use super::secret::Secrets;
use super::sessions::SessionsTable;
use super::store::{RevocationTable, StoreTable};
use super::token_cache::TokenCacheTable;
use super::{AddressSource, ConfigError, duration, error};
use crate::fetch::is_loopback;
use crate::gateway::TokenCookie;
use crate::limit::IPV6_PREFIX;

/// Longest lifetime of a token that can be configured, in seconds: 366 days. A revocation is kept
/// that long, and a date beyond the year 9999 would not be read back.
pub(super) const LIFETIME_S_MAX: u64 = 366 * 24 * 60 * 60;
/// Longest issuer, in bytes: it stands in every token.
const ISSUER_BYTES_MAX: usize = 512;
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
    pub(super) limits: Vec<LimitTable>,
    pub(super) gate: Option<PlainTable>,
    trusted_proxy_hops: Option<usize>,
    ipv6_prefix: Option<u8>,
    forward_auth: Option<ForwardAuth>,
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
    pub(super) sessions: Option<SessionsTable>,
    pub(super) cors: Option<CorsTable>,
    pub(super) gateway: Option<GatewayTable>,
    cookie: Option<CookieTable>,
    #[serde(default)]
    pub(super) routes: Vec<RouteTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ForwardAuth {
    secret_sha256: Vec<String>,
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

    pub(super) fn forward_auth(&self) -> Result<Option<Secrets>, ConfigError> {
        let read = |table: &ForwardAuth| {
            Secrets::read(&table.secret_sha256)
                .map_err(|reason| ConfigError::new("forward_auth.secret_sha256", reason))
        };
        self.forward_auth.as_ref().map(read).transpose()
    }

    /// Whether anything says what is asked for: a proxy that proves itself, or the request itself.
    pub(super) fn knows_targets(&self) -> Result<bool, ConfigError> {
        Ok(self.gateway.is_some() || self.forward_auth()?.is_some())
    }

    pub(super) fn cookie(&self) -> Result<Option<TokenCookie>, ConfigError> {
        let read = self.knows_targets()?;
        self.cookie.as_ref().map(|table| table.validate(read)).transpose()
    }

    pub(super) fn address(&self) -> Result<AddressSource, ConfigError> {
        match self.trusted_proxy_hops {
            None => Ok(AddressSource::CfConnectingIp),
            Some(hops @ 1..=16) => Ok(AddressSource::ForwardedFor { hops }),
            Some(_) => Err(ConfigError::new("trusted_proxy_hops", "must be 1 to 16")),
        }
    }

    pub(super) fn ipv6_prefix(&self) -> Result<u8, ConfigError> {
        match self.ipv6_prefix.unwrap_or(IPV6_PREFIX) {
            prefix @ 32..=128 => Ok(prefix),
            _ => Err(ConfigError::new("ipv6_prefix", "must be 32 to 128")),
        }
    }
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
