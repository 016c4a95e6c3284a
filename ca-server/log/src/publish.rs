//! Publishing: tiles and bundles as immutable files, then the checkpoint. Everything here follows
//! from rows that are committed and can be made again.

use anyhow::Context;
use ca_host::durable::write_file;
use ca_store::ledger;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use store::{Store, rows};
use tlog::tile::{TILE_WIDTH, TileId, bundle_bytes, entries_path, tile_bytes, tile_path};

/// Publishes one log below `public/log/NAME`.
pub(super) struct Publisher {
    store: Store,
    log: &'static str,
    folder: PathBuf,
    published: AtomicU64,
}

impl Publisher {
    /// Starts without knowing what is published; the first round looks.
    pub(super) fn new(store: Store, log: &'static str, public: &Path) -> Self {
        let folder = public.join("log").join(log);
        Self { store, log, folder, published: AtomicU64::new(u64::MAX) }
    }

    /// Publishes everything up to the committed head.
    pub(super) async fn catch_up(&self) -> anyhow::Result<()> {
        let mut tx = self.store.read().await?;
        let Some((size, _, checkpoint)) = ledger::head(&mut tx, self.log).await? else {
            return Ok(());
        };
        let mut from = self.published.load(Ordering::Relaxed);
        if from == u64::MAX {
            from = self.published_size().min(size);
            if std::fs::read_to_string(self.folder.join("checkpoint"))
                .is_ok_and(|c| c == checkpoint)
            {
                self.published.store(size, Ordering::Relaxed);
                return Ok(());
            }
        }
        if from == size && from == self.published.load(Ordering::Relaxed) {
            return Ok(());
        }
        for level in 0..tlog::edge::level_count(size) {
            let (old, new) = (from >> (8 * level), size >> (8 * level));
            for index in old / TILE_WIDTH..new.div_ceil(TILE_WIDTH) {
                self.tile(&mut tx, TileId { level: u8::try_from(level)?, index }, new).await?;
            }
        }
        for index in from / TILE_WIDTH..size.div_ceil(TILE_WIDTH) {
            self.entries(&mut tx, index, size).await?;
        }
        write_file(&self.folder.join("checkpoint"), checkpoint.as_bytes())?;
        self.published.store(size, Ordering::Relaxed);
        Ok(())
    }

    /// The size in the published checkpoint; 0 if there is none.
    fn published_size(&self) -> u64 {
        let text = std::fs::read_to_string(self.folder.join("checkpoint")).unwrap_or_default();
        text.lines().nth(1).and_then(|size| size.parse().ok()).unwrap_or(0)
    }

    async fn tile(&self, tx: &mut store::Tx, id: TileId, nodes: u64) -> anyhow::Result<()> {
        let width = (nodes - id.index * TILE_WIDTH).min(TILE_WIDTH);
        let hashes = ledger::tile(tx, self.log, id).await?.context("a tile is missing")?;
        let hashes = hashes.get(..usize::try_from(width)?).context("a tile is too short")?;
        write_file(&self.folder.join(tile_path(id, width)), &tile_bytes(hashes))
    }

    async fn entries(&self, tx: &mut store::Tx, index: u64, size: u64) -> anyhow::Result<()> {
        let first = index * TILE_WIDTH;
        let width = (size - first).min(TILE_WIDTH);
        let found = rows!(
            tx,
            (Vec<u8>,),
            "select entry from log_entry where log_id = $1 and idx >= $2 and idx < $3 order by idx",
            self.log,
            i64::try_from(first)?,
            i64::try_from(first + width)?
        )?;
        anyhow::ensure!(found.len() as u64 == width, "entries are missing");
        let bundle = bundle_bytes(found.iter().map(|(entry,)| entry.as_slice()));
        write_file(&self.folder.join(entries_path(index, width)), &bundle)
    }
}
