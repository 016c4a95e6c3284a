//! What processes used of the processor.

use anyhow::Context;

/// Ticks of the clock in `/proc` (USER_HZ).
const TICKS: f64 = 100.0;

/// User and system seconds of a process with all its threads.
pub(super) fn seconds(pid: u32) -> anyhow::Result<f64> {
    let fields = fields(pid)?;
    let ticks = |at: usize| -> anyhow::Result<f64> {
        Ok(fields.get(at).context("stat")?.parse::<u32>()?.into())
    };
    Ok((ticks(11)? + ticks(12)?) / TICKS)
}

/// The same of a process and its children, as far as they live.
pub(super) fn family_seconds(parent: u32) -> anyhow::Result<f64> {
    let mut all = seconds(parent)?;
    for entry in std::fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
        // A child may end while we look.
        let own = fields(pid).is_ok_and(|fields| fields.get(1) == Some(&parent.to_string()));
        if own {
            all += seconds(pid).unwrap_or(0.0);
        }
    }
    Ok(all)
}

/// The fields of `/proc/PID/stat` behind the name.
fn fields(pid: u32) -> anyhow::Result<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, rest) = text.rsplit_once(')').context("stat")?;
    Ok(rest.split_whitespace().map(str::to_owned).collect())
}
