//! Losses and suspensions that this role confirmed. Each stands in a journal of its own before the
//! receipt leaves, counts here from then on, and is brought back into the log until the log has it:
//! also when the database is away, is put back to an older state, or loses the pending record.

use super::listed::{Beside, Counted, Listed, Newest, Rank};
use anyhow::Context;
use authority::{Authority, Serial};
use ca_store::follower::Follower;
use ca_store::keep::Journal;
use pki::SerialNumber;
use pki::crl::{RevocationList, RevocationReason};
use records::record::{Cause, Event, Record, RevokedSerial};
use records::suspension::SuspensionCause;
use records::{Bytes, Disclosure};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::{mpsc, oneshot};

/// Reason of every loss report: whoever has the key may not be its owner.
const REASON: &str = "keyCompromise";
const SALT: usize = 32;

/// A loss or a suspension as it was confirmed.
#[derive(Clone)]
pub(super) struct Loss {
    /// When, unix.
    at: u64,
    /// The record that brings it into the log, with its salt.
    pub(super) record: Record,
    pub(super) bytes: Vec<u8>,
    pub(super) salt: [u8; SALT],
    /// What opens its commitments.
    pub(super) opened: Vec<Disclosure>,
    /// Since when this process knows of it.
    pub(super) since: Instant,
}

/// What was confirmed, by its key: a letter's reference, or the name of a suspension.
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
    /// What some list that a gate may still have does not hold.
    unlisted: BTreeMap<String, Listed>,
}

impl Confirmed {
    fn insert(&mut self, reference: &str, loss: Loss) {
        self.open.insert(reference.to_owned());
        self.unlisted.insert(reference.to_owned(), Listed::default());
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

    /// Confirms a loss or a suspension; it is durable when this returns. The same again is the same
    /// one. Gives when it was confirmed, unix.
    pub(super) async fn confirm(
        &self,
        reference: &str,
        (event, opened): (Event, Vec<Disclosure>),
        micros: u64,
    ) -> anyhow::Result<u64> {
        if let Some(at) = self.confirmed_at(reference) {
            return Ok(at);
        }
        let loss = Loss::new((event, opened), micros)?;
        let (told, kept) = oneshot::channel();
        let entry = loss.entry()?;
        self.journal.send((entry, told)).context("the journal is not written any more")?;
        kept.await.context("the journal is not written any more")??;
        let mut confirmed = self.confirmed();
        if !confirmed.all.contains_key(reference) {
            confirmed.insert(reference, loss);
        }
        // Of two at once the first one kept counts, for both.
        Ok(confirmed.all.get(reference).map_or(micros / 1_000_000, |first| first.at))
    }

    /// When a loss or a suspension was confirmed, unix.
    pub(super) fn confirmed_at(&self, reference: &str) -> Option<u64> {
        self.confirmed().all.get(reference).map(|known| known.at)
    }

    /// Authority as it will be when the log has everything that was confirmed.
    pub(super) fn noticed(&self, authority: &Authority) -> Authority {
        let mut noticed = authority.clone();
        let confirmed = self.confirmed();
        let open = confirmed.open().filter(|(_, loss)| !loss.is_in(authority));
        noticed.notice_pending(open.map(|(_, loss)| &loss.record));
        noticed
    }

    /// When and why a certificate was revoked or suspended by what the log does not have yet, unix;
    /// a loss before a suspension.
    pub(super) fn revoked(
        &self,
        authority: &Authority,
        serial: &Serial,
    ) -> Option<(u64, RevocationReason)> {
        let confirmed = self.confirmed();
        let theirs = confirmed
            .open()
            .filter(|(_, loss)| !loss.is_in(authority) && loss.serials(authority).contains(serial));
        theirs.map(|(_, loss)| (loss.at, loss.reason())).min_by_key(|(_, reason)| reason.code())
    }

    /// A loss that was confirmed.
    pub(super) fn get(&self, reference: &str) -> Option<Loss> {
        self.confirmed().all.get(reference).cloned()
    }

    /// What the log does not have yet, as far as authority tells.
    pub(super) fn open_ones(&self, authority: &Authority) -> Vec<(String, Loss)> {
        let mut confirmed = self.confirmed();
        let Confirmed { all, open, .. } = &mut *confirmed;
        open.retain(|one| all.get(one).is_some_and(|loss| !loss.is_in(authority)));
        confirmed.open().map(|(reference, loss)| (reference.clone(), loss.clone())).collect()
    }

    /// What was confirmed here, counts at `now` (unix) and does not stand in the list that a gate
    /// has, by its number: what no list holds, and what only a newer one does, which a gate may not
    /// have accepted. It is forgotten here when no older list is in use.
    pub(super) fn unlisted(
        &self,
        authority: &Authority,
        (list, known): (&RevocationList, u64),
        now: u64,
    ) -> Beside {
        let mut confirmed = self.confirmed();
        let Confirmed { all, unlisted, .. } = &mut *confirmed;
        let newest = Newest { number: list.number(), until: list.next_update() };
        let mut beside = Beside::default();
        unlisted.retain(|one, listed| {
            let Some(loss) = all.get(one) else { return false };
            let is_in = loss.is_in(authority);
            // A letter that the log does not know as lost may still bring something.
            let mut stays = !is_in;
            for serial in loss.serials(authority) {
                let text = serial.to_string();
                let counts = !is_in || authority.is_revoked(&text);
                let over = authority.held(&text).is_some_and(|held| held.not_after < now);
                if counts && !over {
                    let counted = loss.counted(authority, &text);
                    let holds = SerialNumber::from_hex(&text).is_some_and(|number| {
                        // What stands there as suspended does not say that it is revoked.
                        let enough = counted == Counted::Suspended || !list.is_held(&number);
                        list.contains(&number) && enough
                    });
                    let rank = Rank { counted, ..loss.rank() };
                    let (told, place) = ((serial, rank), (&newest, holds));
                    stays |= listed.sort(told, place, (known, now), &mut beside);
                }
            }
            stays
        });
        beside
    }

    /// The record that brings a loss into the log from now on: another one took the place of the
    /// last.
    pub(super) fn renew(&self, reference: &str, loss: &Loss) -> anyhow::Result<()> {
        let said = (loss.record.event.clone(), loss.opened.clone());
        let renewed = Loss::new(said, loss.at * 1_000_000)?;
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

impl Loss {
    fn new((event, opened): (Event, Vec<Disclosure>), micros: u64) -> anyhow::Result<Self> {
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

    /// As it stands in the journal: salt, length and bytes of the record, what opens it.
    fn entry(&self) -> anyhow::Result<Vec<u8>> {
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

    fn serials(&self, authority: &Authority) -> Vec<Serial> {
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

    /// What it goes before.
    pub(super) fn rank(&self) -> Rank {
        let counted = match self.record.event {
            Event::Suspended { .. } => Counted::Suspended,
            _ => Counted::Revoked,
        };
        Rank { counted, is_behind: false, at: self.at }
    }

    /// How a serial number of it counts, with what else is known of that.
    fn counted(&self, authority: &Authority, serial: &str) -> Counted {
        let hold = self.reason() == RevocationReason::CertificateHold;
        let revoked = authority.is_revoked(serial) && authority.suspended_as(serial).is_none();
        if hold && !revoked { Counted::Suspended } else { Counted::Revoked }
    }

    fn reason(&self) -> RevocationReason {
        match self.record.event {
            Event::Suspended { .. } => RevocationReason::CertificateHold,
            _ => RevocationReason::KeyCompromise,
        }
    }
}

fn read(entry: &[u8]) -> Option<(String, Loss)> {
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
