//! Certificates as rows: bytes that the issuing key signed, found by serial number. Whose they are
//! and whether they hold is authority's answer.

use super::number;
use crate::certificates::Issuing;
use pki::Certificate;
use records::Bytes;
use store::many::insert_many;
use store::{StoreError, Tx, row, rows, rows_of};

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

/// Name, person and unit, with the serial number, profile and last second of one certificate, or
/// without any.
pub type FoundRow = (String, String, String, Option<String>, Option<String>, Option<i64>);

/// One certificate of a person with whose it is.
pub async fn found(tx: &mut Tx, serial: &str) -> Result<Option<FoundRow>, StoreError> {
    row!(
        tx,
        FoundRow,
        "select p.name, p.person_id, p.unit_id, c.serial, c.profile_id, c.not_after \
         from certificate c join person p on p.person_id = c.subject where c.serial = $1",
        serial
    )
}

/// A certificate, DER, and what it was issued under.
pub async fn issued_under(
    tx: &mut Tx,
    serial: &str,
) -> Result<Option<(Vec<u8>, Vec<u8>)>, StoreError> {
    row!(
        tx,
        (Vec<u8>, Vec<u8>),
        "select certificate, under from certificate where serial = $1",
        serial
    )
}

/// What a text asks for: it is looked up in one way, by one index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchBy {
    /// A serial number.
    Serial,
    /// A person id.
    Person,
    /// A unit id.
    Unit,
    /// The beginning of a name.
    Name,
}

/// The next people in the order of names whom a text fits, with their certificates. They are picked
/// first and by one index, so that no plan reads more than is listed.
pub async fn search(
    tx: &mut Tx,
    (by, text): (SearchBy, &str),
    (name, person): (&str, &str),
    limit: i64,
) -> Result<Vec<FoundRow>, StoreError> {
    match by {
        SearchBy::Serial => rows!(
            tx,
            FoundRow,
            "select p.name, p.person_id, p.unit_id, c.serial, c.profile_id, c.not_after \
             from certificate c join person p on p.person_id = c.subject \
             where c.serial = $1 and (p.name, p.person_id) > ($2, $3)",
            text.to_ascii_lowercase(),
            name,
            person
        ),
        SearchBy::Person => rows!(
            tx,
            FoundRow,
            "select p.name, p.person_id, p.unit_id, c.serial, c.profile_id, c.not_after \
             from person p left join certificate c on c.subject = p.person_id \
             where p.person_id = $1 and (p.name, p.person_id) > ($2, $3) order by c.serial",
            text.to_ascii_uppercase(),
            name,
            person
        ),
        SearchBy::Unit => rows!(
            tx,
            FoundRow,
            "select p.name, p.person_id, p.unit_id, c.serial, c.profile_id, c.not_after \
             from (select person_id, name, unit_id from person \
                   where unit_id = $1 and (name, person_id) > ($2, $3) \
                   order by name, person_id limit $4) p \
             left join certificate c on c.subject = p.person_id \
             order by p.name, p.person_id, c.serial",
            text,
            name,
            person,
            limit
        ),
        // Every text that begins so stands behind the beginning itself, and before the beginning
        // with the last of all characters.
        SearchBy::Name => rows!(
            tx,
            FoundRow,
            "select p.name, p.person_id, p.unit_id, c.serial, c.profile_id, c.not_after \
             from (select person_id, name, unit_id from person \
                   where (name, person_id) > ($2, $3) and name < $1 \
                   order by name, person_id limit $4) p \
             left join certificate c on c.subject = p.person_id \
             order by p.name, p.person_id, c.serial",
            format!("{text}{}", char::MAX),
            text.max(name),
            person,
            limit
        ),
    }
}

/// How many certificates there are, as rows say.
pub async fn count(tx: &mut Tx) -> Result<i64, StoreError> {
    super::counted(tx, "select count(*) from certificate").await
}
