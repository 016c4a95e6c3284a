//! Certificates as rows: bytes that the issuing key signed, found by serial number. Whose they are
//! and whether they hold is authority's answer.

use super::number;
use crate::certificates::Issuing;
use pki::Certificate;
use records::Bytes;
use store::many::insert_many;
use store::{StoreError, Tx, row, rows_of};

/// A certificate with the record that says it was issued.
#[derive(Clone, Debug)]
pub struct CertificateRow {
    /// What it was issued as.
    pub issuing: Issuing,
    /// The certificate.
    pub certificate: Certificate,
    /// Id of its record.
    pub record_id: Bytes,
}

/// Keeps issued certificates.
pub async fn insert(tx: &mut Tx, certificates: Vec<CertificateRow>) -> Result<(), StoreError> {
    let values = certificates.into_iter().map(|row| {
        let CertificateRow { issuing, certificate, record_id } = row;
        vec![
            certificate.serial().to_string().into(),
            issuing.under.into(),
            issuing.subject.into(),
            issuing.profile.into(),
            issuing.reference.into(),
            certificate.key().sha256().into(),
            number(certificate.not_after()).into(),
            certificate.der().to_vec().into(),
            record_id.0.into(),
        ]
    });
    insert_many(
        tx,
        "insert into certificate (serial, under, subject, profile_id, reference, key_sha256, \
         not_after, certificate, record_id)",
        values.collect(),
        "on conflict (serial) do nothing",
    )
    .await?;
    Ok(())
}

/// A certificate, DER, and the id of its record.
pub async fn by_serial(
    tx: &mut Tx,
    serial: &str,
) -> Result<Option<(Vec<u8>, Vec<u8>)>, StoreError> {
    row!(
        tx,
        (Vec<u8>, Vec<u8>),
        "select certificate, record_id from certificate where serial = $1",
        serial
    )
}

/// Certificates of some people, DER.
pub async fn of_people(tx: &mut Tx, people: Vec<String>) -> Result<Vec<Vec<u8>>, StoreError> {
    let found = rows_of!(
        tx,
        (Vec<u8>,),
        "select certificate from certificate where subject in (",
        people,
        ")"
    );
    Ok(found.into_iter().map(|(der,)| der).collect())
}

/// The same with whose each is.
pub async fn held_by(
    tx: &mut Tx,
    people: Vec<String>,
) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
    let found = rows_of!(
        tx,
        (String, Vec<u8>),
        "select subject, certificate from certificate where subject in (",
        people,
        ")"
    );
    Ok(found)
}

/// What a certificate was issued under, as its row says.
pub async fn under(tx: &mut Tx, serial: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let found = row!(tx, (Vec<u8>,), "select under from certificate where serial = $1", serial)?;
    Ok(found.map(|(under,)| under))
}

/// How many certificates there are, as rows say.
pub async fn count(tx: &mut Tx) -> Result<i64, StoreError> {
    super::counted(tx, "select count(*) from certificate").await
}
