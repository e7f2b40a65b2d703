//! The names of a token's entries in a store, each made of issuer and value.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac_sha256::Hash;

use crate::UnixMs;
use crate::jwt::{Claims, IssuedAt};
use crate::store::{EntryKey, KeySpace, TokenCheck};

/// The names under which this token may have been revoked.
pub(super) fn token_check(
    claims: &Claims<'_>,
    signing_input: &str,
    issued_at: IssuedAt,
    expires: UnixMs,
) -> TokenCheck {
    let issuer = claims.issuer.as_deref().unwrap_or_default();
    let named = |space, value: &str| EntryKey::new(space, issuer, value);
    TokenCheck {
        token: token(issuer, claims.token_id.as_deref(), signing_input),
        session: claims.session_id.as_deref().map(|sid| named(KeySpace::Session, sid)),
        subject: claims.subject.as_deref().map(|sub| named(KeySpace::Subject, sub)),
        issued_at,
        expires,
    }
}

/// When a token that says it was issued then was issued at the earliest, if clocks may disagree by
/// `tolerance_ms`. Compared with a subject's cut as it says, a token of a clock that is ahead would
/// outlive the cut. Milliseconds that lie ahead of `now` by more than that are not believed, and the
/// token counts as second-grained, which a cut made now refuses.
pub(super) const fn earliest(said: IssuedAt, tolerance_ms: u64, now: UnixMs) -> IssuedAt {
    match said {
        IssuedAt::Ms(at) if at.0 > now.plus(tolerance_ms).0 => {
            earliest(IssuedAt::Seconds(at.seconds()), tolerance_ms, now)
        }
        IssuedAt::Ms(at) => IssuedAt::Ms(at.minus(tolerance_ms)),
        IssuedAt::Seconds(at_s) => {
            IssuedAt::Seconds(at_s.saturating_sub(tolerance_ms.div_ceil(1000)))
        }
        IssuedAt::Unknown => IssuedAt::Unknown,
    }
}

/// A token is named by its `jti`, or by the hash of its signing input: never by its text, which
/// others can vary. The prefixes keep a `jti` that looks like a hash apart.
fn token(issuer: &str, token_id: Option<&str>, signing_input: &str) -> EntryKey {
    let value = match token_id {
        Some(jti) => format!("jti:{jti}"),
        None => format!("sha256:{}", URL_SAFE_NO_PAD.encode(Hash::hash(signing_input.as_bytes()))),
    };
    EntryKey::new(KeySpace::Token, issuer, &value)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn two_issuers_with_the_same_jti_never_touch() {
        assert_ne!(token("https://a", Some("1"), "x.y"), token("https://b", Some("1"), "x.y"));
    }

    #[test]
    fn a_jti_cannot_be_made_to_name_another_token_without_one() {
        let hash = URL_SAFE_NO_PAD.encode(Hash::hash(b"x.y"));
        let forged = token("https://a", Some(&format!("sha256:{hash}")), "p.q");
        assert_ne!(token("https://a", None, "x.y"), forged);
    }
}
