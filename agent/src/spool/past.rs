//! What a gate decided, read back from its own records: those that the log does not have yet, and
//! those that are kept for a while. A record counts that stands in its chain and whose target opens.

use super::kept;
use super::segment::{self, HEADER_BYTES};
use policy::CanonicalPath;
use records::Disclosure;
use records::body::PERMITTED;
use records::commitment;
use records::record::{Event, Record};
use std::fs::File;
use std::path::{Path, PathBuf};

/// A request that rules were asked about.
#[derive(Clone, Debug)]
pub struct PastRequest {
    /// When it was decided, unix seconds.
    pub unix: u64,
    /// Person id.
    pub person: String,
    /// HTTP method.
    pub method: String,
    /// Path, as the rules saw it.
    pub path: CanonicalPath,
    /// Whether the rules of then permitted it.
    pub permitted: bool,
}

/// What was read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Coverage {
    /// The oldest record that is there, unix seconds, whatever it says.
    pub since: Option<u64>,
    /// Decisions that cannot be asked about again: what opens their target is not there.
    pub unreadable: u64,
}

/// Outcomes that rules gave.
const BY_RULES: [&str; 4] = [PERMITTED, "not-permitted", "route-unknown", "policy-error"];

/// Gives each request since a second to `each`, oldest first, and to `tick` how many of all bytes
/// were read.
pub fn past(
    spool: &Path,
    since: u64,
    mut each: impl FnMut(PastRequest),
    mut tick: impl FnMut(u64, u64),
) -> anyhow::Result<Coverage> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for folder in [kept::folder(spool), spool.to_owned()] {
        let numbers = if folder.exists() { segment::list(&folder)? } else { Vec::new() };
        paths.extend(numbers.into_iter().map(|number| segment::path(&folder, number)));
    }
    let length = |path: &PathBuf| std::fs::metadata(path).map_or(0, |found| found.len());
    let (all, mut done) = (paths.iter().map(length).sum::<u64>(), 0);
    let mut coverage = Coverage::default();
    for path in paths {
        let bytes = length(&path);
        // One that was taken away meanwhile is none.
        if let Ok(mut file) = File::open(&path)
            && let Some(header) = segment::header(&mut file)?
        {
            for frame in segment::frames(&mut file, (HEADER_BYTES, bytes), &header.chain)? {
                read(&frame, since, (&mut coverage, &mut each));
            }
        }
        done += bytes;
        tick(done, all);
    }
    Ok(coverage)
}

fn read(
    frame: &segment::Frame,
    since: u64,
    (coverage, each): (&mut Coverage, &mut impl FnMut(PastRequest)),
) {
    let Ok(record) = Record::read(&frame.record) else { return };
    let unix = record.unix();
    coverage.since = Some(coverage.since.map_or(unix, |before| before.min(unix)));
    let Event::Decision(decision) = &record.event else { return };
    if unix < since || !BY_RULES.contains(&decision.outcome.as_str()) {
        return;
    }
    let opened: Vec<Disclosure> = serde_json::from_slice(&frame.disclosures).unwrap_or_default();
    let target = commitment::open(&decision.target, "/target", &opened).ok();
    let target = target.and_then(serde_json::Value::as_str).unwrap_or_default();
    match CanonicalPath::read(target.split('?').next().unwrap_or_default()) {
        Ok(path) => each(PastRequest {
            unix,
            person: decision.person.clone(),
            method: decision.method.clone(),
            path,
            permitted: decision.outcome == PERMITTED && decision.exception.is_none(),
        }),
        Err(_) => coverage.unreadable += 1,
    }
}

#[cfg(test)]
mod tests;
