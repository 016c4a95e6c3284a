//! Publishing: tiles and bundles as immutable files, then the checkpoint, beside the rounds and
//! never in their way. The checkpoint is one that the sequencer signed and whose floor is durable,
//! from its own hand. Entries come from rows, and nothing of them is written before all of it leads
//! to that root: what is published cannot be taken back.
//!
//! Files are not synced one by one. What the disk lost of the newest ones is found at the start, by
//! their lengths, and written again. What a tile or bundle had of partial ones goes once it is full
//! and a checkpoint that has it is published: a reader with an older one takes the full one.

use anyhow::{Context, ensure};
use ca_host::durable::write_again;
use ca_store::sequence::{DurableHead, edge_at};
use ca_store::sequenced;
use proven::Proven;
use service::{Metrics, Stop};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;
use store::{Store, Tx};
use tlog::merkle::{Hash, leaf_hash};
use tlog::tile::{TILE_WIDTH, TileId, bundle_bytes, entries_path, tile_bytes, tile_path};
use tlog::{Checkpoint, Edge};
use tokio::sync::watch;

mod proven;
#[cfg(test)]
mod tests;

/// Checkpoints are published no more often than this.
const PAUSE: Duration = Duration::from_millis(200);
/// And no more often than this behind many records: for each checkpoint, what is not full yet is
/// made, and removed soon.
const BUSY_PAUSE: Duration = Duration::from_secs(1);
/// So many records of one checkpoint are many.
const MANY: u64 = 1_024;
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// Leaf tiles whose files are looked at after a start: more than a disk holds back unwritten.
const LOOKED: u64 = 8_192;
/// Names a tile or bundle that is not full.
const PARTIAL: u64 = 1;
/// An entry in a bundle, with its length.
const ENTRY_BYTES: u64 = 34;

/// Publishes one log below `public/log/NAME`.
pub(super) struct Publisher {
    store: Store,
    log: &'static str,
    folder: PathBuf,
    /// What the sequencer signed, with its floor.
    signed: watch::Receiver<Option<DurableHead>>,
    /// The tree up to where files are there; unknown at first.
    published: Option<Edge>,
}

impl Publisher {
    /// Starts without knowing what is published; the first round looks.
    pub(super) fn new(
        store: Store,
        log: &'static str,
        public: &Path,
        signed: watch::Receiver<Option<DurableHead>>,
    ) -> Self {
        Self { store, log, folder: public.join("log").join(log), signed, published: None }
    }

    /// Publishes what was signed, until the stop.
    pub(super) async fn run(mut self, metrics: Metrics, stop: Stop) {
        let name = if self.log == "control" { "control-files" } else { "access-files" };
        loop {
            let done = self.catch_up().await;
            let pause = match &done {
                Ok(count) => {
                    metrics.condition(name, "");
                    pause_behind(*count)
                }
                Err(error) => {
                    metrics.condition(name, &format!("{error:#}"));
                    AFTER_FAILURE
                }
            };
            let goes_on = stop.pause(pause).await;
            if goes_on && done.is_err() {
                continue;
            }
            let is_over = !goes_on
                || tokio::select! {
                    changed = self.signed.changed() => changed.is_err(),
                    () = stop.wait() => true,
                };
            if is_over {
                // The last round is published as well.
                if let Err(error) = self.catch_up().await {
                    tracing::warn!(log = self.log, error = format!("{error:#}"), "publish");
                }
                return;
            }
        }
    }

    /// Publishes everything up to the head that was signed; gives how many records that were.
    async fn catch_up(&mut self) -> anyhow::Result<u64> {
        let Some(head) = self.signed.borrow_and_update().clone() else { return Ok(0) };
        let at = self.folder.join("checkpoint");
        let shown = std::fs::read_to_string(&at).unwrap_or_default();
        let beyond = Checkpoint::said_size(&shown);
        ensure!(
            beyond.is_none_or(|beyond| beyond <= head.size),
            "more is published than the log has"
        );
        let mut tx = self.store.read().await?;
        let edge = match self.published.clone() {
            Some(edge) => edge,
            None => edge_at(&mut tx, self.log, self.whole_to(head.size)?).await?,
        };
        let from = edge.size();
        if from == head.size && shown == *head.note {
            return Ok(0);
        }
        let proven = Proven::read(&mut tx, self.log, edge, (head.size, head.root)).await?;
        let known = self.published.as_ref().map(Edge::size);
        for (id, hashes) in proven.above(known) {
            self.tile(id, hashes)?;
        }
        for index in from / TILE_WIDTH..head.size.div_ceil(TILE_WIDTH) {
            self.entries(&mut tx, index, &proven).await?;
        }
        if shown != *head.note {
            write_again(&at, head.note.as_bytes())?;
        }
        for level in 0..tlog::edge::level_count(head.size) {
            let full = |size: u64| (size >> (8 * level)) / TILE_WIDTH;
            for index in full(from)..full(head.size) {
                self.clear(tile_path(TileId { level: u8::try_from(level)?, index }, PARTIAL))?;
            }
        }
        for index in from / TILE_WIDTH..head.size / TILE_WIDTH {
            self.clear(entries_path(index, PARTIAL))?;
        }
        self.published = Some(proven.into_edge());
        Ok(head.size - from)
    }

    /// Takes away the partial ones of what is full; `path` names one of them.
    fn clear(&self, path: String) -> anyhow::Result<()> {
        let path = self.folder.join(path);
        let folder = path.parent().context("no folder")?;
        match std::fs::remove_dir_all(folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(error).with_context(|| folder.display().to_string())
            }
            _ => Ok(()),
        }
    }

    /// Up to which size the files of full tiles are there and whole. What a crash left of partial
    /// ones there goes.
    fn whole_to(&self, size: u64) -> anyhow::Result<u64> {
        let full = size / TILE_WIDTH;
        let from = full.saturating_sub(LOOKED);
        let is = |path: String, bytes: u64| {
            std::fs::metadata(self.folder.join(path)).is_ok_and(|found| found.len() == bytes)
        };
        let whole = |index: u64| {
            let tile = |level: u8, index| is(tile_path(TileId { level, index }, TILE_WIDTH), 8192);
            // The tiles above that this one filled.
            let mut above = (1..8u8).map_while(|level| {
                let count = (index + 1) >> (8 * (level - 1));
                let filled = count << (8 * (level - 1)) == index + 1 && count.is_multiple_of(256);
                filled.then(|| tile(level, count / 256 - 1))
            });
            tile(0, index)
                && is(entries_path(index, TILE_WIDTH), TILE_WIDTH * ENTRY_BYTES)
                && above.all(|is_whole| is_whole)
        };
        let whole = match (from..full).find(|index| !whole(*index)) {
            // Nothing says how far back it goes.
            Some(index) if index == from => 0,
            Some(index) => index,
            None => full,
        };
        for index in from.min(whole)..whole {
            self.clear(entries_path(index, PARTIAL))?;
            for level in 0..8_u8 {
                if (index + 1).is_multiple_of(1_u64 << (8 * level)) {
                    let index = ((index + 1) >> (8 * level)) - 1;
                    self.clear(tile_path(TileId { level, index }, PARTIAL))?;
                }
            }
        }
        Ok(whole * TILE_WIDTH)
    }

    fn tile(&self, id: TileId, hashes: &[Hash]) -> anyhow::Result<()> {
        let path = tile_path(id, u64::try_from(hashes.len())?);
        write_again(&self.folder.join(path), &tile_bytes(hashes))
    }

    /// A bundle of entries and the tile over it, if they are what leads to the root.
    async fn entries(&self, tx: &mut Tx, index: u64, proven: &Proven) -> anyhow::Result<()> {
        let (first, end) = proven.bundle(index);
        let (bundle, hashes): (_, Vec<Hash>) = match proven.held((first, end)) {
            Some(held) => (
                bundle_bytes(held.iter().map(|(entry, _)| entry.as_slice())),
                held.iter().map(|(_, leaf)| *leaf).collect(),
            ),
            None => {
                let entries = sequenced::commitments(tx, self.log, (first, end)).await?;
                let hashes: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
                ensure!(proven.has(index, &hashes), "entries are not what the log signed");
                (bundle_bytes(entries.iter().map(Vec::as_slice)), hashes)
            }
        };
        write_again(&self.folder.join(entries_path(index, end - first)), &bundle)?;
        self.tile(TileId { level: 0, index }, &hashes)
    }
}

/// How long the next checkpoint waits behind one of so many records.
fn pause_behind(count: u64) -> Duration {
    if count < MANY { PAUSE } else { BUSY_PAUSE }
}
