//! One typed configuration: parsed and validated once, at start; nothing below re-validates.
//!
//! Three sources, all JSON text: the public settings, the signing keys (a JWK Set, secret) and
//! the client records (secret). Unknown fields are refused and a fault is named by its path; no
//! value of a secret source ever reaches a message.

mod client;
mod cookie;
mod cors;
mod duration;
mod error;
mod gateway;
mod issuers;
mod limits;
mod routes;
mod secret;
mod sessions;
mod settings;
mod store;
mod token_cache;

pub(crate) use client::AUDIENCES_MAX;
pub use client::{Client, ClientId, Clients, Grant};
pub use cors::Cors;
pub use duration::parse_duration_ms;
pub use error::ConfigError;
pub use issuers::{ForeignIssuer, KeySource};
pub use secret::Secrets;
#[cfg(all(feature = "worker", target_arch = "wasm32"))]
pub(crate) use sessions::REFRESH_SECRET;
pub use store::StoreSettings;
#[cfg(all(feature = "worker", target_arch = "wasm32"))]
pub(crate) use store::{STORE_TOKEN, STORE_URL};

use crate::UnixMs;
use crate::gateway::{Gateway, RouteRules, TokenCookie};
use crate::jwt::{CacheBounds, ClockTolerance, JwkSet, KeyError, KeySet, Policy, Requirement};
use crate::limit;
use crate::session::{SessionTimes, Sessions};
use crate::store::outage::RevocationOutage;
use settings::{LIFETIME_S_MAX, Settings};

/// A validated configuration.
#[derive(Debug)]
pub struct Config {
    /// `iss` of the tokens minted and accepted here.
    pub issuer: String,
    /// What a token must be to pass [`crate::guard::Guard::authorize`].
    pub access: Policy,
    /// What a token must be to be one of ours at all: `access` without the audience.
    pub own: Policy,
    /// What a token must be to be revoked: `own` with the widest tolerance and whatever lifetime,
    /// so that one which is not in force yet here, or was minted under other settings, can be.
    pub revocable: Policy,
    /// Lifetime of a minted token, in seconds, when the order does not say.
    pub access_ttl_s: u64,
    /// Longest lifetime of a token, in seconds; revocations are kept that long.
    pub lifetime_s_max: u64,
    /// The signing keys.
    pub keys: KeySet,
    /// Other issuers whose tokens are accepted.
    pub issuers: Vec<ForeignIssuer>,
    /// Who may ask for what.
    pub clients: Clients,
    /// Policies every authorised request is counted by.
    pub limits: Vec<limit::Policy>,
    /// The isolate-local limit by address that comes before everything.
    pub gate: Option<limit::Policy>,
    /// Whether the `X-RateLimit-*` fields are sent beside `RateLimit`.
    pub legacy_fields: bool,
    /// The secrets of the proxies that ask for authorization, whose word on what is asked for counts.
    pub forward_auth: Option<Secrets>,
    /// Where the client's address is read from.
    pub address: AddressSource,
    /// How many bits of an IPv6 address limits count it by.
    pub ipv6_prefix: u8,
    /// How the store is called.
    pub store: StoreSettings,
    /// How many tokens an instance remembers as verified.
    pub token_cache: CacheBounds,
    /// Whether tokens are accepted that cannot be checked against the store.
    pub revocation: RevocationOutage,
    /// What requests need by their method and path, where that is known; empty: a good token.
    pub routes: RouteRules,
    /// Who answers what is no route of ours; `None`: this is no gateway.
    pub gateway: Option<Gateway>,
    /// The cookie that a token may come in; `None`: none.
    pub cookie: Option<TokenCookie>,
    /// Which pages may call from a browser; `None`: none.
    pub cors: Option<Cors>,
    /// Sessions with refresh tokens; `None`: this deployment has no secret for them.
    pub sessions: Option<Sessions>,
    /// How long sessions live where there are any; `None` where that is not configured.
    session_times: Option<SessionTimes>,
}

/// Where the client's address is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressSource {
    /// `CF-Connecting-IP`, which Cloudflare sets and clients cannot.
    CfConnectingIp,
    /// `X-Forwarded-For`, the entry that many places from the right: 1 is what the nearest proxy
    /// saw.
    ForwardedFor {
        /// Number of trusted proxies in front.
        hops: usize,
    },
}

impl AddressSource {
    /// The one header field that counts.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::CfConnectingIp => "cf-connecting-ip",
            Self::ForwardedFor { .. } => "x-forwarded-for",
        }
    }
}

impl Config {
    /// Reads and validates a configuration.
    ///
    /// # Errors
    /// [`ConfigError`] with the path of the first fault.
    pub fn from_json(settings: &str, keys: &str, clients: &str) -> Result<Self, ConfigError> {
        let settings = Settings::from_json(settings)?;
        let lifetime_s_max = settings.max_lifetime_s()?;
        let access = settings.access_policy(lifetime_s_max)?;
        let issuers = issuers::validate(&settings.issuers, &settings.issuer, &access)?;
        let routes = routes::validate(&settings.routes, settings.knows_targets()?)?;
        Ok(Self {
            own: Policy { audiences: Vec::new(), ..access.clone() },
            revocable: Policy {
                audiences: Vec::new(),
                clock_tolerance: ClockTolerance::MAX,
                lifetime_ms_max: None,
                ..access.clone()
            },
            access,
            access_ttl_s: settings.access_ttl_s(lifetime_s_max)?,
            lifetime_s_max,
            keys: read_keys(keys)?,
            issuers,
            clients: Clients::from_json(clients)?,
            limits: limits::validate(&settings.limits, settings.knows_targets()?)?,
            gate: settings.gate.as_ref().map(limits::PlainTable::gate).transpose()?,
            forward_auth: settings.forward_auth()?,
            legacy_fields: settings.legacy_rate_limit_fields,
            address: settings.address()?,
            ipv6_prefix: settings.ipv6_prefix()?,
            store: settings.store.validate()?,
            token_cache: settings.token_cache.bounds()?,
            revocation: settings.revocation.validate()?,
            gateway: settings.gateway.as_ref().map(|table| table.validate(&routes)).transpose()?,
            routes,
            cookie: settings.cookie()?,
            cors: settings.cors.as_ref().map(cors::CorsTable::validate).transpose()?,
            sessions: None,
            session_times: settings.sessions.map(|table| table.times()).transpose()?,
            issuer: settings.issuer,
        })
    }

    /// The same with sessions, whose refresh tokens are derived with `secret`: at least 32 random bytes in
    /// base64url; in a rotation two of them with a comma between, of which the first signs. `None`: no sessions.
    ///
    /// # Errors
    /// [`ConfigError`] for a secret that cannot be used, and where sessions are configured and it is missing.
    pub fn with_refresh_secret(mut self, secret: Option<&str>) -> Result<Self, ConfigError> {
        let Some(secret) = secret else {
            let reason = "missing: sessions are configured, and refresh tokens are derived with it";
            let missing = || ConfigError::new(sessions::REFRESH_SECRET, reason);
            return if self.session_times.is_none() { Ok(self) } else { Err(missing()) };
        };
        let times = match self.session_times {
            Some(times) => times,
            None => sessions::SessionsTable::default().times()?,
        };
        self.sessions = Some(sessions::sessions(secret, times, &self.issuer)?);
        Ok(self)
    }

    /// How long a session lives at most, in milliseconds; 0 where there are none.
    #[must_use]
    pub fn session_lifetime_ms(&self) -> u64 {
        self.sessions.as_ref().map_or(0, |sessions| sessions.times.lifetime_ms)
    }

    /// How long a token that exists now can be accepted from now on, at most, in milliseconds: a
    /// clock that is ahead by the tolerance issued it for the longest lifetime, and it is accepted
    /// for the tolerance after its end. `iat` is compared in whole seconds, rounded up.
    #[must_use]
    pub fn acceptance_ms_max(&self) -> u64 {
        acceptance_ms_max(self.lifetime_s_max.saturating_mul(1000), self.own.clock_tolerance)
    }

    /// How much longer than its tokens a revocation lives, in milliseconds: a token that is in its time
    /// when its request comes is looked for when the store is reached, which may be as late as two
    /// calls take.
    #[must_use]
    pub fn check_late_ms_max(&self) -> u64 {
        self.store.first_deadline_ms.max(self.store.deadline_ms).saturating_mul(2)
    }

    /// The instant the `X-RateLimit-*` fields are of, where they are sent.
    #[must_use]
    pub fn legacy_at(&self, now: UnixMs) -> Option<UnixMs> {
        self.legacy_fields.then_some(now)
    }

    /// How long a request waits for stores and issuers at the most, in milliseconds: for six calls of the store,
    /// two of KV and two key sets, all as late as they may be. For an upstream nothing waits here.
    #[must_use]
    pub fn waits_ms_max(&self) -> u64 {
        let store_ms = self.store.first_deadline_ms.max(self.store.deadline_ms);
        let key_set_ms = self.issuers.iter().map(|issuer| match &issuer.keys {
            KeySource::Remote(settings) => settings.deadline_ms,
            KeySource::Fixed(_) => 0,
        });
        store_ms.saturating_mul(8).saturating_add(key_set_ms.max().unwrap_or(0).saturating_mul(2))
    }

    /// The policy of that name.
    #[must_use]
    pub fn limit(&self, name: &str) -> Option<&limit::Policy> {
        self.limits.iter().find(|policy| policy.name.as_str() == name)
    }
}

const fn acceptance_ms_max(lifetime_ms: u64, tolerance: ClockTolerance) -> u64 {
    lifetime_ms.saturating_add(tolerance.ms().saturating_mul(2)).saturating_add(1000)
}

fn clock_tolerance(path: &str, text: &str) -> Result<ClockTolerance, ConfigError> {
    ClockTolerance::from_ms(duration::at(path, text)?)
        .ok_or_else(|| ConfigError::new(path, "must be at most 5m"))
}

fn read_keys(text: &str) -> Result<KeySet, ConfigError> {
    const PATH: &str = "PORTCULLIS_KEYS";
    let set: JwkSet = error::parse_secret(PATH, text)?;
    KeySet::from_jwks(&set).map_err(|error| match error {
        KeyError::JwkInvalid { index, reason } => {
            ConfigError::new(format!("{PATH}.keys[{index}]"), reason)
        }
        KeyError::JwksInvalid { reason } => ConfigError::new(PATH, reason),
    })
}

impl Settings {
    fn access_policy(&self, lifetime_s_max: u64) -> Result<Policy, ConfigError> {
        let clock_tolerance = clock_tolerance("clock_tolerance", &self.clock_tolerance)?;
        client::check_audiences("audience", &self.audience)?;
        settings::check_issuer("issuer", &self.issuer)?;
        Ok(Policy {
            issuers: vec![self.issuer.clone()],
            audiences: self.audience.clone(),
            types: vec!["at+jwt".to_owned()],
            required: vec![
                Requirement::Expiration,
                Requirement::IssuedAt,
                Requirement::Subject,
                Requirement::TokenId,
                Requirement::ClientId,
            ],
            lifetime_ms_max: Some(lifetime_s_max.saturating_mul(1000)),
            clock_tolerance,
            ..Policy::default()
        })
    }
}
