//! The one replay of the `control` log: from a signed head over verified entries to [`Authority`].
//! Whoever decides or answers by authority follows the log through here: the issuer, the followers
//! of `status` and `log`, `doctor`.
//!
//! What a step gives is a new value; the old one stays what it was, so that whoever fails behind it
//! has nothing to undo.

use crate::intake::LedgerError;
use crate::known::KnownRecords;
use crate::published_head::PublishedHead;
use crate::sequenced::{self, Entry};
use authority::{Authority, Judged, Signatures, UnsignedClaim};
use ca_host::CaConfig;
use records::record::Record;
use records::trust::Trust;
use std::sync::{Arc, Mutex, PoisonError};
use store::{StoreError, Tx};
use tlog::merkle::{Hash, empty_root, leaf_hash};
use tlog::{Checkpoint, Edge, VerifierKey};

/// The log `control`, whose records decide.
pub const LOG: &str = "control";

/// A head below which a log never goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Floor {
    /// The tree has so many entries.
    pub size: u64,
    /// The tree of this size has this root hash (RFC 6962 2.1).
    pub root: Hash,
}

impl Default for Floor {
    fn default() -> Self {
        Self { size: 0, root: empty_root() }
    }
}

/// Authority at a head of the log.
#[derive(Clone)]
pub struct Followed {
    /// What follows from the entries; what is only recorded is noticed by whoever owns this value.
    pub authority: Authority,
    /// The tree up to the head.
    pub edge: Edge,
    /// Time of the newest record that proves time, unix.
    pub last_time: u64,
}

impl Followed {
    /// The head as a floor.
    pub fn floor(&self) -> Floor {
        Floor { size: self.edge.size(), root: self.edge.root() }
    }

    /// The same with this memory of what was verified.
    #[must_use]
    pub fn with_signatures(self, signatures: &Signatures) -> Self {
        Self { authority: self.authority.with_signatures(signatures.clone()), ..self }
    }
}

/// An entry that stands in the tree and was applied; only the replay makes one.
///
/// ```compile_fail,E0451
/// let forged = ca_store::replay::Applied { record: todo!(), effect: Ok(()), judged: None };
/// ```
pub struct Applied {
    record: Arc<Record>,
    effect: Result<(), UnsignedClaim>,
    judged: Option<Judged>,
}

impl Applied {
    /// The record that was applied, as the tree holds it.
    pub fn record(&self) -> &Arc<Record> {
        &self.record
    }

    /// Whether it had an effect; without one here means without one everywhere.
    pub fn effect(&self) -> Result<(), UnsignedClaim> {
        self.effect
    }

    /// The order that it carries out, as it was judged: no row is asked what that order says.
    pub fn judged(&self) -> Option<&Judged> {
        self.judged.as_ref()
    }
}

/// Why the log cannot be followed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The database; it may answer the next time.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log's rows do not hold together.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// There is no head yet.
    #[error("the log has no head")]
    Empty,
    /// The log shows what its key did not sign.
    #[error("the log is not the one that was followed: {0}")]
    Unsigned(&'static str),
    /// The log has less than was seen of it, or something else: its database is one of before.
    #[error(
        "the log is not the one that was followed: the log went back: {floor} records were seen, \
         and it has {size}, or others; put the newest database back"
    )]
    WentBack {
        /// The log has so many records.
        size: u64,
        /// So many were followed here, or are published.
        floor: u64,
    },
}

/// Follows the log of one city.
#[derive(Clone)]
pub struct Replay {
    key: VerifierKey,
    founding: [u8; 32],
    signatures: Signatures,
    known: KnownRecords,
    /// The head that was verified last, with its bytes.
    last: Arc<Mutex<Option<(String, Checkpoint)>>>,
    /// What is published of the log.
    published: Option<PublishedHead>,
}

impl Replay {
    /// A replay by the trust file of the city; `None` if the file names no key or founding.
    pub fn new(trust: &Trust) -> Option<Self> {
        let (key, founding) = (trust.log_key(LOG)?, trust.founding.digest()?);
        let (signatures, known) = (Signatures::new(), KnownRecords::default());
        Some(Self { key, founding, signatures, known, last: Arc::default(), published: None })
    }

    /// The same on the host where the log is published.
    pub fn published_in(self, config: &CaConfig) -> Self {
        let published = Some(PublishedHead::of(config, LOG, self.key.clone()));
        Self { published, ..self }
    }

    /// The higher of a role's own floor and what is published: asked before the database is.
    pub fn above(&self, floor: Floor) -> Floor {
        self.published.as_ref().map_or(floor, |published| published.above(floor))
    }

    /// The same with signatures that others of this process verified before.
    pub fn with_signatures(self, signatures: Signatures) -> Self {
        Self { signatures, ..self }
    }

    /// Digest of the city's founding statement.
    pub fn founding(&self) -> &[u8; 32] {
        &self.founding
    }

    /// The signatures that this replay verified.
    pub fn signatures(&self) -> &Signatures {
        &self.signatures
    }

    /// The records that this replay read.
    pub fn known(&self) -> &KnownRecords {
        &self.known
    }

    /// The head as its key signed it.
    pub async fn head(&self, tx: &mut Tx, floor: &Floor) -> Result<Checkpoint, ReplayError> {
        let (size, root, note) = sequenced::head(tx, LOG).await?.ok_or(ReplayError::Empty)?;
        let head = self.signed(note)?;
        if (head.size, head.root) != (size, root) {
            return Err(ReplayError::Unsigned("the head's row is not the signed one"));
        }
        let below = size < floor.size || (size == floor.size && root != floor.root);
        if below {
            return Err(ReplayError::WentBack { size, floor: floor.size });
        }
        Ok(head)
    }

    /// Whether these are the bytes of the head that was verified last.
    pub(crate) fn is_last(&self, note: &str) -> bool {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().is_some_and(|(known, _)| known == note)
    }

    /// The head that these bytes are, if the log's key signed them. The same bytes are not verified
    /// again.
    fn signed(&self, note: String) -> Result<Checkpoint, ReplayError> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, head)) = last.as_ref().filter(|(known, _)| *known == note) {
            return Ok(head.clone());
        }
        let head = Checkpoint::open(&note, &self.key, records::label::verify_ed25519)
            .map_err(|_| ReplayError::Unsigned("the head is not signed by the log's key"))?;
        *last = Some((note, head.clone()));
        Ok(head)
    }

    /// Follows up to `limit` entries towards a head; the last step arrives at its root, or fails.
    pub async fn step(
        &self,
        tx: &mut Tx,
        from: Option<&Followed>,
        (head, floor): (&Checkpoint, &Floor),
        limit: i64,
    ) -> Result<(Followed, Vec<Applied>), ReplayError> {
        let size = from.map_or(0, |from| from.edge.size());
        let entries = entries(tx, size, head, limit).await?;
        self.reach_aside(from.cloned(), entries, (head, floor)).await
    }

    /// Follows everything from leaf 0 to the signed head, which is not below the floor, and shows
    /// each entry with its effect; the next entries are read while these are applied.
    pub async fn whole(
        &self,
        tx: &mut Tx,
        floor: Floor,
        mut seen: impl FnMut(u64, &Applied),
    ) -> Result<Followed, ReplayError> {
        let head = self.head(tx, &floor).await?;
        let mut followed: Option<Followed> = None;
        let mut next = entries(tx, 0, &head, WHOLE_CHUNK).await?;
        loop {
            let first = followed.as_ref().map_or(0, |followed| followed.edge.size());
            let behind = first + next.len() as u64;
            let reached = self.reach_aside(followed.take(), next, (&head, &floor));
            let (reached, read) = if behind < head.size {
                let read = async { entries(tx, behind, &head, WHOLE_CHUNK).await.map(Some) };
                tokio::join!(reached, read)
            } else {
                (reached.await, Ok(None))
            };
            let (reached, applied) = reached?;
            (first..).zip(&applied).for_each(|(index, applied)| seen(index, applied));
            match read? {
                Some(read) => (followed, next) = (Some(reached), read),
                None => return Ok(reached),
            }
        }
    }

    /// Authority at the signed head, from where it was kept, for whoever looks once.
    pub async fn at_head(
        &self,
        tx: &mut Tx,
        (kept, floor): (Option<Followed>, Floor),
    ) -> Result<Followed, ReplayError> {
        let head = self.head(tx, &floor).await?;
        let mut followed = kept;
        loop {
            match followed {
                Some(reached) if reached.edge.size() >= head.size => return Ok(reached),
                behind => {
                    let step = self.step(tx, behind.as_ref(), (&head, &floor), WHOLE_CHUNK);
                    followed = Some(step.await?.0);
                }
            }
        }
    }

    /// Signatures by the thousand would hold up what else the process has begun.
    async fn reach_aside(
        &self,
        from: Option<Followed>,
        entries: Vec<Entry>,
        (head, floor): (&Checkpoint, &Floor),
    ) -> Result<(Followed, Vec<Applied>), ReplayError> {
        if entries.len() <= HERE_MAX {
            return self.reach(from, &entries, head, floor);
        }
        let (own, head, floor) = (self.clone(), head.clone(), *floor);
        let reached =
            tokio::task::spawn_blocking(move || own.reach(from, &entries, &head, &floor)).await;
        reached.map_err(|_| ReplayError::Unsigned("the replay ended"))?
    }

    /// Authority and tree behind some more entries.
    fn reach(
        &self,
        from: Option<Followed>,
        entries: &[Entry],
        head: &Checkpoint,
        floor: &Floor,
    ) -> Result<(Followed, Vec<Applied>), ReplayError> {
        let damaged = ReplayError::Unsigned;
        let (mut authority, mut edge, mut last_time) = match from {
            Some(followed) => (Some(followed.authority), followed.edge, followed.last_time),
            None => (None, Edge::default(), 0),
        };
        let mut applied = Vec::with_capacity(entries.len());
        let parsed = parse(entries, authority.as_ref(), &self.known)?;
        for ((index, ..), (hash, record)) in entries.iter().zip(parsed) {
            if *index != edge.size() {
                return Err(damaged("an entry is missing"));
            }
            edge.append(hash);
            if edge.size() == floor.size && edge.root() != floor.root {
                return Err(damaged("the entries are not those that were followed before"));
            }
            if record.proves_time() {
                last_time = last_time.max(record.unix());
            }
            let judged = match &mut authority {
                None => {
                    let found = Authority::found(&record, &self.founding)
                        .map_err(|_| damaged("leaf 0 is not this city's founding"))?;
                    authority = Some(found.with_signatures(self.signatures.clone()));
                    Ok(None)
                }
                Some(authority) => authority.apply_judged(&record),
            };
            let (effect, judged) = match judged {
                Ok(judged) => (Ok(()), judged),
                Err(unsigned) => (Err(unsigned), None),
            };
            applied.push(Applied { record, effect, judged });
        }
        if edge.size() == head.size && edge.root() != head.root {
            return Err(damaged("the entries do not lead to the head"));
        }
        let authority = authority.ok_or(damaged("leaf 0"))?;
        Ok((Followed { authority, edge, last_time }, applied))
    }
}

/// Up to so many entries are followed at once: to hand them over costs as much.
const HERE_MAX: usize = 8;
/// Entries of one step of a whole replay.
const WHOLE_CHUNK: i64 = 8_000;

/// Entries from an index on, before the head; some, or an error.
async fn entries(
    tx: &mut Tx,
    from: u64,
    head: &Checkpoint,
    limit: i64,
) -> Result<Vec<Entry>, ReplayError> {
    let mut entries = sequenced::entries(tx, LOG, from, limit).await?;
    entries.retain(|(index, ..)| *index < head.size);
    if entries.is_empty() {
        return Err(ReplayError::Unsigned("entries are missing"));
    }
    Ok(entries)
}

/// Entries of this many are parsed beside each other.
const BESIDE_MIN: usize = 64;

/// Leaf hashes and records, by all processors at once; with authority at hand, signatures are
/// verified on the way and found again when it is their record's turn.
fn parse(
    entries: &[Entry],
    authority: Option<&Authority>,
    known: &KnownRecords,
) -> Result<Vec<(Hash, Arc<Record>)>, ReplayError> {
    let one = |(_, bytes, salt): &Entry| -> Result<(Hash, Arc<Record>), ReplayError> {
        let salt = salt.as_slice().try_into();
        let salt = salt.map_err(|_| ReplayError::Unsigned("a salt"))?;
        let hash = leaf_hash(&records::record::entry(salt, bytes));
        let record = known.find(bytes).map_err(|_| ReplayError::Unsigned("a record"))?;
        Ok((hash, record))
    };
    let warmed = |entry: &Entry| -> Result<(Hash, Arc<Record>), ReplayError> {
        let parsed = one(entry)?;
        authority.inspect(|authority| authority.warm(&parsed.1));
        Ok(parsed)
    };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    if entries.len() < BESIDE_MIN || processors == 1 {
        return entries.iter().map(one).collect();
    }
    let parts = entries.chunks(entries.len().div_ceil(processors));
    let parsed: Vec<Result<Vec<_>, ReplayError>> = std::thread::scope(|scope| {
        let part = |part: &[Entry]| part.iter().map(warmed).collect::<Result<Vec<_>, _>>();
        let threads: Vec<_> = parts.map(|own| scope.spawn(move || part(own))).collect();
        let ended = |_| Err(ReplayError::Unsigned("the replay ended"));
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(ended)).collect()
    });
    let parsed: Result<Vec<Vec<_>>, ReplayError> = parsed.into_iter().collect();
    Ok(parsed?.into_iter().flatten().collect())
}
