//! Revocations, dated by the key of the CA whose it is to say.

use super::SampleCity;
use records::bytes::Bytes;
use records::label::Label;
use records::letter::LossReceipt;
use records::record::{Cause, Event};
use records::revocation::RevocationStatement;

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
