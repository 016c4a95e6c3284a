//! A loss or a suspension as it was confirmed, and as it stands in the journal.

use super::listed::{Counted, Rank};
use authority::{Authority, Serial};
use pki::crl::RevocationReason;
use records::record::{Cause, Event, Record, RevokedSerial};
use records::suspension::SuspensionCause;
use records::{Bytes, Disclosure};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

/// Reason of every loss report: whoever has the key may not be its owner.
const REASON: &str = "keyCompromise";
const SALT: usize = 32;

/// A loss or a suspension as it was confirmed.
#[derive(Clone)]
pub(super) struct Loss {
    /// The loss was confirmed at this time, unix seconds.
    pub(super) at: u64,
    /// The record that brings it into the log, with its salt.
    pub(super) record: Record,
    pub(super) bytes: Vec<u8>,
    pub(super) salt: [u8; SALT],
    /// What opens its commitments.
    pub(super) opened: Vec<Disclosure>,
    /// Since when this process knows of it.
    pub(super) since: Instant,
}

impl Loss {
    /// One that is confirmed now.
    pub(super) fn new(
        (event, opened): (Event, Vec<Disclosure>),
        micros: u64,
    ) -> anyhow::Result<Self> {
        let record = Record {
            v: 1,
            id: ca_host::random::bytes::<16>()?.into(),
            log: "control".into(),
            maker: "status".into(),
            time: records::time::micros(micros),
            link: None,
            event,
        };
        let (bytes, salt) = (record.write()?, ca_host::random::bytes::<SALT>()?);
        let since = Instant::now();
        Ok(Self { at: micros / 1_000_000, record, bytes, salt, opened, since })
    }

    /// The same under another record: another one took the place of the last.
    pub(super) fn renewed(&self) -> anyhow::Result<Self> {
        let said = (self.record.event.clone(), self.opened.clone());
        Ok(Self { since: self.since, ..Self::new(said, self.at * 1_000_000)? })
    }

    /// As it stands in the journal: salt, length and bytes of the record, what opens it.
    pub(super) fn entry(&self) -> anyhow::Result<Vec<u8>> {
        let length = u32::try_from(self.bytes.len())?.to_be_bytes();
        let opened = serde_json::to_vec(&self.opened)?;
        Ok([&self.salt[..], &length, &self.bytes, &opened].concat())
    }

    /// Whether the tree has it, or what came of it.
    pub(super) fn is_in(&self, authority: &Authority) -> bool {
        match &self.record.event {
            Event::Revoked { cause: Cause::Loss { reference, .. }, .. } => {
                authority.letter(reference).is_some_and(|letter| letter.lost)
            }
            Event::Suspended { cause, .. } => authority.knows_suspension(&cause.name()),
            _ => false,
        }
    }

    /// What it takes away.
    pub(super) fn serials(&self, authority: &Authority) -> Vec<Serial> {
        #[cfg(test)]
        steps::count();
        match &self.record.event {
            Event::Revoked { cause: Cause::Loss { reference, .. }, .. } => {
                under(authority, reference)
            }
            Event::Suspended { certificates, cause, .. } => {
                let named = certificates.iter().filter_map(|one| Serial::read(&one.serial));
                let letter = cause.reference().map(|reference| under(authority, &reference));
                let all: BTreeSet<Serial> = named.chain(letter.into_iter().flatten()).collect();
                all.into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// What it takes away and since when, unix: as lists will have it, and the log.
    pub(super) fn dated(&self, authority: &Authority) -> Vec<(Serial, u64)> {
        let said = match &self.record.event {
            Event::Suspended { cause, .. } => authority.suspension(cause).unwrap_or_default(),
            _ => Vec::new(),
        };
        let since: BTreeMap<Serial, u64> =
            said.into_iter().map(|(serial, one)| (serial, one.revoked.at)).collect();
        let dated = |serial: Serial| (serial, since.get(&serial).copied().unwrap_or(self.at));
        self.serials(authority).into_iter().map(dated).collect()
    }

    /// What it goes before.
    pub(super) fn rank(&self) -> Rank {
        let counted = match self.record.event {
            Event::Suspended { .. } => Counted::Suspended,
            _ => Counted::Revoked,
        };
        Rank { counted, is_behind: false, at: self.at, since: self.at }
    }

    /// How a serial number of it counts, with what else is known of that.
    pub(super) fn counted(&self, authority: &Authority, serial: &str) -> Counted {
        let hold = self.reason() == RevocationReason::CertificateHold;
        let revoked = authority.is_revoked(serial) && authority.suspended_as(serial).is_none();
        if hold && !revoked { Counted::Suspended } else { Counted::Revoked }
    }

    /// As lists name it.
    pub(super) fn reason(&self) -> RevocationReason {
        match self.record.event {
            Event::Suspended { .. } => RevocationReason::CertificateHold,
            _ => RevocationReason::KeyCompromise,
        }
    }
}

/// An entry of the journal, with its key.
pub(super) fn read(entry: &[u8]) -> Option<(String, Loss)> {
    let (salt, rest) = entry.split_first_chunk::<SALT>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (bytes, opened) = rest.split_at_checked(length)?;
    let opened = serde_json::from_slice(opened).ok()?;
    let record = Record::read(bytes).ok()?;
    let key = match &record.event {
        Event::Revoked { cause: Cause::Loss { reference, .. }, .. } => reference.clone(),
        Event::Suspended { cause, .. } => key(cause),
        _ => return None,
    };
    let (at, since) = (record.unix(), Instant::now());
    let bytes = bytes.to_vec();
    Some((key, Loss { at, record, bytes, salt: *salt, opened, since }))
}

/// The key of a suspension.
pub(super) fn key(cause: &SuspensionCause) -> String {
    format!("suspension {}", Bytes::from(cause.name()))
}

/// The event of a loss: what it revokes follows from the letter, wherever it is read; the
/// certificates are named so that they find it.
pub(super) fn event(
    authority: &Authority,
    reference: &str,
    value: &Bytes,
    (statement, signature): (Bytes, Bytes),
) -> Event {
    let cause = Cause::Loss { reference: reference.to_owned(), value: value.clone() };
    let named = named(authority, under(authority, reference));
    let (certificates, reason, approvals) = (named, REASON.to_owned(), Vec::new());
    Event::Revoked { certificates, reason, cause, approvals, statement, signature }
}

/// Serial numbers with the ends of their certificates, so that a record is found by them.
pub(super) fn named(authority: &Authority, serials: Vec<Serial>) -> Vec<RevokedSerial> {
    let named = serials.into_iter().filter_map(|serial| {
        let (serial, held) = (serial.to_string(), authority.held(&serial.to_string())?);
        let not_after = records::time::seconds(held.not_after);
        Some(RevokedSerial { serial, not_after })
    });
    named.collect()
}

/// Serial numbers of everything that was issued, or is being issued, under a letter.
pub(super) fn under(authority: &Authority, reference: &str) -> Vec<Serial> {
    let mut serials = authority.letter(reference).map_or(Vec::new(), |l| l.serials.clone());
    serials.extend(authority.intended_under(reference).filter(|one| !serials.contains(one)));
    serials
}

/// Counts how many losses were looked into, on the thread of a test.
#[cfg(test)]
pub(super) mod steps {
    use std::cell::Cell;

    thread_local! {
        static STEPS: Cell<usize> = const { Cell::new(0) };
    }

    pub(crate) fn count() {
        STEPS.with(|steps| steps.set(steps.get() + 1));
    }

    /// How many since this was asked last.
    pub(crate) fn taken() -> usize {
        STEPS.with(Cell::take)
    }
}
