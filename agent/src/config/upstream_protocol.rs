//! What is spoken with the application.

use serde::{Deserialize, Serialize};

/// The version of HTTP that the application gets its requests by. The gate asks for none by trial:
/// what is not spoken there is told as an application that gives no answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum UpstreamProtocol {
    /// HTTP/1.1, in clear or over TLS.
    #[default]
    #[serde(rename = "http/1.1")]
    Http1,
    /// HTTP/2 in clear, of which both sides know beforehand (RFC 9113 3.3).
    #[serde(rename = "h2c")]
    H2c,
    /// HTTP/2 over TLS, on which the handshake agrees (RFC 9113 3.2).
    #[serde(rename = "h2")]
    H2,
}

impl UpstreamProtocol {
    /// Refuses what does not fit to whether the application is reached over TLS.
    pub(super) fn check(self, has_tls: bool) -> Result<(), &'static str> {
        match (self, has_tls) {
            (Self::H2, false) => Err("h2 需要 [upstream_tls]；不加密时用 h2c / \
                                      h2 takes [upstream_tls]; in clear it is h2c"),
            (Self::H2c, true) => Err("有 [upstream_tls] 时用 h2 / with [upstream_tls] it is h2"),
            (Self::Http1, _) | (Self::H2c, false) | (Self::H2, true) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What goes over TLS and what goes in clear have names of their own, so that nobody sends in
    /// clear what was meant for TLS.
    #[test]
    fn a_protocol_of_an_application_fits_to_its_tls() {
        let named = |name: &str| serde_json::from_value(serde_json::json!(name));
        let read = |name: &str| -> UpstreamProtocol { named(name).unwrap() };
        for (name, in_clear, over_tls) in
            [("http/1.1", true, true), ("h2c", true, false), ("h2", false, true)]
        {
            assert_eq!(read(name).check(false).is_ok(), in_clear, "{name}");
            assert_eq!(read(name).check(true).is_ok(), over_tls, "{name}");
        }
        for name in ["", "h3", "H2", "http/2"] {
            let read: Result<UpstreamProtocol, _> = named(name);
            assert!(read.is_err(), "{name}");
        }
    }
}
