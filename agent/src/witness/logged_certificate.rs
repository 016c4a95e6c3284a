//! A certificate with the proof that it stands in the control log.

use records::export::InclusionEvidence;
use records::record::Event;
use records::trust::Trust;

/// The log in which everything stands that was issued.
pub(super) const LOG: &str = "control";

/// A certificate that somebody shows, as records name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShownCertificate {
    /// SHA-256 of its bytes.
    pub(crate) sha256: [u8; 32],
    /// Serial number, hexadecimal.
    pub(crate) serial: String,
}

/// A certificate that the control log has. Only [`LoggedCertificate::read`] makes one.
#[derive(Debug)]
pub(super) struct LoggedCertificate {
    sha256: [u8; 32],
    evidence: InclusionEvidence,
}

impl LoggedCertificate {
    /// Reads a proof: under a checkpoint that the log's key signed stands the record that this very
    /// certificate was issued. Who chose its bytes does not matter.
    pub(super) fn read(
        trust: &Trust,
        shown: &ShownCertificate,
        evidence: InclusionEvidence,
    ) -> Option<Self> {
        let record = evidence.open(trust, LOG).ok()?;
        let Event::Issued { sha256, serial, .. } = &record.event else { return None };
        let is_same = sha256.0 == shown.sha256 && *serial == shown.serial;
        is_same.then_some(Self { sha256: shown.sha256, evidence })
    }

    /// SHA-256 of the certificate.
    pub(super) fn sha256(&self) -> [u8; 32] {
        self.sha256
    }

    /// The proof.
    pub(super) fn evidence(&self) -> &InclusionEvidence {
        &self.evidence
    }
}
