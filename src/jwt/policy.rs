//! What a token's claims must be (RFC 8725).

use super::{ClaimReason, Claims, JwtError};
use crate::UnixMs;
use crate::planted::{self, Bug};

/// Default of [`Policy::token_bytes_max`]: 16 KiB.
const TOKEN_BYTES_MAX: usize = 16 * 1024;

/// Tolerance for clocks that disagree, at most five minutes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockTolerance(u64);

impl ClockTolerance {
    /// The most that is accepted, in milliseconds: a wider one keeps expired tokens alive.
    pub const MS_MAX: u64 = 300_000;

    /// The widest there is.
    pub const MAX: Self = Self(Self::MS_MAX);

    /// A tolerance in milliseconds; `None` above [`ClockTolerance::MS_MAX`].
    #[must_use]
    pub const fn from_ms(ms: u64) -> Option<Self> {
        if ms <= Self::MS_MAX { Some(Self(ms)) } else { None }
    }

    /// The tolerance in milliseconds.
    #[must_use]
    pub const fn ms(self) -> u64 {
        self.0
    }
}

/// A claim that must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Requirement {
    /// `exp`
    Expiration,
    /// `iat`
    IssuedAt,
    /// `nbf`
    NotBefore,
    /// `sub`
    Subject,
    /// `jti`
    TokenId,
    /// `client_id`
    ClientId,
}

/// The claims policy. The default is strict: `exp` required, no tolerance, 16 KiB.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Accepted `iss` values; empty: any, or none.
    pub issuers: Vec<String>,
    /// Accepted `aud` values, one of which must be among the token's; empty: any, or none.
    pub audiences: Vec<String>,
    /// The one accepted `sub`; `None`: any, or none.
    pub subject: Option<String>,
    /// Accepted header `typ` values, compared as media types; empty: any, or none.
    pub types: Vec<String>,
    /// Claims that must be there.
    pub required: Vec<Requirement>,
    /// Longest `exp - iat`, in milliseconds; makes `iat` and `exp` required.
    pub lifetime_ms_max: Option<u64>,
    /// Tolerance of `exp`, `nbf` and `iat`. With one, a token issued by a clock that is ahead may
    /// carry an `iat` later than now: a cut of its subject must be widened by as much.
    pub clock_tolerance: ClockTolerance,
    /// Longest token, in bytes.
    pub token_bytes_max: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            issuers: Vec::new(),
            audiences: Vec::new(),
            subject: None,
            types: Vec::new(),
            required: vec![Requirement::Expiration],
            lifetime_ms_max: None,
            clock_tolerance: ClockTolerance::default(),
            token_bytes_max: TOKEN_BYTES_MAX,
        }
    }
}

impl Policy {
    /// Checks the header's `typ`: case-insensitively and without an `application/` prefix
    /// (RFC 7515 section 4.1.9, RFC 8725 section 3.11).
    pub(super) fn check_type(&self, typ: Option<&str>) -> Result<(), JwtError> {
        if self.types.is_empty() {
            return Ok(());
        }
        let typ = typ.ok_or(claim("typ", ClaimReason::Missing))?;
        let same = |accepted: &String| media_type(accepted).eq_ignore_ascii_case(media_type(typ));
        let accepted = self.types.iter().any(same);
        accepted.then_some(()).ok_or(claim("typ", ClaimReason::CheckFailed))
    }

    /// Checks the claims at `now`.
    pub(super) fn check(&self, claims: &Claims<'_>, now: UnixMs) -> Result<(), JwtError> {
        self.check_required(claims)?;
        self.check_parties(claims)?;
        self.check_times(claims, now)
    }

    fn check_required(&self, claims: &Claims<'_>) -> Result<(), JwtError> {
        for requirement in &self.required {
            let (name, there) = match requirement {
                Requirement::Expiration => ("exp", claims.expires.is_some()),
                Requirement::IssuedAt => ("iat", claims.issued_at.is_some()),
                Requirement::NotBefore => ("nbf", claims.not_before.is_some()),
                Requirement::Subject => ("sub", claims.subject.is_some()),
                Requirement::TokenId => ("jti", claims.token_id.is_some()),
                Requirement::ClientId => ("client_id", claims.client_id.is_some()),
            };
            if !there {
                return Err(claim(name, ClaimReason::Missing));
            }
        }
        Ok(())
    }

    fn check_parties(&self, claims: &Claims<'_>) -> Result<(), JwtError> {
        if !self.issuers.is_empty() {
            let issuer = claims.issuer.as_deref().ok_or(claim("iss", ClaimReason::Missing))?;
            holds(self.issuers.iter().any(|accepted| accepted == issuer), "iss")?;
        }
        if !self.audiences.is_empty() {
            if claims.audience.is_empty() {
                return Err(claim("aud", ClaimReason::Missing));
            }
            let accepted =
                |audience: &_| self.audiences.iter().any(|accepted| accepted == audience);
            holds(claims.audience.iter().any(accepted), "aud")?;
        }
        if let Some(accepted) = &self.subject {
            let subject = claims.subject.as_deref().ok_or(claim("sub", ClaimReason::Missing))?;
            holds(accepted == subject, "sub")?;
        }
        Ok(())
    }

    /// `exp` is exclusive: a token is over at that instant (RFC 7519 section 4.1.4).
    fn check_times(&self, claims: &Claims<'_>, now: UnixMs) -> Result<(), JwtError> {
        let tolerance_ms = self.clock_tolerance.ms();
        let latest = now.plus(tolerance_ms);
        holds(claims.not_before.is_none_or(|from| from <= latest), "nbf")?;
        // Most issuers write whole seconds and some round up, so `iat` is compared with the second
        // not yet over. [`super::IssuedAt::is_cut`] rounds a cut up likewise: with no tolerance, a
        // second-grained token accepted now is refused by a cut made now.
        let second_end = UnixMs(latest.0.div_ceil(1000).saturating_mul(1000));
        holds(claims.issued_at.is_none_or(|issued| issued <= second_end), "iat")?;
        let over = claims.expires.is_some_and(|end| now >= end.plus(tolerance_ms));
        if over && !planted::is(Bug::ExpiredAccepted) {
            return Err(JwtError::Expired);
        }
        if let Some(lifetime_ms_max) = self.lifetime_ms_max {
            let end = claims.expires.ok_or(claim("exp", ClaimReason::Missing))?;
            let issued = claims.issued_at.ok_or(claim("iat", ClaimReason::Missing))?;
            holds(end.since(issued) <= lifetime_ms_max, "exp")?;
        }
        Ok(())
    }
}

impl Policy {
    /// When claims that hold at some time do: from the first instant to the second, which is not
    /// included. What [`Policy::check`] asks beside time does not change.
    #[cfg(any(test, all(feature = "npm", target_arch = "wasm32")))]
    pub(crate) fn interval(&self, claims: &Claims<'_>) -> (UnixMs, UnixMs) {
        let tolerance_ms = self.clock_tolerance.ms();
        let not_before = claims.not_before.unwrap_or_default().minus(tolerance_ms);
        // The first instant at which its second is the one not yet over.
        let issued = match claims.issued_at.unwrap_or_default().0.div_ceil(1000) {
            0 => UnixMs(0),
            second => UnixMs(second.saturating_sub(1).saturating_mul(1000)).plus(1),
        };
        let issued = issued.minus(tolerance_ms);
        let until = claims.expires.map_or(UnixMs(u64::MAX), |end| end.plus(tolerance_ms));
        (not_before.max(issued), until)
    }
}

fn holds(condition: bool, name: &'static str) -> Result<(), JwtError> {
    condition.then_some(()).ok_or(claim(name, ClaimReason::CheckFailed))
}

const fn claim(claim: &'static str, reason: ClaimReason) -> JwtError {
    JwtError::ClaimValidationFailed { claim, reason }
}

fn media_type(typ: &str) -> &str {
    const PREFIX: &str = "application/";
    match typ.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) && !rest.contains('/') => rest,
        _ => typ,
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn claims_hold_in_their_interval_and_at_no_other_time(
            not_before in proptest::option::of(0..9_000_u64),
            issued_at in proptest::option::of(0..9_000_u64),
            end in 0..20_000_u64,
            tolerance_ms in 0..3_000_u64,
            now in 0..25_000_u64,
        ) {
            let date = |date: Option<u64>| date.map(UnixMs);
            let (not_before, issued_at) = (date(not_before), date(issued_at));
            let expires = Some(UnixMs(end));
            let claims = Claims { not_before, issued_at, expires, ..Claims::default() };
            let clock_tolerance = ClockTolerance::from_ms(tolerance_ms).unwrap();
            let policy = Policy { clock_tolerance, ..Policy::default() };
            let (from, until) = policy.interval(&claims);
            let within = |now: UnixMs| from <= now && now < until;
            // At the edges too, which a time by chance seldom meets.
            for now in [UnixMs(now), from, from.minus(1), until, until.minus(1)] {
                prop_assert_eq!(policy.check(&claims, now).is_ok(), within(now), "{:?}", now);
            }
        }
    }
}
