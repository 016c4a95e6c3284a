//! The sequencer: one holder of a lease per log numbers pending records, moves the head by
//! compare-and-swap, and signs the checkpoint, all in one transaction.
//!
//! A crash before the commit leaves the records pending; after it, tiles and files are made again
//! from the rows.

use crate::ledger::{self, LedgerError};
use anyhow::Context;
use ca_host::random;
use keys::SoftwareSigner;
use pki::Signer;
use service::{Clock, fault};
use store::{Store, Tx, execute, hold_lease, pending};
use tlog::merkle::{Hash, empty_root, leaf_hash};
use tlog::tile::{TileId, tile_bytes};
use tlog::{Checkpoint, Edge, VerifierKey};

const BATCH_MAX: i64 = 1024;
/// A successor of a killed holder waits this long; the head's compare-and-swap keeps order anyway.
const LEASE_MICROS: i64 = 3_000_000;

/// Sequences one log.
pub struct Sequencer {
    log: &'static str,
    store: Store,
    signer: SoftwareSigner,
    key: VerifierKey,
    clock: Clock,
    holder: String,
    /// The edge at the size at which we last committed; rebuilt from tiles when the head moved.
    edge: Edge,
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
        let holder = random::id()?;
        Ok(Self { log, store, signer, key, clock, holder, edge: Edge::default() })
    }

    /// The log's name.
    pub fn log(&self) -> &'static str {
        self.log
    }

    /// Gives the lease up, at the end.
    pub async fn release(&self) -> anyhow::Result<()> {
        Ok(store::release_lease(&self.store, &lease(self.log), &self.holder).await?)
    }

    /// One round: how many records got a number.
    pub async fn round(&mut self) -> anyhow::Result<i64> {
        let mut tx = self.store.read().await?;
        let idle = pending::waiting(&mut tx, self.log, 0, 1).await?.is_empty()
            && ledger::head(&mut tx, self.log).await?.is_some();
        drop(tx);
        if idle {
            return Ok(0);
        }
        let mut tx = self.store.write().await?;
        let now = i64::try_from(self.clock.micros()).unwrap_or(i64::MAX);
        if !hold_lease(&mut tx, &lease(self.log), &self.holder, now, now + LEASE_MICROS).await? {
            return Ok(0);
        }
        // Between the head that a decision follows and the pending records that it notices nothing
        // may move into the tree: it would see a withdrawal in neither.
        pending::lock(&mut tx, self.log).await?;
        let waiting = pending::waiting(&mut tx, self.log, 0, BATCH_MAX).await?;
        let count = i64::try_from(waiting.len()).unwrap_or(0);
        self.append(&mut tx, waiting).await?;
        fault::point("sequencer-before-commit");
        tx.commit().await?;
        fault::point("sequencer-after-commit");
        Ok(count)
    }

    async fn append(
        &mut self,
        tx: &mut Tx,
        waiting: Vec<(i64, pending::PendingRecord)>,
    ) -> anyhow::Result<()> {
        let (size, root, _) =
            ledger::head(tx, self.log).await?.unwrap_or((0, empty_root(), String::new()));
        let mut edge = self.current(tx, size, root).await?;
        for (_, record) in &waiting {
            for full in edge.append(leaf_hash(&record.entry)) {
                self.write_tile(tx, full.id, &full.hashes).await?;
            }
        }
        self.number(tx, size, &waiting).await?;
        for (id, hashes) in edge.partial() {
            self.write_tile(tx, id, hashes).await?;
        }
        self.move_head(tx, size, &edge).await?;
        self.edge = edge;
        Ok(())
    }

    /// The edge at the head; rebuilt from the tiles when someone else moved the head.
    async fn current(&self, tx: &mut Tx, size: u64, root: Hash) -> anyhow::Result<Edge> {
        if self.edge.size() == size && self.edge.root() == root {
            return Ok(self.edge.clone());
        }
        let edge = edge_at(tx, self.log, size).await?;
        if edge.root() != root {
            return Err(LedgerError::Damaged("the tiles do not lead to the head").into());
        }
        Ok(edge)
    }

    /// Moves records from the queue into the log, all at once: decisions wait as long as this
    /// takes.
    async fn number(
        &self,
        tx: &mut Tx,
        size: u64,
        waiting: &[(i64, pending::PendingRecord)],
    ) -> anyhow::Result<()> {
        let (Some((first, _)), Some((last, _))) = (waiting.first(), waiting.last()) else {
            return Ok(());
        };
        let numbered = execute!(
            tx,
            "insert into log_entry (log_id, idx, record_id, record, salt, entry) \
             select log_id, $1 + row_number() over (order by position) - 1, record_id, record, \
             salt, entry from log_pending where log_id = $2 and position between $3 and $4",
            i64::try_from(size)?,
            self.log,
            *first,
            *last
        )?;
        let taken = execute!(
            tx,
            "delete from log_pending where log_id = $1 and position between $2 and $3",
            self.log,
            *first,
            *last
        )?;
        let count = u64::try_from(waiting.len())?;
        anyhow::ensure!((numbered, taken) == (count, count), "the queue is not what was read");
        Ok(())
    }

    async fn write_tile(&self, tx: &mut Tx, id: TileId, hashes: &[Hash]) -> anyhow::Result<()> {
        execute!(
            tx,
            "insert into log_tile (log_id, level, idx, hashes) values ($1, $2, $3, $4) \
             on conflict (log_id, level, idx) do update set hashes = $4",
            self.log,
            i64::from(id.level),
            i64::try_from(id.index)?,
            tile_bytes(hashes)
        )?;
        Ok(())
    }

    async fn move_head(&self, tx: &mut Tx, old: u64, edge: &Edge) -> anyhow::Result<()> {
        let head =
            Checkpoint { origin: self.key.name().to_owned(), size: edge.size(), root: edge.root() };
        let note = tlog::note::sign(&head.text(), &self.key, |text| self.signer.sign(text))?;
        let size = i64::try_from(head.size)?;
        let moved = execute!(
            tx,
            "insert into log_head (log_id, size, root, checkpoint) values ($1, $2, $3, $4) \
             on conflict (log_id) do update set size = $2, root = $3, checkpoint = $4 \
             where log_head.size = $5",
            self.log,
            size,
            head.root.to_vec(),
            &note,
            i64::try_from(old)?
        )?;
        anyhow::ensure!(moved == 1, "another sequencer moved the head");
        Ok(())
    }
}

fn lease(log: &str) -> String {
    format!("sequencer/{log}")
}

/// The edge of a log at its committed size, from its tiles.
pub async fn edge_at(tx: &mut Tx, log: &str, size: u64) -> anyhow::Result<Edge> {
    let mut levels = Vec::new();
    for level in 0..tlog::edge::level_count(size) {
        let width = usize::try_from(tlog::edge::width(size, level))?;
        let id = TileId { level: u8::try_from(level)?, index: (size >> (8 * level)) / 256 };
        let tile = match width {
            0 => Vec::new(),
            _ => ledger::tile(tx, log, id).await?.context("a tile is missing")?,
        };
        levels.push(tile.get(..width).context("a tile is too short")?.to_vec());
    }
    Ok(Edge::from_levels(size, levels)?)
}
