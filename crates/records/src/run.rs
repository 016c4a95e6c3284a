//! A piece of an agent's run: entries side by side, up to a head that the agent signed. What an
//! agent is said to have recorded is its word only where such a piece holds it.

use crate::access::{Link, SignedHead, chain};
use crate::bytes::Bytes;
use pki::Certificate;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A piece as it is handed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunPiece {
    /// The head behind the last entry.
    pub head: SignedHead,
    /// The agent's certificate, DER.
    pub certificate: Bytes,
    /// Chain value before the first entry.
    pub before: Bytes,
    /// The entries, up to the head.
    pub entries: Vec<Bytes>,
}

/// Why a piece is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunPieceError {
    /// The certificate cannot be read.
    #[error("没有出示证书 / it shows no certificate")]
    Certificate,
    /// The head is signed by another key, or by none.
    #[error("段首不是其证书的密钥所签 / the key of its certificate did not sign the head")]
    Signature,
    /// An entry or chain value is no hash, or they lead elsewhere.
    #[error("记录链与所签的段首不符 / the chain does not lead to the signed head")]
    Chain,
}

/// A piece whose entries lead to its head, which the key of its certificate signed. Only
/// [`RunPiece::open`] makes one; whether the certificate is that agent's, authority says.
pub struct SignedPiece {
    agent: String,
    epoch: Bytes,
    certificate: Certificate,
    /// Chain value before, and entry, of the numbers that were wanted.
    entries: BTreeMap<u64, ([u8; 32], [u8; 32])>,
}

impl RunPiece {
    /// Follows the chain to the signed head; keeps the entries of the numbers that are wanted.
    pub fn open(&self, wanted: &BTreeSet<u64>) -> Result<SignedPiece, RunPieceError> {
        let certificate =
            Certificate::read(&self.certificate.0).map_err(|_| RunPieceError::Certificate)?;
        let head = self.head.open(certificate.key()).ok_or(RunPieceError::Signature)?;
        let first = head.count.checked_sub(self.entries.len() as u64);
        let first = first.ok_or(RunPieceError::Chain)?;
        let mut value = self.before.digest().ok_or(RunPieceError::Chain)?;
        let mut entries = BTreeMap::new();
        for (number, entry) in (first..).zip(&self.entries) {
            let entry = entry.digest().ok_or(RunPieceError::Chain)?;
            if wanted.contains(&number) {
                entries.insert(number, (value, entry));
            }
            value = chain(&value, &entry);
        }
        if self.entries.is_empty() || head.chain != Bytes::from(value) {
            return Err(RunPieceError::Chain);
        }
        Ok(SignedPiece { agent: head.agent, epoch: head.epoch, certificate, entries })
    }
}

impl SignedPiece {
    /// The agent that the head names.
    pub fn agent(&self) -> &str {
        &self.agent
    }

    /// The certificate whose key signed the head.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Whether this entry stands in the run where a record of this agent says that it does.
    pub fn holds(&self, agent: &str, link: &Link, entry: &[u8; 32]) -> bool {
        let there = self.entries.get(&link.aseq);
        let same = there.is_some_and(|(before, own)| {
            link.prev.digest().as_ref() == Some(before) && own == entry
        });
        same && self.agent == agent && self.epoch == link.epoch
    }
}
