//! OCSP answers against an empty axum handler and `openssl ocsp`, in the same run: the same
//! requests, clients and cores. With a nonce every answer is signed, as `openssl ocsp` signs every
//! one; without it an answer is given again while it is true. Rates wobble on a shared machine; CPU
//! per answer and ratios do less.

use super::cpu::seconds as cpu;
use super::floor;
use crate::city::City;
use crate::found::{Sample, found};
use crate::processes::Running;
use crate::wait::until;
use anyhow::{Context, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

const ROUNDS: usize = 3;
const WARM: Duration = Duration::from_secs(1);

/// One that answers, and what it is asked.
#[derive(Clone)]
struct Peer {
    name: &'static str,
    port: u16,
    pid: u32,
    /// Whether it closes after each answer.
    closes: bool,
    requests: Vec<Bytes>,
}

/// Runs the bench and prints its table.
pub(super) async fn run(connections: usize, seconds: u64) -> anyhow::Result<()> {
    let home = tempfile::tempdir_in(crate::found::workspace()?.join("target"))?;
    let folder = home.path().join("city");
    eprintln!("founding a city …");
    found(&folder, &Sample::default())?;
    let mut running = Running::start(&folder).await?;
    let city = City::read(&folder)?;
    let port = port_of(&city.ca.crl_url)?;
    let (plain, nonced) =
        (requests(&folder, &city, "-no_nonce")?, requests(&folder, &city, "-nonce")?);
    let mut openssl = openssl(&folder, port + 40)?;
    let mut empty = Command::new(std::env::current_exe()?)
        .args(["bench", "empty", "--port", &(port + 41).to_string()])
        .spawn()?;
    let status = running.pid("status").context("status")?;
    let peer = |name, (port, pid), closes, requests: &[Bytes]| Peer {
        name,
        port,
        pid,
        closes,
        requests: requests.to_vec(),
    };
    let peers = [
        peer("empty axum", (port + 41, empty.id()), false, &plain),
        peer("openssl ocsp", (port + 40, openssl.id()), true, &plain),
        peer("status, nonce", (port, status), false, &nonced),
        peer("status", (port, status), false, &plain),
    ];
    for peer in &peers {
        answers(peer).await?;
    }
    println!("{connections} connections, {} certificates, {seconds} s a round", plain.len());
    println!("P-256 signatures on one core {:>10.0} /s", floor::signatures()?);
    println!(
        "{:<14} {:>10} {:>16} {:>10} {:>10}",
        "", "answers/s", "CPU µs/answer", "median", "p99"
    );
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let mut round = Vec::new();
        for peer in &peers {
            round.push(measure(peer, connections, seconds).await?);
        }
        rates.push(round);
    }
    for (own, other) in [(2, 0), (2, 1), (3, 0), (3, 1)] {
        let ratio = |round: &Vec<f64>| Some(round.get(own)? / round.get(other)?);
        let mut ratios: Vec<f64> = rates.iter().filter_map(ratio).collect();
        ratios.sort_by(f64::total_cmp);
        let median = ratios.get(ROUNDS / 2).copied().unwrap_or_default();
        let name = |at: usize| peers.get(at).map_or("", |peer| peer.name);
        println!("{} ÷ {}, median of {ROUNDS}: {median:.2}", name(own), name(other));
    }
    for child in [&mut openssl, &mut empty] {
        child.kill()?;
        child.wait()?;
    }
    running.stop().await
}

/// Answers everything with nothing.
pub(super) async fn empty(port: u16) -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    let router = axum::Router::new().fallback(|| async { Bytes::from_static(&[0x30, 0]) });
    Ok(axum::serve(listener, router).await?)
}

fn port_of(url: &str) -> anyhow::Result<u16> {
    let host = url.trim_start_matches("http://").split('/').next().unwrap_or_default();
    Ok(host.rsplit_once(':').context("port")?.1.parse()?)
}

/// Requests about certificates of the first people, made by OpenSSL.
fn requests(folder: &Path, city: &City, nonce: &str) -> anyhow::Result<Vec<Bytes>> {
    let mut requests = Vec::new();
    for person in city.people.iter().filter_map(|person| person.cert.as_ref()) {
        let path = folder.join("request.der");
        let done = Command::new("openssl")
            .args(["ocsp", nonce, "-issuer"])
            .arg(folder.join("ca/public/ca/issuing-1.pem"))
            .arg("-cert")
            .arg(folder.join(person))
            .arg("-reqout")
            .arg(&path)
            .status()?;
        ensure!(done.success(), "openssl ocsp");
        requests.push(Bytes::from(std::fs::read(&path)?));
    }
    Ok(requests)
}

/// OpenSSL's responder with a key and an index of its own.
fn openssl(folder: &Path, port: u16) -> anyhow::Result<Child> {
    let home = folder.join("openssl");
    std::fs::create_dir_all(&home)?;
    let at = |name: &str| -> PathBuf { home.join(name) };
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"])
        .args(["-subj", "/CN=responder", "-keyout"])
        .arg(at("key"))
        .arg("-out")
        .arg(at("pem"))
        .stderr(Stdio::null())
        .status()?;
    ensure!(made.success(), "openssl req");
    std::fs::write(at("index"), "")?;
    let mut command = Command::new("openssl");
    command.args(["ocsp", "-port", &port.to_string(), "-index"]).arg(at("index"));
    command.arg("-CA").arg(folder.join("ca/public/ca/issuing-1.pem"));
    command.arg("-rsigner").arg(at("pem")).arg("-rkey").arg(at("key"));
    let null = || Stdio::null();
    Ok(command.stdin(null()).stdout(null()).stderr(null()).spawn()?)
}

async fn answers(peer: &Peer) -> anyhow::Result<()> {
    let request = peer.requests.first().context("requests")?;
    until(&format!("an answer of {}", peer.name), Duration::from_secs(30), async || {
        Ok(ask(&mut None, peer, request).await.is_ok().then_some(()))
    })
    .await
}

type Sender = http1::SendRequest<Full<Bytes>>;

/// One answer, on the kept connection if there is one.
async fn ask(kept: &mut Option<Sender>, peer: &Peer, request: &Bytes) -> anyhow::Result<()> {
    let mut sender = match kept.take().filter(|_| !peer.closes) {
        Some(sender) => sender,
        None => {
            let stream = TcpStream::connect(("127.0.0.1", peer.port)).await?;
            stream.set_nodelay(true)?;
            let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
            tokio::spawn(connection);
            sender
        }
    };
    sender.ready().await?;
    let message = http::Request::post("/ocsp")
        .header("host", "localhost")
        .header("content-type", "application/ocsp-request")
        .body(Full::new(request.clone()))?;
    let answer = sender.send_request(message).await?;
    ensure!(answer.status() == 200, "{}: {}", peer.name, answer.status());
    let body = answer.into_body().collect().await?.to_bytes();
    ensure!(body.first() == Some(&0x30), "{}: no answer", peer.name);
    *kept = Some(sender);
    Ok(())
}

/// Closed-loop clients; prints its line and gives the rate.
async fn measure(peer: &Peer, connections: usize, seconds: u64) -> anyhow::Result<f64> {
    let began = Instant::now();
    let (from, end) = (began + WARM, began + WARM + Duration::from_secs(seconds));
    let mut tasks = tokio::task::JoinSet::new();
    for at in 0..connections {
        let peer = peer.clone();
        tasks.spawn(async move {
            let (mut kept, mut times) = (None, Vec::new());
            for request in peer.requests.iter().cycle().skip(at) {
                let asked = Instant::now();
                if asked >= end {
                    break;
                }
                ask(&mut kept, &peer, request).await?;
                if asked >= from {
                    times.push(asked.elapsed());
                }
            }
            anyhow::Ok(times)
        });
    }
    tokio::time::sleep_until(from.into()).await;
    let before = cpu(peer.pid)?;
    tokio::time::sleep_until(end.into()).await;
    let used = cpu(peer.pid)? - before;
    let mut times = Vec::new();
    while let Some(done) = tasks.join_next().await {
        times.extend(done??);
    }
    times.sort_unstable();
    let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default();
    let count = times.len() as f64;
    let (rate, each) = (count / seconds as f64, used / count * 1e6);
    println!("{:<14} {rate:>10.0} {each:>16.0} {:>10.2?} {:>10.2?}", peer.name, at(50), at(99));
    Ok(rate)
}
