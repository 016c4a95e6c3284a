//! What auditors ask the log, and the evidence bundle that they take away: a tar of the files named
//! here, from which a stranger can check who did what, under which certificate, who approved it,
//! and who had made them approvers.

use crate::bytes::Bytes;
use crate::commitment::Disclosure;
use crate::label::Label;
use crate::lineage::Proven;
use crate::record::Record;
use pki::Certificate;
use pki::algorithm::SignError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The files of a bundle.
pub mod file {
    /// The file holds a [`super::Manifest`]: the question that the bundle answers.
    pub const MANIFEST: &str = "manifest.json";
    /// The file holds a [`crate::lineage::Lineage`]: the records of `control`.
    pub const CONTROL: &str = "control.json";
    /// The file holds a list of [`super::Opening`]: what opens the records of `control`.
    pub const OPENINGS: &str = "openings.json";
    /// The file holds a [`super::AccessPart`]: the records of the request.
    pub const ACCESS: &str = "access.json";
    /// The file holds a list of [`crate::run::RunPiece`]: what the agents signed.
    pub const RUN: &str = "run.json";
    /// The file holds the [`crate::people::SignedPeople`] by which it was decided.
    pub const PEOPLE: &str = "people.json";
    /// The revocation list that was in force, DER.
    pub const LIST: &str = "list.crl";
    /// The file holds the root certificate, DER.
    pub const ROOT: &str = "root.cer";
    /// The file tells people how to check the bundle.
    pub const README: &str = "README.txt";
}

/// The question that a bundle answers.
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
    /// This is version 1 of the format.
    pub v: u8,
    /// The bundle answers this question.
    pub question: Question,
}

/// What opens the commitments of a record, or of the order in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// Index of the record in `control`.
    pub index: u64,
    /// These values open the commitments, each with its path and its salt.
    pub disclosures: Vec<Disclosure>,
}

/// A record with its proof and what opens it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisclosedRecord {
    /// The record, its place and its proof.
    pub proven: Proven,
    /// These values open the commitments of the record.
    pub disclosures: Vec<Disclosure>,
}

/// Pieces of runs that a bundle may have: far more than the records of one request need.
pub const PIECES_MAX: usize = 16;

/// Records of `access` under one checkpoint: the connection, the decision, how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessPart {
    /// The log's key signed this checkpoint of `access`, a C2SP note.
    pub checkpoint: String,
    /// The records in the order of the log.
    pub records: Vec<DisclosedRecord>,
}

/// Characters of a text of a question: it stands in the log for ever, as everything does that is
/// found by it.
const TEXT_CHARS_MAX: usize = 128;

/// Whether a text is short, and without control characters.
fn is_short(text: &str) -> bool {
    text.chars().take(TEXT_CHARS_MAX + 1).count() <= TEXT_CHARS_MAX
        && !text.chars().any(char::is_control)
}

/// What an auditor looks for; everything given must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Search {
    /// The log that is searched: `access` or `control`.
    pub log: String,
    /// Only records that name the person of this id fit.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub person: String,
    /// Serial number of a certificate.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub serial: String,
    /// Only records about the application of this id fit.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub application: String,
    /// Record, as decisions name it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub resource: String,
    /// Only records with this outcome fit, `permitted` or a code.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub outcome: String,
    /// Only records of this kind fit.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Only records about the request of this name fit.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub request: String,
    /// Reference number that somebody was told.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reference: String,
    /// Not older, RFC 3339 in UTC.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub from: String,
    /// Only records that are not newer than this time fit.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub until: String,
    /// Only records before this index; for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
}

impl Search {
    /// Whether it asks for something that there could be: a log of ours, times that are times, and
    /// short texts without control characters.
    pub fn is_sound(&self) -> bool {
        let Self { log, person, serial, application, resource, .. } = self;
        let Self { outcome, kind, request, reference, from, until, .. } = self;
        let texts = [person, serial, application, resource, outcome, kind, request, reference];
        let time = |text: &String| text.is_empty() || crate::time::read(text).is_some();
        crate::record::LOGS.contains(&log.as_str())
            && time(from)
            && time(until)
            && texts.into_iter().all(|text| is_short(text))
    }

    /// Terms that a record must have, the rarest kind first.
    pub fn terms(&self) -> Vec<String> {
        let all = [
            (&self.request, "request"),
            (&self.reference, "reference"),
            (&self.serial, "serial"),
            (&self.resource, "resource"),
            (&self.person, "person"),
            (&self.outcome, "outcome"),
            (&self.application, "application"),
            (&self.kind, "kind"),
        ];
        let given = all.into_iter().filter(|(value, _)| !value.is_empty());
        given.map(|(value, name)| format!("{name}:{value}")).collect()
    }

    /// Whether a record with these terms is one that was asked for.
    pub fn fits(&self, record: &Record, terms: &[String]) -> bool {
        let all = self.terms().iter().all(|term| terms.contains(term));
        let unix = |text: &str| crate::time::read(text);
        let late = self.from.is_empty() || unix(&self.from).is_some_and(|t| record.unix() >= t);
        let early = self.until.is_empty() || unix(&self.until).is_some_and(|t| record.unix() <= t);
        record.log == self.log && all && late && early
    }
}

/// A question of an auditor to the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum AuditQuestion {
    /// The auditor asks for records.
    Search(Box<Search>),
    /// Give an evidence bundle.
    Export(Question),
}

impl AuditQuestion {
    /// Whether it asks for something that there could be.
    pub fn is_sound(&self) -> bool {
        match self {
            Self::Search(search) => search.is_sound(),
            Self::Export(Question::Request(name) | Question::Certificate(name)) => is_short(name),
        }
    }
}

/// A request to the log, as it is signed and recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogRequest {
    /// This is version 1 of the format; a reader refuses another.
    pub v: u8,
    /// The city is named by its founding digest, 32 bytes.
    pub founding: Bytes,
    /// The nonce is 16 random bytes, which are taken once.
    pub nonce: Bytes,
    /// It was said at this time, RFC 3339 in seconds.
    pub time: String,
    /// The request asks this of the log.
    pub ask: AuditQuestion,
}

/// A request with the auditor's signature and certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedRequest {
    /// The request is its exact bytes, canonical JSON.
    pub request: Bytes,
    /// The auditor's certificate key signed the request under `yinxin-log-request-v1`.
    pub signature: Bytes,
    /// The auditor's certificate, DER.
    pub certificate: Bytes,
    /// Sizes of the logs, by name, up to which the auditor saw them: not signed, and not recorded.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub known: BTreeMap<String, u64>,
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
        let (request, signature) = (Bytes(request), Bytes(signature));
        Ok(Self { request, signature, certificate, known: BTreeMap::new() })
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
pub struct FoundEntry {
    /// The record stands at this index of the log.
    pub index: u64,
    /// The record is its exact bytes, canonical JSON.
    pub record: Bytes,
}

/// The answer to a search of a portal, newest first; a convenience, not proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchAnswer {
    /// The records that fit, newest first.
    pub found: Vec<FoundEntry>,
    /// Names of the people in it.
    pub names: BTreeMap<String, String>,
    /// Where the next page begins, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// The log says that it looked up to this index; what it left out is not seen here.
    pub complete_to: u64,
    /// The newest checkpoint that the log's key signed, a C2SP note.
    pub checkpoint: String,
}

/// The answer to an auditor's own search, newest first: each record with its proof. What it says
/// counts as far as [`crate::found`] believes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FoundRecords {
    /// The records that fit, newest first, each with its proof.
    pub records: Vec<DisclosedRecord>,
    /// Names of the people in it.
    pub names: BTreeMap<String, String>,
    /// Where the next page begins, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// The log says that it looked up to this index; what it left out is not seen here.
    pub complete_to: u64,
    /// The signed checkpoint under which they stand.
    pub checkpoint: String,
    /// That it continues what the auditor saw (RFC 6962 2.1.2); nothing where it is not longer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consistency: Vec<Bytes>,
}

/// The files of a bundle by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportedBundle {
    /// The files of the bundle by name, each with its content.
    pub files: BTreeMap<String, Bytes>,
    /// By log, that its checkpoint continues what the auditor saw.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub consistency: BTreeMap<String, Vec<Bytes>>,
}

/// The answer to a request of either kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum LogAnswer {
    /// The answer is to a search.
    Search(Box<FoundRecords>),
    /// The answer is to an export.
    Export(ExportedBundle),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is asked is a record for ever: each text of a question has a length.
    #[test]
    fn a_long_question_is_malformed() {
        let access = || Search { log: "access".into(), ..Search::default() };
        let texts: [fn(&mut Search) -> &mut String; 8] = [
            |search| &mut search.person,
            |search| &mut search.serial,
            |search| &mut search.application,
            |search| &mut search.resource,
            |search| &mut search.outcome,
            |search| &mut search.kind,
            |search| &mut search.request,
            |search| &mut search.reference,
        ];
        for text in texts {
            for (given, sound) in [
                ("王".repeat(128), true),
                ("王".repeat(129), false),
                ("x".repeat(60_000), false),
                ("a\nb".to_owned(), false),
            ] {
                let mut search = access();
                *text(&mut search) = given;
                assert_eq!(search.is_sound(), sound);
                assert_eq!(AuditQuestion::Search(Box::new(search)).is_sound(), sound);
            }
        }
        let long = |text: &str| Search { log: text.repeat(100), ..access() };
        assert!(access().is_sound() && !long("access").is_sound());
        for (until, sound) in [("2026-11-24T08:00:00Z", true), (&*"2".repeat(60_000), false)] {
            let [from, later] = [(); 2].map(|()| until.to_owned());
            assert_eq!(Search { from, ..access() }.is_sound(), sound);
            assert_eq!(Search { until: later, ..access() }.is_sound(), sound);
        }
        for question in [Question::Request, Question::Certificate] {
            assert!(AuditQuestion::Export(question("x".repeat(128))).is_sound());
            assert!(!AuditQuestion::Export(question("x".repeat(129))).is_sound());
        }
    }
}
