//! What a policy counts by.

use std::fmt;
use std::sync::Arc;

use http::HeaderName;

use super::LimitError;

/// Longest name of a claim a policy counts by, in bytes.
const CLAIM_BYTES_MAX: usize = 64;

/// The network that an IPv6 address is counted by unless it is said: one customer usually holds it whole (RFC 6177).
pub const IPV6_PREFIX: u8 = 64;

/// One part of what a policy counts by; several together count each combination apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyPart {
    /// `ip`: the client's address; IPv6 by its network.
    Ip,
    /// `subject`: the token's issuer and subject.
    Subject,
    /// `client`: the client the token was issued to (`client_id`, RFC 9068).
    Client,
    /// `session`: the token's session (`sid`).
    Session,
    /// `route`: which of the policy's own routes the request is of, so that nobody can make up others.
    Route,
    /// `claim:NAME`: the text of a claim; whatever is no text counts as none.
    Claim(Arc<str>),
    /// `header:NAME`: the value of a request header field.
    Header(HeaderName),
}

impl KeyPart {
    /// Reads a part as configured.
    ///
    /// # Errors
    /// [`LimitError::KeyPartUnknown`].
    pub fn parse(text: &str) -> Result<Self, LimitError> {
        match text {
            "ip" => return Ok(Self::Ip),
            "subject" => return Ok(Self::Subject),
            "client" => return Ok(Self::Client),
            "session" => return Ok(Self::Session),
            "route" => return Ok(Self::Route),
            _ => {}
        }
        let named = |name: &str| match text.split_once(':') {
            Some((kind, claim)) if kind == name && !claim.is_empty() => Some(claim.to_owned()),
            _ => None,
        };
        if let Some(claim) = named("claim")
            && claim.len() <= CLAIM_BYTES_MAX
            && !claim.chars().any(char::is_control)
        {
            return Ok(Self::Claim(claim.into()));
        }
        let header = named("header").and_then(|name| HeaderName::try_from(name).ok());
        header.map(Self::Header).ok_or(LimitError::KeyPartUnknown)
    }
}

/// As it is configured.
impl fmt::Display for KeyPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip => f.write_str("ip"),
            Self::Subject => f.write_str("subject"),
            Self::Client => f.write_str("client"),
            Self::Session => f.write_str("session"),
            Self::Route => f.write_str("route"),
            Self::Claim(name) => write!(f, "claim:{name}"),
            Self::Header(name) => write!(f, "header:{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_part_is_read_as_it_is_written() {
        let parts = ["ip", "subject", "client", "session", "route", "claim:tenant", "header:x-key"];
        for text in parts {
            assert_eq!(KeyPart::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(KeyPart::parse("header:X-Key"), KeyPart::parse("header:x-key"));
    }

    #[test]
    fn another_one_is_refused() {
        let long = format!("claim:{}", "x".repeat(65));
        let bad = [
            "",
            "IP",
            "user",
            "claim",
            "claim:",
            "claim:\n",
            "header:",
            "header:a b",
            "x:y",
            &long,
        ];
        for text in bad {
            assert_eq!(KeyPart::parse(text), Err(LimitError::KeyPartUnknown), "{text:?}");
        }
    }
}
