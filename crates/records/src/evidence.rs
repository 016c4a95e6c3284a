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

/// A record with its proof and what opens it.
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

/// What an auditor asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Ask {
    /// Find records.
    Search(Box<Search>),
    /// Give an evidence bundle.
    Export(Question),
}

impl Ask {
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
pub struct Found {
    /// Its index.
    pub index: u64,
    /// The record's bytes.
    pub record: Bytes,
}

/// The answer to a search of a portal, newest first; a convenience, not proof.
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
    /// The log says that it looked up to this index; what it left out is not seen here.
    pub complete_to: u64,
    /// The newest checkpoint.
    pub checkpoint: String,
}

/// The answer to an auditor's own search, newest first: each record with its proof. What it says
/// counts as far as [`crate::found`] believes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FoundRecords {
    /// What was found.
    pub records: Vec<Shown>,
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
pub struct Exported {
    /// Name and content.
    pub files: BTreeMap<String, Bytes>,
    /// By log, that its checkpoint continues what the auditor saw.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub consistency: BTreeMap<String, Vec<Bytes>>,
}

/// Either answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum LogAnswer {
    /// To a search.
    Search(Box<FoundRecords>),
    /// To an export.
    Export(Exported),
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
                assert_eq!(Ask::Search(Box::new(search)).is_sound(), sound);
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
            assert!(Ask::Export(question("x".repeat(128))).is_sound());
            assert!(!Ask::Export(question("x".repeat(129))).is_sound());
        }
    }
}
