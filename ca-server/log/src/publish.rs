//! Publishing: tiles and bundles as immutable files, then the checkpoint, beside the rounds and
//! never in their way. Everything here follows from rows that are committed and can be made again.
//!
//! Files are not synced one by one. What the disk lost of the newest ones is found at the start, by
//! their lengths, and written again.

use anyhow::{Context, ensure};
use ca_host::durable::write_again;
use ca_store::{ledger, proof};
use service::{Metrics, Stop};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use store::{Store, Tx};
use tlog::tile::{TILE_WIDTH, TileId, bundle_bytes, entries_path, tile_bytes, tile_path};
use tokio::sync::Notify;

/// Checkpoints are published no more often than this.
const PAUSE: Duration = Duration::from_millis(200);
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// What another process sequenced is looked for this often.
const ANYWAY: Duration = Duration::from_secs(5);
/// Leaf tiles whose files are looked at after a start: more than a disk holds back unwritten.
const LOOKED: u64 = 8_192;
/// An entry in a bundle, with its length.
const ENTRY_BYTES: u64 = 34;

/// Publishes one log below `public/log/NAME`.
pub(super) struct Publisher {
    store: Store,
    log: &'static str,
    folder: PathBuf,
    /// Up to where files are there; unknown at first.
    published: Option<u64>,
}

impl Publisher {
    /// Starts without knowing what is published; the first round looks.
    pub(super) fn new(store: Store, log: &'static str, public: &Path) -> Self {
        Self { store, log, folder: public.join("log").join(log), published: None }
    }

    /// Publishes what was sequenced, until the stop.
    pub(super) async fn run(mut self, sequenced: Arc<Notify>, metrics: Metrics, stop: Stop) {
        let name = if self.log == "control" { "control-files" } else { "access-files" };
        loop {
            let pause = match self.catch_up().await {
                Ok(()) => {
                    metrics.condition(name, "");
                    PAUSE
                }
                Err(error) => {
                    metrics.condition(name, &format!("{error:#}"));
                    AFTER_FAILURE
                }
            };
            if !stop.pause(pause).await {
                return;
            }
            if pause == AFTER_FAILURE {
                continue;
            }
            tokio::select! {
                () = sequenced.notified() => {}
                () = tokio::time::sleep(ANYWAY) => {}
                () = stop.wait() => {
                    // The last round is published as well.
                    if let Err(error) = self.catch_up().await {
                        tracing::warn!(log = self.log, error = format!("{error:#}"), "publish");
                    }
                    return;
                }
            }
        }
    }

    /// Publishes everything up to the committed head.
    async fn catch_up(&mut self) -> anyhow::Result<()> {
        let mut tx = self.store.read().await?;
        let Some((size, _, checkpoint)) = ledger::head(&mut tx, self.log).await? else {
            return Ok(());
        };
        let at = self.folder.join("checkpoint");
        let shown = std::fs::read_to_string(&at).unwrap_or_default();
        let beyond = shown.lines().nth(1).and_then(|size| size.parse::<u64>().ok());
        ensure!(beyond.is_none_or(|beyond| beyond <= size), "more is published than the log has");
        let from = match self.published {
            Some(from) if from == size => return Ok(()),
            Some(from) => from,
            None => self.whole_to(size),
        };
        for level in 0..tlog::edge::level_count(size) {
            let (old, new) = (from >> (8 * level), size >> (8 * level));
            for index in old / TILE_WIDTH..new.div_ceil(TILE_WIDTH) {
                self.tile(&mut tx, TileId { level: u8::try_from(level)?, index }, new).await?;
            }
        }
        for index in from / TILE_WIDTH..size.div_ceil(TILE_WIDTH) {
            self.entries(&mut tx, index, size).await?;
        }
        if shown != checkpoint {
            write_again(&at, checkpoint.as_bytes())?;
        }
        self.published = Some(size);
        Ok(())
    }

    /// Up to which size the files of full tiles are there and whole.
    fn whole_to(&self, size: u64) -> u64 {
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
        match (from..full).find(|index| !whole(*index)) {
            // Nothing says how far back it goes.
            Some(index) if index == from => 0,
            Some(index) => index * TILE_WIDTH,
            None => full * TILE_WIDTH,
        }
    }

    async fn tile(&self, tx: &mut Tx, id: TileId, nodes: u64) -> anyhow::Result<()> {
        let width = (nodes - id.index * TILE_WIDTH).min(TILE_WIDTH);
        let hashes = proof::tile(tx, self.log, id).await?.context("a tile is missing")?;
        let hashes = hashes.get(..usize::try_from(width)?).context("a tile is too short")?;
        write_again(&self.folder.join(tile_path(id, width)), &tile_bytes(hashes))
    }

    async fn entries(&self, tx: &mut Tx, index: u64, size: u64) -> anyhow::Result<()> {
        let first = index * TILE_WIDTH;
        let width = (size - first).min(TILE_WIDTH);
        let found = ledger::commitments(tx, self.log, (first, first + width)).await?;
        ensure!(found.len() as u64 == width, "entries are missing");
        let bundle = bundle_bytes(found.iter().map(Vec::as_slice));
        write_again(&self.folder.join(entries_path(index, width)), &bundle)
    }
}
