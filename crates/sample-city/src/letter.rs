//! Letters of the sample city, and what people apply for by them.

use super::{SampleCity, named, sha256};
use authority::OrderDigest;
use keys::SoftwareSigner;
use pki::Signer;
use pki::profile::LetterChannel;
use records::bytes::Bytes;
use records::label::Label;
use records::order::{Body, IssueBody, ProfileRef, SubjectBody};
use records::record::{Event, LetterStatement, VoidStatement};

impl SampleCity {
    /// The loss value of a letter.
    pub fn loss_value(reference: &str) -> Bytes {
        sha256(format!("loss {reference}").as_bytes())
    }

    /// The suspension value of a letter.
    pub fn suspension_value(reference: &str) -> Bytes {
        sha256(format!("suspend {reference}").as_bytes())
    }

    /// Makes the event of a letter for this person and profile, signed by the registry key.
    pub fn letter_event(&self, reference: &str, person: &str, profile: &str) -> Event {
        self.letter_event_by(reference, (person, profile), Vec::new())
    }

    fn letter_event_by(
        &self,
        reference: &str,
        (person, profile): (&str, &str),
        channels: Vec<LetterChannel>,
    ) -> Event {
        let statement = LetterStatement {
            v: 1,
            reference: reference.into(),
            person: person.into(),
            profile: profile.into(),
            lookup_sha256: sha256(reference.as_bytes()),
            loss_sha256: sha256(&Self::loss_value(reference).0),
            suspend_sha256: sha256(&Self::suspension_value(reference).0),
            expires: records::time::seconds(self.now + 7 * 86_400),
            channels,
            draft: None,
            place: None,
        };
        let bytes = records::json::write(&statement).unwrap();
        let signature = Label::Letter.sign(&self.keys.registry, &bytes).unwrap();
        Event::Letter { statement: Bytes(bytes), signature: Bytes(signature) }
    }

    /// The record that voids a letter.
    pub fn void_event(&self, reference: &str) -> Event {
        let statement = VoidStatement {
            v: 1,
            reference: reference.into(),
            drafter: "operator:0".into(),
            replacement: String::new(),
            withdrawal: None,
        };
        let bytes = records::json::write(&statement).unwrap();
        let signature = Label::Void.sign(&self.keys.registry, &bytes).unwrap();
        Event::Voided { statement: Bytes(bytes), signature: Bytes(signature) }
    }

    /// Makes a letter; gives its reference.
    pub fn letter(&mut self, person: &str, profile: &str) -> String {
        let reference = self.id();
        let event = self.letter_event(&reference, person, profile);
        self.apply(event).unwrap();
        reference
    }

    /// Makes a letter whose code goes by paper and by short message; gives its reference.
    pub fn letter_by_message(&mut self, person: &str, profile: &str) -> String {
        let (reference, both) = (self.id(), vec![LetterChannel::Paper, LetterChannel::Sms]);
        let event = self.letter_event_by(&reference, (person, profile), both);
        self.apply(event).unwrap();
        reference
    }

    /// What an application under a letter asks for.
    pub fn issue(&self, reference: &str, key: &SoftwareSigner) -> IssueBody {
        let letter = self.authority.letter(reference).unwrap();
        let person = self.authority.person(&letter.person).unwrap();
        let profile = self.authority.profile(&letter.profile).unwrap();
        IssueBody {
            person: letter.person.to_string(),
            person_version: person.version,
            profile: ProfileRef {
                id: letter.profile.to_string(),
                version: profile.version,
                digest: profile.digest.clone(),
            },
            subject: SubjectBody {
                c: "CN".into(),
                o: "商洛市".into(),
                ou: self.authority.organizational_units(&person.unit),
                cn: sha256(b"cn"),
                sn: letter.person.to_string(),
            },
            names: Vec::new(),
            key: key.public_key().spki().into(),
            validity_days: profile.profile.validity_days(),
            evidence: sha256(b"evidence"),
            label: "cli".into(),
            reference: Some(reference.into()),
            renewal: None,
            previous: None,
        }
    }

    /// Applies under a letter; gives the order.
    pub fn apply_for(&mut self, reference: &str, key: &SoftwareSigner) -> OrderDigest {
        let body = Body::Issue(Box::new(self.issue(reference, key)));
        let open = self.authority.open_order_under(reference).map(|(digest, _)| digest);
        let cancels: Vec<OrderDigest> = open.into_iter().collect();
        let (digest, event) = self.order_event(&body, &cancels);
        let application = Event::Application {
            reference: reference.into(),
            order: named(digest),
            label: "cli".into(),
            challenge_sha256: self.draw().into(),
            request: sha256(b"request"),
        };
        self.apply(application).unwrap();
        self.apply(event).unwrap();
        digest
    }
}
