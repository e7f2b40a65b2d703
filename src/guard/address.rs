//! A caller's address, as limits count it.

use std::net::IpAddr;

use crate::limit::IPV6_PREFIX;
use crate::rules::Network;
use crate::store::{EntryKey, KeySpace};

/// An address. Limits count an IPv6 one by its network, and an IPv4-mapped one (RFC 4291 section 2.5.5.2) as the
/// IPv4 address it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    ip: IpAddr,
    ipv6_prefix: u8,
}

impl Address {
    /// Reads an address as proxies write it: bare, or IPv6 in brackets, without a port.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        let ip: IpAddr = bare.parse().ok()?;
        Some(Self { ip: ip.to_canonical(), ipv6_prefix: IPV6_PREFIX })
    }

    /// The same, counted by the network of `ipv6_prefix` bits when it is an IPv6 address.
    #[must_use]
    pub const fn counted_by(self, ipv6_prefix: u8) -> Self {
        Self { ipv6_prefix, ..self }
    }

    /// The address itself.
    #[must_use]
    pub const fn ip(self) -> IpAddr {
        self.ip
    }

    /// What the address is counted by. Callers without an address share one key.
    #[must_use]
    pub fn key(address: Option<Self>) -> EntryKey {
        let counted = match address.map(|Self { ip, ipv6_prefix }| (ip, ipv6_prefix)) {
            None => "unknown".to_owned(),
            Some((IpAddr::V4(address), _)) => address.to_string(),
            Some((ip, prefix)) => {
                Network::of(ip, prefix).map_or_else(|| ip.to_string(), |it| it.to_string())
            }
        };
        EntryKey::new(KeySpace::Address, "", &counted)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn key(text: &str) -> EntryKey {
        Address::key(Some(Address::parse(text).unwrap()))
    }

    #[test]
    fn ipv6_counts_by_its_64_and_a_mapped_address_as_ipv4() {
        assert_eq!(key("2001:db8:1:2:3:4:5:6"), key("[2001:db8:1:2::9]"));
        assert_ne!(key("2001:db8:1:2::"), key("2001:db8:1:3::"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    }

    #[test]
    fn another_network_of_ipv6_counts_by_that_and_ipv4_as_ever() {
        let key = |text, prefix| {
            Address::key(Address::parse(text).map(|address| address.counted_by(prefix)))
        };
        assert_eq!(key("2001:db8:1:2::1", 56), key("2001:db8:1:ff::1", 56));
        assert_ne!(key("2001:db8:1:2::1", 56), key("2001:db8:1:1ff::1", 56));
        assert_ne!(key("2001:db8::1", 128), key("2001:db8::2", 128));
        assert_eq!(key("192.0.2.1", 56), key("192.0.2.1", 64));
    }

    #[test]
    fn what_is_not_an_address_is_none() {
        for text in ["", "unknown", "192.0.2", "192.0.2.1:80", "_hidden", "1.2.3.4, 5.6.7.8"] {
            assert_eq!(Address::parse(text), None, "{text}");
        }
    }

    #[test]
    fn callers_without_an_address_share_one_key() {
        assert_eq!(Address::key(None), Address::key(None));
        assert_ne!(Address::key(None), key("192.0.2.1"));
    }
}
