//! Giving effect: the first state from the founding statement, then order by order.

use super::gate::first_bundle;
use super::state::Pending;
use super::{
    Authority, Credential, Held, Intended, Judged, Person, Portal, ProfileState, Standing, Unit,
};
use pki::profile::Holder;
use pki::{CertificationRequest, PublicKey};
use records::bytes::Bytes;
use records::code::Code;
use records::founding::Founding;
use records::join::Renew;
use records::label::Label;
use records::order::{
    Body, IssueBody, PersonAction, PersonBody, RoleAction, RoleBody, UnitAction, UnitBody,
};
use records::record::{Event, File, Record};
use records::rules::{ApprovalRules, RoleRules};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// The state that a founding statement puts in force; `None` when it contradicts itself.
pub(super) fn first_state(founding: Founding, digest: Bytes, files: &[File]) -> Option<Authority> {
    let mut profiles = BTreeMap::new();
    for profile in &founding.profiles {
        let content = file_of(files, &profile.digest)?;
        let state =
            ProfileState { version: profile.version, digest: profile.digest.clone(), content };
        profiles.insert(profile.id.clone(), state);
    }
    let rule = |name: &str| {
        let file = founding.rules.iter().find(|rule| rule.name == name)?;
        Some((file_of(files, &file.digest)?, file.digest.clone()))
    };
    let (approvals, approvals_digest) = rule("approvals")?;
    let (roles, _) = rule("roles")?;
    let mut units = BTreeMap::new();
    for unit in &founding.units {
        let parent_known = unit.parent.as_ref().is_none_or(|parent| units.contains_key(parent));
        if !parent_known || (unit.parent.is_none() && !units.is_empty()) {
            return None;
        }
        let state = Unit {
            name: unit.name.clone(),
            county: unit.county,
            parent: unit.parent.clone(),
            open: true,
        };
        units.insert(unit.unit.clone(), state);
    }
    let mut authority = Authority {
        founding_digest: digest,
        units,
        people: BTreeMap::new(),
        credentials: BTreeMap::new(),
        profiles,
        role_rules: RoleRules::read(&roles).ok()?,
        approval_rules: ApprovalRules::read(&approvals).ok()?,
        approval_rules_digest: approvals_digest,
        approval_rules_file: approvals,
        portals: BTreeMap::new(),
        agents: BTreeMap::new(),
        bundle: first_bundle(&founding, files)?,
        letters: BTreeMap::new(),
        orders: BTreeMap::new(),
        closed_orders: BTreeMap::new(),
        revoked: BTreeMap::new(),
        standing: BTreeMap::new(),
        held: BTreeMap::new(),
        passkeys: BTreeMap::new(),
        intents: BTreeMap::new(),
        signed_time: 0,
        added: 0,
        pending: Pending::default(),
        founding,
    };
    authority.first_people()?;
    authority.first_services()?;
    Some(authority)
}

impl Authority {
    fn first_people(&mut self) -> Option<()> {
        for first in self.founding.people.clone() {
            let key = PublicKey::read(&first.key.0).ok()?;
            let person = Person {
                unit: first.unit,
                version: 1,
                name: first.name,
                mail: None,
                left: false,
                roles: first.roles.into_iter().map(|held| (held.role, held.scope)).collect(),
                serials: Vec::new(),
            };
            let credential = Credential { person: first.person.clone(), serial: None };
            let known = self.credentials.insert(Bytes::from(key.sha256()).to_string(), credential);
            if known.is_some() || self.people.insert(first.person, person).is_some() {
                return None;
            }
        }
        Some(())
    }

    fn first_services(&mut self) -> Option<()> {
        for service in self.founding.services.clone() {
            let sha = |process: &str| -> Option<(Bytes, String)> {
                let key = service.keys.iter().find(|key| key.process == process)?;
                let digest = PublicKey::read(&key.key.0).ok()?.sha256();
                Some((digest.into(), key.hosts.first().cloned().unwrap_or_default()))
            };
            if let (Some(public), Some(staff)) = (sha("portal-public"), sha("portal-staff")) {
                let portal = Portal {
                    unit: service.unit.clone(),
                    public_host: public.1,
                    staff_host: staff.1,
                    public_keys: BTreeSet::from([public.0]),
                    staff_keys: BTreeSet::from([staff.0]),
                    open: true,
                };
                self.portals.insert(service.service.clone(), portal);
            }
        }
        for given in self.founding.authorizations.clone() {
            let service = self.founding.services.iter().find(|s| s.service == given.service)?;
            let hosts = service.keys.iter().find(|key| key.process == given.process);
            let standing = Standing {
                under: self.founding_digest.clone(),
                hosts: hosts.map(|key| key.hosts.clone()).unwrap_or_default(),
                unit: service.unit.clone(),
                key_sha256: given.key_sha256.clone(),
                used: 0,
                challenges: BTreeSet::new(),
                last: Bytes::default(),
                given,
            };
            self.standing.insert(standing.given.authorization.clone(), standing);
        }
        Some(())
    }

    /// Carries out an order that changes authority.
    pub(super) fn enact(
        &mut self,
        judged: &Judged,
        order: &Bytes,
        files: &[File],
    ) -> Result<(), Code> {
        match &judged.body {
            Body::Unit(body) => self.enact_unit(body),
            Body::Person(body) => self.enact_person(body),
            Body::Role(body) => self.enact_role(body),
            Body::Profile(body) => {
                let content = file_of(files, &body.profile.digest).ok_or(Code::OrderIncomplete)?;
                let profile =
                    pki::CertificateProfile::read(&content).map_err(|_| Code::Malformed)?;
                if profile.id() != body.profile.id || profile.version() != body.profile.version {
                    return Err(Code::Malformed);
                }
                let state = ProfileState {
                    version: body.profile.version,
                    digest: body.profile.digest.clone(),
                    content,
                };
                self.profiles.insert(body.profile.id.clone(), state);
            }
            Body::ApprovalRules(body) => {
                let content = file_of(files, &body.digest).ok_or(Code::OrderIncomplete)?;
                let rules = ApprovalRules::read(&content).map_err(|_| Code::Malformed)?;
                if rules.version != body.version {
                    return Err(Code::Malformed);
                }
                self.approval_rules = rules;
                self.approval_rules_file = content;
                self.approval_rules_digest = body.digest.clone();
            }
            Body::Portal(body) if body.action == "close" => {
                if let Some(portal) = self.portals.get_mut(&body.portal) {
                    portal.open = false;
                }
            }
            Body::Portal(body) => {
                let sha =
                    |key: &Bytes| BTreeSet::from([Bytes::from(Sha256::digest(&key.0).as_slice())]);
                let portal = Portal {
                    unit: body.unit.clone(),
                    public_host: body.public_host.clone(),
                    staff_host: body.staff_host.clone(),
                    public_keys: sha(&body.public_key),
                    staff_keys: sha(&body.staff_key),
                    open: true,
                };
                self.portals.insert(body.portal.clone(), portal);
            }
            Body::Agent(body) => self.enact_agent(body, order, judged.order.expires_unix()),
            Body::Bundle(body) => self.enact_bundle(body, files)?,
            Body::Credential(body) => self.enact_credential(body, order)?,
            Body::Issue(_) | Body::Revoke(_) => return Err(Code::UnsignedAuthority),
        }
        Ok(())
    }

    fn enact_unit(&mut self, body: &UnitBody) {
        let fresh = Unit {
            name: body.name.clone(),
            county: body.county,
            parent: Some(body.parent.clone()),
            open: true,
        };
        let unit = self.units.entry(body.unit.clone()).or_insert(fresh);
        match body.action {
            UnitAction::Create => {}
            UnitAction::Move => unit.parent = Some(body.parent.clone()),
            UnitAction::Close => unit.open = false,
        }
    }

    fn enact_person(&mut self, body: &PersonBody) {
        let fresh = Person {
            unit: body.unit.clone(),
            version: body.version,
            name: body.name.clone(),
            mail: body.mail.clone(),
            left: false,
            roles: BTreeSet::new(),
            serials: Vec::new(),
        };
        let person = self.people.entry(body.person.clone()).or_insert(fresh);
        person.version = body.version;
        person.unit = body.unit.clone();
        person.name = body.name.clone();
        person.mail = body.mail.clone();
        if body.action == PersonAction::Leave {
            person.left = true;
            person.roles.clear();
        }
    }

    fn enact_role(&mut self, body: &RoleBody) {
        if let Some(person) = self.people.get_mut(&body.person) {
            let holding = (body.role, body.scope.clone());
            match body.action {
                RoleAction::Grant => person.roles.insert(holding),
                RoleAction::Withdraw => person.roles.remove(&holding),
            };
        }
    }

    /// An issuance intent: the letter is used up, a staff key becomes a credential.
    pub(super) fn intend(
        &mut self,
        judged: &Judged,
        order: &Bytes,
        serial: &str,
        tbs_sha256: &Bytes,
    ) -> Result<(), Code> {
        let Body::Issue(issue) = &judged.body else { return Err(Code::UnsignedAuthority) };
        let IssueBody { reference, person, key, .. } = issue.as_ref();
        if self.held.contains_key(serial) || pki::SerialNumber::from_hex(serial).is_none() {
            return Err(Code::StateConflict);
        }
        let key = Bytes::from(PublicKey::read(&key.0).map_err(|_| Code::KeyUnknown)?.sha256());
        let validity = u64::from(issue.validity_days) * 86_400;
        self.hold(serial, person, reference, judged.order.expires_unix() + validity);
        if self.profile_of(&issue.profile.id)?.holder() == Holder::Staff {
            let serial = Some(serial.to_owned());
            let credential = Credential { person: person.clone(), serial };
            self.credentials.insert(key.to_string(), credential);
        }
        let intended =
            Intended { under: order.clone(), tbs_sha256: tbs_sha256.clone(), key_sha256: key };
        self.intents.insert(serial.to_owned(), intended);
        Ok(())
    }

    fn hold(&mut self, serial: &str, person: &str, reference: &str, until: u64) {
        if let Some(letter) = self.letters.get_mut(reference) {
            letter.serials.push(serial.to_owned());
        }
        if let Some(person) = self.people.get_mut(person) {
            person.serials.push(serial.to_owned());
        }
        let held = Held { person: person.to_owned(), reference: reference.to_owned(), until };
        self.held.insert(serial.to_owned(), held);
    }

    /// A result: ends its intent, or is the one certificate of a first person's key.
    pub(super) fn add_issued(
        &mut self,
        under: &Bytes,
        serial: &str,
        subject: &str,
        key_sha256: &Bytes,
    ) -> Result<(), Code> {
        if *under == self.founding_digest {
            return self.add_first(serial, subject, key_sha256);
        }
        let fits = self
            .intents
            .get(serial)
            .is_some_and(|i| i.under == *under && i.key_sha256 == *key_sha256);
        if fits {
            self.intents.remove(serial);
        }
        let known = fits || self.revoked.contains_key(serial);
        if known { Ok(()) } else { Err(Code::UnsignedAuthority) }
    }

    fn add_first(&mut self, serial: &str, subject: &str, key: &Bytes) -> Result<(), Code> {
        let first = self.founding.people.iter().any(|person| person.person == subject);
        if !first {
            // Authorities and services: their keys stand in the statement itself.
            let stated =
                self.founding.stated_keys().any(|spki| Sha256::digest(&spki.0).as_slice() == key.0);
            return if stated { Ok(()) } else { Err(Code::UnsignedAuthority) };
        }
        let credential = self.credentials.get_mut(&key.to_string());
        let credential = credential.filter(|c| c.person == subject && c.serial.is_none());
        credential.ok_or(Code::UnsignedAuthority)?.serial = Some(serial.to_owned());
        let theirs = |(_, letter): &(&String, &super::LetterState)| letter.person == subject;
        let reference = self.letters.iter().find(theirs).map(|(reference, _)| reference.clone());
        let founded = records::time::read(&self.founding.founded).unwrap_or(0);
        let days = self.profile_of("staff")?.validity_days();
        let until = founded + u64::from(days + 1) * 86_400;
        self.hold(serial, subject, &reference.unwrap_or_default(), until);
        Ok(())
    }

    /// A use of a standing authorization; the new key may ask next, and speaks for its service.
    pub(super) fn add_use(&mut self, record: &Record) -> Result<(), Code> {
        let Event::Used {
            authorization,
            challenge,
            request,
            asked_by,
            signature,
            serial,
            tbs_sha256,
        } = &record.event
        else {
            return Err(Code::Malformed);
        };
        let now = record.unix().max(self.signed_time);
        let asked = Renew {
            authorization: authorization.clone(),
            challenge: challenge.clone(),
            request: request.clone(),
            asked_by: asked_by.clone(),
            signature: signature.clone(),
        };
        let key = self.check_use(&asked, now)?;
        let key_sha256 = Bytes::from(key.sha256());
        let Some(standing) = self.standing.get_mut(authorization) else {
            return Err(Code::UseSignature);
        };
        let under = Bytes::from(Sha256::digest(&request.0).as_slice());
        let intended =
            Intended { under, tbs_sha256: tbs_sha256.clone(), key_sha256: key_sha256.clone() };
        self.intents.insert(serial.clone(), intended);
        standing.used += 1;
        standing.key_sha256 = key_sha256.clone();
        standing.challenges.insert(challenge.clone());
        standing.last = signature.clone();
        let process = standing.given.process.clone();
        if let Some(agent) = self.agents.get_mut(&standing.given.service)
            && process == "agent"
        {
            agent.keys.insert(key_sha256.clone());
        }
        if let Some(portal) = self.portals.get_mut(&standing.given.service) {
            match process.as_str() {
                "portal-public" => portal.public_keys.insert(key_sha256),
                "portal-staff" => portal.staff_keys.insert(key_sha256),
                _ => false,
            };
        }
        Ok(())
    }

    /// Whether a use is signed by the key that may ask, within quota and time; gives the new key.
    pub fn check_use(&self, asked: &Renew, now: u64) -> Result<PublicKey, Code> {
        let standing = self.standing.get(&asked.authorization).ok_or(Code::UseSignature)?;
        let key = PublicKey::read(&asked.asked_by.0).map_err(|_| Code::KeyUnknown)?;
        let expires = records::time::read(&standing.given.expires).unwrap_or(0);
        if standing.challenges.contains(&asked.challenge) {
            return Err(Code::ChallengeUsed);
        }
        let wanted =
            CertificationRequest::read(&asked.request.0).map_err(|_| Code::RequestMalformed)?;
        if asked.challenge.0.len() != 16 {
            return Err(Code::Malformed);
        }
        let digest = Sha256::digest(&asked.request.0);
        let message = [standing.under.0.as_slice(), &asked.challenge.0, digest.as_slice()].concat();
        let known = key.sha256().as_slice() == standing.key_sha256.0;
        if !known || now > expires || !Label::Use.verify(&key, &message, &asked.signature.0) {
            return Err(Code::UseSignature);
        }
        if standing.used >= standing.given.quota {
            return Err(Code::QuotaUsed);
        }
        Ok(wanted.key().clone())
    }
}

/// The file with this digest, its content checked.
fn file_of(files: &[File], digest: &Bytes) -> Option<String> {
    let fits = |file: &&File| Sha256::digest(file.content.as_bytes()).as_slice() == digest.0;
    files.iter().find(fits).map(|file| file.content.clone())
}
