//! The stations of a certificate as types: `Prepared` (linted bytes, `ca_host::prepare`), then
//! [`PendingIssuance`] (its intent is written), [`RecordedIntent`] (the tree holds the intent with
//! exactly these bytes), [`Signed`]. Only the station before can make the next one.
//!
//! After a crash: a pending issuance is taken up from its row under the issuer's MAC; a recorded
//! intent whose serial number stands in the marks and which has no result is revoked, since its
//! signature may exist. Nothing is signed twice.

use crate::seal::SealKey;
use authority::{Serial, Signatures};
use ca_host::prepare::Prepared;
pub(crate) use ca_store::certificates::IssuanceGrounds;
use ca_store::replay::Applied;
use ca_store::table::intent::IntentRow;
use pki::certificate::{CertificateError, TbsCertificate};
use pki::{Certificate, Signer};
use records::record::Event;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// An intent that is written; it may be signed once the tree confirms it. Made of what was prepared
/// and linted, or of a row under the issuer's own MAC.
///
/// ```compile_fail,E0451
/// let (serial, tbs, issuing) = todo!();
/// let forged = ca_issuer::issuance::PendingIssuance { serial, tbs, issuing };
/// ```
#[derive(Clone, Debug)]
pub struct PendingIssuance {
    serial: Serial,
    tbs: Vec<u8>,
    issuing: IssuanceGrounds,
}

impl PendingIssuance {
    /// What was prepared and linted.
    pub(crate) fn new(serial: Serial, prepared: &Prepared, issuing: IssuanceGrounds) -> Self {
        Self { serial, tbs: prepared.tbs().der().to_vec(), issuing }
    }

    /// Takes up a row that the issuer wrote itself.
    pub(crate) fn read(row: IntentRow, seal: &SealKey) -> Option<Self> {
        let serial = Serial::read(&row.serial)?;
        let own = Self { serial, tbs: row.tbs, issuing: row.issuing };
        seal.is_ours(&row.mac, &own.parts(&row.serial)).then_some(own)
    }

    /// The row that keeps it.
    pub(crate) fn row(&self, seal: &SealKey) -> IntentRow {
        let serial = self.serial.to_string();
        let mac = seal.mac(&self.parts(&serial));
        IntentRow { tbs: self.tbs.clone(), issuing: self.issuing.clone(), mac, serial }
    }

    fn parts<'a>(&'a self, serial: &'a str) -> [&'a [u8]; 6] {
        let IssuanceGrounds { under, profile, subject, reference } = &self.issuing;
        let reference = reference.as_deref().map_or(&[] as &[u8], str::as_bytes);
        [serial.as_bytes(), under, profile.as_bytes(), subject.as_bytes(), reference, &self.tbs]
    }

    /// SHA-256 of the bytes.
    pub(crate) fn tbs_sha256(&self) -> [u8; 32] {
        Sha256::digest(&self.tbs).into()
    }

    /// The certificate will have this serial number.
    pub(crate) fn serial(&self) -> Serial {
        self.serial
    }
}

/// A proof that the tree holds an entry by which an intent is recorded: the entry's record names
/// the serial number and the SHA-256 of the bytes.
///
/// ```compile_fail,E0451
/// let forged = ca_issuer::issuance::IntentEntry { serial: todo!(), tbs_sha256: [0; 32] };
/// ```
pub struct IntentEntry {
    serial: Serial,
    tbs_sha256: [u8; 32],
}

impl IntentEntry {
    /// What an applied entry says, if it records an intent and had its effect.
    pub(crate) fn of(applied: &Applied) -> Option<Self> {
        applied.effect().ok()?;
        let (serial, tbs_sha256) = match &applied.record().event {
            Event::Intent { serial, tbs_sha256, .. }
            | Event::Used { serial, tbs_sha256, .. }
            | Event::Joined { serial, tbs_sha256, .. }
            | Event::MachineUse { serial, tbs_sha256, .. }
            | Event::MachineEnrolled { serial, tbs_sha256, .. } => (serial, tbs_sha256),
            _ => return None,
        };
        Some(Self { serial: Serial::read(serial)?, tbs_sha256: tbs_sha256.digest()? })
    }

    /// The same from authority, after a start: an intent without a result.
    pub(crate) fn unfinished(authority: &authority::Authority, serial: Serial) -> Option<Self> {
        let intended = authority.intent(&serial.to_string())?;
        Some(Self { serial, tbs_sha256: intended.tbs_sha256 })
    }

    /// The certificate will have this serial number.
    pub(crate) fn serial(&self) -> Serial {
        self.serial
    }
}

/// An intent that the tree holds with exactly the bytes to be signed.
///
/// ```compile_fail,E0451
/// let (pending, tbs_sha256) = todo!();
/// let forged = ca_issuer::issuance::RecordedIntent { pending, tbs_sha256 };
/// ```
#[derive(Clone, Debug)]
pub struct RecordedIntent {
    pending: Arc<PendingIssuance>,
    /// As the tree has it.
    tbs_sha256: [u8; 32],
}

impl RecordedIntent {
    /// The intent, if the entry is about exactly these bytes.
    pub(crate) fn confirmed(entry: &IntentEntry, pending: &Arc<PendingIssuance>) -> Option<Self> {
        let same = entry.serial == pending.serial && entry.tbs_sha256 == pending.tbs_sha256();
        same.then(|| Self { pending: pending.clone(), tbs_sha256: entry.tbs_sha256 })
    }

    /// The certificate will have this serial number.
    pub(crate) fn serial(&self) -> Serial {
        self.pending.serial
    }

    /// What it is issued as.
    pub(crate) fn issuing(&self) -> &IssuanceGrounds {
        &self.pending.issuing
    }

    /// Signs exactly the recorded bytes and verifies the signature that came back.
    pub(crate) fn sign(
        self,
        signer: &dyn Signer,
        signatures: &Signatures,
    ) -> Result<Signed, CertificateError> {
        let tbs = TbsCertificate::recorded(self.pending.tbs.clone(), &self.tbs_sha256)?;
        let certificate = tbs.sign_with(signer, |signature| {
            signatures.verify_plain(signer.public_key(), tbs.der(), signature)
        })?;
        Ok(Signed { pending: self.pending, certificate })
    }
}

/// A certificate whose signature was verified; its result is not recorded yet. Only
/// [`RecordedIntent`] makes one.
///
/// ```compile_fail,E0451
/// let forged = ca_issuer::issuance::Signed { pending: todo!(), certificate: todo!() };
/// ```
#[derive(Clone, Debug)]
pub struct Signed {
    pending: Arc<PendingIssuance>,
    certificate: Certificate,
}

impl Signed {
    /// The certificate, whose signature was verified.
    pub(crate) fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The certificate has this serial number.
    pub(crate) fn serial(&self) -> Serial {
        self.pending.serial
    }

    /// What it was issued as.
    pub(crate) fn issuing(&self) -> &IssuanceGrounds {
        &self.pending.issuing
    }
}
