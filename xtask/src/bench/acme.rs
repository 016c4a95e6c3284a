//! Whole orders of ACME, durable, beside Debian's `pebble`, which keeps all in its memory: by the
//! same client, against the same resolver and web server, turn by turn in one run. Then what ten
//! thousand orders that nobody finishes change. Rates wobble on a shared machine; ratios and CPU
//! per certificate do less.

mod client;
mod pebble;
mod wire;

use super::cpu;
use super::goal::mark;
use super::issue::people::trust;
use super::portal::Database;
use crate::city::City;
use crate::found::{Sample, found};
use crate::postgres;
use crate::processes::Running;
use crate::site_net::SiteNet;
use crate::wait::until;
use anyhow::{Context, ensure};
use client::{AcmeUser, NameWanted};
use pebble::AcmeServer;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const ROUNDS: usize = 3;
/// What comes before a measurement, of the same kind.
const WARM: usize = 100;
/// How long a server may take until it answers.
const BEGINS: Duration = Duration::from_secs(20);
/// The parts of the open orders whose rates are compared.
const PARTS: usize = 10;
/// What the CA uses for a certificate: these processes, whatever else a city runs.
const COUNTED: [&str; 3] = ["portal-machines", "issuer", "log"];
/// Goals: how many orders for one of pebble's; milliseconds of the processor; how much slower
/// orders may be behind those that are open.
const RATIO_MIN: f64 = 3.0;
const CPU_MS_MAX: f64 = 3.0;
const SLOPE_MAX: f64 = 1.2;

/// What is measured.
pub(super) struct AcmeLoad {
    /// Certificates a round.
    pub(super) count: usize,
    /// Clients, each with a connection and an account of its own.
    pub(super) clients: usize,
    /// Orders that nobody finishes.
    pub(super) open: usize,
    pub(super) on: Option<Database>,
}

/// What one round showed.
struct RoundFigures {
    rate: f64,
    cpu_ms: f64,
    requests: f64,
    /// Sorted.
    times: Vec<Duration>,
}

impl RoundFigures {
    fn at(&self, part: usize) -> Duration {
        self.times.get(self.times.len() * part / 100).copied().unwrap_or_default()
    }

    fn print(&self, name: &str) {
        println!(
            "{name:<22} {:>9.0} {:>13.2} {:>14.1} {:>10.1?} {:>10.1?}",
            self.rate,
            self.cpu_ms,
            self.requests,
            self.at(50),
            self.at(99)
        );
    }
}

/// Runs the bench and prints its table.
pub(super) async fn run(wanted: AcmeLoad) -> anyhow::Result<()> {
    let home = tempfile::tempdir_in(crate::found::workspace()?.join("target"))?;
    if wanted.on != Some(Database::Postgres) {
        return measured(home.path(), &wanted, None).await;
    }
    let server = tempfile::Builder::new().prefix("pg-").tempdir_in("/tmp")?;
    let address = postgres::start(server.path(), true)?;
    let done = measured(home.path(), &wanted, Some((address, server.path()))).await;
    postgres::stop(server.path())?;
    done
}

async fn measured(
    home: &Path,
    wanted: &AcmeLoad,
    database: Option<(String, &Path)>,
) -> anyhow::Result<()> {
    let folder = home.join("city");
    eprintln!("founding a city …");
    let address = database.as_ref().map(|(address, _)| address.clone());
    found(&folder, &Sample { postgres: address, ..Sample::default() })?;
    let mut running = Running::start(&folder).await?;
    crate::site::register(&folder)?;
    let city = City::read(&folder)?;
    let machines = city.machines.as_ref().context("no process for systems")?;
    let (_, dns) = machines.dns.rsplit_once(':').context("dns")?;
    let net = SiteNet::open(dns.parse()?, machines.http01_port, machines.tlsalpn01_port).await?;
    let server = database.as_ref().map(|(_, server)| postgres::pid(server)).transpose()?;
    let own = Arc::new(city_server(&folder, &city, &running)?);
    let peer = pebble::start(&home.join("pebble"), &net)?;
    let own = Measured::open(own, server, &net, wanted.clients).await?;
    let peer = match &peer {
        Some(peer) => Some(Measured::open(peer.server.clone(), None, &net, wanted.clients).await?),
        None => None,
    };
    rounds(&own, peer.as_ref(), wanted).await?;
    open_orders(&own, wanted).await?;
    drop((own, peer));
    running.stop().await
}

/// The city's process for systems, as clients see it.
fn city_server(folder: &Path, city: &City, running: &Running) -> anyhow::Result<AcmeServer> {
    let machines = city.machines.as_ref().context("no process for systems")?;
    let directory = "/acme/directory";
    let base = machines.acme_url.strip_suffix(directory).context("acme_url")?.to_owned();
    let port = base.rsplit_once(':').context("port")?.1.parse()?;
    let root = trust(folder)?.root_sha256.digest().context("trust file")?;
    let eab = machines.eab.as_ref().context("eab")?;
    let secret = data_encoding::BASE64URL_NOPAD.decode(eab.hmac.as_bytes())?;
    let pids: Option<Vec<u32>> = COUNTED.iter().map(|name| running.pid(name)).collect();
    Ok(AcmeServer {
        name: "yinxin, durable",
        base,
        port,
        directory,
        tls: mtls::tls::client(root, None)?,
        eab: (eab.kid.clone(), secret),
        pids: pids.context("processes")?,
    })
}

/// A server with clients that have their accounts.
struct Measured {
    server: Arc<AcmeServer>,
    /// A server of PostgreSQL, whose children work for it.
    database: Option<u32>,
    users: Vec<Arc<tokio::sync::Mutex<AcmeUser>>>,
    /// So that each name is ordered once.
    names: AtomicUsize,
}

impl Measured {
    async fn open(
        server: Arc<AcmeServer>,
        database: Option<u32>,
        net: &SiteNet,
        clients: usize,
    ) -> anyhow::Result<Self> {
        let what = format!("an answer of {}", server.name);
        let mut users = Vec::new();
        for _ in 0..clients {
            let mut refused = None;
            let user = until(&what, BEGINS, async || {
                match AcmeUser::open(server.clone(), net.clone()).await {
                    Ok(user) => Ok(Some(user)),
                    Err(error) => {
                        refused = Some(error);
                        Ok(None)
                    }
                }
            });
            let user = user.await.with_context(|| format!("{refused:?}"))?;
            users.push(Arc::new(tokio::sync::Mutex::new(user)));
        }
        Ok(Self { server, database, users, names: AtomicUsize::new(0) })
    }

    fn name(&self) -> String {
        let number = self.names.fetch_add(1, Ordering::Relaxed);
        format!("n{number}.acme.test")
    }

    fn cpu(&self) -> anyhow::Result<f64> {
        let mut all = self.database.map_or(Ok(0.0), cpu::family_seconds)?;
        for pid in &self.server.pids {
            all += cpu::seconds(*pid)?;
        }
        Ok(all)
    }

    async fn requests(&self) -> u64 {
        let mut all = 0;
        for user in &self.users {
            all += user.lock().await.requests();
        }
        all
    }

    /// Whole orders by all clients, each as soon as its last one is done.
    async fn round(&self, count: usize) -> anyhow::Result<RoundFigures> {
        let each = count.div_ceil(self.users.len().max(1));
        let mut work = Vec::new();
        for user in &self.users {
            let wanted: anyhow::Result<Vec<NameWanted>> =
                (0..each).map(|_| NameWanted::new(self.name())).collect();
            work.push((user.clone(), wanted?));
        }
        let (cpu, requests, began) = (self.cpu()?, self.requests().await, Instant::now());
        let mut tasks = JoinSet::new();
        for (user, wanted) in work {
            tasks.spawn(async move {
                let (mut user, mut times) = (user.lock().await, Vec::new());
                for one in &wanted {
                    times.push(user.certificate(one).await?);
                }
                anyhow::Ok(times)
            });
        }
        let mut times = Vec::new();
        while let Some(done) = tasks.join_next().await {
            times.extend(done??);
        }
        let (seconds, made) = (began.elapsed().as_secs_f64(), times.len() as f64);
        ensure!(!times.is_empty(), "nothing was ordered");
        times.sort_unstable();
        Ok(RoundFigures {
            rate: made / seconds,
            cpu_ms: (self.cpu()? - cpu) * 1e3 / made,
            requests: (self.requests().await - requests) as f64 / made,
            times,
        })
    }

    /// Makes so many orders and leaves them; how many a second.
    async fn leave(&self, count: usize) -> anyhow::Result<f64> {
        let (began, each) = (Instant::now(), count.div_ceil(self.users.len().max(1)));
        let mut tasks = JoinSet::new();
        for user in &self.users {
            let names: Vec<String> = (0..each).map(|_| self.name()).collect();
            let user = user.clone();
            tasks.spawn(async move {
                let mut user = user.lock().await;
                for name in &names {
                    user.order(name).await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        Ok((each * self.users.len()) as f64 / began.elapsed().as_secs_f64())
    }
}

/// Turn by turn, so that what else the machine does meets both.
async fn rounds(own: &Measured, peer: Option<&Measured>, wanted: &AcmeLoad) -> anyhow::Result<()> {
    let &AcmeLoad { count, clients, .. } = wanted;
    println!(
        "{clients} clients, {count} orders a round, one name each, http-01, accounts with EAB"
    );
    println!(
        "{:<22} {:>9} {:>13} {:>14} {:>10} {:>10}",
        "", "orders/s", "CPU ms/cert", "requests/cert", "p50", "p99"
    );
    own.round(WARM).await?;
    if let Some(peer) = peer {
        peer.round(WARM).await?;
    }
    let (mut ratios, mut used) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let theirs = match peer {
            Some(peer) => Some(peer.round(count).await?),
            None => None,
        };
        let ours = own.round(count).await?;
        if let (Some(theirs), Some(peer)) = (&theirs, peer) {
            theirs.print(peer.server.name);
            ratios.push(ours.rate / theirs.rate);
        }
        ours.print(own.server.name);
        used.push(ours.cpu_ms);
    }
    if let Some(ratio) = median(ratios) {
        let reached = mark(ratio >= RATIO_MIN, &format!("≥ {RATIO_MIN}"));
        println!("orders ÷ orders of pebble, median of {ROUNDS}: {ratio:.2}{reached}");
    }
    let used = median(used).context("rounds")?;
    let reached = mark(used <= CPU_MS_MAX, &format!("≤ {CPU_MS_MAX} ms"));
    println!("CPU of {} for a certificate: {used:.2} ms{reached}", COUNTED.join(" + "));
    Ok(())
}

/// Orders that nobody finishes, and whole ones behind them.
async fn open_orders(own: &Measured, wanted: &AcmeLoad) -> anyhow::Result<()> {
    let before = own.round(wanted.count).await?;
    before.print("before open orders");
    let mut rates = Vec::new();
    for part in 1..=PARTS {
        let rate = own.leave(wanted.open.div_ceil(PARTS)).await?;
        // Whoever waits for all of it sees where it becomes slow.
        eprintln!("open orders, part {part} of {PARTS}: {rate:.0} /s");
        rates.push(rate);
    }
    let behind = own.round(wanted.count).await?;
    let (Some(first), Some(last)) = (rates.first(), rates.last()) else { return Ok(()) };
    println!("{} open orders: {first:.0} /s at first, {last:.0} /s at last", wanted.open);
    behind.print("behind them");
    let slower = before.rate / behind.rate;
    let reached = mark(slower <= SLOPE_MAX, &format!("≤ {SLOPE_MAX}"));
    println!("orders before ÷ orders behind them: {slower:.2}{reached}");
    Ok(())
}

fn median(mut all: Vec<f64>) -> Option<f64> {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied()
}
