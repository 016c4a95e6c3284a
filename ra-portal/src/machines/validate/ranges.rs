//! Addresses that a validation may speak to: those of the open net, and of the inner one those that
//! the configuration names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Ranges of the inner net that may be spoken to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ranges(Vec<Range>);

#[derive(Clone, Copy, Debug)]
struct Range {
    network: IpAddr,
    bits: u8,
}

/// A text is no range of addresses.
#[derive(Debug, thiserror::Error)]
#[error("不是地址范围（例如 10.0.0.0/8）：{0} / no range of addresses, as 10.0.0.0/8 is one: {0}")]
pub(crate) struct NoRange(String);

/// Of IPv4 what leads nowhere in the open net (RFC 6890 and its registry).
const INNER_V4: [(Ipv4Addr, u8); 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// Within global unicast of IPv6, what leads elsewhere: addresses that carry another one, and those
/// of documents.
const INNER_V6: [(Ipv6Addr, u8); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];
const GLOBAL_V6: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

impl Ranges {
    /// Reads ranges as `10.0.0.0/8`.
    pub(crate) fn read(texts: &[String]) -> Result<Self, NoRange> {
        let ranges: Result<Vec<Range>, NoRange> = texts.iter().map(|text| range(text)).collect();
        Ok(Self(ranges?))
    }

    /// Whether an address may be spoken to. One of IPv4 within IPv6 is one of IPv4.
    pub(crate) fn permit(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|range| range.holds(address)) || is_open(address)
    }
}

impl Range {
    fn holds(&self, address: IpAddr) -> bool {
        match (self.network, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => within_v4(address, (network, self.bits)),
            (IpAddr::V6(network), IpAddr::V6(address)) => within_v6(address, (network, self.bits)),
            _ => false,
        }
    }
}

fn range(text: &str) -> Result<Range, NoRange> {
    let wrong = || NoRange(text.to_owned());
    let (network, bits) = text.split_once('/').ok_or_else(wrong)?;
    let network: IpAddr = network.parse().map_err(|_| wrong())?;
    let bits: u8 = bits.parse().map_err(|_| wrong())?;
    let most = if network.is_ipv4() { 32 } else { 128 };
    if bits > most { Err(wrong()) } else { Ok(Range { network, bits }) }
}

/// Whether an address is one of the open net.
fn is_open(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !INNER_V4.iter().any(|range| within_v4(address, *range)),
        IpAddr::V6(address) => {
            within_v6(address, GLOBAL_V6)
                && !INNER_V6.iter().any(|range| within_v6(address, *range))
        }
    }
}

fn within_v4(address: Ipv4Addr, (network, bits): (Ipv4Addr, u8)) -> bool {
    let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
    address.to_bits() & mask == network.to_bits() & mask
}

fn within_v6(address: Ipv6Addr, (network, bits): (Ipv6Addr, u8)) -> bool {
    let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
    address.to_bits() & mask == network.to_bits() & mask
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permit(ranges: &[&str], address: &str) -> bool {
        let ranges: Vec<String> = ranges.iter().map(|range| (*range).to_owned()).collect();
        Ranges::read(&ranges).unwrap().permit(address.parse().unwrap())
    }

    /// What a stranger's name leads to is no way to what only this machine, or its net, can reach.
    #[test]
    fn the_inner_net_is_spoken_to_where_the_configuration_says() {
        for inner in [
            "127.0.0.1",
            "0.0.0.0",
            "10.1.2.3",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
        ] {
            assert!(!permit(&[], inner), "{inner}");
        }
        for open in ["1.1.1.1", "172.32.0.1", "11.0.0.1", "2400:3200::1", "::ffff:1.1.1.1"] {
            assert!(permit(&[], open), "{open}");
        }
        assert!(permit(&["127.0.0.0/8"], "127.0.0.1"));
        assert!(permit(&["127.0.0.0/8"], "::ffff:127.0.0.1"));
        assert!(!permit(&["127.0.0.0/8"], "10.0.0.1"));
        assert!(permit(&["10.2.0.0/16", "fc00::/7"], "fd00::1"));
        assert!(!permit(&["10.2.0.0/16"], "10.3.0.1"));
        assert!(permit(&["0.0.0.0/0"], "10.3.0.1"));
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for bad in ["10.0.0.0", "10.0.0.0/33", "10.0.0/8", "::/129", "all", "10.0.0.0/-1"] {
            assert!(Ranges::read(&[bad.to_owned()]).is_err(), "{bad}");
        }
    }
}
