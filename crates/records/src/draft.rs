//! Drafts: a unit's handler asks, under their own signature, for an order about a person of their
//! unit, or for a letter. What is made from it holds the draft, so that whoever reads it knows who
//! operated.

use crate::bytes::Bytes;
use crate::commitment::Disclosure;
use crate::label::Label;
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

impl DraftStatement {
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
