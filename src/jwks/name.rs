//! What an issuer is called here.

use std::fmt;

/// The name of a foreign issuer in the configuration, in metrics and in log lines, where its URLs do
/// not belong: 1 to 64 characters of `[a-z0-9._-]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerName(String);

impl IssuerName {
    /// Takes a name as configured; `None` when it is empty, too long, or has another character.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let allowed = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
        let fits = (1..=64).contains(&name.len()) && name.bytes().all(allowed);
        fits.then(|| Self(name.to_owned()))
    }
}

impl fmt::Display for IssuerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
