//! Minutes at full rate with the log beside: whether shipping keeps up, whether the spool stays as
//! it is, and what all of it costs.

use super::stage::{Proxy, Stage};
use crate::bench::cpu::seconds as cpu;
use crate::bench::goal::mark;
use anyhow::{Context, ensure};
use mtls::Client;
use std::convert::Infallible;
use std::time::Duration;

/// How often it looks what waits.
const LOOK: Duration = Duration::from_secs(10);
/// So much more may wait at the end than at the first look: a few seconds of records.
const GROWN_BYTES: u64 = 64 << 20;

/// Prints what so many seconds at full rate cost, and what waits for the log meanwhile; an error if
/// that grows.
pub(super) async fn lasting(
    stage: &Stage,
    [plain, gate]: &[Proxy; 2],
    seconds: u64,
    (log, admin): (u32, &Client),
) -> anyhow::Result<()> {
    let base = stage.measure(plain, stage.wanted.seconds).await?;
    println!("{:<10} {:>8.0} requests/s {:>8.3} CPU s / 10,000", plain.name, base.rate, base.cpu);
    let (before, mut waits) = (cpu(log)?, Vec::new());
    let ours = tokio::select! {
        figure = stage.measure(gate, seconds) => figure?,
        failed = watch(admin, &mut waits) => match failed? {},
    };
    let of_log = (cpu(log)? - before) / (ours.rate * seconds as f64) * 10_000.0;
    println!("{:<10} {:>8.0} requests/s {:>8.3} CPU s / 10,000", gate.name, ours.rate, ours.cpu);
    println!("{:<10} {:>30.3} CPU s / 10,000", "log", of_log);
    let ratio = ours.cpu / base.cpu;
    println!("gate ÷ nginx, shipping too:  CPU {ratio:.2}{}", mark(ratio <= 1.5, "≤ 1.5"));
    let (first, last) = (waits.first(), waits.last());
    let (first, last) = first.zip(last).context("it was too short to look at what waits")?;
    println!("waits for the log:  {first} bytes at first, {last} at the end");
    ensure!(*last <= first + GROWN_BYTES, "shipping does not keep up");
    Ok(())
}

/// Looks again and again what waits for the log; ends with an error only.
async fn watch(admin: &Client, waits: &mut Vec<u64>) -> anyhow::Result<Infallible> {
    loop {
        tokio::time::sleep(LOOK).await;
        waits.push(waiting(admin).await?);
    }
}

/// Bytes that wait for the log, as the gate says it.
pub(super) async fn waiting(admin: &Client) -> anyhow::Result<u64> {
    let answer = admin.get("/metrics").await?;
    let text = String::from_utf8_lossy(answer.body());
    let line = text.lines().find(|line| line.contains("\"spool_waiting_bytes\""));
    let (_, value) = line.and_then(|line| line.rsplit_once(' ')).context("/metrics")?;
    Ok(value.parse()?)
}
