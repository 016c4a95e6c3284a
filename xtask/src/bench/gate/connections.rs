//! Connections that stay without a request: the memory that each takes.

use super::stage::{Proxy, Sender, Stage, ask, connect};
use crate::bench::cpu::resident_kib;
use anyhow::{Context, ensure};
use std::time::Duration;
use tokio::task::JoinSet;

/// Connections that are there before anything is measured: what the first of them make a process
/// keep is no part of the others.
const BEFORE: usize = 64;
/// Connections that are opened at once.
const AT_ONCE: usize = 32;
/// What a request left behind is over after this long.
const SETTLE: Duration = Duration::from_secs(5);

/// Prints what so many connections take of each proxy, idle behind one request each.
pub(super) async fn idle(stage: &Stage, proxies: &[Proxy; 2], count: usize) -> anyhow::Result<()> {
    ensure!(count > 0, "no connections; next: --idle N");
    println!("{count} connections with a certificate each, idle behind one request");
    let mut each = Vec::new();
    for Proxy { name, port, child } in proxies {
        let some = opened(stage, *port, BEFORE).await?;
        tokio::time::sleep(SETTLE).await;
        let before = resident_kib(child.id())?;
        let held = opened(stage, *port, count).await?;
        tokio::time::sleep(SETTLE).await;
        let after = resident_kib(child.id())?;
        let kib = (after - before) / count as f64;
        println!("{name:<10} {kib:>8.1} KiB each, {:>8.1} MiB in all", after / 1_024.0);
        each.push(kib);
        drop((some, held));
    }
    if let [plain, gate] = each.as_slice() {
        println!("gate ÷ nginx:  memory of an idle connection {:.2}", gate / plain);
    }
    Ok(())
}

/// So many connections, each of which asked for something once.
async fn opened(stage: &Stage, port: u16, count: usize) -> anyhow::Result<Vec<Sender>> {
    let mut all = Vec::with_capacity(count);
    while all.len() < count {
        let mut tasks = JoinSet::new();
        for person in (all.len()..count).take(AT_ONCE) {
            let tls = stage.people.get(person % stage.people.len()).context("person")?.clone();
            tasks.spawn(async move {
                let mut sender = connect(&tls, port).await?;
                ensure!(ask(&mut sender, person).await? == 200, "a request was refused");
                anyhow::Ok(sender)
            });
        }
        while let Some(opened) = tasks.join_next().await {
            all.push(opened??);
        }
    }
    Ok(all)
}
