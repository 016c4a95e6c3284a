//! Where a connection comes from, as places are counted: what one subscriber is given, and the
//! network around it. An address of IPv6 names nobody; whoever has one has 2^64 of them.

use std::net::{IpAddr, Ipv6Addr};

/// Prefix of IPv6 that one subscriber has at least, in bits.
const NEAR_V6: u32 = 64;
/// Prefix of IPv6 that one site has mostly.
const WIDE_V6: u32 = 48;
/// Prefix of IPv4 around an address.
const WIDE_V4: u32 = 24;

/// One subscriber: an address of IPv4, or a /64 of IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Source {
    near: u128,
}

/// The network around: a /24 of IPv4, or a /48 of IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Network(u128);

impl From<IpAddr> for Source {
    fn from(address: IpAddr) -> Self {
        let near = match address.to_canonical() {
            IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
            IpAddr::V6(address) => address.to_bits() & prefix(NEAR_V6),
        };
        Self { near }
    }
}

impl Source {
    /// The bits by which it is told apart from others.
    pub(super) fn bits(self) -> u128 {
        self.near
    }

    /// The network around it.
    pub(super) fn network(self) -> Network {
        let is_v4 = Ipv6Addr::from_bits(self.near).to_ipv4_mapped().is_some();
        let bits = if is_v4 { u128::BITS - u32::BITS + WIDE_V4 } else { WIDE_V6 };
        Network(self.near & prefix(bits))
    }
}

fn prefix(bits: u32) -> u128 {
    u128::MAX.checked_shl(u128::BITS - bits).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        text.parse::<IpAddr>().unwrap().into()
    }

    #[test]
    fn an_address_of_ipv6_is_its_subscribers() {
        let one = source("2001:db8:1:2::1");
        assert_eq!(one, source("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(one, source("2001:db8:1:3::1"));
        assert_eq!(one.network(), source("2001:db8:1:ffff::").network());
        assert_ne!(one.network(), source("2001:db8:2:2::1").network());
        let four = source("192.0.2.1");
        assert_ne!(four, source("192.0.2.2"));
        assert_eq!(four, source("::ffff:192.0.2.1"), "it is one address in two spellings");
        assert_eq!(four.network(), source("192.0.2.255").network());
        assert_ne!(four.network(), source("192.0.3.1").network());
    }
}
