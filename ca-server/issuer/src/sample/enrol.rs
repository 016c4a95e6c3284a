//! From a letter to a certificate in the sample city.

use super::{Sample, SampleOfficer, key};
use crate::challenge;
use crate::command::{Caller, Command};
use crate::round::Effect;
use crate::verify::{VerifiedRenewal, VerifiedSubmission};
use authority::OrderDigest;
use ca_host::operator::OperatorRequest;
use keys::SoftwareSigner;
use pki::Certificate;
use records::enrolment::{RequestSubmission, Stage};
use records::join::use_message;
use records::label::Label;
use records::letter::{EnrolmentCode, LetterKeys, bind};
use records::renewal::RenewCertificate;
use records::rules::Role;
use records::{Bytes, Code};

/// A letter as whoever got it holds it.
pub(crate) struct SampleLetter {
    pub(crate) reference: String,
    pub(crate) person: String,
    pub(crate) label: String,
    pub(crate) keys: LetterKeys,
}

impl Sample {
    /// Asks for a letter.
    pub(crate) fn ask_letter(&mut self, person: &str, profile: &str) -> Result<SampleLetter, Code> {
        let (person, profile) = (person.to_owned(), profile.to_owned());
        self.operator(OperatorRequest::Letter { person, profile })?;
        Ok(self.written_letter())
    }

    /// The newest letter, as it is printed.
    pub(crate) fn written_letter(&self) -> SampleLetter {
        let letter = match self.effects.last() {
            Some(Effect::Letter(_, letter)) => letter,
            _ => unreachable!("a letter is written for its operator"),
        };
        let code = EnrolmentCode::read(&letter.code).unwrap();
        SampleLetter {
            reference: letter.reference.clone(),
            person: letter.person.clone(),
            label: letter.label.clone(),
            keys: LetterKeys::derive(&self.city.founding, &letter.reference, &code),
        }
    }

    /// A letter that the tree holds.
    pub(crate) fn letter(&mut self, person: &str, profile: &str) -> SampleLetter {
        let letter = self.ask_letter(person, profile).unwrap();
        self.sequence();
        letter
    }

    /// A city with one official and their letter.
    pub(crate) fn with_letter() -> (Self, SampleLetter) {
        let mut sample = Self::found();
        let person = sample.register("李丹", "sz-office");
        let letter = sample.letter(&person, "official");
        (sample, letter)
    }

    /// A city with an application that the tree holds.
    pub(crate) fn with_application() -> (Self, SampleLetter, OrderDigest) {
        let (mut sample, letter) = Self::with_letter();
        let order = sample.applied(&letter, &key());
        (sample, letter, order)
    }

    /// The challenge of a look-up.
    pub(crate) fn challenge(&self, letter: &SampleLetter) -> Bytes {
        let mut random = [0; 4];
        (self.randomness())(&mut random).unwrap();
        challenge::draw(&self.context, &letter.reference, random, self.city.now).into()
    }

    /// A request as the letter's holder makes it.
    pub(crate) fn submission(
        &self,
        letter: &SampleLetter,
        key: &SoftwareSigner,
    ) -> RequestSubmission {
        self.submission_of(letter, keys::request(key).unwrap().der().to_vec())
    }

    /// The same of any PKCS#10.
    pub(crate) fn submission_of(
        &self,
        letter: &SampleLetter,
        request: Vec<u8>,
    ) -> RequestSubmission {
        let challenge = self.challenge(letter);
        let secret = letter.keys.bind_key("cli").unwrap();
        RequestSubmission {
            reference: letter.reference.clone(),
            key: letter.keys.lookup().as_slice().into(),
            bind: bind(secret, &challenge.0, &request).into(),
            challenge,
            request: request.into(),
            label: "cli".into(),
        }
    }

    /// Submits over the public process.
    pub(crate) fn submit(&mut self, message: RequestSubmission) -> Result<Stage, Code> {
        self.submit_by(self.public(), message)
    }

    /// Submits over a process.
    pub(crate) fn submit_by(
        &mut self,
        caller: Caller,
        message: RequestSubmission,
    ) -> Result<Stage, Code> {
        let reference = message.reference.clone();
        let signatures = self.authority().signatures().clone();
        let verified = VerifiedSubmission::verify(message, reference, &signatures)?;
        self.decide(|reply| Command::Submit(caller, Box::new(verified), reply))
    }

    /// Applies; the tree holds the order.
    pub(crate) fn applied(&mut self, letter: &SampleLetter, key: &SoftwareSigner) -> OrderDigest {
        self.submit(self.submission(letter, key)).unwrap();
        self.sequence();
        self.newest_order()
    }

    /// Applies, has it approved and gets the certificate, which the tree holds.
    pub(crate) fn certify(&mut self, letter: &SampleLetter, key: &SoftwareSigner) -> Certificate {
        let order = self.applied(letter, key);
        self.approved_by(order, &["officer-1", "officer-2"]);
        self.issue()
    }

    /// Carries out what is ready and signs it.
    pub(crate) fn issue(&mut self) -> Certificate {
        assert_eq!(self.execute(), None);
        self.sequence();
        let mut signed = self.sign();
        self.sequence();
        signed.pop().unwrap()
    }

    /// An official with a certificate.
    pub(crate) fn official(&mut self, name: &str) -> (SampleLetter, Certificate) {
        let person = self.register(name, "sz-office");
        let letter = self.letter(&person, "official");
        let certificate = self.certify(&letter, &key());
        (letter, certificate)
    }

    /// A city in which an official's certificate will end soon, with their key.
    pub(crate) fn with_holder() -> (Self, SampleLetter, Certificate, SoftwareSigner) {
        let (mut sample, letter) = Self::with_letter();
        let old = key();
        let certificate = sample.certify(&letter, &old);
        sample.city.now = certificate.not_after() - 10 * 86_400;
        (sample, letter, certificate, old)
    }

    /// A challenge for a renewal.
    pub(crate) fn renewal_challenge(&self, certificate: &Certificate) -> Bytes {
        let mut random = [0; 4];
        (self.randomness())(&mut random).unwrap();
        let serial = certificate.serial().to_string();
        challenge::draw(&self.context, &serial, random, self.city.now).into()
    }

    /// What an old key signs for a new one.
    pub(crate) fn renewing(
        &self,
        (certificate, old): (&Certificate, &SoftwareSigner),
        new: &SoftwareSigner,
    ) -> RenewCertificate {
        let challenge = self.renewal_challenge(certificate);
        let request = keys::request(new).unwrap();
        let message = use_message(&certificate.sha256(), &challenge.0, request.der());
        RenewCertificate {
            certificate: certificate.der().into(),
            challenge,
            request: request.der().into(),
            label: "cli".into(),
            signature: Bytes(Label::Use.sign(old, &message).unwrap()),
        }
    }

    /// Asks for a renewal over the public process.
    pub(crate) fn renew(&mut self, message: RenewCertificate) -> Result<Stage, Code> {
        let verified = Box::new(VerifiedRenewal::verify(message, self.authority())?);
        let caller = self.public();
        self.decide(|reply| Command::RenewCertificate(caller, verified, reply))
    }

    /// Renews a certificate that nobody has to look at; the tree holds the new one.
    pub(crate) fn renewed(
        &mut self,
        old: (&Certificate, &SoftwareSigner),
        new: &SoftwareSigner,
    ) -> Certificate {
        self.renew(self.renewing(old, new)).unwrap();
        self.sequence();
        self.issue()
    }

    /// A person with a role and a staff certificate, who acts under a name from then on.
    pub(crate) fn appoint(&mut self, name: &str, role: Role, scope: &str) -> SampleLetter {
        let person = self.register(name, "sz-office");
        self.grant(&person, role, scope);
        let (letter, signer) = (self.letter(&person, "staff"), key());
        let certificate = self.certify(&letter, &signer);
        let signer = std::sync::Arc::new(signer);
        self.city.admit(name, SampleOfficer { person, signer, certificate });
        letter
    }
}
