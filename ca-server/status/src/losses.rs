//! Losses that this role confirmed. Each stands in a journal of its own before the receipt leaves,
//! is revoked here from then on, and is brought back into the log until the log has it: also when
//! the database is away, is put back to an older state, or loses the pending record.

use anyhow::Context;
use authority::{Authority, Serial};
use ca_store::follower::Follower;
use ca_store::keep::Journal;
use records::Bytes;
use records::record::{Cause, Event, Record, RevokedSerial};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::{mpsc, oneshot};

/// Reason of every loss report: whoever has the key may not be its owner.
const REASON: &str = "keyCompromise";
const SALT: usize = 32;

/// A loss as it was confirmed.
#[derive(Clone)]
pub(super) struct Loss {
    /// When, unix.
    at: u64,
    /// The record that brings it into the log, with its salt.
    pub(super) record: Record,
    pub(super) bytes: Vec<u8>,
    pub(super) salt: [u8; SALT],
    /// Since when this process knows of it.
    pub(super) since: Instant,
}

/// What was confirmed, by reference.
pub(super) struct Losses {
    confirmed: Mutex<Confirmed>,
    /// To the thread that writes the journal, which does nothing else: a brake waits for no place
    /// among those that may wait for files or locks.
    journal: mpsc::UnboundedSender<Entry>,
}

/// What is to be kept, and where it is told that it is.
type Entry = (Vec<u8>, oneshot::Sender<anyhow::Result<()>>);

#[derive(Default)]
struct Confirmed {
    all: HashMap<String, Loss>,
    /// What the log does not have yet.
    open: BTreeSet<String>,
}

impl Confirmed {
    fn insert(&mut self, reference: &str, loss: Loss) {
        self.open.insert(reference.to_owned());
        self.all.insert(reference.to_owned(), loss);
    }

    fn open(&self) -> impl Iterator<Item = (&String, &Loss)> {
        self.open.iter().filter_map(|reference| self.all.get_key_value(reference))
    }
}

impl Losses {
    pub(super) fn open(follower: &Follower) -> anyhow::Result<Self> {
        let (journal, entries) = follower.journal("losses")?;
        let mut confirmed = Confirmed::default();
        for entry in entries {
            let (reference, loss) = read(&entry).context("an entry of the journal of losses")?;
            confirmed.insert(&reference, loss);
        }
        let (sender, entries) = mpsc::unbounded_channel();
        std::thread::Builder::new().name("losses".into()).spawn(move || keep(journal, entries))?;
        Ok(Self { confirmed: Mutex::new(confirmed), journal: sender })
    }

    fn confirmed(&self) -> std::sync::MutexGuard<'_, Confirmed> {
        self.confirmed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Confirms a loss; it is durable when this returns. The same loss again is the same one. Gives
    /// when it was confirmed, unix.
    pub(super) async fn confirm(
        &self,
        reference: &str,
        event: Event,
        micros: u64,
    ) -> anyhow::Result<u64> {
        if let Some(known) = self.confirmed().all.get(reference) {
            return Ok(known.at);
        }
        let loss = Loss::new(event, micros)?;
        let (told, kept) = oneshot::channel();
        let entry = [&loss.salt[..], &loss.bytes].concat();
        self.journal.send((entry, told)).context("the journal is not written any more")?;
        kept.await.context("the journal is not written any more")??;
        let at = loss.at;
        let mut confirmed = self.confirmed();
        if !confirmed.all.contains_key(reference) {
            confirmed.insert(reference, loss);
        }
        Ok(at)
    }

    /// When a certificate was revoked by a loss that the log does not have yet, unix.
    pub(super) fn revoked(&self, authority: &Authority, serial: &Serial) -> Option<u64> {
        let confirmed = self.confirmed();
        let mut open = confirmed.open();
        let theirs = open.find(|(reference, _)| under(authority, reference).contains(serial));
        theirs.map(|(_, loss)| loss.at)
    }

    /// A loss that was confirmed.
    pub(super) fn get(&self, reference: &str) -> Option<Loss> {
        self.confirmed().all.get(reference).cloned()
    }

    /// References of losses that the log does not have yet, as far as authority tells.
    pub(super) fn open_ones(&self, authority: &Authority) -> Vec<(String, Loss)> {
        let mut confirmed = self.confirmed();
        let lost = |one: &String| authority.letter(one).is_some_and(|letter| letter.lost);
        confirmed.open.retain(|reference| !lost(reference));
        confirmed.open().map(|(reference, loss)| (reference.clone(), loss.clone())).collect()
    }

    /// The record that brings a loss into the log from now on: another one took the place of the
    /// last.
    pub(super) fn renew(&self, reference: &str, loss: &Loss) -> anyhow::Result<()> {
        let renewed = Loss::new(loss.record.event.clone(), loss.at * 1_000_000)?;
        let renewed = Loss { since: loss.since, ..renewed };
        self.confirmed().all.insert(reference.to_owned(), renewed);
        Ok(())
    }
}

/// Writes the journal until nobody can report any more.
fn keep(mut journal: Journal, mut entries: mpsc::UnboundedReceiver<Entry>) {
    while let Some((entry, told)) = entries.blocking_recv() {
        let _ = told.send(journal.append(&entry));
    }
}

/// The event of a loss: what it revokes follows from the letter, wherever it is read; the
/// certificates are named so that they find it.
pub(super) fn event(authority: &Authority, reference: &str, value: &Bytes) -> Event {
    let cause = Cause::Loss { reference: reference.to_owned(), value: value.clone() };
    let named = under(authority, reference).into_iter().filter_map(|serial| {
        let (serial, held) = (serial.to_string(), authority.held(&serial.to_string())?);
        let not_after = records::time::seconds(held.not_after);
        Some(RevokedSerial { serial, not_after })
    });
    let (certificates, reason) = (named.collect(), REASON.to_owned());
    Event::Revoked { certificates, reason, cause, approvals: Vec::new() }
}

impl Loss {
    fn new(event: Event, micros: u64) -> anyhow::Result<Self> {
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
        Ok(Self { at: micros / 1_000_000, record, bytes, salt, since: Instant::now() })
    }
}

fn read(entry: &[u8]) -> Option<(String, Loss)> {
    let (salt, bytes) = entry.split_first_chunk::<SALT>()?;
    let record = Record::read(bytes).ok()?;
    let Event::Revoked { cause: Cause::Loss { reference, .. }, .. } = &record.event else {
        return None;
    };
    let (reference, at, since) = (reference.clone(), record.unix(), Instant::now());
    let bytes = bytes.to_vec();
    Some((reference, Loss { at, record, bytes, salt: *salt, since }))
}

/// Serial numbers of everything that was issued, or is being issued, under a letter.
pub(super) fn under(authority: &Authority, reference: &str) -> Vec<Serial> {
    let mut serials = authority.letter(reference).map_or(Vec::new(), |l| l.serials.clone());
    serials.extend(authority.intended_under(reference).filter(|one| !serials.contains(one)));
    serials
}
