//! What befalls a certificate that somebody holds: it is lost, suspended and released, revoked,
//! renewed, or its holder leaves.

use super::act::Act;
use super::card::Card;
use super::town::Town;
use crate::random;
use ca_api::{AsOfficer, OwnSuspension, Revocation};
use ca_host::operator::OperatorRequest;
use keys::SoftwareSigner;
use records::enrolment::ReportLoss;
use records::join::use_message;
use records::label::Label;
use records::letter::LossReceipt;
use records::order::PersonAction;
use records::renewal::{AskRenewal, RenewCertificate};
use records::suspension::SuspendByLetter;
use records::wish::{Wish, WishInput, WishStatement, WishSubmission};
use records::{Bytes, json};

impl Town {
    pub(super) async fn report_lost(&self, card: &Card) {
        let reference = card.official.letter.reference.clone();
        let value = card.official.keys.loss_value(&reference).into();
        let (report, status) = (ReportLoss { reference, value }, self.status());
        let signed =
            self.insist("a receipt", async || status.report_loss(&report).await.ok()).await;
        let receipt: LossReceipt = records::json::read(&signed.receipt.0).unwrap();
        assert_eq!(receipt.serials, [card.serial.as_str()]);
        self.revoked.lock().unwrap().extend(receipt.serials);
    }

    /// Two officers revoke; a revocation is felt when both have approved.
    pub(super) async fn revoke(&self, act: Act, person: &str, card: &Card) -> bool {
        let serial = card.serial.as_str();
        let order = match act {
            Act::Wish => self.attempt(async || self.wished(serial).await).await,
            Act::RevokeByWord => self.attempt(async || self.wished_by_word(serial).await).await,
            _ => Some(self.drafted_to_revoke(person, serial).await),
        };
        let Some(order) = order else { return false };
        let approved = async || {
            let done = self.approve(&self.officers, &order).await;
            // The answer to the last approval may be lost: then the order is over.
            done.ok().or_else(|| self.is_listed(serial).then_some(()))
        };
        if act == Act::Revoke {
            self.insist("approvals of a revocation", approved).await;
        } else if self.attempt(approved).await.is_none() {
            return false;
        }
        self.is_revoked(serial).await;
        true
    }

    async fn drafted_to_revoke(&self, person: &str, serial: &str) -> String {
        let made = self.insist("an order to revoke", async || {
            let request = OperatorRequest::Revoke {
                person: person.to_owned(),
                serials: vec![serial.to_owned()],
                reason: "superseded".into(),
                evidence: "asked for".into(),
            };
            self.asked(request).await
        });
        made.await.order
    }

    /// An order that an officer signed the wish for.
    async fn wished(&self, serial: &str) -> Option<String> {
        let (officer, staff) = &self.officers[0];
        let asked = WishInput { serial, reason: "superseded", evidence: "asked for" };
        let (founding, own) = (&self.trust.founding, officer.leaf().sha256());
        let drawn = (random(), random());
        let said = WishStatement::new(founding, own, asked, drawn, crate::now());
        let (said, evidence) = said.unwrap();
        let bytes = Bytes(json::write(&said).unwrap());
        let wish = Wish::sign(bytes, officer.leaf(), &officer.signer).unwrap();
        Some(staff.wish(&WishSubmission { wish, evidence }).await.ok()?.order)
    }

    /// An order that an officer wants, as a portal says.
    async fn wished_by_word(&self, serial: &str) -> Option<String> {
        let message = Revocation {
            serial: serial.to_owned(),
            reason: "superseded".into(),
            evidence: "asked for".into(),
        };
        let certificate = self.officers[0].0.leaf().der().into();
        Some(self.issuer.revoke(&AsOfficer { certificate, message }).await.ok()?.order)
    }

    pub(super) async fn is_revoked(&self, serial: &str) {
        let listed = async || self.is_listed(serial).then_some(());
        self.insist("a revoked certificate on the list", listed).await;
        self.revoked.lock().unwrap().insert(serial.to_owned());
    }

    /// Suspended by letter or on a portal's word, and released by two officers.
    pub(super) async fn suspend(&self, act: Act, card: &Card) -> bool {
        if act == Act::Suspend {
            let reference = card.official.letter.reference.clone();
            let value = card.official.keys.suspension_value(&reference).into();
            let (said, status) = (SuspendByLetter { reference, value }, self.status());
            let told = async || status.suspend_by_letter(&said).await.ok();
            self.insist("a receipt of a suspension", told).await;
        } else {
            let (serial, reason) = (card.serial.clone(), "keyCompromise".to_owned());
            let message = OwnSuspension { serial, reason };
            let said = AsOfficer { certificate: card.leaf().der().into(), message };
            let told = self.attempt(async || self.issuer.suspend(&said).await.ok()).await;
            if told.is_none() {
                return false;
            }
        }
        self.release(&card.serial).await;
        true
    }

    async fn release(&self, serial: &str) {
        let listed = async || self.is_listed(serial).then_some(());
        self.insist("a suspended certificate on the list", listed).await;
        let made = self.insist("an order to release", async || {
            let evidence = "asked for".to_owned();
            self.asked(OperatorRequest::Release { serial: serial.to_owned(), evidence }).await
        });
        let order = made.await.order;
        self.insist("a released certificate off the list", async || {
            if !self.is_listed(serial) {
                return Some(());
            }
            let _ = self.approve(&self.officers, &order).await;
            None
        })
        .await;
    }

    /// The old key asks for a certificate of a new one.
    pub(super) async fn renew(&self, card: &Card) -> bool {
        let (new, public) = (SoftwareSigner::generate_p256().unwrap(), self.public());
        let certificate: Bytes = card.leaf().der().into();
        let request = keys::request(&new).unwrap();
        let renewed = self.attempt(async || {
            let terms = AskRenewal { certificate: certificate.clone() };
            let challenge = public.renewal_terms(&terms).await.ok()?.challenge;
            let message = use_message(&card.leaf().sha256(), &challenge.0, request.der());
            let message = RenewCertificate {
                certificate: certificate.clone(),
                challenge,
                request: request.der().into(),
                label: "cli".into(),
                signature: Bytes(Label::Use.sign(&card.official.signer, &message).unwrap()),
            };
            public.renew_certificate(&message).await.ok()?.collected
        });
        match renewed.await {
            Some(collected) => {
                self.proven(&collected);
                true
            }
            None => false,
        }
    }

    /// A holder leaves office, and their certificate with them.
    pub(super) async fn leave(&self, person: &str, card: &Card) {
        let made = self.insist("an order to leave", async || {
            let request = OperatorRequest::Person {
                action: PersonAction::Leave,
                person: person.to_owned(),
                name: String::new(),
                mail: String::new(),
                unit: String::new(),
                evidence: "resigned".into(),
            };
            self.asked(request).await
        });
        self.carried(&self.officers, &made.await.order).await;
        self.is_revoked(&card.serial).await;
    }
}
