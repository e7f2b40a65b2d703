//! Sessions: refresh tokens, which are derived and never stored.

mod refresh_token;

pub use refresh_token::{REFRESH_TOKEN_TYPE, RefreshToken, refresh_keys};

use crate::jwt::{KeySet, Policy};

/// How sessions are kept: of a deployment that has a secret for them.
#[derive(Debug)]
pub struct Sessions {
    /// What refresh tokens are signed with.
    pub keys: KeySet,
    /// What a refresh token must be.
    pub policy: Policy,
    /// How long.
    pub times: SessionTimes,
}

/// How long sessions live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionTimes {
    /// From its start to its end, in milliseconds, whatever happens.
    pub lifetime_ms: u64,
    /// From one refresh to its end, in milliseconds, unless there is another.
    pub idle_ms: u64,
    /// For how long a refresh token that was exchanged is given the same successor again, in milliseconds.
    pub grace_ms: u64,
}
