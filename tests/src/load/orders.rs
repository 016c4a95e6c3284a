//! Orders that people draft, send back, take back, and approve as one.

use super::card::Card;
use super::town::{OFFICE, Town, is_over};
use crate::authenticator::Authenticator;
use crate::people::Officer;
use crate::random;
use ca_host::operator::OperatorRequest;
use portal_api::{Batch, PortalRefusal};
use records::decline::{Decline, DeclineStatement, DeclineSubmission, Outcome};
use records::draft::{Draft, DraftStatement, Drafting, DraftingMany, ManyRow};
use records::drafted::{DraftContent, ManyDrafted, TypedPerson};
use records::enrolment::{LetterLookUp, Stage};
use records::letter::reference;
use records::number::AskedNumbers;
use records::order::PersonAction;
use records::withdrawal::{Withdrawal, WithdrawalStatement, WithdrawalTarget};
use records::{Bytes, Disclosure, json};

impl Town {
    /// Registers somebody; gives their id.
    pub(super) async fn registered(&self, name: &str) -> String {
        let made = self.insist("an order to register", async || self.asked(new(name)).await).await;
        self.carried(&self.officers, &made.order).await;
        made.person
    }

    /// An application is sent back, and made again with the same letter.
    pub(super) async fn sent_back(&self, person: &str) -> Card {
        let (official, public) = (self.letter(person).await, self.public());
        let applied = self.insist("an application", async || {
            let record = public.look_up(&official.look_up()).await.ok()?;
            match record.stage {
                Stage::Awaiting { order, .. } => Some(order),
                _ => {
                    let request = official.request();
                    let message = official.submit(&record.challenge, &request, "cli");
                    let _ = public.submit(&message).await;
                    None
                }
            }
        });
        let (order, (officer, staff)) = (applied.await, &self.officers[0]);
        self.insist("an application that is sent back", async || {
            if is_over(staff, &order).await {
                return Some(());
            }
            let export = staff.fetch(&order).await.ok()?;
            let declining = returned(officer, export.signed.digest());
            staff.decline(&declining).await.is_ok().then_some(())
        })
        .await;
        self.ended.lock().unwrap().insert(order);
        self.enrol(official).await
    }

    /// Two people are registered by one signature each of two officers.
    pub(super) async fn batch(&self) -> bool {
        let mut orders = Vec::new();
        for name in ["测试甲", "测试乙"] {
            let made = self.insist("an order of a batch", async || self.asked(new(name)).await);
            orders.push(made.await.order);
        }
        let (_, staff) = &self.officers[0];
        let made = self.attempt(async || {
            let mut rows = Vec::new();
            for order in &orders {
                rows.push(Bytes::from(staff.fetch(order).await.ok()?.signed.digest()));
            }
            Some(staff.batch(&Batch { rows }).await.ok()?.order)
        });
        match made.await {
            Some(batch) => self.is_approved(&self.officers, &batch).await,
            None => false,
        }
    }

    /// A handler drafts, and takes it back.
    pub(super) async fn draft(&self) -> bool {
        let (officer, staff) = &self.handler;
        let (drafted, disclosures) = typed("测试拟稿");
        let (founding, own) = (&self.trust.founding, officer.leaf().sha256());
        let said = drafted.statement(founding, own, random(), crate::now()).unwrap();
        let drafting = Drafting { draft: signed(officer, &said), disclosures, number_seal: None };
        let made = async || Some(staff.draft(&drafting).await.ok()?.order);
        match self.attempt(made).await {
            Some(order) => self.taken_back(order).await,
            None => false,
        }
    }

    /// The same of two at once, behind a question about a number.
    pub(super) async fn draft_many(&self) -> bool {
        let (officer, staff) = &self.handler;
        let asked = AskedNumbers { numbers: vec!["11010519491231002X".into()] };
        if self.attempt(async || staff.numbers(&asked).await.ok()).await.is_none() {
            return false;
        }
        let people = [typed("测试丙"), typed("测试丁")];
        let bodies = people.map(|(drafted, opened)| (drafted.parts().unwrap().1, opened));
        let values = bodies.each_ref().map(|(body, _)| body.clone());
        let many = ManyDrafted::of(&values).unwrap();
        let of = (&self.trust.founding, officer.leaf().sha256());
        let said = many.statement("people", of, random(), crate::now()).unwrap();
        let row =
            |(place, (body, disclosures))| ManyRow { place, body, disclosures, number_seal: None };
        let rows = many.places.into_iter().zip(bodies).map(row).collect();
        let drafting = DraftingMany { draft: signed(officer, &said), rows };
        let made = async || Some(staff.draft_many(&drafting).await.ok()?.batch);
        match self.attempt(made).await {
            Some(batch) => self.taken_back(batch).await,
            None => false,
        }
    }

    /// Whoever drafted an order takes it back.
    async fn taken_back(&self, order: String) -> bool {
        let ((officer, own), (_, staff)) = (&self.handler, &self.officers[0]);
        let taken = self.attempt(async || {
            if is_over(staff, &order).await {
                return Some(());
            }
            let digest = staff.fetch(&order).await.ok()?.signed.digest();
            let what = WithdrawalTarget::Order { order: digest.into() };
            let founding = self.trust.founding.clone();
            let said = WithdrawalStatement { v: 1, founding, what };
            let bytes = Bytes(json::write(&said).unwrap());
            let withdrawal = Withdrawal::sign(bytes, officer.leaf(), &officer.signer).unwrap();
            own.withdraw(&withdrawal).await.is_ok().then_some(())
        });
        let done = taken.await.is_some();
        if done {
            self.ended.lock().unwrap().insert(order);
        }
        done
    }

    /// A new passkey of an officer is certified.
    pub(super) async fn certify(&self) -> bool {
        let (officer, staff) = &self.officers[1];
        let passkey = Authenticator::of(&self.trust);
        let body = passkey.signed_for(&self.trust.founding, officer, |_| {});
        let made = async || Some(staff.certify(&body).await.ok()?.order);
        match self.attempt(made).await {
            Some(order) => self.is_approved(&self.security[..1], &order).await,
            None => false,
        }
    }

    /// Somebody opens a record with a key that is none.
    pub(super) async fn mistake(&self, card: &Card) -> bool {
        let (public, reference) = (self.public(), card.official.letter.reference.clone());
        let message = LetterLookUp { reference, key: Bytes::from([7; 32]) };
        let refused = self.attempt(async || match public.look_up(&message).await {
            Err(PortalRefusal::Refused(problem)) => (problem.code == "wrong-code").then_some(()),
            _ => None,
        });
        refused.await.is_some()
    }
}

/// A new person, as operators ask for them.
fn new(name: &str) -> OperatorRequest {
    OperatorRequest::Person {
        action: PersonAction::Create,
        person: String::new(),
        name: name.to_owned(),
        mail: String::new(),
        unit: OFFICE.to_owned(),
        evidence: "papers seen".to_owned(),
    }
}

/// A new person, as a handler types them.
fn typed(name: &str) -> (DraftContent, Vec<Disclosure>) {
    let person = reference(random());
    let typed = TypedPerson {
        action: PersonAction::Create,
        person: &person,
        version: 1,
        unit: OFFICE,
        name,
        mail: "",
        number: None,
        evidence: "papers seen",
    };
    let (body, opened) = typed.body([random(), random(), random()]).unwrap();
    (DraftContent::Person(body), opened)
}

fn signed(officer: &Officer, said: &DraftStatement) -> Draft {
    let bytes = Bytes(json::write(said).unwrap());
    Draft::sign(bytes, officer.leaf(), &officer.signer).unwrap()
}

fn returned(officer: &Officer, order: [u8; 32]) -> DeclineSubmission {
    let reason = Disclosure::new("/reason", random(), "请更正后再申请".into());
    let committed = reason.commitment().unwrap();
    let order = order.into();
    let said = DeclineStatement { v: 1, order, outcome: Outcome::Returned, reason: committed };
    let bytes = Bytes(json::write(&said).unwrap());
    let decline = Decline::sign(bytes, officer.leaf(), &officer.signer).unwrap();
    DeclineSubmission { decline, reason }
}
