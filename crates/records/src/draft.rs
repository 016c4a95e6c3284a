//! Drafts: a unit's handler asks, under their own signature, for an order about a person of their
//! unit, or for a letter. What is made from it holds the draft, so that whoever reads it knows who
//! operated.

use crate::bytes::Bytes;
use crate::code::Code;
use crate::commitment::{Disclosure, EVIDENCE_PATH};
use crate::json::{self, JsonError};
use crate::label::Label;
use crate::order::{MAIL_PATH, NAME_PATH, PersonAction, PersonBody};
use crate::stated::{Stated, Statement};
use crate::time;
use pki::Certificate;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A draft counts within so many seconds of when it was made, before or after: clocks differ.
pub const DRAFT_SECONDS: u64 = 900;

/// What a handler says who drafts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DraftStatement {
    /// Format: 1.
    pub v: u8,
    /// Founding digest of the city.
    pub founding: Bytes,
    /// SHA-256 of the handler's certificate.
    pub certificate: Bytes,
    /// `person` or `letter`.
    pub kind: String,
    /// The order's body, as it will stand there; of a letter, for whom and under which profile.
    pub body: Value,
    /// 16 random bytes.
    pub nonce: Bytes,
    /// When it was said.
    pub time: String,
}

impl Statement for DraftStatement {
    const LABEL: Label = Label::Draft;

    fn is_sound(&self) -> bool {
        self.v == 1
            && self.founding.0.len() == 32
            && self.certificate.0.len() == 32
            && self.nonce.0.len() == 16
            && self.unix() != 0
    }
}

/// For whom a letter is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LetterBody {
    /// Person id.
    pub person: String,
    /// Profile id.
    pub profile: String,
}

/// What a draft is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drafted {
    /// An order of kind `person`.
    Person(PersonBody),
    /// A letter.
    Letter(LetterBody),
}

impl Drafted {
    /// Reads the body of a kind.
    fn read(kind: &str, body: Value) -> Result<Self, Code> {
        let read = match kind {
            "person" => json::from_value(body).map(Self::Person),
            "letter" => json::from_value(body).map(Self::Letter),
            _ => return Err(Code::UnknownKind),
        };
        read.map_err(|_| Code::Malformed)
    }

    /// The person whom it is about.
    pub fn person(&self) -> &str {
        match self {
            Self::Person(body) => &body.person,
            Self::Letter(body) => &body.person,
        }
    }

    fn parts(&self) -> Result<(&'static str, Value), JsonError> {
        let (kind, value) = match self {
            Self::Person(body) => ("person", serde_json::to_value(body)),
            Self::Letter(body) => ("letter", serde_json::to_value(body)),
        };
        Ok((kind, value.map_err(|error| JsonError::Shape(error.to_string()))?))
    }
}

impl DraftStatement {
    /// What the holder of a certificate says at `unix` who drafts; the nonce is drawn for this
    /// alone.
    pub fn new(
        founding: &Bytes,
        certificate_sha256: [u8; 32],
        drafted: &Drafted,
        nonce: [u8; 16],
        unix: u64,
    ) -> Result<Self, JsonError> {
        let (kind, body) = drafted.parts()?;
        Ok(Self {
            v: 1,
            founding: founding.clone(),
            certificate: certificate_sha256.into(),
            kind: kind.to_owned(),
            body,
            nonce: nonce.into(),
            time: time::seconds(unix),
        })
    }

    /// What it is about.
    pub fn drafted(&self) -> Result<Drafted, Code> {
        Drafted::read(&self.kind, self.body.clone())
    }

    /// Unix seconds of its time; 0 if unreadable.
    pub fn unix(&self) -> u64 {
        time::read(&self.time).unwrap_or(0)
    }
}

/// The statement with its handler's signature, by certificate key or by passkey.
pub type Draft = Stated<DraftStatement>;

impl Draft {
    /// Whether it asks for just this body, in the name of this drafter: of its certificate's
    /// person. Whether they signed it is for the authority to say.
    pub fn asks_for(&self, (kind, body): (&str, &Value), drafter: &str) -> bool {
        let (Ok(said), Ok(certificate)) = (self.read(), Certificate::read(&self.certificate.0))
        else {
            return false;
        };
        let person = certificate.subject().person();
        certificate.sha256().as_slice() == said.certificate.0
            && person.is_some()
            && drafter.strip_prefix("person:") == person
            && (said.kind.as_str(), &said.body) == (kind, body)
            && said.drafted().is_ok()
    }
}

/// A person's record as it was typed, with every field as it is to be.
#[derive(Clone, Copy, Debug)]
pub struct TypedPerson<'a> {
    /// What happens.
    pub action: PersonAction,
    /// Person id, drawn for who is new.
    pub person: &'a str,
    /// Version of the record after it.
    pub version: u32,
    /// Unit id.
    pub unit: &'a str,
    /// Name.
    pub name: &'a str,
    /// Mail address, or empty.
    pub mail: &'a str,
    /// What was looked at.
    pub evidence: &'a str,
}

impl TypedPerson<'_> {
    /// The order's body with what opens its commitments, under salts that are drawn for this alone.
    pub fn body(&self, salts: [[u8; 32]; 3]) -> Result<(PersonBody, Vec<Disclosure>), JsonError> {
        let [of_name, of_evidence, of_mail] = salts;
        let name = Disclosure::new(NAME_PATH, of_name, self.name.into());
        let evidence = Disclosure::new(EVIDENCE_PATH, of_evidence, self.evidence.into());
        let mail = Disclosure::new(MAIL_PATH, of_mail, self.mail.into());
        let mail = Some(mail).filter(|_| !self.mail.is_empty());
        let body = PersonBody {
            action: self.action,
            person: self.person.to_owned(),
            version: self.version,
            unit: self.unit.to_owned(),
            name: name.commitment()?,
            mail: mail.as_ref().map(Disclosure::commitment).transpose()?,
            evidence: evidence.commitment()?,
        };
        Ok((body, [name, evidence].into_iter().chain(mail).collect()))
    }
}

/// A draft on its way to the CA, with what opens the commitments of its body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drafting {
    /// What was signed.
    pub draft: Draft,
    /// Opens the commitments; a letter has none.
    pub disclosures: Vec<Disclosure>,
}
