//! `agent doctor`: looks whether a gate can work here, and says of everything that is wrong what
//! mends it. It changes nothing.

use super::joined::joined;
use super::renewal_due::is_due;
use super::status::{asked, certificate};
use crate::AgentConfig;
use crate::config::UpstreamAddress;
use crate::world::{Anchors, Source};
use anyhow::{Context, ensure};
use pki::Signer;
use service::{Clock, Metrics};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use system::layout::filled;
use system::speech;
use tokio::net::{TcpStream, UnixStream};

/// Longest wait for the application.
const CONNECT: Duration = Duration::from_secs(3);

/// What was looked at, and what is wrong with it, in both languages.
struct Look {
    name: (&'static str, &'static str),
    found: anyhow::Result<()>,
}

pub(super) async fn run(folder: &Path, json: bool) -> anyhow::Result<ExitCode> {
    // Without these there is nothing else to look at.
    let config = AgentConfig::read(folder)?;
    let file = joined(folder)?;
    let now = Clock::system().seconds();
    let mut looks = vec![
        Look { name: ("密钥", "key"), found: key(folder, now) },
        Look {
            name: ("规则与吊销列表", "rules and list"), found: world(&config, &file, now)
        },
        Look { name: ("运行状况", "running gate"), found: running(&config).await },
    ];
    for address in applications(&config) {
        looks.push(Look { name: ("应用", "application"), found: application(address).await });
        looks.push(Look {
            name: ("应用只经网关可达", "no way around"),
            found: around(address).await,
        });
    }
    let is_well = looks.iter().all(|look| look.found.is_ok());
    if json {
        let told = looks.iter().map(|look| {
            let wrong = look.found.as_ref().err().map(|error| format!("{error:#}"));
            serde_json::json!({ "look": look.name.1, "wrong": wrong })
        });
        let told: Vec<serde_json::Value> = told.collect();
        system::terminal::json(&serde_json::Value::from(told).to_string());
    } else {
        for Look { name: (zh, en), found } in &looks {
            match found {
                Ok(()) => speech::told("✓ ", &filled("{}", &[*zh]), &filled("{}", &[*en])),
                Err(error) => {
                    speech::broke_off(&format!("✗ {}: ", speech::both(zh, en)), error.chain())
                }
            }
        }
    }
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Where the gate leads to: by requests, and through tunnels.
fn applications(config: &AgentConfig) -> impl Iterator<Item = &UpstreamAddress> {
    config.upstream.all().iter().chain(config.tunnels.iter().map(|tunnel| &tunnel.upstream))
}

/// The key is its owner's alone, belongs to the certificate, and that is in time.
fn key(folder: &Path, now: u64) -> anyhow::Result<()> {
    let path = folder.join("tls.key");
    system::file::check_private(&path)?;
    let (signer, leaf) = (keys::open_plain(&path)?, certificate(folder)?);
    ensure!(
        signer.public_key().sha256() == leaf.key().sha256(),
        "tls.pem 与 tls.key 不匹配；下一步：agent renew / tls.pem and tls.key do not belong \
         together; next: agent renew"
    );
    let (from, until) = (leaf.not_before(), leaf.not_after());
    ensure!(
        (from..=until).contains(&now),
        "证书不在有效期内；下一步：agent renew / the certificate is not in time; next: agent renew"
    );
    ensure!(
        !is_due(&leaf, now),
        "证书有效期已不足三分之一；下一步：agent renew / less than a third of the certificate's \
         life is left; next: agent renew"
    );
    Ok(())
}

/// What was kept counts still.
fn world(config: &AgentConfig, file: &records::join::JoinFile, now: u64) -> anyhow::Result<()> {
    let source = Source::read(config, Anchors::new(file)?, Clock::system(), Metrics::default())?;
    let world = source.world.load();
    match world.usable(now) {
        Ok(_) => Ok(()),
        Err(code) => anyhow::bail!("{} [{code}] / {} [{code}]", code.zh(), code.en()),
    }
}

async fn running(config: &AgentConfig) -> anyhow::Result<()> {
    let said = asked(config).await.with_context(|| {
        let admin = config.admin;
        format!(
            "{admin} 没有应答；下一步：agent serve / nobody answers at {admin}; next: agent serve"
        )
    })?;
    let told = said.told.join("; ");
    ensure!(said.is_ready, "网关不可用：{told} / the gate is not ready: {told}");
    Ok(())
}

async fn application(address: &UpstreamAddress) -> anyhow::Result<()> {
    let connecting = async {
        match address {
            UpstreamAddress::Tcp(address) => TcpStream::connect(address).await.map(drop),
            UpstreamAddress::Unix(path) => UnixStream::connect(path).await.map(drop),
        }
    };
    let connected = tokio::time::timeout(CONNECT, connecting).await;
    let connected = connected.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
    connected.with_context(|| {
        format!(
            "无法连接 {address}；启动应用，或改 agent.toml 的 upstream / {address} cannot be \
             reached; start the application, or change upstream in agent.toml"
        )
    })
}

/// An application of this machine that listens to others as well lets them in past the gate.
async fn around(address: &UpstreamAddress) -> anyhow::Result<()> {
    let UpstreamAddress::Tcp(address) = address else { return Ok(()) };
    let Some(outside) = outside().filter(|_| address.ip().is_loopback()) else { return Ok(()) };
    let there = SocketAddr::new(outside, address.port());
    let connected = tokio::time::timeout(CONNECT, TcpStream::connect(there)).await;
    ensure!(
        !matches!(connected, Ok(Ok(_))),
        "应用也在 {there} 监听，可以绕过网关；让它只监听 {address} / the application listens on \
         {there} as well, past the gate; have it listen on {address} only"
    );
    Ok(())
}

/// The address that others of the network see, if there is one; nothing is sent to learn it.
fn outside() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever the gate leads to is looked at, behind a tunnel too: whoever reaches it past the
    /// gate needs no tunnel.
    #[test]
    fn every_application_is_looked_at() {
        let here = "127.0.0.1:1".parse().unwrap();
        let mut config = AgentConfig::new(Path::new("/"), here, here, here);
        for upstream in ["127.0.0.1:5432", "unix:/run/database"] {
            let said = serde_json::json!({
                "name": "database", "listen": "127.0.0.1:2", "upstream": upstream,
            });
            config.tunnels.push(serde_json::from_value(said).unwrap());
        }
        let all: Vec<String> = applications(&config).map(ToString::to_string).collect();
        assert_eq!(all, ["127.0.0.1:1", "127.0.0.1:5432", "unix:/run/database"]);
    }
}
