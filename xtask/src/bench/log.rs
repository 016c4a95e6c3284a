//! Intake of agents' runs at a running log service, over mTLS as agents do it: verified, sequenced,
//! durable and proven back, on SQLite and on PostgreSQL, against the disk's own durable writes.
//!
//! Pieces are made before they are sent, so that what is measured is the log; both share this
//! machine.

mod piece;

use super::cpu::seconds as cpu;
use super::floor;
use super::goal::mark;
use super::portal::Database;
use crate::city::City;
use crate::found::{Sample, found};
use crate::postgres;
use crate::processes::Running;
use anyhow::{Context, ensure};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use mtls::tls::Identity;
use piece::Run;
use records::trust::Trust;
use std::path::Path;
use std::time::{Duration, Instant};
use store::{Store, row};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

/// Records of one piece, as a busy gate hands them in.
const PIECE: usize = 1_024;
/// Pieces that a sender has ready for one round.
const AHEAD: usize = 10;
/// Requests of the lonely sender's round.
const ALONE: usize = 400;
/// The index has caught up within this, or the bench says how far it is.
const INDEX: Duration = Duration::from_secs(60);
/// Records a second that many senders are to reach, on SQLite and on PostgreSQL.
const MANY_GOALS: (f64, f64) = (30_000.0, 15_000.0);
/// What one sender with one record a piece is to reach of the disk's durable writes.
const ALONE_GOAL: f64 = 0.40;
/// CPU of a record in the last rounds, by that in the first.
const FLAT_GOAL: f64 = 1.2;
/// Rounds at either end of the growth that are compared, at most.
const ENDS: usize = 3;

/// What is measured.
#[derive(Clone, Copy)]
pub(super) struct LogLoad {
    pub(super) senders: usize,
    /// Records that the log has in the end.
    pub(super) records: u64,
    /// The growth ends after so many seconds whatever it reached.
    pub(super) seconds: u64,
    pub(super) on: Option<Database>,
}

/// Runs the bench and prints its tables.
pub(super) async fn run(wanted: LogLoad) -> anyhow::Result<()> {
    let home = tempfile::tempdir_in(crate::found::workspace()?.join("target"))?;
    let floor = floor::durable(home.path())?;
    println!("durable writes of the disk (520 bytes) {floor:>8.0} /s");
    println!(
        "commits of SQLite (one row)            {:>8.0} /s",
        floor::commits(home.path()).await?
    );
    if wanted.on != Some(Database::Postgres) {
        on(&home.path().join("sqlite"), None, wanted, floor).await?;
    }
    if wanted.on != Some(Database::Sqlite) {
        let server = tempfile::Builder::new().prefix("pg-").tempdir_in("/tmp")?;
        let address = postgres::start(server.path(), true)?;
        let done = on(&home.path().join("postgres"), Some(address), wanted, floor).await;
        postgres::stop(server.path())?;
        done?;
    }
    Ok(())
}

async fn on(
    folder: &Path,
    postgres: Option<String>,
    wanted: LogLoad,
    floor: f64,
) -> anyhow::Result<()> {
    let database = if postgres.is_some() { "PostgreSQL" } else { "SQLite" };
    eprintln!("{database}: founding a city with an agent …");
    found(folder, &Sample { postgres: postgres.clone(), ..Sample::default() })?;
    let mut running = Running::start(folder).await?;
    crate::gate::join(folder, &[])?;
    let address = match &postgres {
        Some(address) => address.replace("{user}", "ca").replace("{name}", "ca"),
        None => format!("sqlite:{}", folder.join("ca/ca.db").display()),
    };
    let store = Store::open(&address).await?;
    let stage = Stage::open(folder, running.pid("log").context("log")?)?;
    println!("\n{database}");
    let (rate, _) = stage.round(1, (ALONE, 1)).await?;
    let part = rate / floor;
    let goal = mark(part >= ALONE_GOAL, &format!("{ALONE_GOAL:.2}"));
    println!("one sender, one record a piece: {rate:>8.0} /s, {part:.2} of the disk{goal}");
    let (rate, _) = stage.round(1, (AHEAD, PIECE)).await?;
    println!("one sender, {PIECE} records a piece: {rate:>8.0} records/s");
    println!("{:>10} {:>12} {:>16} {:>14}", "size", "records/s", "CPU s / 100,000", "index behind");
    let (began, mut rounds) = (Instant::now(), Vec::new());
    loop {
        let (rate, used) = stage.round(wanted.senders, (AHEAD, PIECE)).await?;
        let (size, reached) = sizes(&store).await?;
        println!("{size:>10} {rate:>12.0} {:>16.2} {:>14}", used * 100_000.0, size - reached);
        rounds.push(Growth { size, rate, used });
        if size >= wanted.records || began.elapsed() > Duration::from_secs(wanted.seconds) {
            break;
        }
    }
    let goal = if postgres.is_some() { MANY_GOALS.1 } else { MANY_GOALS.0 };
    judged(&rounds, wanted.senders, goal);
    let (size, reached) = sizes(&store).await?;
    let waited = Instant::now();
    while sizes(&store).await?.1 < size && waited.elapsed() < INDEX {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let took = waited.elapsed();
    println!("the index was {} records behind, and has them after {took:.1?}", size - reached);
    store.close().await;
    running.stop().await
}

/// One round of many senders: the size of the log behind it, records a second, and CPU seconds of
/// each.
struct Growth {
    size: u64,
    rate: f64,
    used: f64,
}

/// Says whether the rate is what it is to be, and whether a record costs the same in a log of any
/// length.
fn judged(rounds: &[Growth], senders: usize, goal: f64) {
    let mut rates: Vec<f64> = rounds.iter().map(|round| round.rate).collect();
    rates.sort_by(f64::total_cmp);
    let median = rates.get(rates.len() / 2).copied().unwrap_or_default();
    let goal = mark(median >= goal, &format!("{goal:.0} with 64"));
    println!("{senders} senders, median of {} rounds: {median:.0} records/s{goal}", rounds.len());
    let ends = ENDS.min(rounds.len() / 2);
    let (Some(first), Some(last)) = (rounds.get(..ends), rounds.get(rounds.len() - ends..)) else {
        return;
    };
    let (Some(from), Some(to)) = (first.last(), last.first()) else {
        println!("one round says nothing of how a record's cost grows; next: more --records");
        return;
    };
    let cost = |some: &[Growth]| some.iter().map(|round| round.used).sum::<f64>();
    let ratio = cost(last) / cost(first);
    let goal = mark(ratio <= FLAT_GOAL, &format!("{FLAT_GOAL:.1}"));
    let (from, to) = (from.size, to.size);
    println!("CPU of a record from {to} on ÷ up to {from}: {ratio:.2}{goal}");
}

/// Sizes of the log and of its index.
async fn sizes(store: &Store) -> anyhow::Result<(u64, u64)> {
    let mut tx = store.read().await?;
    let size = row!(&mut tx, (i64,), "select size from log_head where log_id = 'access'")?;
    let reached = row!(&mut tx, (i64,), "select size from log_projected where log_id = 'access'")?;
    let number = |found: Option<(i64,)>| u64::try_from(found.map_or(0, |(number,)| number));
    Ok((number(size)?, number(reached)?))
}

type Sender = SendRequest<Full<bytes::Bytes>>;

/// An agent's identity, and the log that it speaks to.
struct Stage {
    trust: Trust,
    certificate: std::path::PathBuf,
    key: std::path::PathBuf,
    pid: u32,
}

impl Stage {
    fn open(folder: &Path, pid: u32) -> anyhow::Result<Self> {
        let city = City::read(folder)?;
        let trust = serde_json::from_slice(&std::fs::read(folder.join(&city.trust_file))?)?;
        let at = |end: &str| folder.join(format!("gate/tls.{end}"));
        Ok(Self { trust, certificate: at("pem"), key: at("key"), pid })
    }

    async fn connect(&self) -> anyhow::Result<Sender> {
        let identity = Identity::from_files(&self.certificate, &self.key)?;
        let root = self.trust.root_sha256.digest().context("root")?;
        let tls = TlsConnector::from(mtls::tls::client(root, Some(identity))?);
        let (_, host) = self.trust.log.split_once("://").context("log")?;
        let name = host.split(':').next().context("log")?.to_owned();
        let stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        let stream = tls.connect(name.try_into()?, stream).await?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }

    /// Senders with a run each, which all hand in so many pieces of so many records; gives records
    /// a second, and the CPU seconds that the log took for each.
    async fn round(
        &self,
        senders: usize,
        (pieces, records): (usize, usize),
    ) -> anyhow::Result<(f64, f64)> {
        let signer = std::sync::Arc::new(keys::open_plain(&self.key)?);
        let mut ready = Vec::with_capacity(senders);
        for _ in 0..senders {
            let mut run = Run::begin()?;
            let made: anyhow::Result<Vec<_>> =
                (0..pieces).map(|_| run.piece(records, signer.as_ref())).collect();
            ready.push((self.connect().await?, made?));
        }
        let (before, began) = (cpu(self.pid)?, Instant::now());
        let mut tasks = JoinSet::new();
        let key = self.trust.log_key("access").context("log key")?;
        for (mut sender, made) in ready {
            let key = key.clone();
            tasks.spawn(async move {
                for (at, piece) in made.into_iter().enumerate() {
                    let (entries, body) = piece;
                    let answer = send(&mut sender, body).await?;
                    // An agent looks at every proof; here that would be measured with the log.
                    if at == 0 {
                        piece::check(&answer, &entries, &key)?;
                    }
                }
                anyhow::Ok(())
            });
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        let (took, used) = (began.elapsed().as_secs_f64(), cpu(self.pid)? - before);
        let all = (senders * pieces * records) as f64;
        Ok((all / took, used / all))
    }
}

async fn send(sender: &mut Sender, body: Vec<u8>) -> anyhow::Result<Vec<u8>> {
    let request = http::Request::builder()
        .method("POST")
        .uri("/v1/spool")
        .header("host", "localhost")
        .header("content-type", "application/octet-stream")
        .body(Full::new(bytes::Bytes::from(body)))?;
    sender.ready().await?;
    let answer = sender.send_request(request).await?;
    let status = answer.status();
    let body = answer.into_body().collect().await?.to_bytes();
    ensure!(status.is_success(), "the log says {status}: {}", String::from_utf8_lossy(&body));
    Ok(body.to_vec())
}
