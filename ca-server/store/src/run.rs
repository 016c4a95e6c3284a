//! A piece of an agent's run, verified before it waits for anything: no lock is held for what needs
//! none.

use pki::Certificate;
use records::access::{CHAIN_START, SignedHead, SpoolHead, chain};
use records::record::{Event, Record, entry};
use records::spooled::{SpoolFrame, Spooled, SpooledError};
use records::term::Key;
use records::{Bytes, Code, Disclosure, term};
use std::collections::BTreeSet;
use tlog::merkle::{Hash, leaf_hash};

/// The log that runs go to.
pub const LOG: &str = "access";

/// One record of a verified run.
pub(crate) struct RunEntry {
    pub(crate) id: Bytes,
    pub(crate) bytes: Vec<u8>,
    pub(crate) salt: [u8; 32],
    pub(crate) entry: [u8; 32],
    pub(crate) leaf: Hash,
    /// What opens its commitments, as its agent wrote it; empty if it has none.
    pub(crate) openings: String,
    /// What the index finds it by.
    pub(crate) keys: Vec<Key>,
}

/// Records of one run, in order, chained to each other and to a head that the agent signed. Only
/// [`VerifiedRun::verify`] makes one.
///
/// ```compile_fail,E0451
/// let verified: ca_store::run::VerifiedRun = todo!();
/// let forged = ca_store::run::VerifiedRun { agent: "another".into(), ..verified };
/// ```
pub struct VerifiedRun {
    pub(crate) agent: String,
    pub(crate) head: SpoolHead,
    pub(crate) signed: SignedHead,
    pub(crate) certificate: Vec<u8>,
    /// Number of the first record in its run.
    pub(crate) first: u64,
    /// Chain value before the first record.
    pub(crate) before: [u8; 32],
    pub(crate) entries: Vec<RunEntry>,
    /// The applications that its records name.
    applications: BTreeSet<String>,
}

impl VerifiedRun {
    /// Verifies what an agent hands in with its own certificate: form, maker, chain, signed head,
    /// and that every disclosure opens a commitment of its record.
    pub fn verify(
        agent: &str,
        certificate: &Certificate,
        spooled: &Spooled<'_>,
    ) -> Result<Self, Code> {
        let signed = spooled.head.clone();
        let head = signed.open(certificate.key()).ok_or(Code::UseSignature)?;
        if head.agent != agent {
            return Err(Code::NotYourRoute);
        }
        let mut run = Self {
            agent: agent.to_owned(),
            head,
            signed,
            certificate: certificate.der().to_vec(),
            first: 0,
            before: [0; 32],
            entries: Vec::new(),
            applications: BTreeSet::new(),
        };
        let mut running = None;
        for frame in spooled.frames() {
            running = Some(run.link(&frame.map_err(SpooledError::code)?, running)?);
        }
        let led = running.is_some_and(|chain| run.head.chain == Bytes::from(chain));
        let end = run.first.saturating_add(run.entries.len() as u64);
        if led && run.head.count == end { Ok(run) } else { Err(Code::SpoolGap) }
    }

    /// Takes the next record; gives the chain value behind it.
    fn link(
        &mut self,
        frame: &SpoolFrame<'_>,
        running: Option<[u8; 32]>,
    ) -> Result<[u8; 32], Code> {
        let record = Record::read(frame.record).map_err(|_| Code::Malformed)?;
        let link = record.link.as_ref().ok_or(Code::Malformed)?;
        let prev = link.prev.digest().ok_or(Code::Malformed)?;
        let maker = record.agent() == Some(self.agent.as_str());
        if record.log != LOG || !maker || !self.is_own(&record.event) {
            return Err(Code::NotYourRoute);
        }
        if self.entries.is_empty() {
            (self.first, self.before) = (link.aseq, prev);
        }
        let number = self.first.saturating_add(self.entries.len() as u64);
        let next = link.aseq == number && running.is_none_or(|chain| chain == prev);
        if link.epoch != self.head.epoch || !next {
            return Err(Code::SpoolGap);
        }
        if number == 0 && prev != CHAIN_START {
            return Err(Code::Malformed);
        }
        let entry = entry(&frame.salt, frame.record);
        let after = chain(&prev, &entry);
        if frame.chain != after {
            return Err(Code::SpoolGap);
        }
        let named = named_application(&record.event);
        if let Some(named) = named.filter(|named| !self.applications.contains(*named)) {
            self.applications.insert(named.to_owned());
        }
        let openings = openings(frame.record, frame.disclosures)?;
        let keys = term::keys(&record);
        let (id, leaf, bytes) = (record.id, leaf_hash(&entry), frame.record.to_vec());
        self.entries.push(RunEntry { id, bytes, salt: frame.salt, entry, leaf, openings, keys });
        Ok(after)
    }

    /// What a gate records, of its own requests only.
    fn is_own(&self, event: &Event) -> bool {
        match event {
            Event::Completion(ended) => ended
                .request
                .strip_prefix(self.agent.as_str())
                .is_some_and(|rest| rest.starts_with('/')),
            other => other.is_of_run(),
        }
    }

    /// Number behind the last record.
    pub(crate) fn end(&self) -> u64 {
        self.head.count
    }

    /// How many records it has.
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// Whether its records name this application and no other: what a gate says of those that it
    /// does not stand in front of is nobody's word.
    pub fn is_about(&self, application: &str) -> bool {
        self.applications.iter().all(|named| named == application)
    }

    /// The agent whose run it is, by its id.
    pub fn agent(&self) -> &str {
        &self.agent
    }

    /// The epoch of the run, 16 bytes.
    pub fn epoch(&self) -> &Bytes {
        &self.head.epoch
    }
}

/// The application that a record of a gate names.
fn named_application(event: &Event) -> Option<&str> {
    match event {
        Event::Started(started) => Some(started.application.as_str()),
        Event::Decision(decision) => Some(decision.application.as_str()),
        Event::Called(call) => Some(call.application.as_str()),
        Event::Heartbeat(beat) => Some(beat.application.as_str()),
        _ => None,
    }
}

/// The disclosures as they lie, if each opens a commitment that stands in the record's text.
fn openings(record: &[u8], json: &[u8]) -> Result<String, Code> {
    if json.is_empty() {
        return Ok(String::new());
    }
    let disclosures: Vec<Disclosure> = serde_json::from_slice(json).map_err(|_| Code::Malformed)?;
    let text = core::str::from_utf8(record).map_err(|_| Code::Malformed)?;
    for disclosure in &disclosures {
        let commitment = disclosure.commitment().map_err(|_| Code::Malformed)?;
        if !text.contains(&format!("\"{commitment}\"")) {
            return Err(Code::OrderIncomplete);
        }
    }
    String::from_utf8(json.to_vec()).map_err(|_| Code::Malformed)
}

#[cfg(test)]
mod tests;
