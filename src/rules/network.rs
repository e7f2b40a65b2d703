//! Networks of addresses (RFC 4632, RFC 4291 section 2.3).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::store::{EntryKey, KeySpace};

/// A network: an address with its host bits 0, and how many bits are the network's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    kind: Kind,
}

/// Networks of one size. Ordered by it: the narrower is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    prefix: u8,
    is_v6: bool,
}

impl Kind {
    /// Networks of `prefix` bits.
    fn new(is_v6: bool, prefix: u8) -> Option<Self> {
        let most = if is_v6 { 128 } else { 32 };
        (prefix <= most).then_some(Self { prefix, is_v6 })
    }

    /// The one that an address is in; `None` for one of the other family.
    #[must_use]
    pub fn of(self, address: IpAddr) -> Option<Network> {
        let Self { prefix, is_v6 } = self;
        let first = match address.to_canonical() {
            IpAddr::V4(address) if !is_v6 => {
                let hosts = u32::MAX.checked_shr(prefix.into()).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & !hosts))
            }
            IpAddr::V6(address) if is_v6 => {
                let hosts = u128::MAX.checked_shr(prefix.into()).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !hosts))
            }
            _ => return None,
        };
        Some(Network { first, kind: self })
    }

    /// As [`Kind`] is displayed.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (family, prefix) = text.split_once('/')?;
        let is_v6 = match family {
            "4" => false,
            "6" => true,
            _ => return None,
        };
        Self::new(is_v6, prefix.parse().ok()?)
    }
}

/// `4/24`.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", if self.is_v6 { 6 } else { 4 }, self.prefix)
    }
}

impl Network {
    /// Reads an address, or one with `/` and the bits of its network behind it; whatever its host bits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
        let address: IpAddr = address.parse().ok()?;
        // An IPv4 address in IPv6's clothes is the IPv4 address, and its bits would be others.
        if prefix.is_some() && address != address.to_canonical() {
            return None;
        }
        let address = address.to_canonical();
        let most = if address.is_ipv6() { 128 } else { 32 };
        let prefix = match prefix {
            None => most,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok()?
            }
            Some(_) => return None,
        };
        Self::of(address, prefix)
    }

    /// The one of so many bits that an address is in; `None` for more bits than it has.
    #[must_use]
    pub fn of(address: IpAddr, prefix: u8) -> Option<Self> {
        Kind::new(address.is_ipv6(), prefix)?.of(address)
    }

    /// Its size.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// What stands for it in a store.
    #[must_use]
    pub fn name(&self) -> EntryKey {
        EntryKey::new(KeySpace::Network, "", &self.to_string())
    }
}

/// `192.0.2.0/24`.
impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.kind.prefix)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn network(text: &str) -> String {
        Network::parse(text).unwrap().to_string()
    }

    #[test]
    fn a_network_is_its_first_address_and_an_address_a_network_of_one() {
        assert_eq!(network("192.0.2.77/24"), "192.0.2.0/24");
        assert_eq!(network("192.0.2.77"), "192.0.2.77/32");
        assert_eq!(network("0.0.0.0/0"), "0.0.0.0/0");
        assert_eq!(network("2001:db8::1:2/64"), "2001:db8::/64");
        assert_eq!(network("2001:DB8::1"), "2001:db8::1/128");
        assert_eq!(network("::/0"), "::/0");
        assert_eq!(network("::ffff:192.0.2.77"), "192.0.2.77/32");
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in [
            "",
            "x",
            "192.0.2.0/33",
            "::/129",
            "192.0.2.0/",
            "192.0.2.0/+8",
            "192.0.2.0/-1",
            "192.0.2.0/24/24",
            "192.0.2/24",
            "::ffff:192.0.2.0/120",
            " 192.0.2.0/24",
            "192.0.2.0/999",
        ] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_kind_has_the_addresses_of_its_family_alone() {
        let four = Kind::parse("4/24").unwrap();
        let of = |address: &str| four.of(address.parse().unwrap()).map(|it| it.to_string());
        assert_eq!(of("192.0.2.9").as_deref(), Some("192.0.2.0/24"));
        assert_eq!(of("::ffff:192.0.2.9").as_deref(), Some("192.0.2.0/24"));
        assert_eq!(of("2001:db8::"), None);
        assert!(Kind::parse("4/25").unwrap() > four);
        for text in ["", "4", "5/1", "4/33", "6/129", "4/x"] {
            assert_eq!(Kind::parse(text), None, "{text}");
        }
    }
}
