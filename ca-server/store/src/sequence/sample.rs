//! A run of an agent as it is handed in, for tests.

use crate::run::{LOG, VerifiedRun};
use records::access::{Completion, Link, SignedHead, SpoolHead, chain};
use records::label::Label;
use records::record::{Event, Record, entry};
use records::spooled::{SpoolFrame, Spooled};
use records::{Bytes, Code};
use sample_city::SampleOfficer;

const AGENT: &str = "gate-1";
const SALT: [u8; 32] = [1; 32];

/// A run of an agent: its records, and the chain value before each and behind the last.
pub(super) struct SampleRun<'a> {
    agent: &'a SampleOfficer,
    epoch: Bytes,
    records: Vec<Vec<u8>>,
    pub(super) entries: Vec<[u8; 32]>,
    pub(super) chains: Vec<[u8; 32]>,
}

impl<'a> SampleRun<'a> {
    /// A run of so many records under an epoch, which begins at a chain value; those from `other`
    /// on are not what such a run has.
    pub(super) fn of(
        agent: &'a SampleOfficer,
        epoch: u8,
        (count, other): (u8, u8),
        start: [u8; 32],
    ) -> Self {
        let (epoch, chains) = ([epoch; 16].into(), vec![start]);
        let mut run = Self { agent, epoch, records: Vec::new(), entries: Vec::new(), chains };
        for number in 0..count {
            let before = run.chains[run.records.len()];
            let outcome = if number < other { "done" } else { "cut" };
            let ended = Completion::without_answer(format!("{AGENT}/A/{number}"), outcome);
            let (epoch, aseq) = (run.epoch.clone(), number.into());
            let record = Record {
                v: 1,
                id: [number; 16].into(),
                log: LOG.into(),
                maker: format!("{AGENT}/agent"),
                time: "2026-01-01T00:00:00.000000Z".into(),
                link: Some(Link { epoch, aseq, prev: before.into() }),
                event: Event::Completion(ended),
            };
            let bytes = record.write().unwrap();
            let entry = entry(&SALT, &bytes);
            run.records.push(bytes);
            run.entries.push(entry);
            run.chains.push(chain(&before, &entry));
        }
        run
    }

    /// A head behind so many records.
    pub(super) fn head(&self, count: usize) -> SignedHead {
        let head = SpoolHead {
            v: 1,
            agent: AGENT.into(),
            epoch: self.epoch.clone(),
            count: count as u64,
            chain: self.chains[count].into(),
        };
        let head = records::json::write(&head).unwrap();
        let signature = Label::Spool.sign(self.agent.signer.as_ref(), &head).unwrap();
        SignedHead { head: head.into(), signature: signature.into() }
    }

    /// The records of some numbers, as the agent hands them in.
    pub(super) fn handed(&self, first: usize, end: usize) -> Result<VerifiedRun, Code> {
        let mut bytes = Vec::new();
        for number in first..end {
            let (record, chain) = (self.records[number].as_slice(), self.chains[number + 1]);
            let frame = SpoolFrame { salt: SALT, chain, record, disclosures: &[] };
            frame.write(&mut bytes).unwrap();
        }
        let spooled = Spooled { head: self.head(end), known: 0, bytes: bytes.into() };
        VerifiedRun::verify(AGENT, &self.agent.certificate, &spooled)
    }

    pub(super) fn piece(&self, first: usize, end: usize) -> VerifiedRun {
        self.handed(first, end).unwrap()
    }
}
