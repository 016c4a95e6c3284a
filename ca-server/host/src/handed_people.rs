//! The people snapshot by which each gate heard last that something was taken away: a file from the
//! issuer to `status`, past the database, since whoever holds that can keep a row from a gate, and
//! no list says that a role was withdrawn or that a unit or gate was closed. Nothing rests on the
//! file: whoever reads it verifies what is signed.

use crate::CaConfig;
use crate::durable::{check_private, replace_private};
use anyhow::Context;
use data_encoding::HEXLOWER;
use records::people::SignedPeople;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fs::{DirBuilder, File, Metadata};
use std::io::Read;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::PathBuf;
use std::time::SystemTime;

/// What is read of a file, in bytes: a snapshot of everybody in a large city.
const READ_BYTES_MAX: u64 = 128 << 20;

/// Which file it is, its length, and when it was written: the same one is not read again.
pub type FileMark = (u64, u64, SystemTime);

fn folder(config: &CaConfig) -> PathBuf {
    config.path("issuer/snapshots")
}

fn path(config: &CaConfig, agent: &str) -> PathBuf {
    let name = HEXLOWER.encode(&Sha256::digest(agent.as_bytes()));
    folder(config).join(format!("{name}.json"))
}

/// Hands a snapshot of a gate over, in place of the one before.
pub fn hand_over(config: &CaConfig, agent: &str, signed: &SignedPeople) -> anyhow::Result<()> {
    let folder = folder(config);
    let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
    made.with_context(|| folder.display().to_string())?;
    replace_private(&path(config, agent), &serde_json::to_vec(signed)?)
}

/// Which files there are: whoever keeps records from `status` keeps none of these.
pub fn marks(config: &CaConfig) -> BTreeSet<FileMark> {
    let Ok(entries) = std::fs::read_dir(folder(config)) else { return BTreeSet::new() };
    let found = entries.flatten().filter_map(|entry| mark(&entry.metadata().ok()?));
    found.collect()
}

fn mark(found: &Metadata) -> Option<FileMark> {
    Some((found.ino(), found.len(), found.modified().ok()?))
}

/// What was handed over for a gate, unless it is the file of this mark; with its own mark. What is
/// no whole snapshot is none.
pub fn handed_over(
    config: &CaConfig,
    agent: &str,
    known: Option<FileMark>,
) -> Option<(FileMark, SignedPeople)> {
    let path = path(config, agent);
    check_private(&path).ok()?;
    let file = File::open(&path).ok()?;
    let mark = mark(&file.metadata().ok().filter(Metadata::is_file)?)?;
    if known == Some(mark) {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(READ_BYTES_MAX).read_to_end(&mut bytes).ok()?;
    Some((mark, serde_json::from_slice(&bytes).ok()?))
}
