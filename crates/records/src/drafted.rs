//! What a handler drafts: a person's record as it is to be, or a letter; and the statement that
//! they sign for it.

use crate::bytes::Bytes;
use crate::code::Code;
use crate::commitment::{Disclosure, EVIDENCE_PATH};
use crate::draft::DraftStatement;
use crate::json::{self, JsonError};
use crate::order::{MAIL_PATH, NAME_PATH, PersonAction, PersonBody};
use crate::time;
use serde::{Deserialize, Serialize};
use serde_json::Value;

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
    /// What a draft is about.
    pub fn of(said: &DraftStatement) -> Result<Self, Code> {
        let body = said.body.clone();
        let read = match said.kind.as_str() {
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

    /// What the holder of a certificate says at `unix` who drafts it; the nonce is drawn for this
    /// alone.
    pub fn statement(
        &self,
        founding: &Bytes,
        certificate_sha256: [u8; 32],
        nonce: [u8; 16],
        unix: u64,
    ) -> Result<DraftStatement, JsonError> {
        let (kind, body) = self.parts()?;
        Ok(DraftStatement {
            v: 1,
            founding: founding.clone(),
            certificate: certificate_sha256.into(),
            kind: kind.to_owned(),
            body,
            nonce: nonce.into(),
            time: time::seconds(unix),
        })
    }

    fn parts(&self) -> Result<(&'static str, Value), JsonError> {
        let (kind, value) = match self {
            Self::Person(body) => ("person", serde_json::to_value(body)),
            Self::Letter(body) => ("letter", serde_json::to_value(body)),
        };
        Ok((kind, value.map_err(|error| JsonError::Shape(error.to_string()))?))
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
