//! Where a key set is, and how it is kept.

use std::fmt;

use http::Uri;

use crate::fetch::is_loopback;
use crate::jwt::Algorithm;

/// Longest URL, in bytes.
const URL_BYTES_MAX: usize = 2048;

/// How the key set of one issuer is fetched and kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteSettings {
    /// Where it is.
    pub url: JwksUrl,
    /// The algorithms whose keys are taken from it: asymmetric ones.
    pub algorithms: Vec<Algorithm>,
    /// By when a whole answer must be there, in milliseconds.
    pub deadline_ms: u64,
    /// How long a set is fresh where its server does not say, and at most, in milliseconds: a key
    /// the issuer has taken out verifies here for that long.
    pub max_age_ms: u64,
    /// How long after its server last confirmed it a set is served at most, in milliseconds, while
    /// the server does not.
    pub stale_ms_max: u64,
    /// Shortest time between two fetches, in milliseconds, however they ended; a set is fresh for at
    /// least as long. (While there is no set at all, 5 s at most.)
    pub cooldown_ms: u64,
}

/// The URL of a key set: https, or http on loopback, with neither user nor fragment.
///
/// Keys from anywhere else could be anybody's: whoever writes them signs tokens.
#[derive(Clone, PartialEq, Eq)]
pub struct JwksUrl(String);

impl JwksUrl {
    /// Takes a URL as configured.
    ///
    /// # Errors
    /// In fixed words, which quote nothing of it: a query may hold a secret.
    pub fn new(url: &str) -> Result<Self, &'static str> {
        let uri: Uri = url.parse().map_err(|_| "not a URL")?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or("not a URL")?;
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if is_loopback(host) => {}
            _ => return Err("must be https"),
        }
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err("must not hold credentials");
        }
        // http::Uri drops a fragment, so it is looked for in the text.
        if url.contains('#') {
            return Err("must have no fragment");
        }
        if url.len() > URL_BYTES_MAX {
            return Err("must be at most 2,048 bytes");
        }
        Ok(Self(url.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Shows nothing of it: see [`JwksUrl::new`].
impl fmt::Debug for JwksUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JwksUrl")
    }
}
