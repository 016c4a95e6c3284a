//! What is done with many at once in the sample city.

use super::Sample;
use super::operate::evidence;
use crate::command::Command;
use crate::verify::VerifiedMany;
use authority::OrderDigest;
use ca_api::handler::ManyMade;
use ca_api::{Batching, OrderCreated};
use pki::Certificate;
use records::commitment::EVIDENCE_PATH;
use records::draft::{Draft, DraftingMany, ManyRow};
use records::drafted::{DraftContent, LetterBody, ManyDrafted};
use records::export::Approved;
use records::order::{Body, PersonAction, RevokeBody};
use records::{Approval, ApprovalClaim, Bytes, Code, Disclosure, json};

impl Sample {
    /// An officer wants open orders to be approved as one.
    pub(crate) fn batches(
        &mut self,
        name: &str,
        rows: &[OrderDigest],
    ) -> Result<OrderCreated, Code> {
        let wanted = Batching { rows: rows.iter().map(|row| Bytes::from(*row)).collect() };
        let (caller, officer) = (self.staff(), self.officer(name));
        self.decide(|reply| Command::Batch(caller, officer, wanted, reply))
    }

    /// What an officer signs who approves a batch and opened these orders of it.
    pub(crate) fn opened_approval(
        &self,
        batch: OrderDigest,
        name: &str,
        opened: &[Bytes],
    ) -> Approval {
        let officer = self.city.officer(name);
        let rows: Vec<u8> = opened.iter().flat_map(|row| row.0.clone()).collect();
        let (certificate, signer) = (&officer.certificate, &*officer.signer);
        let spoken = ApprovalClaim { acting_for: None, opened: &rows };
        Approval::sign_spoken(batch.0, spoken, certificate, signer).unwrap()
    }

    /// The orders of a batch that an officer has to open.
    pub(crate) fn sample_of(&self, batch: OrderDigest, name: &str) -> Vec<Bytes> {
        let (_, body) = self.authority().open(batch, self.city.now).unwrap();
        let Body::Batch(rows) = &*body else { unreachable!("no batch") };
        rows.to_open(&batch.0, &self.person(name)).into_iter().cloned().collect()
    }

    /// An officer approves a batch as the rules ask for it.
    pub(crate) fn approves_batch(
        &mut self,
        batch: OrderDigest,
        name: &str,
    ) -> Result<Approved, Code> {
        let approval = self.opened_approval(batch, name, &self.sample_of(batch, name));
        self.bring(self.staff(), name, approval)
    }

    /// A draft of many new people in an office, as its handler signs it.
    pub(crate) fn drafting_many(&self, name: &str, people: &[(&str, &str, &str)]) -> DraftingMany {
        let body = |(id, called, unit): &(&str, &str, &str)| {
            let (body, opened) = self.person_body((PersonAction::Create, id), (called, unit));
            (DraftContent::Person(body).parts().unwrap().1, opened)
        };
        self.signed_many(name, "people", people.iter().map(body).collect())
    }

    /// A draft of changes of people: what happens, to whom, and name and unit afterwards.
    pub(crate) fn drafting_changes(
        &self,
        name: &str,
        changes: &[(PersonAction, &str, &str, &str)],
    ) -> DraftingMany {
        let body = |(action, id, called, unit): &(PersonAction, &str, &str, &str)| {
            let (body, opened) = self.person_body((*action, id), (called, unit));
            (DraftContent::Person(body).parts().unwrap().1, opened)
        };
        self.signed_many(name, "people", changes.iter().map(body).collect())
    }

    /// A draft that revokes certificates of many.
    pub(crate) fn drafting_revocations(
        &self,
        name: &str,
        certificates: &[&Certificate],
        change: impl Fn(&mut RevokeBody),
    ) -> DraftingMany {
        let body = |certificate: &&Certificate| {
            let seen = Disclosure::new(EVIDENCE_PATH, [6; 32], evidence().into());
            let mut body = RevokeBody {
                person: certificate.subject().person().unwrap().to_owned(),
                system: None,
                serials: vec![certificate.serial().to_string()],
                reason: "superseded".into(),
                evidence: seen.commitment().unwrap(),
                wish: None,
            };
            change(&mut body);
            (DraftContent::Revoke(body).parts().unwrap().1, vec![seen])
        };
        self.signed_many(name, "revocations", certificates.iter().map(body).collect())
    }

    /// A draft of letters for many.
    pub(crate) fn drafting_letters(&self, name: &str, people: &[&str]) -> DraftingMany {
        let body = |person: &&str| {
            let body = LetterBody { person: (*person).to_owned(), profile: "official".into() };
            (DraftContent::Letter(body).parts().unwrap().1, Vec::new())
        };
        self.signed_many(name, "letters", people.iter().map(body).collect())
    }

    fn signed_many(
        &self,
        name: &str,
        kind: &str,
        bodies: Vec<(serde_json::Value, Vec<Disclosure>)>,
    ) -> DraftingMany {
        let officer = self.city.officer(name);
        let values: Vec<_> = bodies.iter().map(|(body, _)| body.clone()).collect();
        let many = ManyDrafted::of(&values).unwrap();
        let of = (&self.city.founding.into(), officer.certificate.sha256());
        let mut nonce = [0; 16];
        (self.randomness())(&mut nonce).unwrap();
        let said = many.statement(kind, of, nonce, self.city.now).unwrap();
        let bytes = Bytes(json::write(&said).unwrap());
        let draft = Draft::sign(bytes, &officer.certificate, &*officer.signer).unwrap();
        let rows = many.places.into_iter().zip(bodies);
        let row =
            |(place, (body, disclosures))| ManyRow { place, body, disclosures, number_seal: None };
        DraftingMany { draft, rows: rows.map(row).collect() }
    }

    /// A draft of many is brought under an officer's connection.
    pub(crate) fn bring_many(&mut self, name: &str, many: DraftingMany) -> Result<ManyMade, Code> {
        let verified = VerifiedMany::verify(many, self.authority().signatures())?;
        let (caller, officer) = (self.staff(), self.officer(name));
        self.decide(|reply| Command::DraftMany(caller, officer, Box::new(verified), reply))
    }

    /// Approves a batch by two officers and carries its orders out, until nothing is ready.
    pub(crate) fn carry_out(&mut self, batch: OrderDigest, names: &[&str]) {
        for name in names {
            self.approves_batch(batch, name).unwrap();
        }
        self.sequence();
        self.go_on();
    }

    /// Rounds until nothing is ready any more.
    pub(crate) fn go_on(&mut self) {
        while !self.state.ready.is_empty() {
            let before = self.state.ready.len();
            assert_eq!(self.execute(), None);
            self.sequence();
            if self.state.ready.len() == before {
                break;
            }
        }
    }
}
