//! Members of a JWK that hold key material: read within a bound, in their one canonical form.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jwt_simple::reexports::zeroize::Zeroizing;

/// What is said of a member that cannot be read, in fixed words.
pub(super) struct Member {
    pub(super) missing: &'static str,
    pub(super) too_long: &'static str,
    pub(super) malformed: &'static str,
}

macro_rules! member {
    ($name:literal) => {
        $crate::jwt::key::member::Member {
            missing: concat!($name, " is missing"),
            too_long: concat!($name, " is too long"),
            malformed: concat!($name, " is not canonical base64url"),
        }
    };
}
pub(super) use member;

/// The bytes of a member, at most `bytes_max`: a longer one is refused before anything is done
/// with it.
pub(super) fn bytes(
    text: Option<&str>,
    member: &Member,
    bytes_max: usize,
) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    let text = text.ok_or(member.missing)?;
    if text.len() > bytes_max.saturating_mul(4).div_ceil(3) {
        return Err(member.too_long);
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    URL_SAFE_NO_PAD.decode_vec(text, &mut bytes).map_err(|_| member.malformed)?;
    Ok(bytes)
}

pub(super) fn text(bytes: impl AsRef<[u8]>) -> Option<String> {
    Some(URL_SAFE_NO_PAD.encode(bytes))
}
