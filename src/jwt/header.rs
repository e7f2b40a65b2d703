//! The protected header: what is read of it, and what is refused outright.

use std::borrow::Cow;

use super::json::{Value, read_object};
use super::{Algorithm, JwtError, compact};

/// Longest encoded header accepted, in bytes: a `kid`, a `typ` and room for more.
const ENCODED_BYTES_MAX: usize = 4096;

/// The header parameters that matter. `jwk`, `jku`, `x5u` and `x5c` are never read: a token does
/// not bring its own key (RFC 8725 section 3.10).
#[derive(Debug, Default)]
pub(super) struct Header<'h> {
    pub(super) algorithm: Option<Algorithm>,
    pub(super) kid: Option<Cow<'h, str>>,
    pub(super) typ: Option<Cow<'h, str>>,
}

/// The header's JSON text.
pub(super) fn decode(encoded: &str) -> Result<String, JwtError> {
    if encoded.len() > ENCODED_BYTES_MAX {
        return Err(JwtError::JwsInvalid { reason: "the header is too long" });
    }
    String::from_utf8(compact::decode(encoded)?)
        .map_err(|_| JwtError::JwsInvalid { reason: "the header is not UTF-8" })
}

impl<'h> Header<'h> {
    pub(super) fn parse(text: &'h str) -> Result<Self, JwtError> {
        let mut header = Self::default();
        let mut fault = None;
        let mut names_alg = false;
        read_object(text, |name, value| {
            names_alg |= name == "alg";
            if let Err(error) = header.member(name, value) {
                fault.get_or_insert(error);
            }
        })
        .map_err(|reason| JwtError::JwsInvalid { reason })?;
        if !names_alg {
            // RFC 7515 section 4.1.1: it must be there. One not known here is for the key set.
            return Err(JwtError::JwsInvalid { reason: "alg is missing" });
        }
        fault.map_or(Ok(header), Err)
    }

    fn member(&mut self, name: &str, value: Value<'h>) -> Result<(), JwtError> {
        match (name, value) {
            ("alg", Value::String(alg)) => self.algorithm = Algorithm::from_name(&alg),
            ("kid", Value::String(kid)) => self.kid = Some(kid),
            ("typ", Value::String(typ)) => self.typ = Some(typ),
            ("alg", _) => return Err(JwtError::JwsInvalid { reason: "alg is not a string" }),
            ("kid", _) => return Err(JwtError::JwsInvalid { reason: "kid is not a string" }),
            ("typ", _) => return Err(JwtError::JwsInvalid { reason: "typ is not a string" }),
            // RFC 7515 section 4.1.11: an empty list is invalid, one not understood is refused.
            // We understand no extension.
            ("crit", Value::Strings(names)) if !names.is_empty() => {
                return Err(JwtError::NotSupported { what: "crit" });
            }
            ("crit", _) => {
                return Err(JwtError::JwsInvalid { reason: "crit is not a list of names" });
            }
            ("b64", Value::Bool(true)) => {}
            ("b64", _) => return Err(JwtError::NotSupported { what: "b64" }),
            ("zip", _) => return Err(JwtError::NotSupported { what: "zip" }),
            ("enc", _) => return Err(JwtError::NotSupported { what: "enc" }),
            _ => {}
        }
        Ok(())
    }
}
