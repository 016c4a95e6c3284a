//! Debian's `pebble` on the same machine: an ACME server for tests, which keeps all in its memory.
//! It validates without a pause and refuses no nonce for practice, so that it does its best.

use crate::site_net::SiteNet;
use crate::tool::which;
use anyhow::{Context, ensure};
use serde_json::json;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::time_provider::DefaultTimeProvider;

/// A server of ACME as its clients see it, and as the machine does.
pub(super) struct AcmeServer {
    pub(super) name: &'static str,
    /// Scheme, host and port.
    pub(super) base: String,
    pub(super) port: u16,
    /// The path of its directory.
    pub(super) directory: &'static str,
    pub(super) tls: Arc<ClientConfig>,
    /// What binds accounts: id and secret.
    pub(super) eab: (String, Vec<u8>),
    /// What it runs as.
    pub(super) pids: Vec<u32>,
}

/// A pebble that runs; dropping it ends it.
pub(super) struct Pebble {
    child: Child,
    pub(super) server: Arc<AcmeServer>,
}

impl Drop for Pebble {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts it; none if it is not installed.
pub(super) fn start(folder: &Path, net: &SiteNet) -> anyhow::Result<Option<Pebble>> {
    let Some(binary) = which("pebble") else {
        eprintln!("pebble is not here and is left out; next: apt-get install pebble");
        return Ok(None);
    };
    std::fs::create_dir_all(folder)?;
    certificate(folder)?;
    let free = || anyhow::Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port());
    let (port, management) = (free()?, free()?);
    let secret = system::random::bytes::<32>()?;
    let config = json!({ "pebble": {
        "listenAddress": format!("127.0.0.1:{port}"),
        "managementListenAddress": format!("127.0.0.1:{management}"),
        "certificate": "tls.pem",
        "privateKey": "tls.key",
        "httpPort": net.http_port,
        "tlsPort": net.tls_port,
        "ocspResponderURL": "",
        "externalAccountBindingRequired": true,
        "externalAccountMACKeys":
            { "bench": data_encoding::BASE64URL_NOPAD.encode(&secret) },
    }});
    std::fs::write(folder.join("config.json"), config.to_string())?;
    let log = std::fs::File::create(folder.join("log"))?;
    let child = Command::new(binary)
        .args(["-config", "config.json"])
        .args(["-dnsserver", &format!("127.0.0.1:{}", net.dns_port)])
        .env("PEBBLE_VA_NOSLEEP", "1")
        .env("PEBBLE_WFE_NONCEREJECT", "0")
        .env("PEBBLE_AUTHZREUSE", "0")
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("pebble")?;
    let root = pki::pem::read(&std::fs::read(folder.join("ca.pem"))?, pki::pem::Kind::Certificate)?;
    let server = AcmeServer {
        name: "pebble, in memory",
        base: format!("https://localhost:{port}"),
        port,
        directory: "/dir",
        tls: mtls::tls::client_of_web(&root, Arc::new(DefaultTimeProvider))?,
        eab: ("bench".into(), secret.to_vec()),
        pids: vec![child.id()],
    };
    Ok(Some(Pebble { child, server: Arc::new(server) }))
}

/// A certificate for its listener, under an authority of its own.
fn certificate(folder: &Path) -> anyhow::Result<()> {
    let openssl = |words: &[&str]| -> anyhow::Result<()> {
        let made = Command::new("openssl").args(words).current_dir(folder).output();
        let made = made.context("openssl; next: apt-get install openssl")?;
        ensure!(made.status.success(), "openssl: {}", String::from_utf8_lossy(&made.stderr));
        Ok(())
    };
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let ca = ["req", "-x509", "-days", "2", "-subj", "/CN=bench", "-keyout", "ca.key"];
    openssl(&[&ca[..], &["-out", "ca.pem"], &key].concat())?;
    let own = ["req", "-subj", "/CN=localhost", "-keyout", "tls.key", "-out", "tls.csr"];
    openssl(&[&own[..], &key].concat())?;
    std::fs::write(folder.join("ext"), "subjectAltName=DNS:localhost\n")?;
    let signed = ["x509", "-req", "-days", "2", "-in", "tls.csr", "-CA", "ca.pem"];
    let more = ["-CAkey", "ca.key", "-CAcreateserial", "-extfile", "ext", "-out", "tls.pem"];
    openssl(&[&signed[..], &more].concat())
}
