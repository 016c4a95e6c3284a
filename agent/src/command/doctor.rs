//! `agent doctor`: looks whether a gate can work here, and says of everything that is wrong what
//! mends it. It changes nothing.

use super::join::serve;
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
use system::speech::{self, Command};
use tokio::net::{TcpStream, UnixStream};

/// Longest wait for the application.
const CONNECT: Duration = Duration::from_secs(3);

/// What is looked at of a way around the gate: one address of this machine, and no more.
const PAST_THE_GATE: (&str, &str) =
    ("经本机的 IPv4 地址连不到应用", "not reached past the gate at this machine's IPv4 address");

/// What was looked at, and what is wrong with it, in both languages.
struct Look {
    name: (&'static str, &'static str),
    found: anyhow::Result<Looked>,
}

/// What is no fault: of what was not looked at, nothing is said to be well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Looked {
    Well,
    NotLooked,
}

impl Look {
    fn new(name: (&'static str, &'static str), found: anyhow::Result<()>) -> Self {
        Self { name, found: found.map(|()| Looked::Well) }
    }

    /// For machines.
    fn json(&self) -> serde_json::Value {
        let wrong = self.found.as_ref().err().map(|error| format!("{error:#}"));
        let is_looked = !matches!(self.found, Ok(Looked::NotLooked));
        serde_json::json!({ "look": self.name.1, "looked": is_looked, "wrong": wrong })
    }

    fn say(&self) {
        let (zh, en) = self.name;
        match &self.found {
            Ok(Looked::Well) => speech::said("✓ ", zh, en),
            Ok(Looked::NotLooked) => {
                let unlooked = speech::both("没有检查", "not looked at");
                speech::said(&format!("– {unlooked}: "), zh, en);
            }
            Err(error) => {
                speech::broke_off(&format!("✗ {}: ", speech::both(zh, en)), error.chain());
            }
        }
    }
}

pub(super) async fn run(folder: &Path, json: bool) -> anyhow::Result<ExitCode> {
    // Without these there is nothing else to look at.
    let config = AgentConfig::read(folder)?;
    let file = joined(folder)?;
    let now = Clock::system().seconds();
    let mut looks = vec![
        Look::new(("密钥", "key"), key(folder, now)),
        Look::new(("规则与吊销列表", "rules and list"), world(&config, &file, now)),
        Look::new(("运行状况", "running gate"), running(folder, &config).await),
    ];
    for address in applications(&config) {
        looks.push(Look::new(("应用", "application"), application(address).await));
        looks.push(Look { name: PAST_THE_GATE, found: around(address, outside()).await });
    }
    let is_well = looks.iter().all(|look| look.found.is_ok());
    if json {
        let told: Vec<serde_json::Value> = looks.iter().map(Look::json).collect();
        system::terminal::json(&serde_json::Value::from(told).to_string());
    } else {
        looks.iter().for_each(Look::say);
    }
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Where the gate leads to: by requests, and through tunnels.
fn applications(config: &AgentConfig) -> impl Iterator<Item = &UpstreamAddress> {
    config.upstream.all().iter().chain(config.tunnels.iter().map(|tunnel| &tunnel.upstream))
}

/// The key is its owner's alone, belongs to the certificate, and that is in time.
fn key(folder: &Path, now: u64) -> anyhow::Result<()> {
    let renew = Command::new("agent --state {} renew", &[&folder.display().to_string()]);
    let renew = renew.as_str();
    let path = folder.join("tls.key");
    system::file::check_private(&path)?;
    let (signer, leaf) = (keys::open_plain(&path)?, certificate(folder)?);
    ensure!(
        signer.public_key().sha256() == leaf.key().sha256(),
        "tls.pem 与 tls.key 不匹配；下一步：{renew} / tls.pem and tls.key do not belong together; \
         next: {renew}"
    );
    let (from, until) = (leaf.not_before(), leaf.not_after());
    ensure!(
        (from..=until).contains(&now),
        "证书不在有效期内；下一步：{renew} / the certificate is not in time; next: {renew}"
    );
    ensure!(
        !is_due(&leaf, now),
        "证书有效期已不足三分之一；下一步：{renew} / less than a third of the certificate's life is \
         left; next: {renew}"
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

async fn running(folder: &Path, config: &AgentConfig) -> anyhow::Result<()> {
    let said = asked(config).await.with_context(|| {
        let (admin, serve) = (config.admin, serve(folder));
        let serve = serve.as_str();
        format!("{admin} 没有应答；下一步：{serve} / nobody answers at {admin}; next: {serve}")
    })?;
    let told = said.told.join("; ");
    ensure!(said.is_ready, "网关不可用：{told} / the gate is not ready: {told}");
    let away = away(&said.told);
    ensure!(
        away.is_empty(),
        "网关仍在判断，但本市有服务联系不上：{away} / the gate decides, but a service of the city \
         is away: {away}"
    );
    Ok(())
}

/// What a gate says that waits for services of the city, while it decides.
fn away(told: &[String]) -> String {
    let of_city = |line: &&String| ["status: ", "log: "].iter().any(|of| line.starts_with(of));
    told.iter().filter(of_city).map(String::as_str).collect::<Vec<_>>().join("; ")
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

/// An application of this machine that listens to others as well lets them in past the gate. Of one
/// elsewhere, or behind a socket of the file system, nothing is known here.
async fn around(address: &UpstreamAddress, outside: Option<IpAddr>) -> anyhow::Result<Looked> {
    let UpstreamAddress::Tcp(address) = address else { return Ok(Looked::NotLooked) };
    let Some(outside) = outside.filter(|_| address.ip().is_loopback()) else {
        return Ok(Looked::NotLooked);
    };
    let there = SocketAddr::new(outside, address.port());
    let connected = tokio::time::timeout(CONNECT, TcpStream::connect(there)).await;
    ensure!(
        !matches!(connected, Ok(Ok(_))),
        "应用也在 {there} 监听，可以绕过网关；让它只监听 {address} / the application listens on \
         {there} as well, past the gate; have it listen on {address} only"
    );
    Ok(Looked::Well)
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

    /// Where nothing can be tried, nothing is said to be well.
    #[tokio::test]
    async fn what_was_not_looked_at_is_not_said_to_be_well() {
        let own = std::net::TcpListener::bind("127.0.0.2:0").unwrap();
        let port = own.local_addr().unwrap().port();
        let here: UpstreamAddress = format!("127.0.0.1:{port}").parse().unwrap();
        let [elsewhere, socket] = ["192.0.2.7:80", "unix:/run/application"]
            .map(|address| address.parse::<UpstreamAddress>().unwrap());
        let at = |address: &str| Some(address.parse::<IpAddr>().unwrap());
        let there = at("127.0.0.2");
        for (address, outside) in [(&elsewhere, there), (&socket, there), (&here, None)] {
            assert_eq!(around(address, outside).await.unwrap(), Looked::NotLooked, "{address}");
            let look = Look { name: PAST_THE_GATE, found: Ok(Looked::NotLooked) };
            assert_eq!(look.json()["looked"], false);
        }
        assert_eq!(around(&here, at("127.0.0.3")).await.unwrap(), Looked::Well);
        let told = around(&here, at("127.0.0.2")).await.unwrap_err().to_string();
        assert!(told.contains(&format!("127.0.0.2:{port}")), "{told}");
    }

    /// A gate that decides alone is ready; whoever looks after it is told all the same.
    #[test]
    fn a_gate_that_decides_alone_is_not_well() {
        let told = ["spool: nearly full", "status: nothing new comes", "log: records wait"];
        let told = told.map(str::to_owned);
        assert_eq!(away(&told), "status: nothing new comes; log: records wait");
        assert_eq!(away(&told[..1]), "");
    }

    /// What is to be typed is the whole command, wherever the gate's folder is.
    #[tokio::test]
    async fn what_mends_a_gate_names_its_folder() {
        let folder = Path::new("/srv/my gate");
        let here = "127.0.0.1:1".parse().unwrap();
        let config = AgentConfig::new(folder, here, here, here);
        let told = running(folder, &config).await.unwrap_err().to_string();
        let serve = ["agent --state", "'/srv/my gate' serve"].join(" ");
        assert!(told.contains(&format!("下一步：{serve} / ")), "{told}");
        assert!(told.ends_with(&format!("next: {serve}")), "{told}");
    }
}
