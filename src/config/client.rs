//! Clients: what each may do stands in its record, never in a bearer token.

use std::fmt;

use serde::Deserialize;

use super::limits::PlainTable;
use super::secret::Secrets;
use super::{ConfigError, error};
use crate::limit::Policy;

const SOURCE: &str = "PORTCULLIS_CLIENTS";
/// What [`is_audience`] asks for.
const AUDIENCE_RULE: &str = "must have 1 to 255 bytes and no control character, quote or backslash";
/// Most audiences of a client, and so of a token.
pub(crate) const AUDIENCES_MAX: usize = 16;
/// Most clients a configuration may have.
const CLIENTS_MAX: usize = 10_000;

/// A client's name: 1 to 128 characters of `[A-Za-z0-9._-]`, the same in every encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientId(String);

impl ClientId {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a client may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub enum Grant {
    /// Mint tokens for subjects.
    #[serde(rename = "tokens:issue")]
    TokensIssue,
    /// Revoke by session or subject.
    #[serde(rename = "tokens:revoke")]
    TokensRevoke,
    /// Introspect tokens for its audiences.
    #[serde(rename = "tokens:introspect")]
    TokensIntrospect,
    /// Take, peek and reset limits.
    #[serde(rename = "limits:admin")]
    LimitsAdmin,
    /// Read `/metrics` and the details of `/readyz`.
    #[serde(rename = "metrics:read")]
    MetricsRead,
}

impl Grant {
    /// Its name in a client record.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TokensIssue => "tokens:issue",
            Self::TokensRevoke => "tokens:revoke",
            Self::TokensIntrospect => "tokens:introspect",
            Self::LimitsAdmin => "limits:admin",
            Self::MetricsRead => "metrics:read",
        }
    }
}

/// A client's record.
pub struct Client {
    /// Its name.
    pub id: ClientId,
    /// What it may ask for.
    pub grants: Vec<Grant>,
    /// Scopes it may put into tokens.
    pub scopes: Vec<String>,
    /// Audiences it may mint tokens for.
    pub audiences: Vec<String>,
    /// What its requests for tokens are counted by; `None`: by nothing of its own.
    pub limit: Option<Policy>,
    secrets: Secrets,
}

impl Client {
    /// Whether it may ask for that.
    #[must_use]
    pub fn may(&self, grant: Grant) -> bool {
        self.grants.contains(&grant)
    }
}

/// Shows which client it is, never its secrets.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("id", &self.id)
            .field("grants", &self.grants)
            .finish_non_exhaustive()
    }
}

/// All clients, by id.
#[derive(Debug)]
pub struct Clients(Vec<Client>);

impl Clients {
    pub(super) fn from_json(text: &str) -> Result<Self, ConfigError> {
        let written: Vec<Written> = error::parse_secret(SOURCE, text)?;
        if written.is_empty() || written.len() > CLIENTS_MAX {
            return Err(ConfigError::new(SOURCE, "must have 1 to 10,000 clients"));
        }
        let mut clients = Vec::with_capacity(written.len());
        for (index, client) in written.into_iter().enumerate() {
            let path = format!("{SOURCE}[{index}]");
            let limit =
                client.limit.as_ref().map(|limit| limit.of_client(&format!("{path}.limit")));
            let limit = limit.transpose()?;
            let fault =
                |(field, reason): (&str, &str)| ConfigError::new(format!("{path}.{field}"), reason);
            clients.push(Client { limit, ..client.client().map_err(fault)? });
        }
        clients.sort_by(|a, b| a.id.0.cmp(&b.id.0));
        if clients.windows(2).any(|pair| matches!(pair, [a, b] if a.id == b.id)) {
            return Err(ConfigError::new(SOURCE, "two clients have the same id"));
        }
        Ok(Self(clients))
    }

    /// Whether there is a client of that id.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        self.0.binary_search_by(|client| client.id.as_str().cmp(id)).is_ok()
    }

    /// The client of that id whose secret this is. Hashes are compared in constant time, of nothing when there is no such client: the time tells neither whether there is one nor how
    /// near the secret is. That an id is taken is no secret.
    #[must_use]
    pub fn authenticate(&self, id: &str, secret: &str) -> Option<&Client> {
        let found = self.0.binary_search_by(|client| client.id.as_str().cmp(id)).ok();
        let client = found.and_then(|index| self.0.get(index));
        let secrets = client.map_or(&Secrets::NONE, |client| &client.secrets);
        let holds = secrets.holds(secret.as_bytes());
        client.filter(|_| holds)
    }
}

/// One record of `PORTCULLIS_CLIENTS` as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    secret_sha256: Vec<String>,
    #[serde(default)]
    grants: Vec<Grant>,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    audiences: Vec<String>,
    limit: Option<PlainTable>,
}

impl Written {
    fn client(self) -> Result<Client, (&'static str, &'static str)> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        if self.id.is_empty() || self.id.len() > 128 || !self.id.bytes().all(allowed) {
            return Err(("id", "must have 1 to 128 characters of A-Z, a-z, 0-9, '.', '_', '-'"));
        }
        if !self.scopes.iter().all(|scope| crate::jwt::is_scope_token(scope)) {
            return Err(("scopes", "must be scope tokens (RFC 6749 section 3.3)"));
        }
        if self.audiences.len() > AUDIENCES_MAX {
            return Err(("audiences", "must be at most 16: a token may be for all of them"));
        }
        if self.grants.contains(&Grant::TokensIssue) && self.audiences.is_empty() {
            return Err(("audiences", "a client that issues tokens needs at least one"));
        }
        if !self.audiences.iter().all(|audience| is_audience(audience)) {
            return Err(("audiences", AUDIENCE_RULE));
        }
        let secrets =
            Secrets::read(&self.secret_sha256).map_err(|reason| ("secret_sha256", reason))?;
        Ok(Client {
            id: ClientId(self.id),
            grants: self.grants,
            scopes: self.scopes,
            audiences: self.audiences,
            limit: None,
            secrets,
        })
    }
}

/// Audiences that tokens must be for, one of them.
pub(super) fn check_audiences(path: &str, audiences: &[String]) -> Result<(), ConfigError> {
    if audiences.is_empty() {
        return Err(ConfigError::new(path, "must name at least one audience"));
    }
    if !audiences.iter().all(|audience| is_audience(audience)) {
        return Err(ConfigError::new(path, AUDIENCE_RULE));
    }
    Ok(())
}

/// Whether a token can be minted for this audience, and with 16 such and all else it may have is
/// not longer than is accepted.
fn is_audience(audience: &str) -> bool {
    let escaped = |c: char| c.is_control() || matches!(c, '"' | '\\');
    (1..=255).contains(&audience.len()) && !audience.chars().any(escaped)
}
