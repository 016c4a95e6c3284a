//! The run that is being written: where it stands in its segment, and in its chain.

use super::drawn::Drawn;
use super::recorded::RunName;
use records::body::{PlaceInRun, RecordBody, RunWriter};
use records::spooled::{LaidFrame, lay};
use std::fs::File;

/// A run: one epoch in one or more segments.
pub(super) struct OpenRun {
    pub(super) epoch: [u8; 16],
    pub(super) name: RunName,
    pub(super) writer: RunWriter,
    pub(super) aseq: u64,
    /// Chain value behind the last record that got its place.
    pub(super) chain: [u8; 32],
    /// Chain value behind the last durable record.
    pub(super) written: [u8; 32],
    pub(super) file: File,
    pub(super) segment: u64,
    pub(super) offset: u64,
}

impl OpenRun {
    /// Appends the frame of a record behind the last one; gives its number and what it is hashed
    /// to.
    pub(super) fn place(
        &mut self,
        to: &mut Vec<u8>,
        (body, micros): (&RecordBody, u64),
        disclosures: &[u8],
        drawn: &mut Drawn,
    ) -> anyhow::Result<(u64, LaidFrame)> {
        let (id, salt) = drawn.take()?;
        let (aseq, prev) = (self.aseq, self.chain);
        let place = PlaceInRun { id: &id, aseq, prev: &prev, micros };
        let writer = &mut self.writer;
        let laid = lay(to, (&salt, &prev), |to| writer.write(to, body, &place), disclosures)?;
        self.aseq += 1;
        self.chain = laid.chain;
        Ok((aseq, laid))
    }
}
