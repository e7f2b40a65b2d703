//! The claims a policy looks at, read from the signed payload and borrowed from it.

use std::borrow::Cow;

use super::json::{Value, read_object};
use super::{ClaimReason, IssuedAt, JwtError};
use crate::UnixMs;

/// The last second of the year 9999: later dates are a mistake (milliseconds, or worse).
const NUMERIC_DATE_MAX: f64 = 253_402_300_799.0;

/// Registered claims (RFC 7519 section 4.1, RFC 9068) of a token whose signature holds.
///
/// The payload itself, exactly as signed, is [`super::Signed::payload`].
#[derive(Debug, Default, PartialEq)]
pub struct Claims<'p> {
    /// `iss`.
    pub issuer: Option<Cow<'p, str>>,
    /// `sub`.
    pub subject: Option<Cow<'p, str>>,
    /// `aud`, in the order signed; empty when absent.
    pub audience: Vec<Cow<'p, str>>,
    /// `exp`, rounded down to the millisecond.
    pub expires: Option<UnixMs>,
    /// `nbf`, rounded down to the millisecond.
    pub not_before: Option<UnixMs>,
    /// `iat`, rounded down to the millisecond.
    pub issued_at: Option<UnixMs>,
    /// `iat_ms`, our private claim: the issue time in milliseconds.
    pub issued_at_ms: Option<UnixMs>,
    /// `jti`.
    pub token_id: Option<Cow<'p, str>>,
    /// `sid`.
    pub session_id: Option<Cow<'p, str>>,
    /// `client_id` (RFC 8693 section 4.3).
    pub client_id: Option<Cow<'p, str>>,
    /// `scope`, space-separated (RFC 8693 section 4.2).
    pub scope: Option<Cow<'p, str>>,
}

impl<'p> Claims<'p> {
    pub(super) fn parse(payload: &'p str) -> Result<Self, JwtError> {
        let mut read = (Self::default(), None);
        read_object(payload, &mut read, |(claims, fault), name, value| {
            if let Err(claim) = claims.member(name, value) {
                fault.get_or_insert(JwtError::ClaimValidationFailed {
                    claim,
                    reason: ClaimReason::Invalid,
                });
            }
        })
        .map_err(|reason| JwtError::ClaimsSetInvalid { reason })?;
        let (claims, fault) = read;
        fault.map_or(Ok(claims), Err)
    }

    /// Takes one member; the name of the claim when its value is of the wrong type or range.
    fn member(&mut self, name: &str, value: Value<'p>) -> Result<(), &'static str> {
        // By bytes: matched as text, each arm would be a call that compares memory.
        match name.as_bytes() {
            b"iss" => self.issuer = Some(string(value).ok_or("iss")?),
            b"sub" => self.subject = Some(string(value).ok_or("sub")?),
            b"aud" => self.audience = audience(value).ok_or("aud")?,
            b"exp" => self.expires = Some(numeric_date(&value).ok_or("exp")?),
            b"nbf" => self.not_before = Some(numeric_date(&value).ok_or("nbf")?),
            b"iat" => self.issued_at = Some(numeric_date(&value).ok_or("iat")?),
            b"iat_ms" => self.issued_at_ms = Some(unix_ms(&value).ok_or("iat_ms")?),
            b"jti" => self.token_id = Some(string(value).ok_or("jti")?),
            b"sid" => self.session_id = Some(string(value).ok_or("sid")?),
            b"client_id" => self.client_id = Some(string(value).ok_or("client_id")?),
            b"scope" => self.scope = Some(string(value).ok_or("scope")?),
            _ => {}
        }
        Ok(())
    }

    /// When the token was issued, as well as it says.
    #[must_use]
    pub fn issued(&self) -> IssuedAt {
        match (self.issued_at_ms, self.issued_at) {
            // The finer claim counts only while it agrees with the standard one.
            (Some(ms), Some(iat)) if ms.seconds() == iat.seconds() => IssuedAt::Ms(ms),
            (_, Some(iat)) => IssuedAt::Seconds(iat.seconds()),
            (_, None) => IssuedAt::Unknown,
        }
    }
}

fn string(value: Value<'_>) -> Option<Cow<'_, str>> {
    match value {
        Value::String(string) => Some(string),
        _ => None,
    }
}

/// One string or a list of strings (RFC 7519 section 4.1.3).
fn audience(value: Value<'_>) -> Option<Vec<Cow<'_, str>>> {
    match value {
        Value::String(string) => Some(vec![string]),
        Value::Strings(strings) => Some(strings),
        _ => None,
    }
}

/// A NumericDate: seconds since the epoch, fractions allowed, from 1970 to 9999.
fn numeric_date(value: &Value<'_>) -> Option<UnixMs> {
    match value {
        Value::Number(seconds) if (0.0..=NUMERIC_DATE_MAX).contains(seconds) => {
            Some(whole_ms(seconds * 1000.0))
        }
        _ => None,
    }
}

fn unix_ms(value: &Value<'_>) -> Option<UnixMs> {
    match value {
        Value::Number(ms) if (0.0..=NUMERIC_DATE_MAX * 1000.0).contains(ms) => Some(whole_ms(*ms)),
        _ => None,
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the callers checked the range: 0 to 2.6e14"
)]
fn whole_ms(ms: f64) -> UnixMs {
    UnixMs(ms.floor() as u64)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn claim_fault(payload: &str) -> Option<&'static str> {
        match Claims::parse(payload) {
            Err(error @ JwtError::ClaimValidationFailed { reason: ClaimReason::Invalid, .. }) => {
                error.claim()
            }
            _ => None,
        }
    }

    #[test]
    fn wrong_types_are_refused_by_name() {
        for (payload, claim) in [
            (r#"{"iss":1}"#, "iss"),
            (r#"{"sub":null}"#, "sub"),
            (r#"{"sub":["a"]}"#, "sub"),
            (r#"{"aud":{"a":1}}"#, "aud"),
            (r#"{"aud":["a",1]}"#, "aud"),
            (r#"{"jti":7}"#, "jti"),
            (r#"{"sid":false}"#, "sid"),
            (r#"{"scope":["read"]}"#, "scope"),
            (r#"{"exp":"9999999999"}"#, "exp"),
            (r#"{"exp":null}"#, "exp"),
            (r#"{"exp":true}"#, "exp"),
            (r#"{"exp":-1}"#, "exp"),
            (r#"{"exp":1e300}"#, "exp"),
            (r#"{"exp":1767225600000}"#, "exp"),
            (r#"{"nbf":"1"}"#, "nbf"),
            (r#"{"iat":[1]}"#, "iat"),
        ] {
            assert_eq!(claim_fault(payload), Some(claim), "{payload}");
        }
    }

    #[test]
    fn a_number_no_double_holds_is_not_a_claims_set() {
        let error = Claims::parse(r#"{"exp":1e999}"#).unwrap_err();
        assert_eq!(error.code(), "ERR_JWT_INVALID");
    }

    #[test]
    fn fractional_dates_round_down() {
        let claims = Claims::parse(r#"{"exp":1.9999,"nbf":0}"#).unwrap();
        assert_eq!(claims.expires, Some(UnixMs(1999)));
        assert_eq!(claims.not_before, Some(UnixMs(0)));
    }

    /// The nearest double decides, as in JavaScript: not the one beside it.
    #[test]
    fn a_date_is_the_double_nearest_to_its_text() {
        let expires = |exp| Claims::parse(&format!(r#"{{"exp":{exp}}}"#)).unwrap().expires;
        assert_eq!(expires("1000060800.2749999"), Some(UnixMs(1_000_060_800_274)));
        assert_eq!(expires("1000060800.274999999909931"), Some(UnixMs(1_000_060_800_275)));
    }

    #[test]
    fn the_order_of_aud_is_kept() {
        let claims = Claims::parse(r#"{"aud":["b","a","b"]}"#).unwrap();
        assert_eq!(claims.audience, ["b", "a", "b"]);
    }

    #[test]
    fn a_private_issue_time_that_contradicts_iat_does_not_count() {
        let issued = |payload| Claims::parse(payload).unwrap().issued();
        assert_eq!(issued(r#"{"iat":5,"iat_ms":5123}"#), IssuedAt::Ms(UnixMs(5123)));
        assert_eq!(issued(r#"{"iat":5,"iat_ms":99000}"#), IssuedAt::Seconds(5));
        assert_eq!(issued(r#"{"iat_ms":5123}"#), IssuedAt::Unknown);
    }
}
