//! What a unit's handler and the CA say to each other, through a portal: people of the unit,
//! drafts, and what became of them. Nothing is decided by what is said here; drafts are signed.

use crate::bytes::Bytes;
use crate::code::Code;
use crate::commitment::{Commitment, Disclosure};
use crate::display_name::DisplayName;
use crate::draft::DraftStatement;
use crate::export::ShownOrder;
use crate::order::{Order, OrderSubject, ReleaseBody};
use serde::{Deserialize, Serialize};

/// The query names one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonQuery {
    /// The person is named by their id, 16 Crockford base32 characters.
    pub person: String,
}

/// A person in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonLine {
    /// The person is named by their id, 16 Crockford base32 characters.
    #[serde(deserialize_with = "crate::reference::given")]
    pub person: String,
    /// The person's name is as the CA opens it.
    pub name: String,
    /// The person belongs to the unit of this id.
    pub unit: String,
    /// The unit's name is the one that people read.
    pub unit_name: String,
    /// How many certificates they hold that are in force.
    pub certificates: u32,
    /// Whether a letter of theirs can still be used.
    pub letter: bool,
}

/// A unit by id and name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitLine {
    /// The unit is named by its id: lower-case letters, digits and hyphens.
    pub unit: String,
    /// The unit's name is the one that people read.
    pub name: String,
}

/// People within what a handler handles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitPeople {
    /// Open units that the handler handles, by name.
    pub units: Vec<UnitLine>,
    /// In the order of names, about fifty.
    pub lines: Vec<PersonLine>,
    /// Behind which person the list goes on; empty at its end.
    pub more: String,
}

/// What a handler needs of a person to draft about them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonFacts {
    /// The person is told as in lists.
    pub line: PersonLine,
    /// The person's record is in this version.
    pub version: u32,
    /// The person's mail address, or nothing.
    pub mail: String,
    /// Keyed digest of their national number, if it is registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<Bytes>,
    /// Every open unit of the city, by name: where they may go.
    pub units: Vec<UnitLine>,
    /// Profiles under which a letter can be made for them.
    pub profiles: Vec<DisplayName>,
}

/// Which people, for a draft about many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeopleQuery {
    /// Person ids, as many as a batch takes.
    pub people: Vec<String>,
}

/// What a draft about many needs of each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonRecord {
    /// The person is named by their id, 16 Crockford base32 characters.
    #[serde(deserialize_with = "crate::reference::given")]
    pub person: String,
    /// The person's name is as the CA opens it.
    pub name: String,
    /// The person belongs to the unit of this id.
    pub unit: String,
    /// Names of that unit and those above it.
    pub place: String,
    /// The person's record is in this version.
    pub version: u32,
    /// The person's mail address, or nothing.
    pub mail: String,
    /// Keyed digest of their national number, if it is registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<Bytes>,
    /// Serial numbers of certificates that are neither revoked nor over.
    pub serials: Vec<String>,
}

/// What is said of one person who was asked about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordLine {
    /// The person's record, where the handler has them in their care.
    Known(Box<PersonRecord>),
    /// Why nothing is said.
    Refused(Code),
}

/// The same of all of them, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeopleRecords {
    /// The answer has a line for each person that was asked for.
    pub lines: Vec<RecordLine>,
}

/// The suspension of which certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuspensionQuery {
    /// The serial number is lower-case hexadecimal.
    pub serial: String,
}

/// What whoever drafts its release needs of a suspension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuspensionFacts {
    /// The certificate is held by the person of this id.
    #[serde(deserialize_with = "crate::reference::given")]
    pub person: String,
    /// The holder's name is as the CA opens it.
    pub name: String,
    /// The suspension is named by SHA-256 of its notice or statement.
    pub suspension: Bytes,
    /// It was suspended by the person of this id.
    #[serde(deserialize_with = "crate::reference::given")]
    pub by: String,
    /// The name of whoever suspended is as the CA opens it.
    pub by_name: String,
    /// RFC 5280 name of the reason.
    pub reason: String,
    /// The certificate is suspended since this time, RFC 3339.
    pub since: String,
}

impl SuspensionFacts {
    /// The body of the order that releases this certificate from it.
    pub fn release(self, serial: String, evidence: Commitment) -> ReleaseBody {
        let Self { person, suspension, by, reason, since, .. } = self;
        ReleaseBody { person, serial, suspension, by, reason, since, evidence }
    }
}

/// A draft before it is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreviewRequest {
    /// The handler would sign this statement.
    pub statement: DraftStatement,
    /// Opens the commitments of its body.
    pub disclosures: Vec<Disclosure>,
    /// Seal of a national number's digest that the body registers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number_seal: Option<Bytes>,
}

/// The order that would be made, which nobody signed. Of a letter there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preview {
    /// The order that would be made, unsigned, if the draft asks for one.
    pub order: Option<Order>,
    /// These values open the commitments of the order.
    pub disclosures: Vec<Disclosure>,
}

impl Preview {
    /// The order, if it is just what this statement asks for: what nobody signed shows no other
    /// content than what is about to be signed.
    pub fn shown(self, statement: &DraftStatement) -> Option<ShownOrder> {
        let same = |order: &Order| order.kind == statement.kind && order.body == statement.body;
        ShownOrder::unsigned(self.order.filter(same)?, self.disclosures).ok()
    }
}

/// What was made from a draft.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DraftMade {
    /// The order that was made is named by its id; it is empty where a letter was made.
    #[serde(deserialize_with = "crate::reference::given_or_none")]
    pub order: String,
    /// The order needs so many approvals.
    pub needed: u32,
    /// Reference of the letter, or empty.
    #[serde(deserialize_with = "crate::reference::given_or_none")]
    pub letter: String,
    /// The draft is about the person of this id; it is empty where it is about nobody.
    #[serde(deserialize_with = "crate::reference::given_or_none")]
    pub person: String,
}

/// What was made from bodies of a draft of many.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManyMade {
    /// Order id of the batch over the orders, or empty.
    pub batch: String,
    /// The orders need so many approvals.
    pub needed: u32,
    /// References of the letters, in their order.
    pub letters: Vec<String>,
}

/// What became of the orders of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchReceipt {
    /// The batch is named by its order id.
    pub order: String,
    /// The batch has this digest, which is what its approvers signed.
    pub digest: Bytes,
    /// The kind of every order in it.
    pub of: String,
    /// What every one of them does, or empty.
    pub action: String,
    /// What became of the batch, as of a draft.
    pub state: String,
    /// Approvals so far, and how many it needs; of one that is open.
    pub approvals: (u32, u32),
    /// It says whether whoever asks drafted it.
    pub own: bool,
    /// Whose approvals carried it, once an order of it was carried out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<ApprovedBy>,
    /// The orders of the batch, in the order in which it names them.
    pub lines: Vec<ReceiptLine>,
}

/// Somebody whose approval carried an order, and as what it counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovedBy {
    /// The approver's name is as the CA opens it.
    pub name: String,
    /// The approver is the person of this id.
    pub person: String,
    /// Name and id of whoever they acted for, who was on leave.
    pub acting_for: Option<(String, String)>,
    /// The batch that they approved, where it was not the order itself.
    pub batch: Option<ApprovedBatch>,
}

/// That an order was approved as one of many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovedBatch {
    /// The batch is named by its order id.
    pub order: String,
    /// How many orders it is over.
    pub rows: u64,
    /// Whether the approver signed that they opened this one.
    pub opened: bool,
}

/// One order of a batch, with what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptLine {
    /// The order is named by its id, 16 Crockford base32 characters.
    pub order: String,
    /// It concerns this person, unit or thing.
    pub about: OrderSubject,
    /// The order is about the person of this id; it is empty where it is about nobody.
    pub person: String,
    /// What became of it, as of a draft.
    pub state: String,
    /// Why it cannot be carried out as it is, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Code>,
    /// Whether the person has a letter that can be used.
    pub letter: bool,
    /// Whether the person is registered by it and needs a letter: they are in office, and have
    /// neither one that can be used nor a certificate that counts, or may count again.
    #[serde(default)]
    pub wants_letter: bool,
    /// Serial numbers of what it issued, or revoked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub serials: Vec<String>,
}

/// One of a handler's drafts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DraftLine {
    /// Order id, or reference of the letter.
    #[serde(deserialize_with = "crate::reference::given")]
    pub name: String,
    /// `person` or `letter`.
    pub kind: String,
    /// What it does: `create`, `move`, `leave`, or empty.
    pub action: String,
    /// The draft concerns this person.
    pub about: OrderSubject,
    /// The draft was made at this time, RFC 3339.
    pub made: String,
    /// What became of it: `open`, `expired`, `done`, `returned`, `rejected`, `withdrawn`; of a
    /// letter `open`, `expired`, `used`, `lost`, `voided`.
    pub state: String,
    /// Approvals so far, and how many it needs; of an order that is open.
    pub approvals: (u32, u32),
    /// Why it was declined, as the officer signed it; otherwise empty.
    pub reason: String,
    /// Digest of an open order, which withdrawing it signs.
    pub digest: Bytes,
}

/// The drafts of one handler, as a page tells them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drafts {
    /// The orders that were drafted, newest first.
    pub orders: Vec<DraftLine>,
    /// Letters of the last weeks, newest first, as many as of the orders on a page.
    pub letters: Vec<DraftLine>,
    /// Where the page after this one begins; empty at the end.
    pub more: String,
}
