//! What stands beside the list, as a restart takes it up again: a file for each content, which the
//! marks name.

use data_encoding::HEXLOWER;
use records::Bytes;
use records::unlisted::{DatedSerial, Unlisted};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// What no file has for its digest.
const UNKNOWN: [u8; 32] = [0; 32];
/// How the names of kept files begin.
const FILE: &str = "unlisted-";

/// What stands beside the list that a gate accepted.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeptBeside {
    /// What `status` said, oldest first, as it signed it.
    pub(super) said: Vec<Unlisted>,
    /// What lists had as revoked and those behind them have not, with when these were made.
    pub(super) gone: Vec<DatedSerial>,
}

/// What a restart is to take up again.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ToKeep {
    /// All that is in force.
    All(KeptBeside),
    /// More is in force than is kept: a restart knows that it does not know it.
    TooMuch,
}

impl ToKeep {
    /// Keeps it in a file of its own, and says what the marks name it by.
    pub(super) fn keep(&self, folder: &Path) -> anyhow::Result<Bytes> {
        let beside = match self {
            Self::All(none) if *none == KeptBeside::default() => return Ok(Bytes::default()),
            Self::All(beside) => beside,
            Self::TooMuch => return Ok(unknown()),
        };
        let bytes = serde_json::to_vec(beside)?;
        let digest = Bytes::from(Sha256::digest(&bytes).as_slice());
        crate::write_file(&file(folder, &digest), &bytes)?;
        Ok(digest)
    }
}

/// What is kept under this digest; nothing at all if the file is missing or another one.
pub(super) fn kept(folder: &Path, digest: &Bytes) -> Option<KeptBeside> {
    if digest.0.is_empty() {
        return Some(KeptBeside::default());
    }
    let bytes = std::fs::read(file(folder, digest)).ok()?;
    if Sha256::digest(&bytes).as_slice() != digest.0 {
        return None;
    }
    serde_json::from_slice(&bytes).ok()
}

/// What marks name that know too little: no file has it.
pub(super) fn unknown() -> Bytes {
    UNKNOWN.into()
}

/// Takes away what was kept under other digests.
pub(super) fn clear(folder: &Path, digest: &Bytes) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with(FILE) && path != file(folder, digest) {
            std::fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// One file for each content: the marks go from one to the next in one step.
fn file(folder: &Path, digest: &Bytes) -> PathBuf {
    folder.join(format!("{FILE}{}.json", HEXLOWER.encode(&digest.0)))
}
