//! Certificates as rows, each with the record that says it was issued.

use super::intake::{self, LedgerError};
use super::table::certificate::{self as table, CertificateRow};
use ca_host::random;
use pki::Certificate;
use records::record::Event;
use records::{Bytes, Disclosure};
use sha2::{Digest, Sha256};
use store::{StoreError, Tx, rows};

/// What a certificate was issued as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuanceGrounds {
    /// Digest of order, founding statement or use.
    pub under: [u8; 32],
    /// The profile is named by its id: lower-case letters, digits and hyphens.
    pub profile: String,
    /// The subject is a person or a service, named by its id.
    pub subject: String,
    /// The letter under which it was issued is named by its reference.
    pub reference: Option<String>,
}

/// Records an issued certificate and keeps it.
pub async fn record_issued(
    tx: &mut Tx,
    micros: u64,
    issuing: &IssuanceGrounds,
    certificate: &Certificate,
) -> Result<(), LedgerError> {
    let value = Bytes::from(certificate.der()).to_string();
    let disclosure = Disclosure::new("/certificate", random::bytes()?, value.into());
    let event = Event::Issued {
        under: issuing.under.into(),
        serial: certificate.serial().to_string(),
        subject: issuing.subject.clone(),
        profile: issuing.profile.clone(),
        key_sha256: certificate.key().sha256().into(),
        not_after: records::time::seconds(certificate.not_after()),
        sha256: certificate.sha256().into(),
        certificate: disclosure.commitment()?,
    };
    let record_id = intake::write(tx, "issuer", micros, event, &[disclosure]).await?;
    let (issuing, certificate) = (issuing.clone(), certificate.clone());
    table::insert(tx, vec![CertificateRow { issuing, certificate, record_id }]).await?;
    Ok(())
}

/// A person's certificate by its SHA-256, DER.
pub async fn by_digest(
    tx: &mut Tx,
    person: &str,
    sha256: &Bytes,
) -> Result<Option<Bytes>, StoreError> {
    let held =
        rows!(tx, (Vec<u8>,), "select certificate from certificate where subject = $1", person)?;
    let fits = |der: &(Vec<u8>,)| Sha256::digest(&der.0).as_slice() == sha256.0;
    Ok(held.into_iter().find(fits).map(|(der,)| Bytes(der)))
}
