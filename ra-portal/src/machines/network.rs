//! The network around a source: whoever has one has all sources in it.

use std::net::Ipv6Addr;

/// A /24 of IPv4, or a /48 of IPv6: each has so many times what one source of it has.
pub(crate) const SOURCES_OF_NETWORK: usize = 4;

/// The network around a source, by the bits of its address.
pub(crate) fn network_of(source: u128) -> u128 {
    let is_v4 = Ipv6Addr::from_bits(source).to_ipv4_mapped().is_some();
    source & (u128::MAX << if is_v4 { 8 } else { 80 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn what_one_site_has_is_one_network() {
        let four = |text: &str| text.parse::<Ipv4Addr>().unwrap().to_ipv6_mapped().to_bits();
        assert_eq!(network_of(four("192.0.2.1")), network_of(four("192.0.2.255")));
        assert_ne!(network_of(four("192.0.2.1")), network_of(four("192.0.3.1")));
        let six = |text: &str| text.parse::<Ipv6Addr>().unwrap().to_bits();
        assert_eq!(network_of(six("2001:db8:1:2::")), network_of(six("2001:db8:1:ffff::")));
        assert_ne!(network_of(six("2001:db8:1::")), network_of(six("2001:db8:2::")));
    }
}
