//! Drafts: a unit's handler asks, under their own signature, for an order about a person of their
//! unit, or for a letter; an officer for a release, a delegation or revocations of many. What is
//! made from it holds the draft, so that whoever reads it knows who operated. One signature may
//! stand under many: then each order or letter says where its body stands among them.

use crate::bytes::Bytes;
use crate::commitment::Disclosure;
use crate::json;
use crate::label::Label;
use crate::stated::{Stated, Statement};
use crate::time;
use pki::Certificate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tlog::merkle;

/// A draft counts within so many seconds of when it was made, before or after: clocks differ.
pub const DRAFT_SECONDS: u64 = 900;

/// Most bodies that a passkey signs at once: a page that somebody captured has one touch for as
/// many, and not for thousands. A certificate key signs more.
pub const PASSKEY_ROWS_MAX: usize = 200;

/// Most letters of one message: each is two files that are durable before the answer.
pub const LETTERS_A_MESSAGE: usize = 100;

/// What a handler says who drafts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DraftStatement {
    /// This is version 1 of the format; a reader refuses another.
    pub v: u8,
    /// The city is named by its founding digest, 32 bytes.
    pub founding: Bytes,
    /// The handler's certificate is named by its SHA-256.
    pub certificate: Bytes,
    /// `person`, `letter`, `release` or `delegate`; of many `people`, `letters` or `revocations`.
    pub kind: String,
    /// The order's body, as it will stand there; of a letter, for whom and under which profile. Of
    /// many how many there are and what they hash to.
    pub body: Value,
    /// A nonce of 16 random bytes makes the statement unlike any other.
    pub nonce: Bytes,
    /// The handler said so at this time, RFC 3339.
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

/// What a draft of many is about: the tree over their bodies, as RFC 6962 hashes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManyBody {
    /// The statement is over so many bodies.
    pub count: u64,
    /// Root hash over their canonical bytes.
    pub root: Bytes,
}

/// Where one body stands among those of a draft of many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DraftPlace {
    /// The body is the leaf of this index in the tree, from 0.
    pub index: u64,
    /// The audit path leads from the leaf to the root that was signed (RFC 6962 2.1.1).
    pub hashes: Vec<Bytes>,
}

impl DraftStatement {
    /// Whether it is a draft of many.
    pub fn is_of_many(&self) -> bool {
        matches!(self.kind.as_str(), "people" | "letters" | "revocations")
    }

    /// How many bodies it is about.
    pub fn count(&self) -> u64 {
        if !self.is_of_many() {
            return 1;
        }
        let many: Result<ManyBody, _> = json::from_value(&self.body);
        many.map_or(u64::MAX, |many| many.count)
    }

    /// Whether it asks for just this body, by itself or at this place among many.
    pub fn names(&self, (kind, body): (&str, &Value), place: Option<&DraftPlace>) -> bool {
        let Some(place) = place else {
            // One certificate is revoked by a wish.
            return kind != "revoke" && (self.kind.as_str(), &self.body) == (kind, body);
        };
        let of_many = match kind {
            "person" => self.kind == "people",
            "letter" => self.kind == "letters",
            "revoke" => self.kind == "revocations",
            _ => false,
        };
        of_many && self.holds(body, place).is_some()
    }

    fn holds(&self, body: &Value, place: &DraftPlace) -> Option<()> {
        let many: ManyBody = json::from_value(&self.body).ok()?;
        let leaf = merkle::leaf_hash(&json::write(body).ok()?);
        let hashes: Option<Vec<_>> = place.hashes.iter().map(Bytes::digest).collect();
        let (root, hashes) = (many.root.digest()?, hashes?);
        merkle::verify_inclusion(&leaf, place.index, many.count, &hashes, &root).ok()
    }
}

impl Draft {
    /// Whether it asks for just this body, in the name of this drafter: of its certificate's
    /// person. Whether they signed it is for the authority to say.
    pub fn asks_for(&self, of: (&str, &Value), drafter: &str, place: Option<&DraftPlace>) -> bool {
        let (Ok(said), Ok(certificate)) = (self.read(), Certificate::read(&self.certificate.0))
        else {
            return false;
        };
        let person = certificate.subject().person();
        certificate.sha256().as_slice() == said.certificate.0
            && person.is_some()
            && drafter.strip_prefix("person:") == person
            && said.names(of, place)
    }
}

/// A draft on its way to the CA, with what opens the commitments of its body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drafting {
    /// The draft as its handler signed it.
    pub draft: Draft,
    /// Opens the commitments; a letter has none.
    pub disclosures: Vec<Disclosure>,
    /// Seal of a national number's digest that the body registers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number_seal: Option<Bytes>,
}

/// Bodies of a draft of many on their way to the CA: from a place on, as many as a batch takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DraftingMany {
    /// The draft as its handler signed it, over the root of all bodies.
    pub draft: Draft,
    /// The bodies, in the order of the tree.
    pub rows: Vec<ManyRow>,
}

impl DraftingMany {
    /// Whether all of it only takes away: revocations, or people who leave.
    pub fn takes_away(&self) -> bool {
        let leaves = |row: &ManyRow| row.body.get("action").is_some_and(|it| it == "leave");
        match self.draft.read().as_ref().map(|said| said.kind.as_str()) {
            Ok("revocations") => true,
            Ok("people") => self.rows.iter().all(leaves),
            _ => false,
        }
    }
}

/// One body of a draft of many, with what shows that it was signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManyRow {
    /// The body stands at this place of the tree that was signed.
    pub place: DraftPlace,
    /// The body as an order of its kind has it (`docs/formats.md` 4).
    pub body: Value,
    /// Opens its commitments; a letter has none.
    pub disclosures: Vec<Disclosure>,
    /// Seal of a national number's digest that the body registers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number_seal: Option<Bytes>,
}
