//! The sequencer: one holder of a lease per log numbers what waits, moves the head by
//! compare-and-swap, and signs the checkpoint, all in one transaction. Records that other processes
//! wrote wait in `log_pending`; runs of agents come from this process's own intake and are numbered
//! directly.
//!
//! A crash before the commit leaves the records pending, or with the agents that hold them; after
//! it, files are made again from the rows. The floor of the signer follows each commit, and is
//! durable before a view or an answer leaves, a file is published or another head is signed: a
//! database that goes back below what anybody was shown here is signed no second history.

use crate::intake::{self, LedgerError, Unnumbered};
use crate::keep::FloorFile;
use crate::known::KnownRecords;
use crate::proof;
use crate::record;
use crate::run::VerifiedRun;
use crate::runs::{self, Reached};
use crate::sequenced;
use crate::tree::{Tree, TreeView};
use anyhow::{Context, bail, ensure};
use ca_host::random;
use keys::SoftwareSigner;
use pki::Signer;
use quick_cache::sync::Cache;
use records::Bytes;
use records::term::Key;
use service::{Clock, fault};
use std::sync::Arc;
use std::time::Duration;
use store::{Store, Tx, hold_lease, pending};
use tlog::merkle::{empty_root, leaf_hash};
use tlog::tile::TileId;
use tlog::{Checkpoint, Edge, VerifierKey};
use tokio::sync::watch;

mod follow;
mod idle;
mod last_signed;
mod numbered;
#[cfg(test)]
mod sample;

pub use follow::RunOutcome;
use follow::{Follows, follow};
pub use last_signed::DurableHead;
use last_signed::Kept;
use numbered::Numbered;

/// Records of one round at most. Where many wait, everybody who follows looks at all the others
/// again after each round: few large ones are over sooner than many small ones.
const BATCH_MAX: i64 = 8_192;
/// A successor of a killed holder waits this long; the head's compare-and-swap keeps order anyway.
const LEASE_MICROS: i64 = 3_000_000;
/// The same as a time.
pub const LEASE: Duration = Duration::from_micros(LEASE_MICROS.unsigned_abs());
/// Runs whose reach is remembered.
const REACHED_MAX: usize = 10_000;

/// Gives the records of one log their numbers and signs its checkpoints; nobody else does.
pub struct Sequencer {
    log: &'static str,
    store: Store,
    signer: SoftwareSigner,
    key: VerifierKey,
    clock: Clock,
    holder: String,
    /// The tree at the size at which we last committed; rebuilt from tiles when the head moved.
    tree: Tree,
    kept: Kept,
    /// How far runs reach in the tree above.
    reached: Cache<(String, Bytes), Reached>,
    /// Records that this process read.
    known: KnownRecords,
    /// Until when this holder has the lease, as far as it committed that; unix µs.
    leased: Option<i64>,
    /// Whether somebody said that something waits, and a look would cost more than a round.
    rung: bool,
}

/// What a round of the sequencer did.
pub struct Round {
    /// How many records got a number.
    pub count: u64,
    /// What became of each run, in their order.
    pub outcomes: Vec<RunOutcome>,
    /// The tree behind the round; none if there was nothing to do.
    pub view: Option<TreeView>,
    /// Whether something waits that was left to another holder of the lease, who did not move the
    /// head since the last round.
    pub is_kept_out: bool,
    /// Index of the first record of a run, and what the index finds each from there on by.
    pub keys: (u64, Vec<Vec<Key>>),
}

impl Sequencer {
    /// A sequencer under a fresh holder name.
    pub fn new(
        log: &'static str,
        store: Store,
        signer: SoftwareSigner,
        key: VerifierKey,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            log,
            store,
            signer,
            key,
            clock,
            holder: random::id()?,
            tree: Tree::default(),
            kept: Kept::none(),
            reached: Cache::new(REACHED_MAX),
            known: KnownRecords::default(),
            leased: None,
            rung: false,
        })
    }

    /// The same above a floor.
    pub fn above(self, floor: FloorFile) -> Self {
        Self { kept: self.kept.above(floor), ..self }
    }

    /// The same with records that others of this process read.
    #[must_use]
    pub fn with_known(self, known: KnownRecords) -> Self {
        Self { known, ..self }
    }

    /// The log is `control` or `access`.
    pub fn log(&self) -> &'static str {
        self.log
    }

    /// Heads that were signed and whose floor is durable: what may be published.
    pub fn durable(&self) -> watch::Receiver<Option<DurableHead>> {
        self.kept.durable()
    }

    /// Gives the lease up, at the end.
    pub async fn release(&mut self) -> anyhow::Result<()> {
        self.kept.raise()?;
        Ok(store::release_lease(&self.store, &lease(self.log), &self.holder).await?)
    }

    /// One round over what waits and these runs, of which no two are pieces of the same one.
    pub async fn round(&mut self, runs: Vec<VerifiedRun>) -> anyhow::Result<Round> {
        // A raise that failed is tried again first: one signature at most is ahead of the floor.
        self.kept.raise()?;
        if runs.is_empty() && !std::mem::take(&mut self.rung) && self.is_idle().await? {
            return Ok(Round::empty());
        }
        let mut tx = self.store.write().await?;
        let now = i64::try_from(self.clock.micros()).unwrap_or(i64::MAX);
        // What is known of the lease holds again once this round has committed.
        let leased = self.leased.take().filter(|until| is_fresh(*until, now));
        let until = leased.unwrap_or(now + LEASE_MICROS);
        let has = leased.is_some()
            || hold_lease(&mut tx, &lease(self.log), &self.holder, now, until).await?;
        if !has {
            ensure!(runs.is_empty(), "another sequencer has the lease");
            return self.left_to_another(tx).await;
        }
        // Between the head that a decision follows and the pending records that it notices nothing
        // may move into the tree: it would see a withdrawal in neither.
        pending::lock(&mut tx, self.log).await?;
        let checkpoint = self.catch_up(&mut tx).await?;
        // What another process signed, or this one just before a crash, has its floor first.
        self.kept.raise()?;
        // First: a row behind the head, under the id of what waits, would have that taken for what
        // stands already, and lost.
        sequenced::clear_behind(&mut tx, self.log, self.tree.edge.size()).await?;
        let waiting = intake::unnumbered(&mut tx, self.log, BATCH_MAX).await?;
        let (mut numbered, outcomes, reached) = self.collect(&mut tx, &waiting, runs).await?;
        let count = numbered.leaves.len() as u64;
        if count == 0 && waiting.is_empty() && checkpoint.is_some() {
            let view = checkpoint.map(|note| self.tree.view(note));
            return Ok(Round { count, outcomes, view, ..Round::empty() });
        }
        let first_of_runs = numbered.next - numbered.keys.len() as u64;
        let keys = (first_of_runs, numbered.keys.split_off(0));
        let (tree, head, note) = self.append(&mut tx, numbered, &waiting).await?;
        fault::point("sequencer-before-commit");
        tx.commit_here().await?;
        fault::point("sequencer-after-commit");
        self.leased = Some(until);
        self.committed(tree, reached);
        self.kept.signs(&head, &note);
        self.kept.raise()?;
        let view = Some(self.tree.view(note.into()));
        Ok(Round { count, outcomes, view, keys, ..Round::empty() })
    }

    /// How many records wait for the tree.
    pub async fn waiting(&self) -> anyhow::Result<u64> {
        let mut tx = self.store.read().await?;
        Ok(intake::waiting(&mut tx, self.log).await?)
    }

    /// Follows what the holder of the lease signed.
    async fn left_to_another(&mut self, mut tx: Tx) -> anyhow::Result<Round> {
        let before = self.kept.signed();
        self.catch_up(&mut tx).await?;
        let waits = pending::newest(&mut tx, self.log).await? > 0;
        drop(tx);
        self.kept.raise()?;
        Ok(Round { is_kept_out: waits && self.kept.signed() == before, ..Round::empty() })
    }

    /// Memory follows the commit.
    fn committed(&mut self, tree: Tree, reached: Vec<((String, Bytes), Reached)>) {
        self.tree = tree;
        reached.into_iter().for_each(|(run, reached)| self.reached.insert(run, reached));
    }

    /// Brings the tree to the committed head, if that continues what was signed; gives its
    /// checkpoint, as it was verified here.
    async fn catch_up(&mut self, tx: &mut Tx) -> anyhow::Result<Option<Arc<str>>> {
        let found = sequenced::head(tx, self.log).await?;
        let (size, root) =
            found.as_ref().map_or((0, empty_root()), |(size, root, _)| (*size, *root));
        let signed = self.kept.signed();
        if size < signed.size || (size == signed.size && root != signed.root) {
            bail!(
                "the database went back below what this log signed ({size} entries, {} signed); \
                 no second history is signed: put the database back",
                signed.size
            );
        }
        let is_known = (self.tree.edge.size(), self.tree.edge.root()) == (size, root);
        if is_known && (found.is_none() || self.kept.note().is_some()) {
            return Ok(found.and(self.kept.note()));
        }
        self.reached.clear();
        let edge = edge_at(tx, self.log, size).await?;
        if edge.root() != root {
            return Err(LedgerError::Damaged("the tiles do not lead to the head").into());
        }
        if signed.size > 0 && edge_at(tx, self.log, signed.size).await?.root() != signed.root {
            bail!("the database holds another history than this log signed");
        }
        if let Some((_, _, note)) = &found {
            let head = Checkpoint::open(note, &self.key, records::label::verify_ed25519)?;
            ensure!((head.size, head.root) == (size, root), "the head is not the signed one");
            self.kept.signs(&head, note);
        }
        self.tree = Tree::at(edge);
        Ok(found.and(self.kept.note()))
    }

    /// What gets a number: first what waits, in its order, then the runs that continue what the log
    /// has.
    async fn collect(
        &self,
        tx: &mut Tx,
        waiting: &[Unnumbered],
        runs: Vec<VerifiedRun>,
    ) -> anyhow::Result<(Numbered, Vec<RunOutcome>, Vec<((String, Bytes), Reached)>)> {
        let mut numbered = Numbered::from(self.tree.edge.size());
        for Unnumbered { position, record: one, stands } in waiting {
            // An entry that a hand brings once more would fail every round.
            if *stands {
                tracing::error!(log = self.log, position, "what waits stands already: dropped");
                continue;
            }
            // What a hand put there and no record can be would stop every follower for good, and so
            // would an entry that commits to something else: the one is dropped, the other made
            // anew.
            let read = record::read(self.log, one, &self.known);
            let (Some(_), Ok(salt)) = (read, one.salt.as_slice().try_into()) else {
                tracing::error!(log = self.log, position, "what waits is no record: dropped");
                continue;
            };
            let entry = records::record::entry(salt, &one.record);
            let parts = (one.record.clone(), one.salt.clone(), entry.to_vec());
            numbered.push(self.log, leaf_hash(&entry), Some(one.record_id.clone()), parts)?;
        }
        let (mut outcomes, mut reached, mut written) = (Vec::new(), Vec::new(), Vec::new());
        for mut run in runs {
            let name = (run.agent.clone(), run.epoch().clone());
            let known = match self.reached.get(&name) {
                Some(known) => Some(known),
                None => runs::reached(tx, &name.0, &name.1).await?,
            };
            let (old, mut places) = match follow(tx, known, &run, &self.tree.edge).await? {
                Follows::New(old, places) => (old, places),
                Follows::Refused(outcome) => {
                    outcomes.push(outcome);
                    continue;
                }
            };
            let fresh = run.entries.split_off(old);
            if !fresh.is_empty() {
                let index = numbered.next;
                follow::add(&mut places, index, fresh.len() as u64);
                let chain = run.head.chain.digest().context("chain")?;
                reached.push((name, (run.end(), chain)));
                for one in fresh {
                    if !one.openings.is_empty() {
                        numbered.open(self.log, one.openings)?;
                    }
                    numbered.keys.push(one.keys);
                    let parts = (one.bytes, one.salt.to_vec(), one.entry.to_vec());
                    numbered.push(self.log, one.leaf, None, parts)?;
                }
                let first = run.first + old as u64;
                written.push((run, first, index));
            }
            outcomes.push(RunOutcome::Stands(places));
        }
        let written: Vec<_> =
            written.iter().map(|(run, first, index)| (run, *first, *index)).collect();
        runs::write(tx, &written).await?;
        Ok((numbered, outcomes, reached))
    }

    /// Writes what has its numbers behind the head; gives the tree with it, its head and signed
    /// checkpoint.
    async fn append(
        &self,
        tx: &mut Tx,
        numbered: Numbered,
        waiting: &[Unnumbered],
    ) -> anyhow::Result<(Tree, Checkpoint, String)> {
        let old = self.tree.edge.size();
        sequenced::append(tx, numbered.rows, numbered.openings).await?;
        if let (Some(first), Some(last)) = (waiting.first(), waiting.last()) {
            let span = (first.position, last.position);
            let taken = pending::taken(tx, self.log, span).await?;
            ensure!(taken == waiting.len() as u64, "the queue is not what was read");
        }
        let mut tree = self.tree.clone();
        let mut tiles = tree.append(numbered.leaves.into_iter());
        let grown = (old, tree.edge.size());
        let partial = tree.edge.partial().filter(|(id, _)| is_another(id.level, grown));
        tiles.extend(partial.map(|(id, hashes)| (id, Arc::new(hashes.to_vec()))));
        sequenced::write_tiles(tx, self.log, tiles).await?;
        let head = Checkpoint {
            origin: self.key.name().to_owned(),
            size: tree.edge.size(),
            root: tree.edge.root(),
        };
        let note = tlog::note::sign(&head.text(), &self.key, |text| self.signer.sign(text))?;
        ensure!(
            sequenced::move_head(tx, self.log, old, (&head, &note)).await?,
            "another sequencer moved the head"
        );
        Ok((tree, head, note))
    }
}

impl Round {
    fn empty() -> Self {
        let keys = (0, Vec::new());
        Self { count: 0, outcomes: Vec::new(), view: None, is_kept_out: false, keys }
    }
}

/// Whether a lease that ends then needs no renewal yet: a third of it is not over.
fn is_fresh(until: i64, now: i64) -> bool {
    let left = until.saturating_sub(now);
    left <= LEASE_MICROS && left > LEASE_MICROS / 3 * 2
}

/// Whether the tile at the edge of a level is another than it was at the smaller size: above the
/// lowest ones it stays as it stands until one below it is full.
fn is_another(level: u8, (old, size): (u64, u64)) -> bool {
    old >> (8 * level) != size >> (8 * level)
}

fn lease(log: &str) -> String {
    format!("sequencer/{log}")
}

/// The edge of a log at a size that it had, from its tiles.
pub async fn edge_at(tx: &mut Tx, log: &str, size: u64) -> anyhow::Result<Edge> {
    let mut levels = Vec::new();
    for level in 0..tlog::edge::level_count(size) {
        let width = usize::try_from(tlog::edge::width(size, level))?;
        let id = TileId { level: u8::try_from(level)?, index: (size >> (8 * level)) / 256 };
        let tile = match width {
            0 => Vec::new(),
            _ => proof::tile(tx, log, id).await?.context("a tile is missing")?,
        };
        levels.push(tile.get(..width).context("a tile is too short")?.to_vec());
    }
    Ok(Edge::from_levels(size, levels)?)
}

#[cfg(test)]
mod tests;
