//! What officers and portals do in the sample city.

use super::{Sample, SamplePasskey};
use crate::command::{Caller, Command, Officer};
use crate::verify::{VerifiedApproval, VerifiedDecline, VerifiedWish};
use authority::OrderDigest;
use ca_api::{OrderCreated, Revocation};
use ca_store::record::NewRecord;
use pki::Signer;
use records::decline::{Decline, DeclineStatement, DeclineSubmission, Declined, Outcome};
use records::export::Approved;
use records::order::{Body, CredentialBody};
use records::passkey::{Assertion, PasskeyStatement};
use records::record::{Cause, Event, Record};
use records::suspension::SuspensionCause;
use records::wish::{Wish, WishInput, WishStatement, WishSubmission};
use records::{Approval, Bytes, Code, Disclosure};

/// A process of a portal by its key.
pub(crate) fn caller(signer: &dyn Signer, process: &'static str) -> Caller {
    Caller { key_sha256: signer.public_key().sha256(), process }
}

impl Sample {
    /// A record was told as done, and is kept for it.
    pub(crate) fn tells(&mut self, record: Record) {
        let bytes = record.write().unwrap();
        self.state.told.tell(&NewRecord { record, bytes, salt: [1; 32], disclosures: Vec::new() });
    }

    /// The public process of the portal.
    pub(crate) fn public(&self) -> Caller {
        caller(&self.city.keys.portal, "portal-public")
    }

    /// The staff process of the sample's portal as a caller.
    pub(crate) fn staff(&self) -> Caller {
        caller(&self.city.keys.staff, "portal-staff")
    }

    /// An officer as the portal saw them.
    pub(crate) fn officer(&self, name: &str) -> Officer {
        Officer(std::sync::Arc::new(self.city.officer(name).certificate.clone()))
    }

    /// An officer's person id.
    pub(crate) fn person(&self, name: &str) -> String {
        self.city.officer(name).person.clone()
    }

    /// An officer approves an order over the portal.
    pub(crate) fn approve(&mut self, order: OrderDigest, name: &str) -> Result<Approved, Code> {
        let voices = self.authority().voices(&self.person(name), order, self.city.now);
        let absent = voices.first().and_then(|one| one.acting_for.map(|id| id.to_string()));
        let approval = self.city.approval_for(order, name, absent.as_deref());
        self.bring(self.staff(), name, approval)
    }

    /// An approval is brought under an officer's connection.
    pub(crate) fn bring(
        &mut self,
        caller: Caller,
        name: &str,
        approval: Approval,
    ) -> Result<Approved, Code> {
        let verified = VerifiedApproval::verify(approval, self.authority().signatures())?;
        let officer = self.officer(name);
        self.decide(|reply| Command::Approve(caller, officer, Box::new(verified), reply))
    }

    /// Approvals by several, which the tree then holds.
    pub(crate) fn approved_by(&mut self, order: OrderDigest, names: &[&str]) {
        for name in names {
            self.approve(order, name).unwrap();
        }
        self.sequence();
    }

    /// What an officer says who declines, with what opens the reason.
    pub(crate) fn declining(
        &self,
        order: OrderDigest,
        name: &str,
        (outcome, reason): (Outcome, &str),
    ) -> DeclineSubmission {
        let reason = Disclosure::new("/reason", [7; 32], reason.into());
        let committed = reason.commitment().unwrap();
        let statement = DeclineStatement { v: 1, order: order.into(), outcome, reason: committed };
        let bytes = Bytes(records::json::write(&statement).unwrap());
        let officer = self.city.officer(name);
        let decline = Decline::sign(bytes, &officer.certificate, &*officer.signer).unwrap();
        DeclineSubmission { decline, reason }
    }

    /// An officer declines an order over the portal.
    pub(crate) fn decline(
        &mut self,
        order: OrderDigest,
        name: &str,
        outcome: Outcome,
    ) -> Result<Declined, Code> {
        let declining = self.declining(order, name, (outcome, "登记的单位不对"));
        self.bring_decline(self.staff(), name, declining)
    }

    /// An officer's passkey was touched for a decline.
    pub(crate) fn touched_decline(
        &mut self,
        order: OrderDigest,
        name: &str,
    ) -> Result<Declined, Code> {
        let mut passkey = self.passkey(name);
        let declining = self.declining(order, name, (Outcome::Returned, "登记的单位不对"));
        let Decline { statement, certificate, .. } = declining.decline;
        let answer = self.touch(&mut passkey, name, Decline::challenge(&statement.0));
        let decline = Decline::by_passkey(statement, certificate, answer);
        self.bring_decline(self.staff(), name, DeclineSubmission { decline, ..declining })
    }

    /// What a passkey answers to a challenge.
    pub(crate) fn touch(
        &self,
        passkey: &mut SamplePasskey,
        name: &str,
        challenge: [u8; 32],
    ) -> (Bytes, Assertion) {
        let officer = self.city.officer(name);
        let asked = |answer: &mut crate::sample::SampleAnswer| answer.challenge = challenge;
        let said = passkey.approve(officer, [0; 32].into(), asked);
        (said.signature, said.assertion.unwrap())
    }

    /// A decline is brought under an officer's connection.
    pub(crate) fn bring_decline(
        &mut self,
        caller: Caller,
        name: &str,
        declining: DeclineSubmission,
    ) -> Result<Declined, Code> {
        let verified = VerifiedDecline::verify(declining, self.authority().signatures())?;
        let officer = self.officer(name);
        self.decide(|reply| Command::Decline(caller, officer, Box::new(verified), reply))
    }

    /// An officer asks for a revocation over the portal.
    pub(crate) fn revoke(
        &mut self,
        name: &str,
        serial: &str,
        reason: &str,
    ) -> Result<OrderCreated, Code> {
        let evidence = "本人报告丢失".into();
        let wanted = Revocation { serial: serial.into(), reason: reason.into(), evidence };
        let (caller, officer) = (self.staff(), self.officer(name));
        self.decide(|reply| Command::Revoke(caller, officer, wanted, reply))
    }

    /// What an officer signs who asks for a revocation, with what opens its evidence.
    pub(crate) fn wishing(
        &self,
        name: &str,
        (serial, reason): (&str, &str),
        change: impl FnOnce(&mut WishStatement),
    ) -> WishSubmission {
        let officer = self.city.officer(name);
        let asked = WishInput { serial, reason, evidence: "本人报告丢失" };
        let (founding, certificate) = (self.city.founding.into(), officer.certificate.sha256());
        let drawn = ([7; 32], [7; 16]);
        let (mut statement, evidence) =
            WishStatement::new(&founding, certificate, asked, drawn, self.city.now).unwrap();
        change(&mut statement);
        let bytes = Bytes(records::json::write(&statement).unwrap());
        let wish = Wish::sign(bytes, &officer.certificate, &*officer.signer).unwrap();
        WishSubmission { wish, evidence }
    }

    /// A wish is brought under an officer's connection.
    pub(crate) fn bring_wish(
        &mut self,
        caller: Caller,
        name: &str,
        wishing: WishSubmission,
    ) -> Result<OrderCreated, Code> {
        let verified = VerifiedWish::verify(wishing, self.authority().signatures())?;
        let officer = self.officer(name);
        self.decide(|reply| Command::Wish(caller, officer, Box::new(verified), reply))
    }

    /// An officer asks for a revocation under their own signature.
    pub(crate) fn asks(
        &mut self,
        name: &str,
        serial: &str,
        reason: &str,
    ) -> Result<OrderCreated, Code> {
        let wishing = self.wishing(name, (serial, reason), |_| {});
        self.bring_wish(self.staff(), name, wishing)
    }

    /// An officer asks for a passkey to be certified.
    pub(crate) fn certify_passkey(
        &mut self,
        name: &str,
        body: CredentialBody,
    ) -> Result<OrderCreated, Code> {
        let (caller, officer) = (self.staff(), self.officer(name));
        self.decide(|reply| Command::Credential(caller, officer, Box::new(body), reply))
    }

    /// An officer's passkey, certified.
    pub(crate) fn passkey(&mut self, name: &str) -> SamplePasskey {
        let passkey = SamplePasskey::new(&mut self.city);
        let body = self.credential(&passkey, name, |_| {});
        self.certify_passkey(name, body).unwrap();
        self.sequence();
        let order = self.newest_order();
        self.approved_by(order, &["security-1"]);
        assert_eq!(self.execute(), None);
        self.sequence();
        passkey
    }

    /// What an officer signs to have a passkey certified.
    pub(crate) fn credential(
        &self,
        passkey: &SamplePasskey,
        name: &str,
        change: impl FnOnce(&mut PasskeyStatement),
    ) -> CredentialBody {
        match passkey.credential(&self.city, self.city.officer(name), change) {
            Body::Credential(body) => body,
            other => unreachable!("{other:?}"),
        }
    }

    /// The certificates of an officer are revoked, by others.
    pub(crate) fn revoked(&mut self, name: &str, by: &[&str]) {
        let serial = self.city.officer(name).certificate.serial().to_string();
        self.revoke(by.first().unwrap(), &serial, "keyCompromise").unwrap();
        let order = self.newest_order();
        self.approved_by(order, by);
        assert_eq!(self.execute(), None);
        self.sequence();
        assert!(self.authority().is_revoked(&serial));
    }

    /// The status service records the loss of a letter.
    pub(crate) fn lose(&mut self, letter: &super::enrol::SampleLetter) {
        let value = letter.keys.loss_value(&letter.reference).into();
        let cause = Cause::Loss { reference: letter.reference.clone(), value };
        self.notice(self.city.revoked_event(cause, Vec::new()));
    }

    /// The event of a suspension by letter, as the status service records it.
    pub(crate) fn suspended_by_letter(&mut self, letter: &super::enrol::SampleLetter) -> Event {
        self.city.authority = self.authority().clone();
        let cause = self.city.by_letter(&letter.reference);
        let SuspensionCause::Letter { notice, signature, .. } = cause else { panic!("{cause:?}") };
        let value = letter.keys.suspension_value(&letter.reference).into();
        self.city.suspended_event(SuspensionCause::Letter { value, notice, signature })
    }
}
