//! An order that an officer is to approve: what is shown of it, and what is signed, which is its
//! digest, for whom, and what was opened.

use crate::consent::{Consentable, Part, Signable, unsigned};
use crate::exit::Failure;
use crate::order::{machine, what};
use pki::{Certificate, Signer};
use portal_api::plain::{self, BilingualText, Fact};
use records::approval::approval_challenge;
use records::consequence::Consequences;
use records::export::{Hearsay, NotTrusted, OpenedOrder, ReviewFlag};
use records::order::Body;
use records::{Approval, ApprovalClaim, Bytes};
use serde_json::{Map, Value, json};

/// An order that somebody is to approve: all of it is signed, by its digest, and for whom. Of a
/// batch every order is shown, and with the digest it is signed which of them were opened.
pub(crate) struct Approving {
    order: OpenedOrder,
    /// Person id of whoever is on leave, if it is for somebody.
    acting_for: Option<String>,
    /// Digests of the orders that have to be opened.
    opened: Vec<Bytes>,
    /// What the portal tells beside it.
    beside: Hearsay,
}

impl Approving {
    /// An order as it was fetched, for the person who is to approve it and for whom, with what a
    /// portal says beside it.
    pub(crate) fn of(
        order: OpenedOrder,
        (person, acting_for): (&str, Option<String>),
        beside: Hearsay,
    ) -> Self {
        let opened = match order.body() {
            Body::Batch(batch) => {
                batch.to_open(&order.digest(), person).into_iter().cloned().collect()
            }
            _ => Vec::new(),
        };
        Self { order, acting_for, opened, beside }
    }

    /// The order that is approved, opened.
    pub(crate) fn order(&self) -> &OpenedOrder {
        &self.order
    }

    /// Whether an order of the batch has to be opened.
    pub(crate) fn is_to_open(&self, row: &OpenedOrder) -> bool {
        self.opened.contains(&row.digest().into())
    }

    /// What the portal says that needs a look, of the order of the batch at this place.
    pub(crate) fn look(&self, place: usize) -> Option<ReviewFlag> {
        self.beside.looks.get(place).copied().flatten()
    }

    /// What the portal says that it takes away.
    pub(crate) fn consequence(&self) -> Option<&Consequences> {
        self.beside.consequence.as_ref()
    }

    /// The same of the order of the batch at this place.
    pub(crate) fn consequence_of(&self, place: usize) -> Option<&Consequences> {
        self.beside.consequences.get(place).and_then(Option::as_ref)
    }

    /// Digests of the orders that have to be opened.
    pub(crate) fn opened(&self) -> &[Bytes] {
        &self.opened
    }

    /// For whom, if for somebody on leave.
    pub(crate) fn acting_for(&self) -> Option<&str> {
        self.acting_for.as_deref()
    }

    fn opened_bytes(&self) -> Vec<u8> {
        self.opened.iter().flat_map(|row| row.0.clone()).collect()
    }
}

impl Consentable for Approving {
    fn what(&self) -> BilingualText {
        what(&self.order)
    }

    fn facts(&self) -> Vec<Fact> {
        let mut facts = plain::about_voice(&self.order, (self.acting_for(), &self.opened));
        facts.extend(plain::facts_of_decision(&self.order, &self.opened));
        facts
    }

    fn hearsay(&self) -> Vec<Fact> {
        let mut told = plain::about_standing(self.beside.standing.as_ref());
        told.extend(plain::about_absent(&self.beside.voices));
        told.extend(plain::about_looks(&self.order, &self.beside.looks));
        told.extend(plain::about_consequence(self.order.body(), self.consequence()));
        told.extend(plain::about_consequences(&self.order, &self.beside.consequences));
        told
    }

    /// That of the order; for somebody, and of a batch with what was opened, it covers that too.
    fn digest(&self) -> Option<[u8; 32]> {
        let (digest, opened) = (self.order.digest(), self.opened_bytes());
        if opened.is_empty() && self.acting_for.is_none() {
            return Some(digest);
        }
        let spoken = ApprovalClaim { acting_for: self.acting_for(), opened: &opened };
        Some(approval_challenge(&digest, spoken))
    }

    fn to_open(&self) -> Vec<Part> {
        let drawn = self.order.rows().iter().filter(|row| self.is_to_open(row));
        let part = |row: &OpenedOrder| Part {
            name: row.order().order.clone(),
            what: what(row),
            facts: plain::facts(row),
        };
        drawn.map(part).collect()
    }

    fn machine(&self) -> Map<String, Value> {
        let mut document = machine(&self.order);
        let named: Vec<String> = self.to_open().into_iter().map(|part| part.name).collect();
        document.insert("to_open".into(), json!(named));
        document.insert("acting_for".into(), json!(self.acting_for));
        document
    }
}

impl Signable for Approving {
    type Signed = Approval;

    fn sign(self, leaf: &Certificate, signer: &dyn Signer) -> Result<Approval, Failure> {
        if !self.order.is_comparable() {
            return Err(Failure::not_trusted(&NotTrusted::Moved));
        }
        let opened = self.opened_bytes();
        let spoken = ApprovalClaim { acting_for: self.acting_for(), opened: &opened };
        let signed = Approval::sign_spoken(self.order.digest(), spoken, leaf, signer);
        signed.map_err(|error| unsigned(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consent::{Consent, at_desk, consent};
    use crate::output::Output;
    use records::export::{OrderExport, OrderProgress};
    use sample_city::SampleBatch;

    /// Who approves.
    const OFFICER: &str = "0123456789ABCDEF";

    /// Five orders of which each officer has to open so many.
    fn batch_of(sample: u16) -> SampleBatch {
        SampleBatch::of("person", 5, |_, _| ()).asking(sample)
    }

    fn batch(sample: u16) -> Approving {
        approving(&batch_of(sample))
    }

    fn approving(batch: &SampleBatch) -> Approving {
        Approving::of(batch.open(), (OFFICER, None), batch.export.beside())
    }

    fn named(approving: &Approving) -> Vec<String> {
        approving.to_open().into_iter().map(|part| part.name).collect()
    }

    /// Which orders are said to be opened is signed: it is in what is shown, in what machines get
    /// and in the digest.
    #[test]
    fn what_is_said_to_be_opened_is_in_the_digest() {
        let (two, three) = (batch(2), batch(3));
        assert_ne!(two.digest(), three.digest());
        assert_ne!(two.facts(), three.facts());
        assert_eq!(two.machine()["to_open"].as_array().unwrap().len(), 2);
        // Another officer opens others of the same batch, and signs another digest.
        let one = batch_of(2);
        let other = |person: &str| Approving::of(one.open(), (person, None), one.export.beside());
        let drawn = |person: &str| (other(person).digest(), named(&other(person)));
        let people = ["1", "2", "3", "4"].map(drawn);
        let differs = |(digest, rows): &(Option<[u8; 32]>, Vec<String>)| {
            assert_eq!(*digest == people[0].0, *rows == people[0].1, "{people:?}");
            *rows != people[0].1
        };
        assert!(people.iter().any(differs), "{people:?}");
        let none = batch_of(0);
        assert_eq!(approving(&none).digest(), Some(none.open().digest()), "as that of any order");
    }

    /// The order, for whom and what was opened: each is shown, and each is in the digest.
    #[test]
    fn no_field_of_an_approval_is_signed_and_not_shown() {
        let one = |sample, acting_for: Option<&str>| {
            let (batch, officer) = (batch_of(sample), (OFFICER, acting_for.map(str::to_owned)));
            Approving::of(batch.open(), officer, Hearsay::default())
        };
        for sample in [0, 2] {
            let all = [None, Some("FEDCBA9876543210"), Some("FEDCBA9876543211")];
            let shown =
                all.map(|absent| (one(sample, absent).digest(), one(sample, absent).facts()));
            for (at, (digest, facts)) in shown.iter().enumerate() {
                let value = |text: &str| facts.iter().any(|fact| fact.value.zh() == text);
                assert!(value(all[at].unwrap_or("本人")), "{facts:?}");
                let others = shown.iter().enumerate().filter(|(other, _)| *other != at);
                assert!(others.into_iter().all(|(_, one)| one.0 != *digest && one.1 != *facts));
                let own = plain::fingerprint(&one(sample, all[at]).order.digest());
                assert!(at == 0 && sample == 0 || value(&own), "the order's own digest beside it");
            }
            assert_eq!(one(sample, all[1]).machine()["acting_for"], json!(all[1]));
        }
    }

    /// A page whose sample became another one, or on which not each was opened, signs nothing.
    #[test]
    fn nothing_is_approved_unopened_at_a_desk() {
        let shown = |one: &Approving| plain::fingerprint(&one.digest().unwrap());
        let asked = batch_of(2);
        let page = approving(&asked);
        let (digest, rows) = (shown(&page), named(&page));
        assert!(at_desk(approving(&asked), (&digest, &rows)).is_ok());
        for person in ["1", "2", "3", "4", "5"] {
            let other = Approving::of(asked.open(), (person, None), asked.export.beside());
            if named(&other) != rows {
                assert!(at_desk(other, (&digest, &rows)).is_err(), "{person}");
            }
        }
        for some in [&rows[..1], &[]] {
            assert!(at_desk(approving(&asked), (&digest, some)).is_err());
        }
    }

    /// `--yes` alone says nothing about what was opened.
    #[test]
    fn nobody_says_yes_for_what_was_not_opened() {
        let (output, asked) = (Output::new(false), batch_of(2));
        let consented = |named: &[String]| {
            let how = Consent::new(true, ("", ""), "").naming(named);
            consent(output, (approving(&asked), "陈登记"), &how).map(|_| ())
        };
        let rows = named(&approving(&asked));
        assert!(consented(&[]).is_err() && consented(&rows[..1]).is_err());
        let more = [rows.clone(), vec!["0123456789ABCDEF".into()]].concat();
        assert!(consented(&more).is_err(), "what is not to be opened");
    }

    /// How far an order is, and what needs a look in it, is read on a terminal and by machines as
    /// it is on pages: beside what is signed.
    #[test]
    fn how_far_an_order_is_is_told_apart_from_what_is_signed() {
        let batch = batch_of(0);
        let standing = OrderProgress {
            approvers: vec!["李核验".into()],
            needed: 2,
            given: false,
            browser: true,
            voices: Vec::new(),
            look: Some(ReviewFlag::SameName),
        };
        let export = OrderExport { standing: Some(standing), ..batch.export.clone() };
        let one = Approving::of(batch.open(), (OFFICER, None), export.beside());
        let told: Vec<String> = one.hearsay().iter().map(|fact| fact.value.en()).collect();
        assert_eq!(told, ["the unit has somebody of this name", "1 / 2", "李核验"]);
        let signed = one.facts();
        assert!(one.hearsay().iter().all(|fact| !signed.contains(fact)));
    }

    #[test]
    fn what_needs_a_look_is_told_apart_from_what_is_signed() {
        let looks = [None, Some(ReviewFlag::Moved), None, Some(ReviewFlag::SameName), None];
        let one = approving(&batch_of(2).with_looks(&looks));
        assert_eq!(one.hearsay().len(), 2);
        let signed = one.facts();
        assert!(one.hearsay().iter().all(|fact| !signed.contains(fact)));
    }

    /// What rows take away is told behind the name of each, beside what is signed.
    #[test]
    fn what_follows_of_rows_is_told_apart_from_what_is_signed() {
        let mut batch = batch_of(2);
        batch.export.rows[1].consequence = Some(Consequences::default());
        let one = approving(&batch);
        let told: Vec<String> = one.hearsay().iter().map(|fact| fact.value.en()).collect();
        assert!(told[0].contains("0000000000000001"), "{told:?}");
        assert_eq!(told[1..], ["no certificate, role, letter or open order is touched"]);
        let signed = one.facts();
        assert!(one.hearsay().iter().all(|fact| !signed.contains(fact)));
    }
}
