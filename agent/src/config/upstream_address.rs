//! Where an application is: an address of TCP or a socket of this machine. Names are none: what a
//! gate forwards goes where its configuration says, and no resolver has a word in that.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// What stands before the path of a socket.
const UNIX: &str = "unix:";

/// The address of an application.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum UpstreamAddress {
    /// An address and a port.
    Tcp(SocketAddr),
    /// A socket of the file system, by its absolute path.
    Unix(PathBuf),
}

/// What is no address of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "应用地址应为 127.0.0.1:8000 或 unix:/run/app.sock，不能是域名 / \
     an application is at 127.0.0.1:8000 or unix:/run/app.sock; a name is no address"
)]
pub struct NoUpstream;

impl FromStr for UpstreamAddress {
    type Err = NoUpstream;

    fn from_str(text: &str) -> Result<Self, NoUpstream> {
        if let Some(path) = text.strip_prefix(UNIX) {
            let path = PathBuf::from(path);
            let is_whole = path.is_absolute() && path.file_name().is_some();
            return is_whole.then_some(Self::Unix(path)).ok_or(NoUpstream);
        }
        let address: SocketAddr = text.parse().map_err(|_| NoUpstream)?;
        let is_one =
            address.port() != 0 && !address.ip().is_unspecified() && !address.ip().is_multicast();
        is_one.then_some(Self::Tcp(address)).ok_or(NoUpstream)
    }
}

impl TryFrom<String> for UpstreamAddress {
    type Error = NoUpstream;

    fn try_from(text: String) -> Result<Self, NoUpstream> {
        text.parse()
    }
}

impl From<UpstreamAddress> for String {
    fn from(address: UpstreamAddress) -> Self {
        address.to_string()
    }
}

impl From<SocketAddr> for UpstreamAddress {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address)
    }
}

impl fmt::Display for UpstreamAddress {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(to, "{address}"),
            Self::Unix(path) => write!(to, "{UNIX}{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is written is what was read; what leaves it to somebody else where a request goes is no
    /// address.
    #[test]
    fn an_application_is_where_the_configuration_says() {
        for text in ["127.0.0.1:8000", "[::1]:8000", "unix:/run/app.sock"] {
            assert_eq!(text.parse::<UpstreamAddress>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "localhost:8000",
            "app.example:80",
            "http://127.0.0.1:8000",
            "127.0.0.1",
            "127.0.0.1:0",
            "0.0.0.0:8000",
            "[::]:8000",
            "224.0.0.1:80",
            "*:80",
            "unix:",
            "unix:/",
            "unix:app.sock",
            "unix:../app.sock",
        ] {
            assert_eq!(text.parse::<UpstreamAddress>(), Err(NoUpstream), "{text}");
        }
    }
}
