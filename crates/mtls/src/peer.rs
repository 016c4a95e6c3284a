//! What a handshake proved, for the HTTP layer.

use std::sync::Arc;

/// One TLS connection as its requests see it.
#[derive(Clone, Debug, Default)]
pub struct TlsConnection {
    /// The server name that the client asked for, without a dot at its end.
    pub sni: Option<String>,
    /// The client's certificate, DER, whose key's possession the handshake proved. Its path is not
    /// judged by that, unless the listener requires certificates.
    pub certificate: Option<Arc<Vec<u8>>>,
    /// From which subscriber it comes, where that is known: the bits of an address of IPv4 within
    /// IPv6, or of a /64 of IPv6.
    pub subscriber: Option<u128>,
}

impl TlsConnection {
    /// Whether a request's Host, or HTTP/2's `:authority`, (port dropped) is the name of the
    /// handshake. A dot at the end of a name makes it no other: the handshake says none (RFC 6066
    /// 3).
    pub fn is_for_host(&self, host: Option<&str>) -> bool {
        let name = host.map(|host| host.rsplit_once(':').map_or(host, |(name, _)| name));
        let name = name.map(without_dot);
        match (&self.sni, name) {
            (Some(sni), Some(name)) => sni.eq_ignore_ascii_case(name),
            _ => false,
        }
    }
}

/// A name without the dot that may end it: some clients leave it in their handshake, where none
/// belongs (RFC 6066 3).
pub(crate) fn without_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_at_the_end_makes_no_other_host() {
        let sni = Some("a.example".to_owned());
        let connection = TlsConnection { sni, ..TlsConnection::default() };
        for (host, is_it) in [
            ("a.example", true),
            ("A.example:443", true),
            ("a.example.", true),
            ("a.example.:443", true),
            ("a.example..", false),
            (".a.example", false),
            ("b.example.", false),
            (".", false),
        ] {
            assert_eq!(connection.is_for_host(Some(host)), is_it, "{host}");
        }
        assert_eq!(without_dot("a.example."), "a.example");
        assert_eq!(without_dot("a.example"), "a.example");
        assert!(!connection.is_for_host(None));
    }
}
