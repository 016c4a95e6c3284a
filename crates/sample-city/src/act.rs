//! What people and the CA do in the sample city, record by record.

use super::{APPROVALS, PROFILES, SampleCity, SampleOfficer, named, sha256};
use authority::{OrderDigest, Serial};
use keys::SoftwareSigner;
use pki::{SerialNumber, Signer};
use records::bytes::Bytes;
use records::code::Code;
use records::decline::{Decline, DeclineStatement, Outcome};
use records::join::{Renew, use_message};
use records::label::Label;
use records::order::{
    Body, ORDER_SECONDS, Order, PersonAction, PersonBody, RoleAction, RoleBody, maker,
};
use records::record::{Event, File};
use records::rules::Role;
use records::{Approval, ApprovalClaim};

impl SampleCity {
    /// An order's digest and its record, signed by the registry key.
    pub fn order_event(&mut self, body: &Body, cancels: &[OrderDigest]) -> (OrderDigest, Event) {
        self.drafted_event(body, cancels, "operator:0")
    }

    /// The same by whoever drafts it.
    pub fn drafted_event(
        &mut self,
        body: &Body,
        cancels: &[OrderDigest],
        drafter: &str,
    ) -> (OrderDigest, Event) {
        let drawn = self.draw();
        let order = Order {
            v: 1,
            kind: body.kind().into(),
            issuer: maker("issuing-1", &self.founding),
            order: self.id(),
            version: 1,
            nonce: drawn.get(..16).unwrap().into(),
            expires: records::time::seconds(self.now + ORDER_SECONDS),
            drafter: drafter.into(),
            basis: self.authority.basis(body, drafter).unwrap_or_default(),
            draft: None,
            place: None,
            body: body.value().unwrap(),
        };
        let bytes = records::json::write(&order).unwrap();
        let signature = Label::Order.sign(&self.keys.registry, &bytes).unwrap();
        let digest = OrderDigest::of(&bytes);
        let cancels = cancels.iter().map(|digest| named(*digest)).collect();
        (digest, Event::Order { order: Bytes(bytes), signature: Bytes(signature), cancels })
    }

    /// Makes and records an order with this body, and gives its digest.
    pub fn order(&mut self, body: &Body) -> OrderDigest {
        let (digest, event) = self.order_event(body, &[]);
        self.apply(event).unwrap();
        digest
    }

    /// What an officer signs: by their own roles, or for the first for whom they may.
    pub fn approval(&self, digest: OrderDigest, name: &str) -> Approval {
        let first = self.authority.voices(&self.officer(name).person, digest, self.now);
        let absent = first.first().and_then(|one| one.acting_for.map(|id| id.to_string()));
        self.approval_for(digest, name, absent.as_deref())
    }

    /// What an officer signs who says for whom.
    pub fn approval_for(
        &self,
        digest: OrderDigest,
        name: &str,
        acting_for: Option<&str>,
    ) -> Approval {
        let officer = self.officer(name);
        let (certificate, signer) = (&officer.certificate, &*officer.signer);
        let spoken = ApprovalClaim { acting_for, opened: &[] };
        Approval::sign_spoken(digest.0, spoken, certificate, signer).unwrap()
    }

    /// Approves an order, if it is taken.
    pub fn approve(&mut self, digest: OrderDigest, name: &str) -> Result<(), Code> {
        let approval = self.approval(digest, name);
        self.take(&approval)
    }

    /// Takes an approval as the CA would.
    pub fn take(&mut self, approval: &Approval) -> Result<(), Code> {
        let capacity = self.authority.check_approval(approval, self.now)?;
        let (person, absent) = (capacity.person.to_string(), capacity.acting_for);
        let acting_for = absent.map(|absent| absent.to_string());
        let event = Event::Approval { approval: approval.clone(), person, acting_for };
        self.apply(event).map_err(|unsigned| unsigned.code)
    }

    /// The record that carries an approved order out.
    pub fn enacted_event(&self, digest: OrderDigest, files: &[File]) -> Result<Event, Code> {
        let judged = self.authority.judge(digest, None, self.now)?;
        let approvals = judged.approvals();
        Ok(Event::Enacted { order: named(digest), approvals, files: files.to_vec() })
    }

    /// Carries an approved order out.
    pub fn enact(&mut self, digest: OrderDigest, files: &[File]) -> Result<(), Code> {
        let event = self.enacted_event(digest, files)?;
        self.apply(event).map_err(|unsigned| unsigned.code)
    }

    /// Makes an order, has it approved by these and carries it out.
    pub fn done(&mut self, body: &Body, officers: &[&str]) -> OrderDigest {
        self.done_with(body, officers, &[])
    }

    /// Makes an order with these files, has it approved, and carries it out.
    pub fn done_with(&mut self, body: &Body, officers: &[&str], files: &[File]) -> OrderDigest {
        let digest = self.order(body);
        for officer in officers {
            self.approve(digest, officer).unwrap();
        }
        self.enact(digest, files).unwrap();
        digest
    }

    /// A person's record as an order changes it.
    pub fn person_body(&mut self, action: PersonAction, person: &str, unit: &str) -> Body {
        let known = self.authority.person(person);
        Body::Person(PersonBody {
            action,
            person: person.into(),
            version: known.map_or(1, |known| known.version + 1),
            unit: unit.into(),
            name: sha256(person.as_bytes()),
            mail: None,
            number: known.and_then(|known| known.number).map(Bytes::from),
            evidence: sha256(b"evidence"),
        })
    }

    /// Registers a person of a unit in Shangzhou; gives their id.
    pub fn register(&mut self, unit: &str) -> String {
        let person = self.id();
        let body = self.person_body(PersonAction::Create, &person, unit);
        self.done(&body, &["officer-1", "officer-2"]);
        person
    }

    /// Gives or takes a role.
    pub fn role_body(&self, action: RoleAction, person: &str, role: Role, scope: &str) -> Body {
        Body::Role(RoleBody { action, person: person.into(), role, scope: scope.into() })
    }

    /// The intent of an approved order to issue, under a new serial number.
    pub fn intent_event(&mut self, digest: OrderDigest) -> Result<(Serial, Event), Code> {
        let judged = self.authority.judge(digest, None, self.now)?;
        let serial = self.serial();
        let event = Event::Intent {
            order: named(digest),
            approvals: judged.approvals(),
            serial: serial.to_string(),
            not_after: records::time::seconds(self.now + 365 * 86_400),
            tbs_sha256: sha256(b"tbs"),
            tbs: sha256(b"commitment"),
            lint: 1,
        };
        Ok((Serial::of(&serial).unwrap(), event))
    }

    /// Intends what an order asks for.
    pub fn intend(&mut self, digest: OrderDigest) -> Result<Serial, Code> {
        let (serial, event) = self.intent_event(digest)?;
        self.apply(event).map_err(|unsigned| unsigned.code)?;
        Ok(serial)
    }

    /// The result of an intent.
    pub fn issued_event(&self, serial: Serial, profile: &str) -> Event {
        let text = serial.to_string();
        let intent = self.authority.intent(&text);
        let subject = self.authority.subject_of(&serial).unwrap_or_default();
        Event::Issued {
            under: intent.map_or(Bytes::default(), |intent| intent.under.into()),
            serial: text.clone(),
            subject: subject.into(),
            profile: profile.into(),
            key_sha256: intent.map_or(Bytes::default(), |intent| intent.key_sha256.into()),
            not_after: records::time::seconds(self.now + 365 * 86_400),
            sha256: sha256(text.as_bytes()),
            certificate: sha256(b"certificate"),
        }
    }

    /// From letter to certificate, approved by both officers of Shangzhou.
    pub fn certify(&mut self, reference: &str, key: &SoftwareSigner) -> Serial {
        let profile = self.authority.letter(reference).unwrap().profile.to_string();
        let digest = self.apply_for(reference, key);
        self.approve(digest, "officer-1").unwrap();
        self.approve(digest, "officer-2").unwrap();
        let serial = self.intend(digest).unwrap();
        let issued = self.issued_event(serial, &profile);
        self.apply(issued).unwrap();
        serial
    }

    /// Gives a person a role and a staff certificate; they act under a name from then on.
    pub fn appoint(&mut self, name: &str, role: Role, scope: &str) -> String {
        let person = self.register("sz-office");
        let grant = self.role_body(RoleAction::Grant, &person, role, scope);
        self.done(&grant, &["security-1", "security-2"]);
        let (reference, signer) = (self.letter(&person, "staff"), super::fresh());
        let serial = self.certify(&reference, &signer);
        let number = SerialNumber::from_hex(&serial.to_string()).unwrap();
        let until = self.now + 365 * 86_400;
        let certificate = self.certificate(&number, &person, "sz-office", &signer, until);
        let signer = std::sync::Arc::new(signer);
        self.admit(name, SampleOfficer { person: person.clone(), signer, certificate });
        person
    }

    /// What an officer says who sends an order back or ends it.
    pub fn decline(&self, digest: OrderDigest, name: &str, outcome: Outcome) -> Decline {
        let officer = self.officer(name);
        let statement =
            DeclineStatement { v: 1, order: named(digest), outcome, reason: sha256(b"reason") };
        let bytes = Bytes(records::json::write(&statement).unwrap());
        Decline::sign(bytes, &officer.certificate, &*officer.signer).unwrap()
    }

    /// A profile's file with more below it, at the next version.
    pub fn changed_profile(id: &str, version: u32, more: &str) -> File {
        let (_, content) = PROFILES.iter().find(|(known, _)| *known == id).unwrap();
        let content = content.replace("version = 1", &format!("version = {version}"));
        File { name: format!("profiles/{id}.toml"), content: format!("{content}\n{more}") }
    }

    /// The approval rules at another version.
    pub fn changed_rules(version: u32) -> File {
        let content = APPROVALS.replacen("version = 1", &format!("version = {version}"), 1);
        File { name: "approvals.toml".into(), content }
    }

    /// A renewal of the public portal's certificate, asked for by `own` or by its first key.
    pub fn renewal(&mut self, own: Option<&SoftwareSigner>, key: &SoftwareSigner) -> Renew {
        let authorization = "renew-portal-1";
        let challenge = Bytes(self.draw().get(..16).unwrap().to_vec());
        let request = keys::request(key).unwrap();
        let own = own.unwrap_or(&self.keys.portal);
        let message = use_message(&self.founding, &challenge.0, request.der());
        Renew {
            authorization: authorization.into(),
            challenge,
            request: request.der().into(),
            asked_by: own.public_key().spki().into(),
            signature: Bytes(Label::Use.sign(own, &message).unwrap()),
        }
    }

    /// The record of a renewal.
    pub fn used_event(&mut self, renew: &Renew) -> (Serial, Event) {
        let serial = self.serial();
        let event = Event::Used {
            authorization: renew.authorization.clone(),
            challenge: renew.challenge.clone(),
            request: renew.request.clone(),
            asked_by: renew.asked_by.clone(),
            signature: renew.signature.clone(),
            serial: serial.to_string(),
            tbs_sha256: sha256(b"tbs"),
        };
        (Serial::of(&serial).unwrap(), event)
    }
}
