//! Proofs that a gate keeps for a restart, in `witness/` of its state directory: files by the first
//! bits of a certificate's digest, each with the newest proofs of some. What lies there is a proof
//! or nothing: it is verified whenever it is read.

use super::logged_certificate::{LoggedCertificate, ShownCertificate};
use records::Bytes;
use records::export::InclusionEvidence;
use records::trust::Trust;
use serde::{Deserialize, Serialize};
use std::fs::{DirBuilder, File};
use std::io::{Error, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Most proofs of one of the 4,096 files; the oldest go first.
const PROOFS_MAX: usize = 16;
/// Largest proof that is kept, in bytes.
const PROOF_BYTES_MAX: usize = 16 * 1024;
/// Nothing of a larger file is read.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// One proof, with the certificate that it is said to be about.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptProof {
    sha256: Bytes,
    evidence: InclusionEvidence,
}

/// The folder with what is kept.
pub(super) struct KeptProofs {
    folder: PathBuf,
    /// Two that are kept in one file are written one after the other.
    writing: Mutex<()>,
}

impl KeptProofs {
    /// What is kept in a folder, which need not be there.
    pub(super) fn in_folder(folder: PathBuf) -> Self {
        Self { folder, writing: Mutex::new(()) }
    }

    /// The proof of a certificate, if one is kept that holds.
    pub(super) fn read(
        &self,
        trust: &Trust,
        shown: &ShownCertificate,
    ) -> Option<LoggedCertificate> {
        let kept = of_file(&self.file(&shown.sha256)).into_iter();
        let own = kept.filter(|one| one.sha256.0 == shown.sha256);
        own.map(|one| one.evidence).find_map(|proof| LoggedCertificate::read(trust, shown, proof))
    }

    /// Keeps a proof for the next start.
    pub(super) fn keep(&self, proven: &LoggedCertificate) -> Result<(), Error> {
        let own = KeptProof { sha256: proven.sha256().into(), evidence: proven.evidence().clone() };
        if serde_json::to_vec(&own).map_err(Error::other)?.len() > PROOF_BYTES_MAX {
            return Ok(());
        }
        let _alone = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let path = self.file(&proven.sha256());
        let mut kept = of_file(&path);
        kept.retain(|one| one.sha256 != own.sha256);
        kept.push(own);
        kept.drain(..kept.len().saturating_sub(PROOFS_MAX));
        crate::write_file(&path, &serde_json::to_vec(&kept).map_err(Error::other)?)
    }

    fn file(&self, sha256: &[u8; 32]) -> PathBuf {
        let [first, second, ..] = *sha256;
        let number = (u16::from(first) << 4) | u16::from(second >> 4);
        self.folder.join(format!("{number:03x}.json"))
    }
}

/// What a file holds; nothing where it is missing, too large or no such file.
fn of_file(path: &Path) -> Vec<KeptProof> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|it| it.take(FILE_BYTES_MAX).read_to_end(&mut bytes));
    read.ok().and_then(|_| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}
