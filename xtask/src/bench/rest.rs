//! A city at rest: what its processes use while nobody is there, how fast each role starts behind a
//! log of this many people, and the memory that it then has.

use super::cpu;
use super::grow::{grow, indexed};
use super::portal::Database;
use crate::found::{Sample, found};
use crate::postgres;
use crate::processes::{PROCESSES, Running};
use anyhow::Context;
use std::path::Path;
use std::time::{Duration, Instant};
use store::Store;

/// What may be used of one processor while nobody is there.
const IDLE_MAX: f64 = 0.01;
/// How long a start may take.
const START_MAX: Duration = Duration::from_secs(3);
/// What was begun at the start, or by the growth, is over after this long.
const SETTLE: Duration = Duration::from_secs(10);
const UNITS: [&str; 2] = ["sz-office", "sz-finance"];

/// What is measured.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    pub(super) people: usize,
    pub(super) seconds: u64,
    pub(super) on: Option<Database>,
}

/// Runs the bench and prints its tables, on both databases.
pub(super) async fn run(wanted: Wanted) -> anyhow::Result<()> {
    let home = tempfile::tempdir_in(crate::found::workspace()?.join("target"))?;
    if wanted.on != Some(Database::Postgres) {
        on(&home.path().join("sqlite"), None, wanted).await?;
    }
    if wanted.on != Some(Database::Sqlite) {
        let server = tempfile::Builder::new().prefix("pg-").tempdir_in("/tmp")?;
        let address = postgres::start(server.path(), true)?;
        let done = on(&home.path().join("postgres"), Some(address), wanted).await;
        postgres::stop(server.path())?;
        done?;
    }
    Ok(())
}

async fn on(folder: &Path, postgres: Option<String>, wanted: Wanted) -> anyhow::Result<()> {
    let database = if postgres.is_some() { "PostgreSQL" } else { "SQLite" };
    eprintln!("{database}: founding a city …");
    found(folder, &Sample { postgres: postgres.clone(), ..Sample::default() })?;
    let mut running = Running::start(folder).await?;
    println!("{database}");
    idle(&running, wanted.seconds).await?;
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
    store.close().await;
    tokio::time::sleep(SETTLE).await;
    for (name, ..) in PROCESSES {
        let took = running.again(name).await?;
        let pid = running.pid(name).context("no such process")?;
        let held = if took <= START_MAX { "held" } else { "missed" };
        println!(
            "  {name:<16} ready {:>6.2} s after its start (goal {:.0}, {held}), {:>6.0} MiB",
            took.as_secs_f64(),
            START_MAX.as_secs_f64(),
            memory(pid)?
        );
    }
    idle(&running, wanted.seconds).await?;
    running.stop().await
}

/// What every process uses while nobody asks anything.
async fn idle(running: &Running, seconds: u64) -> anyhow::Result<()> {
    tokio::time::sleep(SETTLE).await;
    let used = || -> anyhow::Result<Vec<f64>> {
        PROCESSES
            .iter()
            .map(|(name, ..)| cpu::seconds(running.pid(name).context("no such process")?))
            .collect()
    };
    let before = used()?;
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let mut all = 0.0;
    let mut parts = Vec::new();
    for ((name, ..), (before, after)) in PROCESSES.iter().zip(before.iter().zip(used()?)) {
        let share = (after - before) / std::time::Duration::from_secs(seconds).as_secs_f64();
        all += share;
        parts.push(format!("{name} {:.2} %", share * 100.0));
    }
    let held = if all <= IDLE_MAX { "held" } else { "missed" };
    println!(
        "  nobody there for {seconds} s: {:.2} % of one processor (goal {:.0} %, {held}): {}",
        all * 100.0,
        IDLE_MAX * 100.0,
        parts.join(", ")
    );
    Ok(())
}

/// How many records the log of decisions has.
async fn records(store: &Store) -> anyhow::Result<u64> {
    let mut tx = store.read().await?;
    Ok(ca_store::ledger::extent(&mut tx, ca_store::replay::LOG).await?.size)
}

/// Memory that a process has, MiB.
fn memory(pid: u32) -> anyhow::Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
    let kib: u32 = line.split_whitespace().next().context("VmRSS")?.parse()?;
    Ok(f64::from(kib) / 1_024.0)
}
