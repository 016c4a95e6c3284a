//! Authority: every record of `control` in its place under a signed checkpoint, replayed from leaf
//! 0, with everything that orders and certificates commit to.

use crate::bundle::EvidenceBundle;
use crate::origin::Origin;
use crate::verdict::Failed;
use authority::Authority;
use authority::lineage::replay;
use pki::{Certificate, PublicKey};
use records::lineage::LineageError;
use records::order::{Body, Order};
use records::record::{Event, Record};
use records::{Bytes, Code, Disclosure, commitment};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// What the records of `control` say.
pub struct Control {
    /// The records with their indexes.
    pub records: Vec<(u64, Record)>,
    /// Founding digest.
    pub founding: Bytes,
    /// Authority behind the last of them.
    pub authority: Authority,
    /// Orders by digest.
    pub orders: BTreeMap<Bytes, (Order, Body)>,
    /// Issued certificates by serial number.
    pub certificates: BTreeMap<String, Certificate>,
}

/// Checks and replays.
pub fn check(bundle: &EvidenceBundle, origin: &Origin) -> Result<Control, Failed> {
    let (_, records) = bundle.control.open(&origin.control).map_err(failed)?;
    let authority = replay(&records, &origin.founding).map_err(failed)?;
    let mut control = Control {
        records: Vec::new(),
        founding: origin.founding.into(),
        authority,
        orders: BTreeMap::new(),
        certificates: BTreeMap::new(),
    };
    let openings: BTreeMap<u64, &[Disclosure]> =
        bundle.openings.iter().map(|one| (one.index, one.disclosures.as_slice())).collect();
    let mut intended = BTreeMap::new();
    for (index, record) in &records {
        let opened = openings.get(index).copied().unwrap_or_default();
        match &record.event {
            Event::Order { order, .. } => control.order(*index, order, opened)?,
            Event::Intent { serial, tbs_sha256, .. }
            | Event::Used { serial, tbs_sha256, .. }
            | Event::Joined { serial, tbs_sha256, .. } => {
                intended.insert(serial.as_str(), tbs_sha256);
            }
            Event::Issued { serial, .. } => {
                let promised = intended.get(serial.as_str()).copied();
                control.certificate(*index, &record.event, opened, promised)?;
            }
            _ => {}
        }
    }
    control.records = records;
    Ok(control)
}

fn failed(error: LineageError) -> Failed {
    match error {
        LineageError::Checkpoint => Failed::altered("control checkpoint", error.to_string()),
        LineageError::Record(index) => {
            Failed::altered(format!("control {index}"), "it is not what the log holds there")
        }
        LineageError::Founding => Failed::altered("control 0", error.to_string()),
        LineageError::Unsigned { index, code } => {
            let item = format!("control {index}");
            let why = format!("what it rests on is not there or does not carry it ({code})");
            match code {
                Code::OrderAltered | Code::ApprovalSignature | Code::Malformed => {
                    Failed::altered(item, why)
                }
                _ => Failed::missing(item, why),
            }
        }
        _ => Failed::altered("control", error.to_string()),
    }
}

/// A commitment opens, is opened wrongly, or is not opened.
pub(crate) fn opens<'a>(
    item: &str,
    commitment: &Bytes,
    path: &str,
    disclosures: &'a [Disclosure],
) -> Result<&'a serde_json::Value, Failed> {
    if commitment::at(path, disclosures).is_none() {
        return Err(Failed::missing(format!("{item} {path}"), "it is not disclosed"));
    }
    commitment::open(commitment, path, disclosures)
        .map_err(|_| Failed::altered(format!("{item} {path}"), "it is not what was committed to"))
}

/// A certificate that a commitment holds, in base64url.
pub(crate) fn certificate_in(item: &str, value: &serde_json::Value) -> Result<Certificate, Failed> {
    let der = value.as_str().and_then(Bytes::read);
    let read = der.and_then(|der| Certificate::read(&der.0).ok());
    read.ok_or_else(|| Failed::altered(item, "it holds no certificate"))
}

impl Control {
    fn order(&mut self, index: u64, bytes: &Bytes, opened: &[Disclosure]) -> Result<(), Failed> {
        let item = format!("control {index} order");
        let wrong = |error: records::order::OrderError| Failed::altered(&item, error.to_string());
        let order = Order::read(&bytes.0).map_err(wrong)?;
        let body = order.body().map_err(wrong)?;
        for (path, commitment) in order.commitments().map_err(wrong)? {
            opens(&item, &commitment, &path, opened)?;
        }
        let digest = Bytes::from(records::order::digest(&bytes.0));
        self.orders.insert(digest, (order, body));
        Ok(())
    }

    /// What was issued is signed by its authority, and is for whom and which key the record says.
    fn certificate(
        &mut self,
        index: u64,
        event: &Event,
        opened: &[Disclosure],
        promised: Option<&Bytes>,
    ) -> Result<(), Failed> {
        let Event::Issued { certificate, serial, sha256, key_sha256, subject, .. } = event else {
            return Ok(());
        };
        let item = format!("control {index} certificate");
        let value = opens(&item, certificate, "/certificate", opened)?;
        let certificate = certificate_in(&item, value)?;
        let founding = self.authority.founding();
        let authorities = [&founding.keys.issuing, &founding.root];
        let signed = authorities
            .iter()
            .any(|spki| PublicKey::read(&spki.0).is_ok_and(|key| certificate.is_signed_by(&key)));
        if !signed {
            return Err(Failed::altered(item, "no authority of this city signed it"));
        }
        let named = certificate.subject();
        let holder =
            named.person().map(str::to_owned).or_else(|| named.common_name()).unwrap_or_default();
        let person = self.authority.person(subject).is_some();
        let service = subject.contains('/');
        let same = certificate.sha256().as_slice() == sha256.0
            && certificate.serial().to_string() == *serial
            && certificate.key().sha256().as_slice() == key_sha256.0
            && (!(person || service) || holder == *subject);
        if !same {
            return Err(Failed::altered(item, "it is another certificate than the record names"));
        }
        // What was to be signed was recorded before; the founding's own certificates had no intent.
        let tbs = certificate.tbs_der().map_err(|_| Failed::altered(&item, "no certificate"))?;
        if promised.is_some_and(|promised| promised.0 != Sha256::digest(&tbs).as_slice()) {
            return Err(Failed::altered(item, "other bytes were signed than its intent names"));
        }
        self.certificates.insert(serial.clone(), certificate);
        Ok(())
    }

    /// Records of a kind.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.records.iter().map(|(_, record)| &record.event)
    }
}
