//! Losses that this role confirmed. Each stands in a journal of its own before the receipt leaves, is
//! revoked here from then on, and is brought back into the log until the log has it: also when the
//! database is away, is put back to an older state, or loses the pending record.

use super::Status;
use anyhow::Context;
use authority::{Authority, Serial};
use ca_store::follower::Follower;
use ca_store::keep::Journal;
use ca_store::ledger::{self, Standing};
use records::Bytes;
use records::record::{Cause, Event, Record, RevokedSerial};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Reason of every loss report: whoever has the key may not be its owner.
const REASON: &str = "keyCompromise";
/// A loss that the log does not have after this long is told.
const OPEN_MAX: Duration = Duration::from_secs(10);
/// While a loss is open, the log is looked at this often at least.
const LOOK: Duration = Duration::from_secs(1);
const SALT: usize = 32;

/// A loss as it was confirmed.
#[derive(Clone)]
struct Loss {
    /// When, unix.
    at: u64,
    /// The record that brings it into the log, with its salt.
    record: Record,
    bytes: Vec<u8>,
    salt: [u8; SALT],
    since: Instant,
}

/// What was confirmed, by reference.
pub(super) struct Losses {
    confirmed: Mutex<Confirmed>,
    journal: Arc<Mutex<Journal>>,
}

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
        let journal = Arc::new(Mutex::new(journal));
        Ok(Self { confirmed: Mutex::new(confirmed), journal })
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
        let (journal, entry) = (self.journal.clone(), [&loss.salt[..], &loss.bytes].concat());
        let kept = tokio::task::spawn_blocking(move || {
            journal.lock().unwrap_or_else(PoisonError::into_inner).append(&entry)
        });
        kept.await??;
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

    /// References of losses that the log does not have yet, as far as authority tells.
    fn open_ones(&self, authority: &Authority) -> Vec<(String, Loss)> {
        let mut confirmed = self.confirmed();
        let lost = |one: &String| authority.letter(one).is_some_and(|letter| letter.lost);
        confirmed.open.retain(|reference| !lost(reference));
        confirmed.open().map(|(reference, loss)| (reference.clone(), loss.clone())).collect()
    }

    /// The record that brings a loss into the log from now on: another one took the place of the last.
    fn renew(&self, reference: &str, loss: &Loss) -> anyhow::Result<()> {
        let renewed = Loss::new(loss.record.event.clone(), loss.at * 1_000_000)?;
        let renewed = Loss { since: loss.since, ..renewed };
        self.confirmed().all.insert(reference.to_owned(), renewed);
        Ok(())
    }
}

/// The event of a loss: what it revokes follows from the letter, wherever it is read; the certificates
/// are named so that they find it.
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

impl Status {
    /// Brings every loss into the log that is not there, until the stop.
    pub(super) async fn bring_losses(self: Arc<Self>) {
        let mut changes = self.follower.changes();
        loop {
            let open = self.bring_open().await;
            let pause = async {
                match open {
                    0 => std::future::pending().await,
                    _ => tokio::time::sleep(LOOK).await,
                }
            };
            tokio::select! {
                _ = changes.changed() => {}
                () = self.losses_due.notified() => {}
                () = pause => {}
                () = self.stop.wait() => return,
            }
        }
    }

    /// How many losses are open.
    async fn bring_open(&self) -> usize {
        let Some(authority) = self.follower.latest() else { return 1 };
        let open = self.losses.open_ones(&authority);
        let late = open.iter().filter(|(_, loss)| loss.since.elapsed() > OPEN_MAX).count();
        let told = format!("{late} confirmed losses are not in the log yet");
        self.metrics.condition("loss", if late > 0 { &told } else { "" });
        for (reference, loss) in &open {
            if let Err(error) = self.bring(reference, loss).await {
                tracing::warn!(error = format!("{error:#}"), "a loss is not in the log yet");
                break;
            }
        }
        open.len()
    }

    /// Puts one loss on its way that was confirmed a moment ago.
    pub(super) async fn bring_now(&self, reference: &str) -> anyhow::Result<()> {
        let loss = self.losses.confirmed().all.get(reference).cloned();
        match loss {
            Some(loss) => self.bring(reference, &loss).await,
            None => Ok(()),
        }
    }

    async fn bring(&self, reference: &str, loss: &Loss) -> anyhow::Result<()> {
        let id = &loss.record.id.0;
        let mut tx = self.store.read().await?;
        let standing = ledger::standing(&mut tx, id, &loss.bytes, &loss.salt).await?;
        drop(tx);
        match standing {
            Standing::Waiting => return Ok(()),
            Standing::Absent => {}
            // In its place stands what is no loss, or the log is not followed that far yet.
            Standing::Sequenced(_) if self.follower.fresh().await.is_err() => return Ok(()),
            Standing::Sequenced(_) | Standing::Exchanged => {
                let authority = self.follower.latest().context("authority")?;
                let has = authority.letter(reference).is_some_and(|letter| letter.lost);
                return if has { Ok(()) } else { self.losses.renew(reference, loss) };
            }
        }
        let mut tx = self.store.write().await?;
        ledger::insert(&mut tx, &loss.record, loss.bytes.clone(), loss.salt).await?;
        service::fault::point("loss-before-commit");
        tx.commit().await?;
        service::fault::point("loss-after-commit");
        self.follower.ring();
        Ok(())
    }
}
