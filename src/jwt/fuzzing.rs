//! What the fuzz targets see of the readers inside: no part of the interface, and only with the feature
//! `fuzzing`.

use super::header::Header;
use super::{Algorithm, Claims, JwtError, compact, json};

/// The members of a JSON object in order, each value as far as a claims check reads it: `None` for null,
/// objects and mixed arrays.
pub type Members = Vec<(String, Option<serde_json::Value>)>;

/// What the short way through a plain object hands over; `None` where it leaves `text` to the other.
#[must_use]
pub fn members_the_short_way(text: &str) -> Option<Members> {
    json::members_the_short_way(text)
}

/// What the reader for all objects hands over.
///
/// # Errors
/// In fixed words: what `text` is instead.
pub fn members_the_long_way(text: &str) -> Result<Members, &'static str> {
    json::members_the_long_way(text)
}

/// A header's algorithm, `kid` and `typ`, read from its encoded form.
///
/// # Errors
/// As the first step of verification.
#[allow(clippy::type_complexity, reason = "named by the line above")]
pub fn header(
    encoded: &str,
) -> Result<(Option<Algorithm>, Option<String>, Option<String>), JwtError> {
    Header::parse(encoded).map(|header| (header.algorithm, header.kid, header.typ))
}

/// The claims of a payload.
///
/// # Errors
/// As the third step of verification, before any policy.
pub fn claims(payload: &str) -> Result<Claims<'_>, JwtError> {
    Claims::parse(payload)
}

/// A part of a token, decoded.
///
/// # Errors
/// [`JwtError::JwsInvalid`].
pub fn decode(part: &str) -> Result<Vec<u8>, JwtError> {
    compact::decode(part)
}
