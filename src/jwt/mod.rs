//! JSON Web Tokens: keys, signatures, and the claims policy of RFC 8725.
//!
//! Verification is three steps, in this order and no other, and each is a type:
//! [`Selected`] (parsed, header accepted, key chosen) -> [`Signed`] (signature holds) ->
//! [`Claims`] (policy holds). Claims cannot be looked at before the signature holds.

mod algorithm;
mod cache;
mod claims;
mod compact;
mod error;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod header;
mod hint;
mod issued_at;
mod json;
mod jwk;
mod key;
mod key_id;
mod key_set;
mod mint;
mod policy;
mod scope;
mod signatures;
mod thumbprint;
mod verify;

#[cfg(test)]
pub(crate) mod tests;

pub use algorithm::Algorithm;
pub use cache::{CacheBounds, TokenCache};
pub use claims::Claims;
pub use error::{ClaimReason, JwtError, KeyError};
pub use header::LastHeader;
pub use hint::{asks_for, issuer_hint};
pub use issued_at::IssuedAt;
pub use json::{check_object as check_json_object, member_names};
pub use jwk::{Jwk, JwkSet};
pub use key::{Key, Verdict};
pub use key_id::KeyId;
pub use key_set::KeySet;
pub(crate) use key_set::TOO_MANY;
pub use mint::{NewToken, Unsigned, mint, sign_claims, unsigned};
pub use policy::{ClockTolerance, Policy, Requirement};
pub use scope::is_scope_token;
pub use signatures::{Engine, Native, NativeFault, Signatures};
pub use verify::{Selected, Signed, select, select_after};
