//! An order as approvers get it, and what is left of it once everything in it was checked.

use super::files::{check_files, check_files_before};
use super::not_trusted::NotTrusted;
use super::{OrderProgress, ReviewFlag, Voice, certified_key};
use crate::bytes::Bytes;
use crate::commitment::{self, Commitment, Disclosure};
use crate::consequence::Consequences;
use crate::json::JsonError;
use crate::order::{Body, NAME_PATH, Order, OrderError, PriorState, RevokeBody, SignedOrder};
use crate::record::File;
use crate::trust::Trust;
use pki::oid::Arc;
use pki::{Certificate, PublicKey};
use serde::{Deserialize, Serialize};

/// An order as approvers get it, by portal or by file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderExport {
    /// This is version 1 of the format.
    pub v: u8,
    /// The order with signature and disclosures.
    pub signed: SignedOrder,
    /// Certificate of the registry key, then the root, DER.
    pub registry: Vec<Bytes>,
    /// The person's last certificate under this profile, DER, if the order names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Bytes>,
    /// The certificate that is renewed, DER, if the order is a renewal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewed: Option<Bytes>,
    /// Files that the body names by digest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<File>,
    /// Files in force before it, which its basis names by digest; none where they are others now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files_before: Vec<File>,
    /// Of a batch: every order that it names, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<RowExport>,
    /// How far it is, for the officer who asked a portal; a file has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<OrderProgress>,
    /// What a transfer or leaving would take away now, for the officer who asked a portal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consequence: Option<Consequences>,
}

/// What is told beside an order under no signature: nobody checked it, and nothing rests on it.
#[derive(Clone, Debug, Default)]
pub struct Hearsay {
    /// What needs a look, for each order of a batch.
    pub looks: Vec<Option<ReviewFlag>>,
    /// The order would take this away, as the CA works it out.
    pub consequence: Option<Consequences>,
    /// The same for each order of a batch, where it is told.
    pub consequences: Vec<Option<Consequences>>,
    /// By whose voice whoever asked may approve it.
    pub voices: Vec<Voice>,
    /// How far it is, and what needs a look in it.
    pub standing: Option<OrderProgress>,
}

/// An order of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowExport {
    /// The order with signature and disclosures.
    pub signed: SignedOrder,
    /// The person's last certificate under this profile, DER, if the order names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Bytes>,
    /// The certificate that it renews, DER.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewed: Option<Bytes>,
    /// What needs a look, as the issuer says; nothing is decided by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look: Option<ReviewFlag>,
    /// What it would take away now, for an officer who has to open it; nothing rests on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consequence: Option<Consequences>,
}

/// An order of which everything was checked: the CA's signature up to the pinned root, every
/// disclosure, the last certificate and every file. What people are shown before they consent is
/// made from this and from nothing else.
///
/// ```compile_fail,E0451
/// let (shown, signed) = todo!();
/// let forged = records::export::OpenedOrder { shown, signed };
/// ```
#[derive(Clone, Debug)]
pub struct OpenedOrder {
    shown: ShownOrder,
    signed: SignedOrder,
}

/// What of an order is shown in words. By itself it says nothing about who signed it: an
/// [`OpenedOrder`] does, and a draft that its handler is asked to sign is not signed yet.
#[derive(Clone, Debug)]
pub struct ShownOrder {
    order: Order,
    body: Body,
    before: Option<PriorState>,
    disclosures: Vec<Disclosure>,
    previous: Option<Certificate>,
    renewed: Option<Certificate>,
    files: Vec<File>,
    files_before: Vec<File>,
    comparable: bool,
    rows: Vec<OpenedOrder>,
}

impl core::ops::Deref for OpenedOrder {
    type Target = ShownOrder;
    fn deref(&self) -> &ShownOrder {
        &self.shown
    }
}

impl OrderExport {
    /// Checks all of it, from the pinned root on.
    pub fn open(&self, trust: &Trust, now: u64) -> Result<OpenedOrder, NotTrusted> {
        let registry = certified_key(&self.registry, trust, Arc::registry_signing, now)?;
        let opened = self.open_under(&registry)?;
        let is_ours = |order: &Order| order.is_of(&trust.founding.0);
        let all = is_ours(opened.order()) && opened.rows().iter().all(|row| is_ours(row.order()));
        if all { Ok(opened) } else { Err(NotTrusted::City) }
    }

    /// Checks all of it under a registry key that the caller believes.
    pub fn open_under(&self, registry: &PublicKey) -> Result<OpenedOrder, NotTrusted> {
        let (order, body, before) = self.signed.open_parts(registry)?;
        let previous = self.previous(&body)?;
        check_wish(&body)?;
        let renewed = renewed(&body, self.renewed.as_ref())?;
        check_files(&body, &self.files)?;
        let comparable = check_files_before(&body, before.as_ref(), &self.files_before)?;
        check_draft(&order)?;
        let rows = self.open_rows(&body, registry)?;
        let shown = ShownOrder {
            order,
            body,
            before,
            disclosures: self.signed.disclosures.clone(),
            previous,
            renewed,
            files: self.files.clone(),
            files_before: self.files_before.clone(),
            comparable,
            rows,
        };
        shown.check_name()?;
        Ok(OpenedOrder { shown, signed: self.signed.clone() })
    }

    /// What needs a look, of each order of a batch, as whoever handed it on says.
    pub fn looks(&self) -> Vec<Option<ReviewFlag>> {
        self.rows.iter().map(|row| row.look).collect()
    }

    /// What whoever handed it on tells beside it.
    pub fn beside(&self) -> Hearsay {
        let voices = self.standing.as_ref().map_or_else(Vec::new, |one| one.voices.clone());
        let (consequence, standing) = (self.consequence.clone(), self.standing.clone());
        let consequences = self.rows.iter().map(|row| row.consequence.clone()).collect();
        Hearsay { looks: self.looks(), consequence, consequences, voices, standing }
    }

    /// Every order of a batch, opened like one by itself; they are what the batch names, all of
    /// them and no others.
    fn open_rows(&self, body: &Body, registry: &PublicKey) -> Result<Vec<OpenedOrder>, NotTrusted> {
        let named = match body {
            Body::Batch(batch) => batch.rows.as_slice(),
            _ => &[],
        };
        if named.len() != self.rows.len() {
            return Err(NotTrusted::Rows);
        }
        let open = |(row, digest): (&RowExport, &Bytes)| {
            let opened = Self::of_row(row.clone()).open_under(registry)?;
            let same = opened.digest().as_slice() == digest.0;
            let fits = matches!(body, Body::Batch(batch)
                if batch.of == opened.body().kind() && batch.action == opened.body().action());
            if same && fits { Ok(opened) } else { Err(NotTrusted::Rows) }
        };
        self.rows.iter().zip(named).map(open).collect()
    }

    fn of_row(row: RowExport) -> Self {
        Self {
            v: 1,
            signed: row.signed,
            registry: Vec::new(),
            previous: row.previous,
            renewed: row.renewed,
            files: Vec::new(),
            files_before: Vec::new(),
            rows: Vec::new(),
            standing: None,
            consequence: None,
        }
    }

    fn previous(&self, body: &Body) -> Result<Option<Certificate>, NotTrusted> {
        let named = match body {
            Body::Issue(issue) => issue.previous.as_ref(),
            _ => None,
        };
        match (named, &self.previous) {
            (None, None) => Ok(None),
            (Some(named), Some(shown)) => {
                let read = Certificate::read(&shown.0).map_err(|_| NotTrusted::Previous)?;
                let same = read.sha256().as_slice() == named.0;
                same.then_some(Some(read)).ok_or(NotTrusted::Previous)
            }
            _ => Err(NotTrusted::Previous),
        }
    }
}

impl OpenedOrder {
    /// The digest that people sign.
    pub fn digest(&self) -> [u8; 32] {
        self.signed.digest()
    }
}

impl ShownOrder {
    /// An order of kind `person` that nobody signed, for the handler who is about to sign its
    /// draft. Its commitments open all the same.
    pub fn unsigned(order: Order, disclosures: Vec<Disclosure>) -> Result<Self, NotTrusted> {
        let (body, before) = order.unsigned_parts()?;
        for (path, committed) in body.commitments() {
            let opened = commitment::open(committed, &path, &disclosures);
            opened.map_err(|_| OrderError::Json(JsonError::part(&path)))?;
        }
        let shown = Self {
            order,
            body,
            before,
            disclosures,
            previous: None,
            renewed: None,
            files: Vec::new(),
            files_before: Vec::new(),
            comparable: true,
            rows: Vec::new(),
        };
        Ok(shown)
    }

    /// The order as it was read.
    pub fn order(&self) -> &Order {
        &self.order
    }

    /// The body of the order as it was read.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// Whether one officer may send it back or end it.
    pub fn can_be_declined(&self) -> bool {
        self.order.can_be_declined(&self.body)
    }

    /// Whether the files in force before it came with it. They do not where they are others by now:
    /// then it cannot be consented to.
    pub fn is_comparable(&self) -> bool {
        self.comparable
    }

    /// Whether it can only be declined: whoever handed it on says that what it rests on became
    /// another, or it came without what is in force before it.
    pub fn has_moved(&self, standing: Option<&OrderProgress>) -> bool {
        standing.and_then(|standing| standing.look) == Some(ReviewFlag::Moved) || !self.comparable
    }

    /// The orders of a batch.
    pub fn rows(&self) -> &[OpenedOrder] {
        &self.rows
    }

    /// What is in force before it.
    pub fn before(&self) -> Option<&PriorState> {
        self.before.as_ref()
    }

    /// What opens its commitments; each was checked.
    pub fn disclosures(&self) -> &[Disclosure] {
        &self.disclosures
    }

    /// The last certificate that it names.
    pub fn previous(&self) -> Option<&Certificate> {
        self.previous.as_ref()
    }

    /// The certificate that it renews; its key asked for it.
    pub fn renewed(&self) -> Option<&Certificate> {
        self.renewed.as_ref()
    }

    /// The files that come into force.
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// The files in force before.
    pub fn files_before(&self) -> &[File] {
        &self.files_before
    }

    /// What a commitment of it holds; empty where it holds no text.
    pub fn text(&self, committed: &Commitment, path: &str) -> &str {
        let opened = commitment::open(committed, path, &self.disclosures).ok();
        opened.and_then(|value| value.as_str()).unwrap_or_default()
    }

    /// The name that authority holds of a person of the order.
    pub fn name_of(&self, person: &str) -> Option<&str> {
        let held = self.order.basis.person(person)?;
        Some(self.text(&held.name, NAME_PATH))
    }

    /// A certificate is issued in the name that authority holds, and in no other.
    fn check_name(&self) -> Result<(), NotTrusted> {
        let Body::Issue(issue) = &self.body else { return Ok(()) };
        let issued = self.text(&issue.subject.cn, "/subject/cn");
        match self.name_of(&issue.person) {
            Some(held) if held == issued => Ok(()),
            _ => Err(NotTrusted::Name),
        }
    }
}

/// The same of a draft.
fn check_draft(order: &Order) -> Result<(), NotTrusted> {
    let Some(draft) = &order.draft else { return Ok(()) };
    let by_passkey = draft.method == "passkey" && draft.assertion.is_some();
    match by_passkey || draft.signed_statement().signer().is_some() {
        true => Ok(()),
        false => Err(NotTrusted::Wish),
    }
}

/// A wish by certificate key is checked by whoever reads the order; of a passkey authority alone
/// knows the key.
fn check_wish(body: &Body) -> Result<(), NotTrusted> {
    let Body::Revoke(RevokeBody { wish: Some(wish), .. }) = body else { return Ok(()) };
    let by_passkey = wish.method == "passkey" && wish.assertion.is_some();
    match by_passkey || wish.signed_statement().signer().is_some() {
        true => Ok(()),
        false => Err(NotTrusted::Wish),
    }
}

/// The certificate that is renewed: whoever reads a renewal has it before them, it is the one that
/// the order names, its holder's, and its key signed.
fn renewed(body: &Body, shown: Option<&Bytes>) -> Result<Option<Certificate>, NotTrusted> {
    let Body::Issue(issue) = body else {
        return shown.map_or(Ok(None), |_| Err(NotTrusted::Renewal));
    };
    let (renewal, shown) = match (&issue.renewal, shown) {
        (None, None) => return Ok(None),
        (Some(renewal), Some(shown)) => (renewal, shown),
        _ => return Err(NotTrusted::Renewal),
    };
    let old = Certificate::read(&shown.0).map_err(|_| NotTrusted::Renewal)?;
    let named = old.sha256().as_slice() == renewal.certificate.0
        && old.serial().to_string() == renewal.serial
        && old.subject().person() == Some(issue.person.as_str());
    let asked = old.key().spki() == renewal.asked_by.0 && renewal.is_signed();
    if named && asked { Ok(Some(old)) } else { Err(NotTrusted::Renewal) }
}
