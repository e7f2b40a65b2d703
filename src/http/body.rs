//! Bodies: bounded, of the media type asked for, strictly read.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use thiserror::Error;

use super::problem::Refused;
use super::{HttpRequest, content_type};
use crate::UnixMs;
use crate::guard::GuardError;
use crate::json_fault;
use crate::jwt::check_json_object;

/// Longest body read, in bytes.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// A body, received.
pub struct Received {
    /// Its bytes: at most one more than [`BODY_BYTES_MAX`], which tells that it is longer.
    pub bytes: Vec<u8>,
    /// When it was whole.
    pub now: UnixMs,
}

/// Why a body was not received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BodyFault {
    /// The client took too long to send it.
    #[error("the body did not arrive in time")]
    TimedOut,
    /// It ended before its end.
    #[error("the body broke off")]
    BrokenOff,
}

/// Reads a JSON object: unknown fields and, at any depth, duplicate members are refused.
pub(super) fn json<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, Refused> {
    let text = text(request, "application/json")?;
    check_json_object(text).map_err(|reason| Refused::Malformed(format!("body: {reason}")))?;
    json_fault::read(text).map_err(|fault| {
        let path = if fault.path.is_empty() { "body" } else { &fault.path };
        Refused::Malformed(format!("{path}: {}", fault.reason))
    })
}

/// A member that is there has a value: `null` is none.
pub(super) fn given<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

fn text<'r>(request: &'r HttpRequest, expected: &'static str) -> Result<&'r str, Refused> {
    if request.body().len() > BODY_BYTES_MAX {
        return Err(Refused::BodyTooLarge);
    }
    if !content_type(request).eq_ignore_ascii_case(expected) {
        return Err(Refused::MediaType(expected));
    }
    std::str::from_utf8(request.body()).map_err(|_| Refused::Malformed("body: not UTF-8".into()))
}

/// A form (application/x-www-form-urlencoded) or query: no name twice (RFC 6749 section 3.2).
/// It has no `Debug`: it may hold a token or a secret.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn of_body(request: &HttpRequest) -> Result<Self, Refused> {
        Self::parse(text(request, "application/x-www-form-urlencoded")?)
    }

    pub(super) fn of_query(request: &HttpRequest) -> Result<Self, Refused> {
        Self::parse(request.uri().query().unwrap_or_default())
    }

    fn parse(text: &str) -> Result<Self, Refused> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            // What cannot be decoded would be replaced, and name somebody else.
            if value.contains(char::REPLACEMENT_CHARACTER) {
                return Err(Refused::Malformed("form: not UTF-8".into()));
            }
            if pairs.len() >= 32 || pairs.iter().any(|(other, _)| *other == name) {
                return Err(Refused::Malformed("form: a name is there twice, or too many".into()));
            }
            pairs.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(pairs))
    }

    /// The value of that name; `None` when absent or empty (RFC 6749 section 3.2).
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(other, _)| other == name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// Those whose name begins with `prefix`, by the rest of it.
    pub(super) fn members(&self, prefix: &str) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, &**value)))
    }

    /// The value of that name.
    pub(super) fn require(&self, name: &'static str) -> Result<&str, Refused> {
        let missing = GuardError::Invalid { field: name, reason: "missing" };
        self.get(name).ok_or(Refused::Guard(missing))
    }
}
