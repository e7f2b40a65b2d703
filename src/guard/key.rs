//! What a request is counted by, and how an administrator names the same.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName};

use super::{Address, Caller, GuardError};
use crate::config::Config;
use crate::gateway::RouteRule;
use crate::jwt::{Claims, Signed};
use crate::limit::{KeyPart, Policy, Target};
use crate::store::{EntryKey, KeySpace, TokenCheck};

/// Longest value an administrator may name a part of a key by, in bytes.
const VALUE_BYTES_MAX: usize = 256;

/// What an authorised request asks for, as far as it is known.
#[derive(Clone, Debug, Default)]
pub struct Requested<'r> {
    /// Its method and path.
    pub target: Target<'r>,
    /// Its header fields.
    pub fields: Option<&'r HeaderMap>,
    /// The origin it was sent to, `https://app.example.com`.
    pub origin: Option<String>,
    /// What its route asks for beside a token that holds.
    pub rule: Option<&'r RouteRule>,
}

/// A key of a policy, as an administrator names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedKey<'k> {
    /// The value of a policy's only part.
    Only(&'k str),
    /// The value of each part, by how the part is configured.
    Parts(Vec<(&'k str, &'k str)>),
}

impl<'k> From<&'k str> for NamedKey<'k> {
    fn from(value: &'k str) -> Self {
        Self::Only(value)
    }
}

/// A request whose token holds.
pub(super) struct Counted<'r> {
    pub check: &'r TokenCheck,
    pub claims: &'r Claims<'r>,
    pub signed: &'r Signed<'r>,
    pub caller: &'r Caller,
    pub requested: &'r Requested<'r>,
}

impl Counted<'_> {
    /// What a policy counts the request by; `None` when it does not.
    pub(super) fn key(&self, policy: &Policy) -> Option<EntryKey> {
        let scope = self.claims.scope.as_deref().unwrap_or_default();
        let route = policy.applies.route_of(&self.requested.target, scope)?;
        Some(match policy.key.as_ref() {
            [only] => self.part(only, route),
            parts => {
                let names: Vec<_> = parts.iter().map(|part| self.part(part, route)).collect();
                EntryKey::joined(&names)
            }
        })
    }

    /// What there is none of counts as empty.
    fn part(&self, part: &KeyPart, route: &str) -> EntryKey {
        let issuer = self.claims.issuer.as_deref().unwrap_or_default();
        let named = |space, value: Option<&str>| EntryKey::new(space, issuer, value.unwrap_or(""));
        match part {
            KeyPart::Ip => Address::key(self.caller.address),
            // The names it may be revoked by are those it is counted by.
            KeyPart::Subject => {
                self.check.subject.unwrap_or_else(|| named(KeySpace::Subject, None))
            }
            KeyPart::Session => {
                self.check.session.unwrap_or_else(|| named(KeySpace::Session, None))
            }
            KeyPart::Client => named(KeySpace::Client, self.claims.client_id.as_deref()),
            KeyPart::Route => EntryKey::new(KeySpace::Route, "", route),
            KeyPart::Claim(name) => named(KeySpace::Claim, self.signed.text_claim(name).as_deref()),
            KeyPart::Header(name) => {
                let value = self.requested.fields.map(|fields| value_of(fields, name));
                EntryKey::new(KeySpace::Header, "", &value.unwrap_or_default())
            }
        }
    }
}

/// The values of that name, as one.
fn value_of<'f>(fields: &'f HeaderMap, name: &HeaderName) -> Cow<'f, str> {
    let mut values =
        fields.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    let first = values.next().unwrap_or_default();
    values.fold(first, |all, value| Cow::Owned(format!("{all}, {value}")))
}

impl NamedKey<'_> {
    /// The key of a policy that this names, for our own tokens.
    ///
    /// # Errors
    /// [`GuardError::Invalid`].
    pub(super) fn resolve(&self, policy: &Policy, config: &Config) -> Result<EntryKey, GuardError> {
        let invalid = |reason| GuardError::Invalid { field: "key", reason };
        match (self, policy.key.as_ref()) {
            (Self::Only(value), [only]) => resolve_part(policy, only, value, config),
            (Self::Only(_), _) => Err(invalid("this policy's keys have several parts: name each")),
            (Self::Parts(values), parts) => {
                if values.len() != parts.len() {
                    return Err(invalid("must name each part of this policy's keys once"));
                }
                let resolve = |part: &KeyPart| {
                    let name = part.to_string();
                    let value = values.iter().find(|(other, _)| *other == name);
                    let (_, value) =
                        value.ok_or(invalid("must name each part of this policy's keys once"))?;
                    resolve_part(policy, part, value, config)
                };
                let names = parts.iter().map(resolve).collect::<Result<Vec<_>, _>>()?;
                Ok(EntryKey::joined(&names))
            }
        }
    }
}

fn resolve_part(
    policy: &Policy,
    part: &KeyPart,
    value: &str,
    config: &Config,
) -> Result<EntryKey, GuardError> {
    let invalid = |reason| GuardError::Invalid { field: "key", reason };
    if value.is_empty() || value.len() > VALUE_BYTES_MAX || value.chars().any(char::is_control) {
        return Err(invalid("must have 1 to 256 bytes and no control characters"));
    }
    let named = |space| EntryKey::new(space, &config.issuer, value);
    Ok(match part {
        KeyPart::Ip => {
            let address = Address::parse(value).ok_or(invalid("not an IP address"))?;
            Address::key(Some(address.counted_by(config.ipv6_prefix)))
        }
        KeyPart::Subject => named(KeySpace::Subject),
        KeyPart::Session => named(KeySpace::Session),
        KeyPart::Client => named(KeySpace::Client),
        KeyPart::Claim(_) => named(KeySpace::Claim),
        KeyPart::Header(_) => EntryKey::new(KeySpace::Header, "", value),
        KeyPart::Route if policy.applies.routes().any(|route| route == value) => {
            EntryKey::new(KeySpace::Route, "", value)
        }
        KeyPart::Route => return Err(invalid("not a route of this policy")),
    })
}
