//! What a server answers when it is asked for its key set.

use hmac_sha256::Hash;

use super::{JwksError, set};
use crate::fetch::Response;
use crate::jwt::{Algorithm, KeySet};

/// The fields of the answer that are read.
pub(super) const FIELDS: &[&str] = &["content-type", "etag", "cache-control", "age"];
/// The most bytes of a key set: 256 KiB.
pub(super) const BYTES_MAX: usize = 256 << 10;
/// Longest entity tag that is sent back, in bytes.
const ETAG_BYTES_MAX: usize = 256;

/// An answer that says what the set is.
#[derive(Debug)]
pub(super) struct Answer {
    /// The set, or `None`: the one that was asked after is still the one.
    pub(super) set: Option<Published>,
    /// What names it, when there is something.
    pub(super) etag: Option<String>,
    /// How long it is fresh, in milliseconds, if it says.
    pub(super) fresh_ms: Option<u64>,
}

/// A set as published.
#[derive(Debug)]
pub(super) struct Published {
    pub(super) keys: KeySet,
    /// Of its text: what is published again unchanged is told by it, where there is no entity tag.
    pub(super) digest: [u8; 32],
}

/// Reads an answer. `conditional`: it was asked after a set that is known (RFC 9110 section 13.1.2).
pub(super) fn read(
    response: &Response,
    conditional: bool,
    allowed: &[Algorithm],
) -> Result<Answer, JwksError> {
    let unavailable = |cause| Err(JwksError::Unavailable { cause });
    let set = match response.status {
        200 => Some(read_set(response, allowed).map_err(|cause| JwksError::Invalid { cause })?),
        304 if conditional => None,
        // The set's place is the configured one: what another place says is not the issuer's.
        300..=399 => return unavailable("redirect"),
        429 => return unavailable("quota"),
        500..=599 => return unavailable("http_5xx"),
        _ => return unavailable("http_status"),
    };
    Ok(Answer { set, etag: etag(response), fresh_ms: fresh_ms(response) })
}

fn read_set(response: &Response, allowed: &[Algorithm]) -> Result<Published, &'static str> {
    let kind = response.field("content-type").unwrap_or_default();
    let kind = kind.split_once(';').map_or(kind, |(kind, _)| kind).trim();
    let accepted = ["application/json", "application/jwk-set+json"];
    if !accepted.iter().any(|accepted| kind.eq_ignore_ascii_case(accepted)) {
        return Err("media_type");
    }
    if response.body.len() > BYTES_MAX {
        return Err("jwks_too_large");
    }
    let keys = set::read(&response.body, allowed)?;
    Ok(Published { keys, digest: Hash::hash(&response.body) })
}

/// What names the set, if it could stand in a field as it is.
fn etag(response: &Response) -> Option<String> {
    let etag = response.field("etag")?;
    let opaque = etag.strip_prefix("W/").unwrap_or(etag);
    let quoted = opaque.len() >= 2 && opaque.starts_with('"') && opaque.ends_with('"');
    let visible = etag.bytes().all(|byte| byte.is_ascii_graphic());
    (quoted && visible && etag.len() <= ETAG_BYTES_MAX).then(|| etag.to_owned())
}

/// How long the answer is fresh: its `max-age`, less the time it spent in caches (RFC 9111 section
/// 4.2); nothing where it is not to be kept at all. `None` when it does not say.
fn fresh_ms(response: &Response) -> Option<u64> {
    let mut said_s = None;
    for directive in response.field("cache-control")?.split(',') {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        let name = name.trim();
        if name.eq_ignore_ascii_case("no-store") || name.eq_ignore_ascii_case("no-cache") {
            return Some(0);
        }
        if name.eq_ignore_ascii_case("max-age") {
            // Section 4.2.1: of several, or one that cannot be read, the shortest.
            let seconds = value.trim().trim_matches('"').parse::<u32>().unwrap_or(0);
            said_s = Some(said_s.map_or(seconds, |said: u32| said.min(seconds)));
        }
    }
    let age_s = response.field("age").and_then(|age| age.trim().parse::<u32>().ok()).unwrap_or(0);
    said_s.map(|said_s| u64::from(said_s.saturating_sub(age_s)).saturating_mul(1000))
}
