//! The JWS compact serialisation (RFC 7515 section 7.1), taken apart without a copy.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::JwtError;

/// The three parts of a token, still encoded.
#[derive(Clone, Copy)]
pub(super) struct Compact<'t> {
    /// All of it.
    pub(super) token: &'t str,
    /// What the signature is over: header, dot, payload.
    pub(super) signing_input: &'t str,
    pub(super) header: &'t str,
    pub(super) payload: &'t str,
    pub(super) signature: &'t str,
}

impl<'t> Compact<'t> {
    pub(super) fn parse(token: &'t str, bytes_max: usize) -> Result<Self, JwtError> {
        if token.len() > bytes_max {
            return Err(JwtError::TooLarge { bytes_max });
        }
        let not_three = JwtError::JwsInvalid { reason: "not three parts" };
        let (signing_input, signature) = token.rsplit_once('.').ok_or(not_three.clone())?;
        let (header, payload) = signing_input.split_once('.').ok_or(not_three.clone())?;
        // Counted, which compiles to vectors; a search that may end early does not.
        if payload.bytes().filter(|byte| *byte == b'.').count() > 0 {
            return Err(not_three);
        }
        Ok(Self { token, signing_input, header, payload, signature })
    }
}

/// Decodes base64url without padding (RFC 7515 section 2), in its one canonical form: no other
/// alphabet, no line breaks, no stray trailing bits.
pub(super) fn decode(part: &str) -> Result<Vec<u8>, JwtError> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| JwtError::JwsInvalid { reason: "not canonical base64url" })
}
