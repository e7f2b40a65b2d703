//! Why a token or a key was refused. No message ever contains any part of a token or key.

use std::fmt;

use thiserror::Error;

/// A token that was refused. Codes are jose's where jose has one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum JwtError {
    /// The token is longer than the policy allows.
    #[error("the token is longer than {bytes_max} bytes")]
    TooLarge {
        /// The most that is accepted, in bytes.
        bytes_max: usize,
    },
    /// Not a compact JWS (RFC 7515 section 7.1): parts, base64url, or header.
    #[error("not a valid compact JWS: {reason}")]
    JwsInvalid {
        /// What is wrong, in fixed words.
        reason: &'static str,
    },
    /// The header asks for something that is not supported (`crit`, `b64`, `zip`, `enc`), or the key is one
    /// that the platform holds and cannot use.
    #[error("not supported: {what}")]
    NotSupported {
        /// The header parameter, or the key, in fixed words.
        what: &'static str,
    },
    /// The header's `alg` is not the algorithm of any key here.
    #[error("the token's algorithm is not allowed")]
    AlgNotAllowed,
    /// No key here has the token's `kid` and `alg`.
    #[error("no key matches the token's kid and alg")]
    NoMatchingKey,
    /// The token names no `kid` and several keys have its `alg`.
    #[error("several keys match: the token must name a kid")]
    MultipleMatchingKeys,
    /// The signature does not hold.
    #[error("signature verification failed")]
    SignatureVerificationFailed,
    /// The payload is not a claims set: one JSON object without duplicate members.
    #[error("the payload is not a valid claims set: {reason}")]
    ClaimsSetInvalid {
        /// What is wrong, in fixed words.
        reason: &'static str,
    },
    /// The token's time is over (`exp`, RFC 7519 section 4.1.4).
    #[error("the token has expired")]
    Expired,
    /// A claim is missing, of the wrong type, or not what the policy asks for.
    #[error("claim {claim:?}: {reason}")]
    ClaimValidationFailed {
        /// The claim, or `typ` for the header's media type.
        claim: &'static str,
        /// What is wrong with it.
        reason: ClaimReason,
    },
    /// No key is active to sign with, or the platform has no random bytes for its signature.
    #[error("no key is active for signing")]
    NoSigningKey,
}

/// What is wrong with a claim; jose's `reason` values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClaimReason {
    /// Required and not there.
    Missing,
    /// Of the wrong type or out of range.
    Invalid,
    /// Well-formed, and refused by the policy.
    CheckFailed,
}

impl ClaimReason {
    /// jose's name for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Invalid => "invalid",
            Self::CheckFailed => "check_failed",
        }
    }
}

impl fmt::Display for ClaimReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl JwtError {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "ERR_JWT_TOO_LARGE",
            Self::JwsInvalid { .. } => "ERR_JWS_INVALID",
            Self::NotSupported { .. } => "ERR_JOSE_NOT_SUPPORTED",
            Self::AlgNotAllowed => "ERR_JOSE_ALG_NOT_ALLOWED",
            Self::NoMatchingKey => "ERR_JWKS_NO_MATCHING_KEY",
            Self::MultipleMatchingKeys => "ERR_JWKS_MULTIPLE_MATCHING_KEYS",
            Self::SignatureVerificationFailed => "ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
            Self::ClaimsSetInvalid { .. } => "ERR_JWT_INVALID",
            Self::Expired => "ERR_JWT_EXPIRED",
            Self::ClaimValidationFailed { .. } => "ERR_JWT_CLAIM_VALIDATION_FAILED",
            Self::NoSigningKey => "ERR_NO_SIGNING_KEY",
        }
    }

    /// The claim this error is about, if it is about one.
    #[must_use]
    pub const fn claim(&self) -> Option<&'static str> {
        match self {
            Self::Expired => Some("exp"),
            Self::ClaimValidationFailed { claim, .. } => Some(claim),
            _ => None,
        }
    }
}

/// A key or key set that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A JWK that cannot be used (RFC 7517).
    #[error("key {index}: {reason}")]
    JwkInvalid {
        /// Its place in the set, from 0.
        index: usize,
        /// What is wrong, in fixed words.
        reason: &'static str,
    },
    /// A set that is wrong as a whole.
    #[error("key set: {reason}")]
    JwksInvalid {
        /// What is wrong, in fixed words.
        reason: &'static str,
    },
}

impl KeyError {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::JwkInvalid { .. } => "ERR_JWK_INVALID",
            Self::JwksInvalid { .. } => "ERR_JWKS_INVALID",
        }
    }
}
