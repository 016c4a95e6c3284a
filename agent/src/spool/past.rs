//! What a gate decided, read back from its own records: those that the log does not have yet, and
//! those that are kept for a while. A record counts that stands in its chain and whose target
//! opens.

use super::kept;
use super::segment::{self, HEADER_BYTES};
use crate::gate::profile_of;
use policy::{CanonicalPath, Circumstances};
use records::Disclosure;
use records::access::{Connection, request_id};
use records::body::PERMITTED;
use records::commitment;
use records::record::{Event, Record};
use std::collections::HashMap;
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
    /// Under what it was asked; its default where the record of its connection is not kept any
    /// more.
    pub under: Circumstances,
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
/// were read; by the arc of the city's identifiers a certificate tells its profile.
pub fn past(
    (spool, arc): (&Path, Option<&pki::oid::Arc>),
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
    let mut connections = Connections { arc, known: HashMap::new() };
    for path in paths {
        let bytes = length(&path);
        // One that was taken away meanwhile is none.
        if let Ok(mut file) = File::open(&path)
            && let Some(header) = segment::header(&mut file)?
        {
            for frame in segment::frames(&mut file, (HEADER_BYTES, bytes), &header.chain)? {
                let told = (&mut coverage, &mut connections, &mut each);
                read(&frame, since, told);
            }
        }
        done += bytes;
        tick(done, all);
    }
    Ok(coverage)
}

/// Connections by their names, as far as they tell under what is asked on them.
struct Connections<'a> {
    arc: Option<&'a pki::oid::Arc>,
    known: HashMap<String, Circumstances>,
}

impl Connections<'_> {
    fn meet(&mut self, record: &Record, seen: &Connection, opened: &[Disclosure]) {
        let text = |committed, path| commitment::open_text(committed, path, opened).ok();
        let source = text(&seen.source, "/source").and_then(|source| source.parse().ok());
        let der = text(&seen.certificate, "/certificate").and_then(records::Bytes::read);
        let certificate = der.and_then(|der| pki::Certificate::read(&der.0).ok());
        let profile = self.arc.zip(certificate).and_then(|(arc, own)| profile_of(arc, &own));
        let under = Circumstances {
            source,
            certificate: profile,
            tls: if seen.tls == "1.2" { 12 } else { 13 },
            authenticated: record.unix(),
        };
        if let (Some(agent), Some(link)) = (record.agent(), &record.link) {
            self.known.insert(request_id(agent, &link.epoch, link.aseq), under);
        }
    }
}

fn read(
    frame: &segment::Frame,
    since: u64,
    (coverage, connections, each): (
        &mut Coverage,
        &mut Connections<'_>,
        &mut impl FnMut(PastRequest),
    ),
) {
    let Ok(record) = Record::read(&frame.record) else { return };
    let unix = record.unix();
    coverage.since = Some(coverage.since.map_or(unix, |before| before.min(unix)));
    let opened = || serde_json::from_slice::<Vec<Disclosure>>(&frame.disclosures);
    if let Event::Connection(seen) = &record.event {
        return connections.meet(&record, seen, &opened().unwrap_or_default());
    }
    let Event::Decision(decision) = &record.event else { return };
    if unix < since || !BY_RULES.contains(&decision.outcome.as_str()) {
        return;
    }
    let opened = opened().unwrap_or_default();
    let target = commitment::open(&decision.target, "/target", &opened).ok();
    let target = target.and_then(serde_json::Value::as_str).unwrap_or_default();
    match CanonicalPath::read(target.split('?').next().unwrap_or_default()) {
        Ok(path) => each(PastRequest {
            unix,
            person: decision.person.clone(),
            method: decision.method.clone(),
            path,
            permitted: decision.outcome == PERMITTED && decision.exception.is_none(),
            under: connections.known.get(&decision.connection).copied().unwrap_or_default(),
        }),
        Err(_) => coverage.unreadable += 1,
    }
}

#[cfg(test)]
mod tests;
