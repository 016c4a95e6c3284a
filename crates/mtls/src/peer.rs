//! What a handshake proved, for the HTTP layer.

use std::sync::Arc;

/// One TLS connection as its requests see it.
#[derive(Clone, Debug, Default)]
pub struct TlsConnection {
    /// The server name that the client asked for.
    pub sni: Option<String>,
    /// The client's certificate, DER, whose key's possession the handshake proved. Its path is not
    /// judged by that, unless the listener requires certificates.
    pub certificate: Option<Arc<Vec<u8>>>,
}

impl TlsConnection {
    /// Whether a request's Host, or HTTP/2's `:authority`, (port dropped) is the name of the
    /// handshake.
    pub fn is_for_host(&self, host: Option<&str>) -> bool {
        let name = host.map(|host| host.rsplit_once(':').map_or(host, |(name, _)| name));
        match (&self.sni, name) {
            (Some(sni), Some(name)) => sni.eq_ignore_ascii_case(name),
            _ => false,
        }
    }
}
