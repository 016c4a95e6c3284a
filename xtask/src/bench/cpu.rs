//! What a process used of the processor.

use anyhow::Context;

/// Ticks of the clock in `/proc` (USER_HZ).
const TICKS: f64 = 100.0;

/// User and system seconds of a process with all its threads.
pub(super) fn seconds(pid: u32) -> anyhow::Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, rest) = text.rsplit_once(')').context("stat")?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = |at: usize| -> anyhow::Result<f64> {
        Ok(fields.get(at).context("stat")?.parse::<u32>()?.into())
    };
    Ok((ticks(11)? + ticks(12)?) / TICKS)
}
