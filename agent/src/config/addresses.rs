//! The addresses that a gate takes, each with the setting that names it.

use super::{AgentConfig, UpstreamAddress};
use service::config::ConfigError;
use std::net::SocketAddr;
use std::path::Path;

impl AgentConfig {
    /// Gives every address that a start takes, with its setting as a person finds it.
    pub fn addresses(&self) -> Vec<(SocketAddr, String)> {
        let own = [(self.listen, "listen"), (self.admin, "admin")];
        let own = own.map(|(address, setting)| (address, format!("agent.toml: {setting}")));
        let tunnels = self.tunnels.iter().map(|tunnel| {
            let setting = format!("agent.toml: [[tunnel]] {}", tunnel.name);
            (tunnel.listen, setting)
        });
        let calls = match self.calls {
            Some(UpstreamAddress::Tcp(address)) => Some((address, "agent.toml: calls".to_owned())),
            _ => None,
        };
        own.into_iter().chain(tunnels).chain(calls).collect()
    }

    /// Refuses an address that two settings name: no start could take it twice.
    pub(super) fn check_addresses(&self, path: &Path) -> Result<(), ConfigError> {
        let Some(address) = self.named_twice() else { return Ok(()) };
        let message = format!(
            "{address} 出现两次：每个监听地址只用一次 / \
             {address} is named twice: each address is listened on once"
        );
        Err(ConfigError::Value { path: path.to_owned(), line: line_of(path, address), message })
    }

    /// Says where an address stands that somebody else has, and what mends that.
    pub(crate) fn taken(&self, address: SocketAddr) -> String {
        let line = line_of(&self.path("agent.toml"), address);
        format!(
            "agent.toml 第 {line} 行：换一个地址，或先结束占用它的程序 / agent.toml, line {line}: \
             choose another address, or end what listens there"
        )
    }

    /// An address that two settings name.
    pub(crate) fn named_twice(&self) -> Option<SocketAddr> {
        let all = self.addresses();
        all.iter().enumerate().find_map(|(place, (address, _))| {
            let before = all.get(..place).unwrap_or_default();
            let is_same_family = |other: &SocketAddr| other.is_ipv4() == address.is_ipv4();
            let mut others = before.iter().map(|(other, _)| other);
            let is_twice = others.any(|other| is_same_family(other) && meet(*other, *address));
            is_twice.then_some(*address)
        })
    }
}

/// The last line that names an address, from 1.
fn line_of(path: &Path, address: SocketAddr) -> usize {
    let (text, held) = (std::fs::read_to_string(path).unwrap_or_default(), address.to_string());
    let found = text.lines().enumerate().filter(|(_, line)| line.contains(&held)).last();
    found.map_or(0, |(line, _)| line + 1)
}

/// Whether whoever holds one address may be why another cannot be taken.
pub(crate) fn meet(one: SocketAddr, other: SocketAddr) -> bool {
    let is_every = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() != 0 && one.port() == other.port() && (one.ip() == other.ip() || is_every)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each address is taken once: one that two settings name is refused with the line of the
    /// second, and so is a port of all addresses beside one of them.
    #[test]
    fn no_address_is_named_twice() {
        let folder = tempfile::tempdir().unwrap();
        let read = |listen: &str, admin: &str, more: &str| {
            let own = format!("listen = \"{listen}\"\nadmin = \"{admin}\"\n");
            let text = format!("{own}upstream = \"127.0.0.1:8000\"\n{more}");
            std::fs::write(folder.path().join("agent.toml"), text).unwrap();
            AgentConfig::read(folder.path()).map(|config| config.addresses().len())
        };
        let tunnel = |listen: &str| {
            let own = "upstream = \"127.0.0.1:5432\"\n";
            format!("[[tunnel]]\nname = \"database\"\nlisten = \"{listen}\"\n{own}")
        };
        let (listen, admin) = ("0.0.0.0:8443", "127.0.0.1:9443");
        assert_eq!(read(listen, admin, &tunnel("0.0.0.0:5432")).unwrap(), 3);
        assert_eq!(read(listen, admin, "calls = \"127.0.0.1:9444\"\n").unwrap(), 3);
        assert_eq!(read(listen, admin, "calls = \"unix:/run/a\"\n").unwrap(), 2);
        assert_eq!(read("192.0.2.1:443", "[::1]:443", "").unwrap(), 2);
        for (admin, more, line) in [
            (listen, String::new(), 2),
            ("127.0.0.1:8443", String::new(), 2),
            (admin, "calls = \"127.0.0.1:9443\"\n".to_owned(), 4),
            (admin, tunnel("127.0.0.1:9443"), 6),
        ] {
            let error = read(listen, admin, &more).unwrap_err().to_string();
            assert!(error.contains(&format!("agent.toml, line {line}: ")), "{error}");
        }
        let here = "127.0.0.1:1".parse().unwrap();
        let config = AgentConfig::new(Path::new("/"), here, here, here);
        assert_eq!(config.named_twice(), Some(here));
    }
}
