//! What auditors ask the log, and the evidence bundle that they take away: a tar of the files named
//! here, from which a stranger can check who did what, under which certificate, who approved it,
//! and who had made them approvers.

use crate::bytes::Bytes;
use crate::commitment::Disclosure;
use crate::label::Label;
use crate::lineage::Proven;
use pki::Certificate;
use pki::algorithm::SignError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The files of a bundle.
pub mod file {
    /// [`super::Manifest`]: the question.
    pub const MANIFEST: &str = "manifest.json";
    /// [`crate::lineage::Lineage`].
    pub const CONTROL: &str = "control.json";
    /// List of [`super::Opening`].
    pub const OPENINGS: &str = "openings.json";
    /// [`super::AccessPart`].
    pub const ACCESS: &str = "access.json";
    /// List of [`crate::run::RunPiece`].
    pub const RUN: &str = "run.json";
    /// [`crate::people::SignedPeople`].
    pub const PEOPLE: &str = "people.json";
    /// The revocation list that was in force, DER.
    pub const LIST: &str = "list.crl";
    /// The root certificate, DER.
    pub const ROOT: &str = "root.cer";
    /// How to check it.
    pub const README: &str = "README.txt";
}

/// What a bundle answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Question {
    /// Who made this request at a gate: its name.
    Request(String),
    /// Who got this certificate: its serial number.
    Certificate(String),
}

/// What a bundle is asked. Nobody signs it: it says nothing about what the bundle holds, or should.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Format: 1.
    pub v: u8,
    /// What it answers.
    pub question: Question,
}

/// What opens the commitments of a record, or of the order in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// Index of the record in `control`.
    pub index: u64,
    /// The values.
    pub disclosures: Vec<Disclosure>,
}

/// A record of `access` with what opens it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// The record, its place and its proof.
    pub proven: Proven,
    /// What opens its commitments.
    pub disclosures: Vec<Disclosure>,
}

/// Pieces of runs that a bundle may have: far more than the records of one request need.
pub const PIECES_MAX: usize = 16;

/// Records of `access` under one checkpoint: the connection, the decision, how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessPart {
    /// The signed checkpoint.
    pub checkpoint: String,
    /// The records in the order of the log.
    pub records: Vec<Shown>,
}

/// What an auditor looks for; everything given must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Search {
    /// `access` or `control`.
    pub log: String,
    /// Person id.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub person: String,
    /// Serial number of a certificate.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub serial: String,
    /// Application id.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub application: String,
    /// Record, as decisions name it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub resource: String,
    /// `permitted` or a code.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub outcome: String,
    /// Kind of record.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Name of a request.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub request: String,
    /// Reference number that somebody was told.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reference: String,
    /// Not older, RFC 3339 in UTC.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub from: String,
    /// Not newer.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub until: String,
    /// Only records before this index; for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
}

impl Search {
    /// Whether it asks for something that there could be: a log of ours, times that are times, and
    /// text without control characters.
    pub fn is_sound(&self) -> bool {
        let Self { log, person, serial, application, resource, .. } = self;
        let Self { outcome, kind, request, reference, from, until, .. } = self;
        let texts = [person, serial, application, resource, outcome, kind, request, reference];
        let time = |text: &String| text.is_empty() || crate::time::read(text).is_some();
        crate::record::LOGS.contains(&log.as_str())
            && time(from)
            && time(until)
            && texts.into_iter().all(|text| !text.chars().any(char::is_control))
    }
}

/// What an auditor asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Ask {
    /// Find records.
    Search(Box<Search>),
    /// Give an evidence bundle.
    Export(Question),
}

/// A request to the log, as it is signed and recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogRequest {
    /// Format: 1.
    pub v: u8,
    /// Founding digest of the city.
    pub founding: Bytes,
    /// 16 random bytes, single use.
    pub nonce: Bytes,
    /// When, RFC 3339 in seconds.
    pub time: String,
    /// What is asked.
    pub ask: Ask,
}

/// A request with the auditor's signature and certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedRequest {
    /// The request's bytes.
    pub request: Bytes,
    /// Signature under `yinxin-log-request-v1`.
    pub signature: Bytes,
    /// The auditor's certificate, DER.
    pub certificate: Bytes,
}

impl SignedRequest {
    /// Signs a request with the auditor's certificate key.
    pub fn sign(
        request: Vec<u8>,
        certificate: &Certificate,
        signer: &dyn pki::Signer,
    ) -> Result<Self, SignError> {
        let signature = Label::LogRequest.sign(signer, &request)?;
        let certificate = certificate.der().into();
        Ok(Self { request: Bytes(request), signature: Bytes(signature), certificate })
    }

    /// The request and the certificate, if its key signed.
    pub fn open(&self) -> Option<(LogRequest, Certificate)> {
        let certificate = Certificate::read(&self.certificate.0).ok()?;
        if !Label::LogRequest.verify(certificate.key(), &self.request.0, &self.signature.0) {
            return None;
        }
        let request: LogRequest = crate::json::read(&self.request.0).ok()?;
        (request.v == 1 && request.nonce.0.len() == 16).then_some((request, certificate))
    }
}

/// A record that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Found {
    /// Its index.
    pub index: u64,
    /// The record's bytes.
    pub record: Bytes,
    /// What opens its commitments.
    pub disclosures: Vec<Disclosure>,
}

/// The answer to a search, newest first; a convenience, not proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchAnswer {
    /// What was found.
    pub found: Vec<Found>,
    /// Names of the people in it.
    pub names: BTreeMap<String, String>,
    /// Where the next page begins, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// The answer is complete up to this index.
    pub complete_to: u64,
    /// The newest checkpoint.
    pub checkpoint: String,
}

/// The files of a bundle by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exported {
    /// Name and content.
    pub files: BTreeMap<String, Bytes>,
}

/// Either answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum LogAnswer {
    /// To a search.
    Search(Box<SearchAnswer>),
    /// To an export.
    Export(Exported),
}
