//! Certificates as rows: bytes that the issuing key signed, found by serial number. Whose they are
//! and whether they hold is authority's answer.

use super::number;
use crate::certificates::IssuanceGrounds;
use authority::Authority;
use pki::Certificate;
use records::Bytes;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use store::many::insert_many;
use store::{StoreError, Tx, row, rows, rows_of};

/// A certificate with the record that says it was issued.
#[derive(Clone, Debug)]
pub struct CertificateRow {
    /// What it was issued as.
    pub issuing: IssuanceGrounds,
    /// The certificate that was issued, read and verified.
    pub certificate: Certificate,
    /// The certificate's record has this id.
    pub record_id: Bytes,
}

/// Keeps the rows of certificates that were issued.
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

/// What rows say of certificates of people that were not issued so, or leave out: each is named
/// with what is wrong. What is of nobody whom authority knows is not asked here.
pub async fn differences(tx: &mut Tx, authority: &Authority) -> Result<Vec<String>, StoreError> {
    let mut issued: BTreeMap<String, [u8; 32]> =
        authority.issued().map(|(serial, sha256)| (serial.to_string(), sha256)).collect();
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let rows = rows!(
            &mut *tx,
            (String, Vec<u8>),
            "select serial, certificate from certificate where serial > $1 order by serial \
             limit 1000",
            &after
        )?;
        let Some((last, _)) = rows.last() else { break };
        after.clone_from(last);
        for (serial, der) in rows {
            let is: [u8; 32] = Sha256::digest(&der).into();
            if issued.remove(&serial).is_some_and(|sha256| sha256 != is) {
                found.push(format!("certificate {serial}"));
            }
        }
    }
    found.extend(issued.into_keys().map(|serial| format!("certificate {serial} is missing")));
    Ok(found)
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

/// Certificates of some serial numbers as their rows say, DER; whoever rests on one verifies it
/// first.
pub async fn of_serials(tx: &mut Tx, serials: Vec<String>) -> Result<Vec<Vec<u8>>, StoreError> {
    let found = rows_of!(
        tx,
        (Vec<u8>,),
        "select certificate from certificate where serial in (",
        serials,
        ")"
    );
    Ok(found.into_iter().map(|(der,)| der).collect())
}

/// Certificates of some people, DER, with whose each is.
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

#[cfg(test)]
mod tests {
    use super::*;
    use ca_host::CaConfig;
    use sample_city::SampleCity;

    /// Whichever certificate a hand exchanges or takes away, it is named, and no other.
    #[tokio::test]
    async fn a_certificate_that_was_exchanged_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let config = CaConfig::nowhere().in_folder(folder.path());
        let store = crate::open(&config).await.unwrap();
        let city = SampleCity::found();
        let names = ["officer-1", "officer-2", "officer-3", "security-1", "security-2", "auditor"];
        let row = |name: &str| CertificateRow {
            issuing: IssuanceGrounds {
                under: city.founding,
                profile: "staff".into(),
                subject: city.officer(name).person.clone(),
                reference: None,
            },
            certificate: city.officer(name).certificate.clone(),
            record_id: Bytes(vec![1; 16]),
        };
        let mut tx = store.write().await.unwrap();
        insert(&mut tx, names.into_iter().map(row).collect()).await.unwrap();
        assert_eq!(differences(&mut tx, &city.authority).await.unwrap(), [""; 0]);
        let serial = |name: &str| city.officer(name).certificate.serial().to_string();
        let (exchanged, lost) = (serial("officer-1"), serial("auditor"));
        let exchange = "update certificate set certificate = (select certificate from certificate \
                        where serial = $2) where serial = $1";
        store::execute!(&mut tx, exchange, &exchanged, &serial("officer-2")).unwrap();
        store::execute!(&mut tx, "delete from certificate where serial = $1", &lost).unwrap();
        let found = differences(&mut tx, &city.authority).await.unwrap();
        let lost = format!("certificate {lost} is missing");
        assert_eq!(found, [format!("certificate {exchanged}"), lost]);
    }
}
