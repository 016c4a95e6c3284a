//! Giving effect, order by order.

use crate::authority::Authority;
use crate::id::PersonId;
use crate::judge::Judged;
use crate::state::{Contents, Rules};
use crate::state::{Person, Portal, ProfileState, Unit};
use records::bytes::Bytes;
use records::code::Code;
use records::order::{
    Body, PersonAction, PersonBody, PortalBody, RoleAction, RoleBody, UnitAction, UnitBody,
};
use records::record::File;
use records::rules::{ApprovalRules, Role};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl Authority {
    /// Carries out an order that changes authority.
    pub(crate) fn enact(
        &mut self,
        judged: &Judged,
        (order, files): (&Bytes, &[File]),
        now: u64,
    ) -> Result<(), Code> {
        match &**judged.body() {
            Body::Unit(body) => self.enact_unit(body),
            Body::Person(body) => self.enact_person(body)?,
            Body::Role(body) => self.enact_role(body),
            Body::Delegate(body) => self.enact_delegate(body)?,
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
                    profile: Arc::new(profile),
                };
                let id = self.profile_name(&body.profile.id);
                self.profiles.insert(id, Arc::new(state));
            }
            Body::ApprovalRules(body) => {
                let content = file_of(files, &body.digest).ok_or(Code::OrderIncomplete)?;
                let rules = ApprovalRules::read(&content).map_err(|_| Code::Malformed)?;
                if rules.version != body.version {
                    return Err(Code::Malformed);
                }
                self.rules = Arc::new(Rules {
                    roles: self.rules.roles.clone(),
                    roles_file: self.rules.roles_file.clone(),
                    approvals: rules,
                    approvals_file: content,
                    approvals_digest: body.digest.clone(),
                });
            }
            Body::Portal(body) => self.enact_portal(body),
            Body::Release(body) => self.enact_release(body, now)?,
            Body::Agent(body) => self.enact_agent(body, order, judged.order().expires_unix()),
            Body::System(body) => self.enact_system(body, order)?,
            Body::Mode(body) => self.enact_mode(body, order)?,
            Body::Emergency(body) => self.enact_emergency(body, judged)?,
            Body::EmergencyReview(body) => self.enact_review(body),
            Body::Bundle(body) => self.enact_bundle(body, files)?,
            Body::Credential(body) => {
                let open = self.entry(judged.digest()).ok_or(Code::OrderUnknown)?;
                let Contents::Passkey(Ok(read)) = open.contents.clone() else {
                    return Err(Code::Malformed);
                };
                self.enact_credential(body, &read, order)?;
            }
            Body::Issue(_) | Body::Revoke(_) | Body::Batch(_) => {
                return Err(Code::UnsignedAuthority);
            }
        }
        Ok(())
    }

    fn enact_portal(&mut self, body: &PortalBody) {
        if body.action == "close" {
            if let Some(portal) = self.portals.get_mut(body.portal.as_str()) {
                Arc::make_mut(portal).open = false;
            }
            self.end_standing(&body.portal);
            self.end_passkeys(&body.staff_host);
            return;
        }
        let keys = [&body.public_key, &body.staff_key, &body.machines_key];
        let [public, staff, machines]: [[u8; 32]; 3] =
            keys.map(|key| Sha256::digest(&key.0).into());
        let machines = Some(machines).filter(|_| body.serves_machines());
        let portal = Portal {
            unit: body.unit.clone(),
            public_host: body.public_host.clone(),
            staff_host: body.staff_host.clone(),
            machines_host: body.machines_host.clone(),
            public_keys: BTreeSet::from([public.into()]),
            staff_keys: BTreeSet::from([staff.into()]),
            machines_keys: machines.into_iter().map(Bytes::from).collect(),
            open: true,
        };
        self.own_key(public, &body.portal, "portal-public");
        self.own_key(staff, &body.portal, "portal-staff");
        if let Some(machines) = machines {
            self.own_key(machines, &body.portal, "portal-machines");
        }
        self.portals.insert(body.portal.as_str().into(), Arc::new(portal));
    }

    fn enact_unit(&mut self, body: &UnitBody) {
        let fresh = Unit {
            name: body.name.clone(),
            county: body.county,
            parent: Some(body.parent.clone()),
            open: true,
        };
        let unit = self.units.entry(body.unit.as_str().into());
        let unit = Arc::make_mut(unit.or_insert_with(|| Arc::new(fresh)));
        match body.action {
            UnitAction::Create => {}
            UnitAction::Move => unit.parent = Some(body.parent.clone()),
            UnitAction::Close => unit.open = false,
        }
    }

    fn enact_person(&mut self, body: &PersonBody) -> Result<(), Code> {
        let id = PersonId::read(&body.person).ok_or(Code::Malformed)?;
        if body.action == PersonAction::Leave {
            self.enact_leave(id, body);
            return Ok(());
        }
        let fresh = Person {
            unit: body.unit.clone(),
            version: body.version,
            name: body.name.clone(),
            mail: body.mail.clone(),
            number: None,
            evidence: Some(body.evidence.clone()),
            left: false,
            roles: BTreeSet::new(),
            granted: BTreeMap::new(),
            serials: Vec::new(),
        };
        let person = self.people.entry(id).or_insert_with(|| Arc::new(fresh));
        let person = Arc::make_mut(person);
        person.version = body.version;
        person.unit = body.unit.clone();
        person.name = body.name.clone();
        person.mail = body.mail.clone();
        person.evidence = Some(body.evidence.clone());
        let number = body.number.as_ref().and_then(Bytes::digest);
        if let Some(before) = std::mem::replace(&mut person.number, number) {
            self.numbers.remove(&before);
        }
        if let Some(number) = number {
            self.numbers.insert(number, id);
        }
        Ok(())
    }

    /// Who leaves keeps their record as it is in force: the order names the one that it was made
    /// for, and undoes nothing that was corrected since.
    fn enact_leave(&mut self, id: PersonId, body: &PersonBody) {
        if let Some(person) = self.people.get_mut(&id) {
            let person = Arc::make_mut(person);
            person.version = person.version.max(body.version);
            person.left = true;
            person.roles.clear();
            person.granted.clear();
            if let Some(number) = person.number {
                self.numbers.remove(&number);
            }
        }
        self.no_longer_appointed(&body.person);
        self.end_lent_by(&body.person, |_| true);
        self.delegations.remove(&id);
        self.note_leaving(&id);
    }

    fn enact_role(&mut self, body: &RoleBody) {
        let is_office = body.role != Role::Official;
        if body.action == RoleAction::Grant && is_office {
            self.appointed.extend(PersonId::read(&body.person));
            self.grants += 1;
        }
        let grant = self.grants;
        if let Some(person) = self.person_mut(&body.person) {
            let holding = (body.role, body.scope.clone());
            match body.action {
                RoleAction::Grant => {
                    if person.roles.insert(holding.clone()) && is_office {
                        person.granted.insert(holding, grant);
                    }
                }
                RoleAction::Withdraw => {
                    person.roles.remove(&holding);
                    person.granted.remove(&holding);
                }
            }
        }
        if body.action == RoleAction::Withdraw {
            let (role, scope) = (body.role, &body.scope);
            self.end_lent_by(&body.person, |one| one.role == role && one.scope == *scope);
        }
        self.no_longer_appointed(&body.person);
    }

    /// Whoever has no role left is looked at no more where officers are looked for.
    fn no_longer_appointed(&mut self, person: &str) {
        let holds = |role: &(Role, String)| role.0 != Role::Official;
        if self.person(person).is_none_or(|state| !state.roles.iter().any(holds))
            && let Some(id) = PersonId::read(person)
        {
            self.appointed.remove(&id);
        }
    }
}

/// The file with this digest, its content checked.
fn file_of(files: &[File], digest: &Bytes) -> Option<String> {
    let fits = |file: &&File| Sha256::digest(file.content.as_bytes()).as_slice() == digest.0;
    files.iter().find(fits).map(|file| file.content.clone())
}
