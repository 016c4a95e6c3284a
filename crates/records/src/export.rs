//! Documents that leave the system: orders for approval, and proofs that a record stands in a log.

mod files;
mod not_trusted;
mod order;

pub use files::files_digest;
pub use not_trusted::NotTrusted;
pub use order::{Hearsay, OpenedOrder, OrderExport, RowExport, ShownOrder};

use crate::approval::is_id;
use crate::bytes::Bytes;
use crate::order::OrderSubject;
use crate::record::{self, Record};
use crate::trust::Trust;
use pki::Certificate;
use pki::oid::Arc;
use serde::{Deserialize, Serialize};
use tlog::checkpoint::Checkpoint;
use tlog::merkle;

/// How far an order is, as the issuer counts it. No signature covers it, and nothing is decided by
/// it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderProgress {
    /// Names of those whose approvals hold.
    pub approvers: Vec<String>,
    /// The order needs so many approvals.
    pub needed: u32,
    /// Whether the officer who asked is among them.
    pub given: bool,
    /// Whether one more approval from a browser counts.
    pub browser: bool,
    /// As whom the officer who asked may approve it, of which they choose one.
    #[serde(default)]
    pub voices: Vec<Voice>,
    /// The order needs a look for this reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look: Option<ReviewFlag>,
}

/// As whom an officer may approve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Voice {
    /// Person id of whoever is on leave; without, it is by the officer's own roles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acting_for: Option<String>,
    /// Their name; nothing that is signed holds it.
    pub name: String,
}

impl OrderProgress {
    /// For whom an officer with this id approves who named a person, themselves or somebody on
    /// leave; whoever named nobody, as the only one that they may. Nothing if that does not say it.
    pub fn chosen(&self, officer: &str, named: Option<&str>) -> Option<Option<String>> {
        let of = |voice: &Voice| voice.acting_for.clone();
        let is_named = |voice: &&Voice, id| voice.acting_for.as_deref().unwrap_or(officer) == id;
        let chosen = match (named, self.voices.as_slice()) {
            (None, []) => Some(None),
            (None, [one]) => Some(of(one)),
            (None, _) => None,
            (Some(id), []) => (id == officer).then_some(None),
            (Some(id), all) => all.iter().find(|voice| is_named(voice, id)).map(of),
        };
        chosen.filter(|chosen| chosen.as_deref().is_none_or(is_id))
    }
}

/// What of an order needs a look; what comes later is graver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewFlag {
    /// Name or unit are not those of the last certificate.
    Differs,
    /// The unit has somebody of this name already.
    SameName,
    /// A revocation that a portal asks for in an officer's name, who signed nothing.
    Unsigned,
    /// What it was made for became another: it can only be declined.
    Moved,
}

impl ReviewFlag {
    /// The name by which rows remember it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Differs => "differs",
            Self::SameName => "same-name",
            Self::Unsigned => "unsigned",
            Self::Moved => "moved",
        }
    }

    /// Reads the name by which rows remember it.
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [Self::Differs, Self::SameName, Self::Unsigned, Self::Moved];
        all.into_iter().find(|look| look.name() == name)
    }
}

/// One line of the officers' list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderLine {
    /// The order is named by its id, 16 Crockford base32 characters.
    #[serde(deserialize_with = "crate::reference::given")]
    pub order: String,
    /// Digest, by which a batch names it.
    pub digest: Bytes,
    /// The order is of this kind (`docs/formats.md` 4).
    pub kind: String,
    /// What it does, where its kind does several things: `create`, `move`, `leave`, `grant`,
    /// `withdraw`, `close`, `register`, or empty.
    pub action: String,
    /// It concerns this person, unit or thing.
    pub about: OrderSubject,
    /// The order was made at this time, RFC 3339.
    pub made: String,
    /// The order can be approved until this second, RFC 3339.
    pub expires: String,
    /// So many approvals count for it so far.
    pub approvals: u32,
    /// The order needs so many approvals.
    pub needed: u32,
    /// Whether the officer who asked has approved it.
    pub given: bool,
    /// The order needs a look for this reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look: Option<ReviewFlag>,
}

impl OrderLine {
    /// Orders of one page of a list.
    pub const PAGE: usize = 50;
}

/// One page of the officers' list, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderLines {
    /// Those of the orders that were looked at which the officer may approve: few or none where
    /// many others wait.
    pub lines: Vec<OrderLine>,
    /// Where the next page begins; empty behind the last order.
    pub more: String,
}

/// What became of an approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approved {
    /// The order is named by its id, 16 Crockford base32 characters.
    #[serde(deserialize_with = "crate::reference::given")]
    pub order: String,
    /// So many approvals count for it now.
    pub approvals: u32,
    /// The order needs so many approvals.
    pub needed: u32,
}

/// The key of a statement signer, if the pinned root certified it for `purpose` and it is in time.
pub fn certified_key(
    chain: &[Bytes],
    trust: &Trust,
    purpose: impl Fn(&Arc) -> Option<pki::extension::Purpose>,
    now: u64,
) -> Result<pki::PublicKey, NotTrusted> {
    let [leaf, root] = chain else { return Err(NotTrusted::Root) };
    let root = Certificate::read(&root.0).map_err(|_| NotTrusted::Root)?;
    if root.sha256().as_slice() != trust.root_sha256.0 {
        return Err(NotTrusted::Root);
    }
    let leaf = Certificate::read(&leaf.0).map_err(|_| NotTrusted::Purpose)?;
    let arc = Arc::read(&trust.arc).ok_or(NotTrusted::Purpose)?;
    let wanted = purpose(&arc).ok_or(NotTrusted::Purpose)?;
    let in_time = (leaf.not_before()..=leaf.not_after()).contains(&now);
    let certified = leaf.is_signed_by(root.key()) && leaf.issuer() == root.subject();
    if certified && in_time && leaf.purposes() == [wanted] {
        Ok(leaf.key().clone())
    } else {
        Err(NotTrusted::Purpose)
    }
}

/// A record with the proof that its entry stands under a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InclusionEvidence {
    /// The record is its exact bytes, canonical JSON.
    pub record: Bytes,
    /// The salt of its entry.
    pub salt: Bytes,
    /// The record stands at this index of the log.
    pub index: u64,
    /// The audit path leads from the record's leaf to the root (RFC 6962 2.1.1).
    pub hashes: Vec<Bytes>,
    /// The log's key signed this checkpoint, a C2SP note.
    pub checkpoint: String,
}

impl InclusionEvidence {
    /// Checks entry, proof and checkpoint; gives the record.
    pub fn open(&self, trust: &Trust, log: &str) -> Result<Record, NotTrusted> {
        let key = trust.log_key(log).ok_or(NotTrusted::Checkpoint)?;
        let head = Checkpoint::open(&self.checkpoint, &key, crate::label::verify_ed25519)
            .map_err(|_| NotTrusted::Checkpoint)?;
        let salt = self.salt.digest().ok_or(NotTrusted::Inclusion)?;
        let leaf = merkle::leaf_hash(&record::entry(&salt, &self.record.0));
        let hashes: Option<Vec<_>> = self.hashes.iter().map(Bytes::digest).collect();
        let hashes = hashes.ok_or(NotTrusted::Inclusion)?;
        merkle::verify_inclusion(&leaf, self.index, head.size, &hashes, &head.root)
            .map_err(|_| NotTrusted::Inclusion)?;
        let record = Record::read(&self.record.0).map_err(|_| NotTrusted::Inclusion)?;
        if record.log == log { Ok(record) } else { Err(NotTrusted::Inclusion) }
    }
}
