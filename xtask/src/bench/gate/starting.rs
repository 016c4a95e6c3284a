//! A start behind much that the log did not take: how long it takes to the first answer.

use super::lasting::waiting;
use super::stage::{Proxy, Stage, pinned};
use crate::bench::goal::mark;
use crate::processes::Running;
use mtls::Client;
use std::path::Path;
use std::time::{Duration, Instant};

/// Records are made so many seconds before it looks how many there are.
const ROUND_SECONDS: u64 = 5;

/// Ends the log, fills the spool with so many MiB of records, kills the gate and starts it again;
/// prints how long the first answer took.
pub(super) async fn starting(
    stage: &Stage,
    gate: &mut Proxy,
    mebibytes: u64,
    (running, admin, state): (&mut Running, &Client, &Path),
) -> anyhow::Result<()> {
    running.kill("log")?;
    let mut waits = 0;
    while waits < mebibytes << 20 {
        stage.measure(gate, ROUND_SECONDS).await?;
        waits = waiting(admin).await?;
        println!("{:>8} MiB wait for the log", waits >> 20);
    }
    gate.child.kill()?;
    gate.child.wait()?;
    let began = Instant::now();
    gate.child = serve(state)?;
    stage.answers(gate.port).await?;
    let took = began.elapsed();
    let holds = took <= Duration::from_secs(1);
    println!("from the start to the first answer {took:.2?}{}", mark(holds, "≤ 1 s"));
    running.begin_far_behind("log").await?;
    Ok(())
}

/// Starts the gate of a state directory on its core.
pub(super) fn serve(state: &Path) -> anyhow::Result<std::process::Child> {
    let mut agent = std::process::Command::new(crate::tool::binary("agent")?);
    pinned(agent.arg("--state").arg(state), &["serve"])
}
