//! The addresses that a process takes.

use crate::inherited;
use std::io::{Error, ErrorKind};
use std::net::SocketAddr;
use system::speech;
use tokio::net::{TcpListener, TcpSocket};

/// Lowest port that any user may take.
const FREE_PORT_MIN: u16 = 1024;

/// Takes an address. What is told when that fails names the address and the setting that chooses
/// another one: a number of the operating system sends nobody to the right line of the right file.
/// One that whoever started this process holds for it is taken over.
pub async fn listen(address: SocketAddr, setting: &str) -> std::io::Result<TcpListener> {
    if let Some(handed) = inherited::take(address) {
        return handed.map_err(|error| named(address, setting, &error));
    }
    TcpListener::bind(address).await.map_err(|error| named(address, setting, &error))
}

/// Whether an address could be taken, which is told as [`listen`] tells it. Nothing is taken: what
/// only looks does not listen, so that nobody connects to it.
pub fn can_listen(address: SocketAddr, setting: &str) -> std::io::Result<()> {
    if inherited::is_handed(address) {
        return Ok(());
    }
    let look = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        socket.bind(address)
    };
    look().map_err(|error| named(address, setting, &error))
}

fn named(address: SocketAddr, setting: &str, error: &Error) -> Error {
    let mut told = speech::both(
        &format!("无法监听 {address}（设置：{setting}）"),
        &format!("cannot listen on {address} (setting: {setting})"),
    );
    if error.kind() == ErrorKind::PermissionDenied && address.port() < FREE_PORT_MIN {
        let below = speech::both(
            "1024 以下的端口需要 root 或 CAP_NET_BIND_SERVICE",
            "ports below 1024 need root or CAP_NET_BIND_SERVICE",
        );
        told = format!("{told}; {below}");
    }
    Error::new(error.kind(), format!("{told}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_that_cannot_be_taken_is_named_with_its_setting() {
        let first = listen(([127, 0, 0, 1], 0).into(), "agent.toml: listen").await.unwrap();
        let address = first.local_addr().unwrap();
        let told = listen(address, "agent.toml: listen").await.unwrap_err();
        assert_eq!(told.kind(), ErrorKind::AddrInUse);
        let told = told.to_string();
        assert!(told.contains(&address.to_string()) && told.contains("agent.toml: listen"));
        assert!(!told.contains("CAP_NET_BIND_SERVICE"), "{told}");
        let denied = Error::from(ErrorKind::PermissionDenied);
        let told = |port| named(([0, 0, 0, 0], port).into(), "listen", &denied).to_string();
        // Whoever only looks is told the same, and leaves it to others.
        let looked = can_listen(address, "agent.toml: listen").unwrap_err();
        assert_eq!(looked.kind(), ErrorKind::AddrInUse);
        assert!(looked.to_string().contains("agent.toml: listen"));
        drop(first);
        can_listen(address, "agent.toml: listen").unwrap();
        listen(address, "agent.toml: listen").await.unwrap();
        assert!(told(443).contains("CAP_NET_BIND_SERVICE"));
        assert!(!told(8443).contains("CAP_NET_BIND_SERVICE"));
    }
}
