//! Authority: every record of `control` in its place under a signed checkpoint, replayed from leaf
//! 0, with everything that orders and certificates commit to.

use crate::bundle::EvidenceBundle;
use crate::origin::Origin;
use crate::signed;
use crate::verdict::Failed;
use authority::lineage::replay_judged;
use authority::{Authority, Judged};
use pki::{Certificate, PublicKey};
use records::commitment::{self, Commitment, NotDisclosed};
use records::lineage::LineageError;
use records::order::{Body, Order};
use records::record::{Event, Record};
use records::{Bytes, Code, Disclosure};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Where a record commits to the certificate that was issued.
const CERTIFICATE: &str = "/certificate";

/// What the records of `control` say.
pub struct Control {
    /// The records with their indexes.
    pub records: Vec<(u64, Record)>,
    /// The founding digest names the city, 32 bytes.
    pub founding: Bytes,
    /// Authority behind the last of them.
    pub authority: Authority,
    /// How the order was judged that the record at an index carries out.
    pub judged: BTreeMap<u64, Judged>,
    /// Digests of the orders that were carried out, by the index of the record.
    pub enacted: BTreeMap<u64, Bytes>,
    /// People as their newest certificates here name them, by id.
    pub names: BTreeMap<String, String>,
    /// The orders of the lineage by digest, each with its body.
    pub orders: BTreeMap<Bytes, (Order, Body)>,
    /// Issued certificates by serial number.
    pub certificates: BTreeMap<String, Certificate>,
}

/// Checks the proofs of `control` and replays its records; an error says which item fails.
pub fn check(bundle: &EvidenceBundle, origin: &Origin) -> Result<Control, Failed> {
    let (_, records) = bundle.control.open(&origin.control).map_err(failed)?;
    let mut judged = BTreeMap::new();
    let authority = replay_judged(&records, &origin.founding, |index, one| {
        judged.insert(index, one);
    });
    let authority = authority.map_err(|error| match forged(&error, &records, origin) {
        Some(failed) => failed,
        None => failed(error),
    })?;
    let mut control = Control {
        records: Vec::new(),
        founding: origin.founding.into(),
        authority,
        judged,
        enacted: BTreeMap::new(),
        names: BTreeMap::new(),
        orders: BTreeMap::new(),
        certificates: BTreeMap::new(),
    };
    let mut openings = openings(bundle)?;
    let mut intended = BTreeMap::new();
    for (index, record) in &records {
        let opened = openings.remove(index).unwrap_or_default();
        if !matches!(&record.event, Event::Order { .. } | Event::Issued { .. }) {
            discloses(&format!("control {index}"), BTreeSet::new(), opened)?;
        }
        match &record.event {
            Event::Order { order, .. } => control.order(*index, order, opened)?,
            Event::Intent { serial, tbs_sha256, .. }
            | Event::Used { serial, tbs_sha256, .. }
            | Event::Joined { serial, tbs_sha256, .. }
            | Event::MachineUse { serial, tbs_sha256, .. }
            | Event::MachineEnrolled { serial, tbs_sha256, .. } => {
                intended.insert(serial.as_str(), tbs_sha256);
            }
            Event::Issued { serial, .. } => {
                let promised = intended.get(serial.as_str()).copied();
                control.certificate(*index, &record.event, opened, promised)?;
            }
            Event::Enacted { order, .. } => {
                control.enacted.insert(*index, order.clone());
            }
            _ => {}
        }
    }
    if let Some(index) = openings.keys().next() {
        return Err(Failed::missing(
            format!("control {index}"),
            "what is disclosed of is not there",
        ));
    }
    control.records = records;
    Ok(control)
}

/// What is disclosed of each record, by its index.
fn openings(bundle: &EvidenceBundle) -> Result<BTreeMap<u64, &[Disclosure]>, Failed> {
    let mut openings = BTreeMap::new();
    for one in &bundle.openings {
        if openings.insert(one.index, one.disclosures.as_slice()).is_some() {
            return Err(Failed::altered(format!("control {}", one.index), "disclosed twice"));
        }
    }
    Ok(openings)
}

/// Each commitment of a record opens, and each disclosure of it opens one.
pub(crate) fn discloses(
    item: &str,
    commitments: BTreeSet<(String, Commitment)>,
    opened: &[Disclosure],
) -> Result<(), Failed> {
    commitment::check(commitments, opened).map_err(|NotDisclosed(path)| {
        let item = format!("{item} {path}");
        match commitment::at(&path, opened) {
            None => Failed::missing(item, "it is not disclosed"),
            Some(_) => Failed::altered(item, "it is not what was committed to"),
        }
    })
}

/// A record without effect that holds a signature which is not by whom it must be: it was changed,
/// whatever else is missing.
fn forged(error: &LineageError, records: &[(u64, Record)], origin: &Origin) -> Option<Failed> {
    let LineageError::Unsigned { index, .. } = error else { return None };
    let contexts = records.iter().filter_map(|(_, record)| match &record.event {
        Event::Order { order, .. } => Some(records::order::digest(&order.0)),
        _ => None,
    });
    let contexts: Vec<[u8; 32]> = contexts.chain([origin.founding]).collect();
    let (_, record) = records.iter().find(|(at, _)| at == index)?;
    let is_forged = !signed::holds(&record.event, &origin.statement.keys, &contexts);
    is_forged.then(|| {
        Failed::altered(format!("control {index}"), "a signature in it is not by whom it must be")
    })
}

fn failed(error: LineageError) -> Failed {
    match error {
        LineageError::Checkpoint => {
            Failed::altered("control checkpoint", "the log's key did not sign it")
        }
        LineageError::Record(index) => {
            Failed::altered(format!("control {index}"), "it is not what the log holds there")
        }
        LineageError::Founding => Failed::altered("control 0", "it is no founding statement"),
        LineageError::Unsigned { index, code } => {
            let item = format!("control {index}");
            let why = format!("what it rests on is not there or does not carry it ({code})");
            match code {
                Code::OrderAltered
                | Code::ApprovalSignature
                | Code::PasskeyRefused
                | Code::JwsSignature
                | Code::JwsMalformed
                | Code::Malformed => Failed::altered(item, why),
                _ => Failed::missing(item, why),
            }
        }
        _ => Failed::altered("control", "it is not what the log holds there"),
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
        let wrong = |error: records::order::OrderError| Failed::unread(&item, &error);
        let order = Order::read(&bytes.0).map_err(wrong)?;
        let body = order.body().map_err(wrong)?;
        discloses(&item, order.commitments().map_err(wrong)?, opened)?;
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
        discloses(&item, [(CERTIFICATE.to_owned(), certificate.clone())].into(), opened)?;
        let value = opens(&item, certificate, CERTIFICATE, opened)?;
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
        if let (Some(person), Some(name)) = (named.person(), named.common_name()) {
            self.names.insert(person.to_owned(), name);
        }
        self.certificates.insert(serial.clone(), certificate);
        Ok(())
    }

    /// The events of the records of `control`, in their order.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.records.iter().map(|(_, record)| &record.event)
    }
}
