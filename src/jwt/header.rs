//! The protected header: what is read of it, and what is refused outright.

use super::json::{Value, read_object};
use super::{Algorithm, JwtError, compact};

/// Longest encoded header accepted, in bytes: a `kid`, a `typ` and room for more.
const ENCODED_BYTES_MAX: usize = 4096;

/// The header parameters that matter. `jwk`, `jku`, `x5u` and `x5c` are never read: a token does
/// not bring its own key (RFC 8725 section 3.10).
#[derive(Debug, Default)]
pub(super) struct Header {
    pub(super) algorithm: Option<Algorithm>,
    pub(super) kid: Option<String>,
    pub(super) typ: Option<String>,
}

impl Header {
    pub(super) fn parse(encoded: &str) -> Result<Self, JwtError> {
        if encoded.len() > ENCODED_BYTES_MAX {
            return Err(JwtError::JwsInvalid { reason: "the header is too long" });
        }
        let bytes = compact::decode(encoded)?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| JwtError::JwsInvalid { reason: "the header is not UTF-8" })?;
        let mut read = (Self::default(), None, false);
        read_object(text, &mut read, |(header, fault, names_alg), name, value| {
            *names_alg |= name == "alg";
            if let Err(error) = header.member(name, value) {
                fault.get_or_insert(error);
            }
        })
        .map_err(|reason| JwtError::JwsInvalid { reason })?;
        let (header, fault, names_alg) = read;
        if !names_alg {
            // RFC 7515 section 4.1.1: it must be there. One not known here is for the key set.
            return Err(JwtError::JwsInvalid { reason: "alg is missing" });
        }
        fault.map_or(Ok(header), Err)
    }

    fn member(&mut self, name: &str, value: Value<'_>) -> Result<(), JwtError> {
        // By bytes: matched as text, each arm would be a call that compares memory.
        match (name.as_bytes(), value) {
            (b"alg", Value::String(alg)) => self.algorithm = Algorithm::from_name(&alg),
            (b"kid", Value::String(kid)) => self.kid = Some(kid.into_owned()),
            (b"typ", Value::String(typ)) => self.typ = Some(typ.into_owned()),
            (b"alg", _) => return Err(JwtError::JwsInvalid { reason: "alg is not a string" }),
            (b"kid", _) => return Err(JwtError::JwsInvalid { reason: "kid is not a string" }),
            (b"typ", _) => return Err(JwtError::JwsInvalid { reason: "typ is not a string" }),
            // RFC 7515 section 4.1.11: an empty list is invalid, one not understood is refused.
            // We understand no extension.
            (b"crit", Value::Strings(names)) if !names.is_empty() => {
                return Err(JwtError::NotSupported { what: "crit" });
            }
            (b"crit", _) => {
                return Err(JwtError::JwsInvalid { reason: "crit is not a list of names" });
            }
            (b"b64", Value::Bool(true)) => {}
            (b"b64", _) => return Err(JwtError::NotSupported { what: "b64" }),
            (b"zip", _) => return Err(JwtError::NotSupported { what: "zip" }),
            (b"enc", _) => return Err(JwtError::NotSupported { what: "enc" }),
            _ => {}
        }
        Ok(())
    }
}

/// The header read last, by its encoded text: the tokens of one issuer have the same one, again and
/// again, and the same text reads the same. Which key it selects, and whether its `typ` will do, is
/// asked anew for each token.
#[derive(Default)]
pub struct LastHeader(Option<(String, Header)>);

impl LastHeader {
    pub(super) fn or_parse(&mut self, encoded: &str) -> Result<&Header, JwtError> {
        let entry = match self.0.take() {
            Some(entry) if entry.0 == encoded => entry,
            _ => (encoded.to_owned(), Header::parse(encoded)?),
        };
        Ok(&self.0.insert(entry).1)
    }
}
