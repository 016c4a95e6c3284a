//! Revocations, dated by the key of the CA whose it is to say.

use super::{SampleCity, named, sha256};
use authority::{OrderDigest, Serial, UnsignedClaim};
use records::bytes::Bytes;
use records::label::Label;
use records::letter::LossReceipt;
use records::order::{Body, RevokeBody};
use records::record::{Cause, Event};
use records::revocation::RevocationStatement;
use records::wish::{Wish, WishStatement};

impl SampleCity {
    /// A revocation by cause; the record's own list says nothing that counts.
    pub fn revoked_event(&self, cause: Cause, approvals: Vec<Bytes>) -> Event {
        self.revoked_since(cause, approvals, self.now)
    }

    /// The same, since when it counts as the key of the CA signs it whose it is to say.
    pub fn revoked_since(&self, cause: Cause, approvals: Vec<Bytes>, unix: u64) -> Event {
        let (statement, signature) = match &cause {
            Cause::Loss { reference, .. } => self.receipt(reference, unix),
            _ => {
                let said = RevocationStatement::new(&self.founding, &cause, unix).unwrap();
                said.sign(&self.keys.registry).unwrap()
            }
        };
        let (certificates, reason) = (Vec::new(), "keyCompromise".into());
        Event::Revoked { certificates, reason, cause, approvals, statement, signature }
    }

    /// An order to revoke certificates of a person.
    pub fn revoke_body(&self, person: &str, serials: &[Serial]) -> Body {
        Body::Revoke(RevokeBody {
            person: person.into(),
            system: None,
            serials: serials.iter().map(ToString::to_string).collect(),
            reason: "keyCompromise".into(),
            evidence: sha256(b"evidence"),
            wish: None,
        })
    }

    /// The same as an officer signs the wish for it.
    pub fn wished_body(
        &self,
        name: &str,
        (person, serial): (&str, Serial),
        change: impl FnOnce(&mut WishStatement),
    ) -> RevokeBody {
        let officer = self.officer(name);
        let Body::Revoke(body) = self.revoke_body(person, &[serial]) else { unreachable!() };
        let mut said = WishStatement {
            v: 1,
            founding: self.founding.into(),
            certificate: officer.certificate.sha256().into(),
            serial: serial.to_string(),
            reason: body.reason.clone(),
            evidence: body.evidence.clone(),
            nonce: [7; 16].into(),
            time: records::time::seconds(self.now),
        };
        change(&mut said);
        let said = Bytes(records::json::write(&said).unwrap());
        let wish = Wish::sign(said, &officer.certificate, &*officer.signer).unwrap();
        RevokeBody { wish: Some(Box::new(wish)), ..body }
    }

    /// Revokes a person's certificates by order.
    pub fn revoke(&mut self, person: &str, serials: &[Serial]) -> OrderDigest {
        let digest = self.order(&self.revoke_body(person, serials));
        self.approve(digest, "officer-1").unwrap();
        self.approve(digest, "officer-2").unwrap();
        let approvals = self.authority.judge(digest, None, self.now).unwrap().approvals();
        let event = self.revoked_event(Cause::Order { order: named(digest) }, approvals);
        self.apply(event).unwrap();
        digest
    }

    /// Reports the loss of a letter.
    pub fn lose(&mut self, reference: &str) -> Result<(), UnsignedClaim> {
        let cause = Cause::Loss { reference: reference.into(), value: Self::loss_value(reference) };
        let event = self.revoked_event(cause, Vec::new());
        self.apply(event)
    }

    /// The receipt of a loss report, as the status key signs it.
    fn receipt(&self, reference: &str, unix: u64) -> (Bytes, Bytes) {
        let receipt = LossReceipt {
            v: 1,
            reference: reference.to_owned(),
            serials: Vec::new(),
            time: records::time::seconds(unix),
            founding: self.founding.into(),
        };
        let bytes = Bytes(records::json::write(&receipt).unwrap());
        let signature = Bytes(Label::Receipt.sign(&self.keys.other, &bytes.0).unwrap());
        (bytes, signature)
    }
}
