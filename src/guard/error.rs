//! Why a request was refused.

use thiserror::Error;

use crate::jwks::Unavailable;
use crate::jwt::JwtError;
use crate::limit::{LimitError, Policy};
use crate::store::{Outcome, StoreError};
use crate::telemetry::Event;

/// A refusal. No message contains a token, a secret, a key, a subject or an address.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GuardError {
    /// No usable credentials in the request.
    #[error("{0}")]
    Credentials(CredentialsFault),
    /// The token does not hold.
    #[error(transparent)]
    Token(#[from] JwtError),
    /// No token could be minted: no key is active. Not the caller's fault.
    #[error("no token can be minted: {0}")]
    Mint(JwtError),
    /// The token was revoked.
    #[error("the token has been revoked")]
    Revoked,
    /// An access rule denies the subject, the client or the address.
    #[error("denied by an access rule")]
    AccessDenied,
    /// There is no room for one more access rule.
    #[error("there is no room for one more access rule")]
    RulesFull,
    /// The token lacks a scope that the route asks for.
    #[error("the token lacks a scope that this route asks for")]
    ScopeInsufficient {
        /// All scopes it asks for, space-separated.
        scope: String,
    },
    /// A client must authenticate here, and sent nothing to do so with.
    #[error("no client credentials were sent")]
    ClientMissing,
    /// No client has this id and secret.
    #[error("the client's credentials are not valid")]
    ClientRefused,
    /// The client's record does not grant this.
    #[error("the client is not granted {grant}")]
    GrantMissing {
        /// The grant it lacks.
        grant: &'static str,
    },
    /// The client may not put this into a token.
    #[error("{field}: beyond what the client is granted")]
    BeyondGrant {
        /// `scope` or `aud`.
        field: &'static str,
    },
    /// The token to revoke was issued to another client.
    #[error("the token was issued to another client")]
    ForeignToken,
    /// This deployment has no sessions: no secret for them, or a store that cannot compare and set.
    #[error(
        "there are no sessions here: they need PORTCULLIS_REFRESH_SECRET, and Redis or a Durable Object"
    )]
    SessionsUnavailable,
    /// The session was not opened: its subject was logged out everywhere at this very time.
    #[error("the session was not opened: its subject's tokens were all revoked at this very time")]
    SessionRefused,
    /// The refresh token is none of ours, over, another client's, or of a session that has ended.
    #[error("the refresh token is not valid, or its session has ended")]
    RefreshInvalid,
    /// The refresh token was used before, outside its grace: its session has been ended.
    #[error("the refresh token was used before: its session has been ended")]
    RefreshReused,
    /// There is no such grant type here.
    #[error("grant_type: is not supported here")]
    GrantTypeUnsupported,
    /// There are no such tokens here.
    #[error("token_type_hint: names a type of token that is not supported here")]
    TokenTypeUnsupported,
    /// A field of the request is malformed.
    #[error("{field}: {reason}")]
    Invalid {
        /// Which field.
        field: &'static str,
        /// What is wrong, in fixed words.
        reason: &'static str,
    },
    /// No policy has that name.
    #[error("there is no limit policy of that name")]
    PolicyUnknown,
    /// A take that no wait would satisfy.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// Over quota.
    #[error("over the limit")]
    RateLimited(Vec<Limited>),
    /// The store gave no answer, so this cannot be told.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There are no keys to check a foreign issuer's token with, so this cannot be told.
    #[error(transparent)]
    Jwks(#[from] Unavailable),
    /// The platform gave no random bytes.
    #[error("no random bytes are available")]
    EntropyUnavailable,
}

/// What is wrong with a request's credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CredentialsFault {
    /// There are none.
    #[error("no credentials were sent")]
    Missing,
    /// They are of another scheme than the one asked for.
    #[error("the credentials are of another scheme than the one expected here")]
    Scheme,
    /// They are there in `Authorization` and in a cookie, or in a cookie that is there twice.
    #[error("more than one token was sent: one is expected, in Authorization or in one cookie")]
    Ambiguous,
    /// They are empty, or there more than once.
    #[error("the credentials are malformed: one Authorization field of one scheme is expected")]
    Malformed,
}

/// One policy's part of a decision, with the policy itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limited {
    /// The policy.
    pub policy: Policy,
    /// What it decided.
    pub outcome: Outcome,
}

impl Limited {
    /// Whether this policy is why the request is refused.
    #[must_use]
    pub const fn denies(&self) -> bool {
        !self.outcome.decision.allowed && !self.outcome.shadow
    }
}

impl GuardError {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Credentials(CredentialsFault::Missing) | Self::ClientMissing => {
                "ERR_CREDENTIALS_MISSING"
            }
            Self::Credentials(_) => "ERR_CREDENTIALS_INVALID",
            Self::Token(error) | Self::Mint(error) => error.code(),
            Self::Revoked => "ERR_JWT_REVOKED",
            Self::AccessDenied => "ERR_ACCESS_DENIED",
            Self::RulesFull => "ERR_RULES_FULL",
            Self::ScopeInsufficient { .. } => "ERR_SCOPE_INSUFFICIENT",
            Self::ClientRefused => "ERR_CLIENT_INVALID",
            Self::GrantMissing { .. } => "ERR_GRANT_MISSING",
            Self::BeyondGrant { .. } => "ERR_GRANT_EXCEEDED",
            Self::ForeignToken => "ERR_TOKEN_FOREIGN",
            Self::SessionsUnavailable => "ERR_SESSIONS_UNAVAILABLE",
            Self::SessionRefused => "ERR_SESSION_REFUSED",
            Self::RefreshInvalid => "ERR_REFRESH_INVALID",
            Self::RefreshReused => "ERR_REFRESH_REUSED",
            Self::GrantTypeUnsupported => "ERR_GRANT_TYPE_UNSUPPORTED",
            Self::TokenTypeUnsupported => "ERR_TOKEN_TYPE_UNSUPPORTED",
            Self::Invalid { .. } => "ERR_REQUEST_INVALID",
            Self::PolicyUnknown => "ERR_LIMIT_POLICY_UNKNOWN",
            Self::Limit(error) => error.code(),
            Self::RateLimited(_) => "ERR_RATE_LIMITED",
            Self::Store(error) => error.code(),
            Self::Jwks(unavailable) => unavailable.error.code(),
            Self::EntropyUnavailable => "ERR_ENTROPY_UNAVAILABLE",
        }
    }

    /// Whether a caller who presented something was not who it claimed to be: what `auth_failure`
    /// policies count. Sending nothing is no attempt.
    pub(super) const fn is_authentication_failure(&self) -> bool {
        matches!(
            self,
            Self::Credentials(
                CredentialsFault::Scheme
                    | CredentialsFault::Ambiguous
                    | CredentialsFault::Malformed
            ) | Self::Token(_)
                | Self::Revoked
                | Self::ClientRefused
        )
    }

    pub(super) const fn event(&self) -> Event<'static> {
        match self {
            Self::Credentials(_)
            | Self::Token(_)
            | Self::Revoked
            | Self::ScopeInsufficient { .. } => Event::TokenRefused { code: self.code() },
            Self::ClientRefused => Event::ClientRefused,
            _ => Event::RequestRefused { code: self.code() },
        }
    }
}
