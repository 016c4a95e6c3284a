//! `cfssl serve` on the same machine: signs whatever it is handed, keeps nothing, asks nobody.

use super::people::for_all;
use crate::bench::cpu;
use crate::tool::which;
use crate::wait::until;
use anyhow::{Context, ensure};
use keys::SoftwareSigner;
use mtls::Client;
use serde::Serialize;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

const CONFIG: &str = r#"{"signing":{"default":{"expiry":"8760h",
    "usages":["digital signature","client auth"]}}}"#;
const REQUESTS: usize = 64;

/// What it does.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Cfssl {
    /// Certificates a second.
    pub(super) rate: f64,
    pub(super) cpu_us: f64,
}

/// Measures it; none if it is not installed.
pub(super) async fn measure(
    home: &Path,
    (count, at_once): (usize, usize),
) -> anyhow::Result<Option<Cfssl>> {
    let Some(binary) = which("cfssl") else {
        eprintln!("cfssl is not here and is left out; next: apt-get install golang-cfssl");
        return Ok(None);
    };
    let folder = home.join("cfssl");
    std::fs::create_dir_all(&folder)?;
    authority(&folder)?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let mut child = serve(&binary, &folder, port)?;
    let measured = load(child.id(), port, (count, at_once)).await;
    child.kill()?;
    child.wait()?;
    measured.map(Some)
}

/// A P-256 key and certificate of its own.
fn authority(folder: &Path) -> anyhow::Result<()> {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"])
        .args(["-subj", "/CN=cfssl", "-keyout", "raw.pem", "-out", "ca.pem"])
        .current_dir(folder)
        .stderr(Stdio::null())
        .status()?;
    ensure!(made.success(), "openssl req");
    // An old cfssl reads no PKCS#8.
    let read = ["ec", "-in", "raw.pem", "-out", "ca.key"];
    let made =
        Command::new("openssl").args(read).current_dir(folder).stderr(Stdio::null()).status()?;
    ensure!(made.success(), "openssl ec");
    Ok(std::fs::write(folder.join("config.json"), CONFIG)?)
}

fn serve(binary: &Path, folder: &Path, port: u16) -> anyhow::Result<Child> {
    let log = std::fs::File::create(folder.join("log"))?;
    Command::new(binary)
        .args(["serve", "-address", "127.0.0.1", "-port", &port.to_string()])
        .args(["-ca", "ca.pem", "-ca-key", "ca.key", "-config", "config.json"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("cfssl")
}

async fn load(pid: u32, port: u16, (count, at_once): (usize, usize)) -> anyhow::Result<Cfssl> {
    let requests: anyhow::Result<Vec<String>> = (0..REQUESTS)
        .map(|_| Ok(pem(keys::request(&SoftwareSigner::generate_p256()?)?.der())))
        .collect();
    let (requests, address) = (Arc::new(requests?), format!("http://127.0.0.1:{port}"));
    let clients: Result<Vec<Client>, _> =
        (0..at_once.div_ceil(16)).map(|_| Client::new(&address, None)).collect();
    let clients = Arc::new(clients?);
    let sign = move |number: usize| {
        let (requests, clients) = (requests.clone(), clients.clone());
        async move {
            let request = requests.get(number % REQUESTS).context("request")?;
            let client = clients.get(number % clients.len()).context("client")?;
            signed(client, request).await
        }
    };
    until("an answer of cfssl", Duration::from_secs(20), async || Ok(sign(0).await.ok())).await?;
    for_all("warm", (0..count / 10).collect(), at_once, sign.clone()).await?;
    let (before, began) = (cpu::seconds(pid)?, Instant::now());
    for_all("signed by cfssl", (0..count).collect(), at_once, sign).await?;
    let (took, used) = (began.elapsed().as_secs_f64(), cpu::seconds(pid)? - before);
    Ok(Cfssl { rate: count as f64 / took, cpu_us: used / count as f64 * 1e6 })
}

async fn signed(client: &Client, request: &str) -> anyhow::Result<()> {
    let message = json!({ "certificate_request": request, "subject": { "CN": "bench" } });
    let answer: Result<Value, Value> = client.ask("/api/v1/cfssl/sign", &message).await?;
    let answer = answer.map_err(|problem| anyhow::anyhow!("cfssl: {problem}"))?;
    let certificate = answer.pointer("/result/certificate").and_then(Value::as_str);
    ensure!(certificate.is_some_and(|pem| pem.contains("CERTIFICATE")), "cfssl: {answer}");
    Ok(())
}

fn pem(der: &[u8]) -> String {
    let text = data_encoding::BASE64.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    let label = "CERTIFICATE REQUEST";
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
