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

/// The addresses of an application: one, or several that do the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "OneOrMore", into = "OneOrMore")]
pub struct UpstreamAddresses(Vec<UpstreamAddress>);

/// Most addresses of one application.
const ADDRESSES_MAX: usize = 16;

#[derive(Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "应用地址应为 127.0.0.1:8000 或 unix:/run/app.sock，不能是域名 / \
                 an application is at 127.0.0.1:8000 or unix:/run/app.sock; a name is no address"
)]
enum OneOrMore {
    One(UpstreamAddress),
    More(Vec<UpstreamAddress>),
}

impl UpstreamAddresses {
    /// Several, each once.
    pub fn of(all: Vec<UpstreamAddress>) -> Result<Self, NoUpstream> {
        let is_twice = |place: usize, one: &UpstreamAddress| {
            all.iter().skip(place + 1).any(|other| other == one)
        };
        let is_fine = (1..=ADDRESSES_MAX).contains(&all.len())
            && !all.iter().enumerate().any(|(place, one)| is_twice(place, one));
        is_fine.then_some(Self(all)).ok_or(NoUpstream)
    }

    /// All of them.
    pub fn all(&self) -> &[UpstreamAddress] {
        &self.0
    }
}

impl From<UpstreamAddress> for UpstreamAddresses {
    fn from(one: UpstreamAddress) -> Self {
        Self(vec![one])
    }
}

impl TryFrom<OneOrMore> for UpstreamAddresses {
    type Error = NoUpstream;

    fn try_from(read: OneOrMore) -> Result<Self, NoUpstream> {
        match read {
            OneOrMore::One(one) => Ok(Self(vec![one])),
            OneOrMore::More(all) => Self::of(all),
        }
    }
}

impl From<UpstreamAddresses> for OneOrMore {
    fn from(UpstreamAddresses(mut all): UpstreamAddresses) -> Self {
        match (all.len(), all.pop()) {
            (1, Some(one)) => Self::One(one),
            (_, last) => {
                all.extend(last);
                Self::More(all)
            }
        }
    }
}

impl fmt::Display for UpstreamAddresses {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, one) in self.0.iter().enumerate() {
            let before = if place > 0 { ", " } else { "" };
            write!(to, "{before}{one}")?;
        }
        Ok(())
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

    /// Several are written as they were read, and none stands there twice.
    #[test]
    fn an_application_has_one_place_or_several() {
        let read = |said: serde_json::Value| serde_json::from_value::<UpstreamAddresses>(said);
        for said in [
            serde_json::json!("127.0.0.1:1"),
            serde_json::json!(["127.0.0.1:1", "unix:/run/app.sock"]),
        ] {
            assert_eq!(serde_json::to_value(read(said.clone()).unwrap()).unwrap(), said);
        }
        let many: Vec<String> = (1..=17).map(|port| format!("127.0.0.1:{port}")).collect();
        for said in [
            serde_json::json!([]),
            serde_json::json!(["127.0.0.1:1", "127.0.0.1:1"]),
            serde_json::json!(["127.0.0.1:1", "app.example:1"]),
            serde_json::json!(many),
            serde_json::json!(1),
        ] {
            let error = read(said).unwrap_err().to_string();
            assert!(error.contains("unix:/run/app.sock"), "{error}");
        }
    }

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
