//! Suspensions in the sample city, and their release.

use super::{SampleCity, SampleOfficer, sha256};
use authority::{OrderDigest, Serial};
use pki::SerialNumber;
use records::bytes::Bytes;
use records::code::Code;
use records::label::Label;
use records::order::{Body, ReleaseBody};
use records::record::{Cause, Event};
use records::suspension::{
    LapseStatement, Suspension, SuspensionCause, SuspensionNotice, SuspensionStatement,
};

impl SampleCity {
    /// An official with a letter and a certificate, who acts under a name from then on; gives the
    /// letter's reference and the serial number.
    pub fn official(&mut self, name: &str) -> (String, Serial) {
        let person = self.register("sz-office");
        let (reference, signer) = (self.letter(&person, "official"), super::fresh());
        let serial = self.certify(&reference, &signer);
        let number = SerialNumber::from_hex(&serial.to_string()).unwrap();
        let until = self.now + 365 * 86_400;
        let certificate = self.certificate(&number, &person, "sz-office", &signer, until);
        let signer = std::sync::Arc::new(signer);
        self.admit(name, SampleOfficer { person, signer, certificate });
        (reference, serial)
    }

    /// What somebody signs who suspends a certificate.
    pub fn suspension(
        &mut self,
        name: &str,
        serial: Serial,
        change: impl FnOnce(&mut SuspensionStatement),
    ) -> Suspension {
        let nonce = self.draw().get(..16).unwrap().into();
        let who = self.officer(name);
        let mut said = SuspensionStatement {
            v: 1,
            founding: self.founding.into(),
            certificate: who.certificate.sha256().into(),
            serial: serial.to_string(),
            reason: "privilegeWithdrawn".into(),
            evidence: sha256(b"evidence"),
            nonce,
            time: records::time::seconds(self.now),
        };
        change(&mut said);
        let said = Bytes(records::json::write(&said).unwrap());
        Suspension::sign(said, &who.certificate, &*who.signer).unwrap()
    }

    /// The cause of a suspension that somebody signed, as the status key takes it.
    pub fn signed_cause(&mut self, suspension: Suspension) -> SuspensionCause {
        let said = suspension.read().unwrap();
        let certificate = pki::Certificate::read(&suspension.certificate.0).unwrap();
        let person = certificate.subject().person().unwrap().to_owned();
        let told = (format!("person:{person}"), person, said.reason.as_str());
        let mut notice = self.notice(told, &[]);
        notice.serials = vec![said.serial.clone()];
        notice.time = notice.time.min(said.time);
        notice.statement = Some(sha256(&suspension.statement.0));
        let (notice, signature) = notice.sign(&self.keys.other).unwrap();
        SuspensionCause::Signed { suspension, notice, signature }
    }

    /// The cause of a suspension by letter, as the status key signs its notice.
    pub fn by_letter(&mut self, reference: &str) -> SuspensionCause {
        self.by_letter_of(reference, &[])
    }

    /// The same, whose notice names serial numbers.
    pub fn by_letter_of(&mut self, reference: &str, serials: &[Serial]) -> SuspensionCause {
        let person = self.authority.letter(reference).unwrap().person.to_string();
        let told = (format!("letter:{reference}"), person, "keyCompromise");
        let notice = self.notice(told, serials);
        let (notice, signature) = notice.sign(&self.keys.other).unwrap();
        SuspensionCause::Letter { value: Self::suspension_value(reference), notice, signature }
    }

    /// The cause of a suspension on a portal's word.
    pub fn by_portal(&mut self, serial: Serial) -> SuspensionCause {
        let person = self.authority.subject_of(&serial).unwrap().to_owned();
        let told = ("portal:portal-1".to_owned(), person, "keyCompromise");
        let notice = self.notice(told, &[serial]);
        let (notice, signature) = notice.sign(&self.keys.registry).unwrap();
        SuspensionCause::Portal { notice, signature }
    }

    fn notice(
        &mut self,
        (told, person, reason): (String, String, &str),
        serials: &[Serial],
    ) -> SuspensionNotice {
        SuspensionNotice {
            v: 1,
            founding: self.founding.into(),
            told,
            person,
            serials: serials.iter().map(ToString::to_string).collect(),
            reason: reason.into(),
            nonce: self.draw().get(..16).unwrap().into(),
            statement: None,
            time: records::time::seconds(self.now),
        }
    }

    /// The record of a suspension; its own list says nothing that counts.
    pub fn suspended_event(&self, cause: SuspensionCause) -> Event {
        let reason = "keyCompromise".into();
        Event::Suspended { certificates: Vec::new(), reason, cause }
    }

    /// Somebody suspends a certificate under their own signature, and the status key takes it.
    pub fn suspend(&mut self, name: &str, serial: Serial) -> Result<(), Code> {
        let suspension = self.suspension(name, serial, |_| {});
        self.authority.check_suspension(&suspension, self.now)?;
        let cause = self.signed_cause(suspension);
        let event = self.suspended_event(cause);
        self.apply(event).map_err(|unsigned| unsigned.code)
    }

    /// The order that releases what is suspended now.
    pub fn release_body(&self, serial: Serial) -> ReleaseBody {
        let known = self.authority.suspended_as(&serial.to_string()).unwrap();
        ReleaseBody {
            person: self.authority.subject_of(&serial).unwrap().to_owned(),
            serial: serial.to_string(),
            suspension: known.name.into(),
            by: known.by.to_string(),
            reason: known.reason.clone(),
            since: records::time::seconds(known.revoked.at),
            evidence: sha256(b"evidence"),
        }
    }

    /// Has a suspended certificate released by an order that these officers approve.
    pub fn release(&mut self, serial: Serial, officers: &[&str]) -> OrderDigest {
        let body = Body::Release(self.release_body(serial));
        self.done(&body, officers)
    }

    /// That nobody released a suspension by now, as the registry key signs it.
    pub fn lapsed(&self, name: [u8; 32]) -> Cause {
        let time = records::time::seconds(self.now);
        let said = LapseStatement { v: 1, suspension: name.into(), time };
        let statement = Bytes(records::json::write(&said).unwrap());
        let signature = Bytes(Label::Lapse.sign(&self.keys.registry, &statement.0).unwrap());
        Cause::Lapsed { statement, signature }
    }
}
