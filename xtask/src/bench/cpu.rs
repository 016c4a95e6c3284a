//! What processes use: time of the processor, bytes that they write to the disk, memory.

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
    let children: f64 = children(parent)?.into_iter().filter_map(|pid| seconds(pid).ok()).sum();
    Ok(seconds(parent)? + children)
}

/// Bytes that a process had the kernel write to the disk so far.
pub(super) fn written(pid: u32) -> anyhow::Result<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/io"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("write_bytes: "));
    Ok(line.context("write_bytes")?.trim().parse()?)
}

/// The same of a process and its children, as far as they live.
pub(super) fn family_written(parent: u32) -> anyhow::Result<u64> {
    let children: u64 = children(parent)?.into_iter().filter_map(|pid| written(pid).ok()).sum();
    Ok(written(parent)? + children)
}

/// Memory that a process has, KiB.
pub(super) fn resident_kib(pid: u32) -> anyhow::Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
    let kib: u32 = line.split_whitespace().next().context("VmRSS")?.parse()?;
    Ok(kib.into())
}

/// Processes that a process began; one may end while we look.
fn children(parent: u32) -> anyhow::Result<Vec<u32>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
        if fields(pid).is_ok_and(|fields| fields.get(1) == Some(&parent.to_string())) {
            found.push(pid);
        }
    }
    Ok(found)
}

/// The fields of `/proc/PID/stat` behind the name.
fn fields(pid: u32) -> anyhow::Result<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, rest) = text.rsplit_once(')').context("stat")?;
    Ok(rest.split_whitespace().map(str::to_owned).collect())
}
