//! A city at rest: what its processes use and write while nobody is there, how fast each role
//! starts behind a log of this many people, the memory that it then has, and how fast all of that
//! log is replayed.

use super::cpu;
use super::goal::mark;
use super::grow::{grow, indexed};
use super::portal::Database;
use crate::city::City;
use crate::found::{Sample, found};
use crate::postgres;
use crate::processes::{GATE, PROCESSES, Running};
use anyhow::Context;
use ca_store::replay::{Floor, LOG, Replay};
use records::trust::Trust;
use std::path::Path;
use std::time::{Duration, Instant};
use store::Store;

/// What may be used of one processor while nobody is there.
const IDLE_MAX: f64 = 0.01;
/// How long a start may take.
const START_MAX: Duration = Duration::from_secs(3);
/// Records a second of a whole replay.
const REPLAY_GOAL: f64 = 100_000.0;
/// What was begun at the start, or by the growth, is over after this long.
const SETTLE: Duration = Duration::from_secs(10);
const UNITS: [&str; 2] = ["sz-office", "sz-finance"];
/// The server of the database, which others use too: it is told, and not counted.
const SERVER: &str = "PostgreSQL";

/// What is measured.
#[derive(Clone, Copy)]
pub(super) struct RestPlan {
    pub(super) people: usize,
    pub(super) seconds: u64,
    pub(super) on: Option<Database>,
}

/// Runs the bench and prints its tables, on both databases.
pub(super) async fn run(wanted: RestPlan) -> anyhow::Result<()> {
    let home = tempfile::tempdir_in(crate::found::workspace()?.join("target"))?;
    if wanted.on != Some(Database::Postgres) {
        on(&home.path().join("sqlite"), None, wanted).await?;
    }
    if wanted.on != Some(Database::Sqlite) {
        let server = tempfile::Builder::new().prefix("pg-").tempdir_in("/tmp")?;
        let address = postgres::start(server.path(), true)?;
        let with = Some((address, postgres::pid(server.path())?));
        let done = on(&home.path().join("postgres"), with, wanted).await;
        postgres::stop(server.path())?;
        done?;
    }
    Ok(())
}

/// On SQLite, or at the address of a server, with its process.
async fn on(folder: &Path, server: Option<(String, u32)>, wanted: RestPlan) -> anyhow::Result<()> {
    let database = if server.is_some() { "PostgreSQL" } else { "SQLite" };
    eprintln!("{database}: founding a city with a gate …");
    let (postgres, pid) = server.unzip();
    found(folder, &Sample { postgres: postgres.clone(), ..Sample::default() })?;
    let mut running = Running::start(folder).await?;
    crate::gate::join(folder, &[])?;
    running.start_gate(&City::read(folder)?).await?;
    println!("{database}");
    idle(&running, pid, wanted.seconds).await?;
    let address = match &postgres {
        Some(address) => address.replace("{user}", "ca").replace("{name}", "ca"),
        None => format!("sqlite:{}", folder.join("ca/ca.db").display()),
    };
    let store = Store::open(&address).await?;
    let began = Instant::now();
    grow(folder, &store, (wanted.people, &UNITS), None).await?;
    indexed(&store).await?;
    let records = records(&store).await?;
    let grown = began.elapsed();
    println!("a city of {} people: {records} records, grown in {grown:.0?}", wanted.people);
    tokio::time::sleep(SETTLE).await;
    for (name, ..) in PROCESSES {
        let took = running.again(name).await?;
        let pid = running.pid(name).context("no such process")?;
        let goal = mark(took <= START_MAX, &format!("{:.0}", START_MAX.as_secs_f64()));
        println!(
            "  {name:<16} ready {:>6.2} s after its start{goal}, {:>6.0} MiB",
            took.as_secs_f64(),
            cpu::resident_kib(pid)? / 1_024.0
        );
    }
    let rate = replayed(folder, &store).await?;
    let goal = mark(rate >= REPLAY_GOAL, &format!("{REPLAY_GOAL:.0}"));
    println!("  all of it replayed from the database: {rate:.0} records/s{goal}");
    store.close().await;
    idle(&running, pid, wanted.seconds).await?;
    running.stop().await
}

/// Records a second of a replay from leaf 0, every signature verified.
async fn replayed(folder: &Path, store: &Store) -> anyhow::Result<f64> {
    let trust: Trust = serde_json::from_slice(&std::fs::read(folder.join("ca/trust.json"))?)?;
    let replay = Replay::new(&trust).context("trust file")?;
    let mut tx = store.read().await?;
    let (began, mut count) = (Instant::now(), 0_u32);
    replay.whole(&mut tx, Floor::default(), |_, _| count += 1).await?;
    Ok(f64::from(count) / began.elapsed().as_secs_f64())
}

/// What one process used so far: seconds of the processor, and bytes written to the disk.
struct Used {
    name: &'static str,
    seconds: f64,
    written: u64,
}

/// What every process of a city used that `make run` starts, and the server of its database.
fn used(running: &Running, server: Option<u32>) -> anyhow::Result<Vec<Used>> {
    let of_city = PROCESSES.into_iter().map(|(name, ..)| name);
    let of_gate = GATE.into_iter().map(|(name, _)| name);
    let mut all = Vec::new();
    for name in of_city.chain(of_gate) {
        let pid = running.pid(name).context("no such process")?;
        all.push(Used { name, seconds: cpu::seconds(pid)?, written: cpu::written(pid)? });
    }
    if let Some(pid) = server {
        let (seconds, written) = (cpu::family_seconds(pid)?, cpu::family_written(pid)?);
        all.push(Used { name: SERVER, seconds, written });
    }
    Ok(all)
}

/// What every process uses and writes while nobody asks anything.
async fn idle(running: &Running, server: Option<u32>, seconds: u64) -> anyhow::Result<()> {
    tokio::time::sleep(SETTLE).await;
    let before = used(running, server)?;
    let time = Duration::from_secs(seconds);
    tokio::time::sleep(time).await;
    let after = used(running, server)?;
    let (mut all, mut wrote, mut lines) = (0.0, 0, Vec::new());
    for (was, is) in before.iter().zip(&after) {
        let share = (is.seconds - was.seconds) / time.as_secs_f64();
        let written = is.written.saturating_sub(was.written);
        if is.name != SERVER {
            all += share;
            wrote += written;
        }
        let percent = share * 100.0;
        lines.push(format!("    {:<16} {percent:>6.2} % {written:>10} bytes written", is.name));
    }
    let goal = mark(all <= IDLE_MAX, &format!("{:.0} %", IDLE_MAX * 100.0));
    let percent = all * 100.0;
    println!("  nobody there for {seconds} s: {percent:.2} % of one processor{goal}");
    println!("  written to the disk meanwhile: {wrote} bytes{}", mark(wrote == 0, "0"));
    lines.iter().for_each(|line| println!("{line}"));
    Ok(())
}

/// How many records the log of decisions has.
async fn records(store: &Store) -> anyhow::Result<u64> {
    let mut tx = store.read().await?;
    Ok(ca_store::intake::extent(&mut tx, LOG).await?.size)
}
