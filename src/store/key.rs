//! Names of stored entries: digests, so that no store ever holds a token, subject or address.

use std::fmt;
use std::hash::{Hash, Hasher};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
#[cfg(feature = "npm")]
use siphasher::sip128::SipHasher13;

/// What an [`EntryKey`] names; part of the digest, so that spaces never meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum KeySpace {
    /// One token, by `jti` or by the hash of its signing input.
    Token,
    /// A session, by `sid`.
    Session,
    /// A subject.
    Subject,
    /// A client.
    Client,
    /// An address, or the network it is counted by.
    Address,
    /// A network of an access rule.
    Network,
    /// A route.
    Route,
    /// The text of a claim.
    Claim,
    /// The value of a header field.
    Header,
    /// Several names together.
    Joined,
}

impl KeySpace {
    const fn tag(self) -> &'static [u8] {
        match self {
            Self::Token => b"token",
            Self::Session => b"session",
            Self::Subject => b"subject",
            Self::Client => b"client",
            Self::Address => b"address",
            Self::Network => b"network",
            Self::Route => b"route",
            Self::Claim => b"claim",
            Self::Header => b"header",
            Self::Joined => b"joined",
        }
    }
}

/// The name of one stored entry: SHA-256 over its space, issuer and value, each with its length
/// before it, so that no two different triples share a name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryKey([u8; 32]);

/// Of its first half: that is a digest too, and hashed with a key of the map's own.
impl Hash for EntryKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        if let Some(half) = self.0.first_chunk::<16>() {
            state.write(half);
        }
    }
}

impl EntryKey {
    /// The key of `value` under `issuer`: two issuers with the same value never touch each other.
    #[must_use]
    pub fn new(space: KeySpace, issuer: &str, value: &str) -> Self {
        Self::digest([space.tag(), issuer.as_bytes(), value.as_bytes()].into_iter())
    }

    /// The name of these together, in this order; of one alone it is that one.
    #[must_use]
    pub fn joined(names: &[Self]) -> Self {
        match names {
            [only] => *only,
            _ => {
                let parts = names.iter().map(|name| name.0.as_slice());
                Self::digest(std::iter::once(KeySpace::Joined.tag()).chain(parts))
            }
        }
    }

    fn digest<'p>(parts: impl Iterator<Item = &'p [u8]>) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }

    /// The name of a value that never leaves this instance's memory: a 128-bit keyed hash, of which nobody who
    /// does not know `seed` can make two values share one, and a tenth of the work.
    #[cfg(feature = "npm")]
    pub(crate) fn local(seed: &[u8; 16], value: &[u8]) -> Self {
        let hash = SipHasher13::new_with_key(seed).hash(value).as_bytes();
        let mut name = [0; 32];
        name.iter_mut().zip(hash).for_each(|(byte, hashed)| *byte = hashed);
        Self(name)
    }

    /// The name of an entry that says nothing: what is asked of a store only to learn whether it
    /// answers.
    #[must_use]
    pub fn probe() -> Self {
        Self::new(KeySpace::Token, "", "probe")
    }

    /// The key whose text, as [`fmt::Display`] writes it, came back from a store.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digest = URL_SAFE_NO_PAD.decode(text).ok()?;
        digest.try_into().ok().map(Self)
    }

    /// Base64url, as it stands in a storage key.
    pub(super) fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// The digest itself.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// As [`EntryKey::text`].
impl fmt::Display for EntryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl fmt::Debug for EntryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EntryKey({self})")
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn no_two_triples_share_a_key() {
        let key = EntryKey::new;
        let base = key(KeySpace::Token, "https://a", "x");
        assert_eq!(base, key(KeySpace::Token, "https://a", "x"));
        assert_ne!(base, key(KeySpace::Session, "https://a", "x"));
        assert_ne!(base, key(KeySpace::Token, "https://b", "x"));
        assert_ne!(key(KeySpace::Token, "ab", "c"), key(KeySpace::Token, "a", "bc"));
    }

    #[test]
    fn names_together_are_another_name_and_their_order_counts() {
        let [a, b] = ["a", "b"].map(|value| EntryKey::new(KeySpace::Client, "", value));
        let joined = EntryKey::joined(&[a, b]);
        assert_eq!(EntryKey::joined(&[a]), a);
        assert_ne!(joined, EntryKey::joined(&[b, a]));
        assert_ne!(joined, EntryKey::joined(&[a, b, b]));
    }
}
