//! What authority holds about what an order names: stated when the order is made, and compared
//! before it is approved and carried out.

use crate::authority::Authority;
use crate::id::PersonId;
use crate::state::{Delegation, SystemState};
use records::bytes::Bytes;
use records::code::Code;
use records::display_name::DisplayName;
use records::founding::Holding;
use records::json;
use records::order::{
    ABOVE_MAX, AgentBefore, Basis, Body, CertificateBefore, ENDING_MAX, EndingSystem, FilesBefore,
    IssueBody, LEADS_MAX, LedSystem, LentBefore, NamedPerson, NamedUnit, Order, PersonAction,
    PersonBefore, PortalBefore, PriorState, RoleAction, RoleBody, SystemBefore, SystemBody,
    UnitAction, UnitBefore, UnitBody,
};
use records::rules::Role;
use std::collections::BTreeSet;

impl Authority {
    /// What an order with this body rests on now.
    pub fn basis(&self, body: &Body, drafter: &str) -> Result<Basis, Code> {
        let before = self.before(body)?;
        let mut units = Basis::units_of(body, before.as_ref());
        let mut people = Vec::new();
        for id in Basis::people_of(body, drafter, before.as_ref()) {
            let person = self.person(&id).ok_or(Code::PersonUnknown)?;
            units.insert(person.unit.clone());
            people.push(NamedPerson {
                person: id,
                unit: person.unit.clone(),
                name: person.name.clone(),
            });
        }
        let unit = |unit: String| {
            let name = self.unit(&unit).ok_or(Code::UnitUnknown)?.name.clone();
            Ok(NamedUnit { unit, name })
        };
        let units = units.into_iter().map(unit).collect::<Result<_, Code>>()?;
        let profiles = Basis::profiles_of(body, before.as_ref());
        let applications = Basis::applications_of(body, before.as_ref());
        let before = before.map(|before| before.value()).transpose();
        let (shared, more_shared) = self.shared_names(body);
        Ok(Basis {
            people,
            units,
            profiles: called(&profiles, |id| self.profile_called(id)),
            applications: called(&applications, |id| self.application_called(id)),
            shared,
            more_shared,
            before: before.map_err(|_| Code::Malformed)?,
        })
    }

    /// What the file in force calls a profile; the id alone where it does not.
    pub fn profile_called(&self, id: &str) -> DisplayName {
        let (zh, en) =
            self.profile(id).and_then(|state| state.profile.called()).unwrap_or_default();
        DisplayName { id: id.to_owned(), zh: zh.to_owned(), en: en.to_owned() }
    }

    /// What the access rules in force call an application; the id alone where they do not.
    pub fn application_called(&self, id: &str) -> DisplayName {
        let called = DisplayName::of_application(&self.bundle().files, id);
        called.unwrap_or_else(|| DisplayName::of_id(id))
    }

    /// Whether what an order was shown to rest on still holds: whoever consented saw these names
    /// and this difference. What only takes away is never held up; certificates of a person may
    /// have become others since, and of whoever gets neither a role nor a certificate their roles
    /// and what is lent to them; and so may how much goes with a unit that moves.
    pub fn still_rests(&self, order: &Order, body: &Body) -> Result<(), Code> {
        if body.takes_away() {
            return Ok(());
        }
        let now = self.basis(body, &order.drafter)?;
        let named = Basis::people_of(body, &order.drafter, None);
        if named.iter().any(|id| now.person(id) != order.basis.person(id)) {
            return Err(Code::PersonChanged);
        }
        match body {
            Body::Role(_) | Body::Delegate(_) => self.office_stands(&order.basis, body),
            Body::Person(_) if !order.basis.still_leads(&now) => Err(Code::StateConflict),
            Body::Person(_) | Body::Release(_) => Ok(()),
            Body::Issue(issue) => {
                let is_read = !self.carries_itself(body);
                let follows = !is_read || self.follows_last(issue);
                match follows && order.basis.still_issues(&now, is_read) {
                    true => Ok(()),
                    false => Err(Code::StateConflict),
                }
            }
            Body::Unit(_) if order.basis.still_moves(&now, |until| self.is_past(until)) => Ok(()),
            _ if order.basis.still_is(&now) => Ok(()),
            _ => Err(Code::StateConflict),
        }
    }

    /// Whether the certificate with which a new one was compared is still the last one of its
    /// profile: whoever read that it is the first, or what differs, consents to no second one.
    fn follows_last(&self, issue: &IssueBody) -> bool {
        let last = self.last_certificate(&issue.person, &issue.profile.id);
        let last = last.and_then(|held| held.sha256).map(Bytes::from);
        last == issue.previous
    }

    /// Whether somebody holds what was shown of their roles before they get one more, their own and
    /// lent ones, and the unit over which they get it stands where it did; what is over meanwhile
    /// was shown with its end.
    fn office_stands(&self, basis: &Basis, body: &Body) -> Result<(), Code> {
        let before = basis.before.clone().ok_or(Code::Malformed)?;
        let was: PersonBefore = json::from_value(&before).map_err(|_| Code::Malformed)?;
        let Some(PriorState::Person(now)) = self.before(body)? else {
            return Err(Code::StateConflict);
        };
        let lent = was.lent.iter().filter(|one| !self.is_past(&one.until));
        match was.roles == now.roles && was.above == now.above && lent.eq(&now.lent) {
            true => Ok(()),
            false => Err(Code::StateConflict),
        }
    }

    /// Whether a last second is over by the time that is proven.
    fn is_past(&self, until: &str) -> bool {
        records::time::read(until).is_none_or(|until| until < self.signed_time)
    }

    /// What somebody lends to others, as far as an order is about it: with a role of theirs, or
    /// with all of them.
    fn lends(&self, absent: &str, is_told: impl Fn(&Delegation) -> bool) -> Vec<LentBefore> {
        let all = self.lent_by(absent).filter(|(_, one)| is_told(one));
        all.map(|(person, one)| lent(person, one)).collect()
    }

    /// What others lend to somebody, unless it is over.
    fn acts_for(&self, person: &str) -> Vec<LentBefore> {
        let all = self.delegations_to(person).filter(|one| one.until >= self.signed_time);
        all.map(|one| lent(&one.absent, one)).collect()
    }

    fn before(&self, body: &Body) -> Result<Option<PriorState>, Code> {
        Ok(match body {
            Body::Credential(_) | Body::Batch(_) | Body::Emergency(_) => None,
            Body::Issue(issue) => self.offices(&issue.person).map(PriorState::Person),
            Body::EmergencyReview(review) => {
                Some(PriorState::Emergency(self.emergency_before(review)?))
            }
            Body::Revoke(revoke) if revoke.system.is_some() => None,
            Body::Unit(unit) if unit.action == UnitAction::Create => None,
            Body::Unit(unit) => Some(self.unit_before(unit)?),
            Body::Person(person) if person.action == PersonAction::Create => None,
            Body::Person(person) => {
                let known = self.person(&person.person);
                let mail = known.and_then(|known| known.mail.clone());
                let number = known.and_then(|known| known.number).map(Bytes::from);
                let lends = self.lends(&person.person, |_| true);
                let (leads, more_leads) = self.leads(&person.person);
                let held = self.holdings(&person.person)?;
                let led = PersonBefore { leads, more_leads, ..held };
                Some(PriorState::Person(PersonBefore { mail, number, lends, ..led }))
            }
            Body::Role(role) => Some(PriorState::Person(self.before_role(role)?)),
            Body::Delegate(one) => {
                let above = self.place_of((one.action, &one.scope));
                let held = self.holdings(&one.person)?;
                Some(PriorState::Person(PersonBefore { above, ..held }))
            }
            Body::Revoke(revoke) => Some(PriorState::Person(self.holdings(&revoke.person)?)),
            Body::Release(body) => Some(PriorState::Person(self.holdings(&body.person)?)),
            Body::Profile(profile) => {
                let known = self.profile(&profile.profile.id);
                known.map(|known| files_before(known.version, &known.digest))
            }
            Body::ApprovalRules(_) => {
                let (rules, digest) = self.approval_rules();
                Some(files_before(rules.version, digest))
            }
            Body::Bundle(_) => {
                let known = self.bundle();
                Some(files_before(known.version, &known.digest))
            }
            Body::Portal(portal) if portal.action == "register" => None,
            Body::Portal(portal) => {
                let known = self.portal(&portal.portal).ok_or(Code::StateConflict)?;
                Some(PriorState::Portal(PortalBefore {
                    unit: known.unit.clone(),
                    public_host: known.public_host.clone(),
                    staff_host: known.staff_host.clone(),
                    machines_host: known.machines_host.clone(),
                    public_keys: known.public_keys.iter().cloned().collect(),
                    staff_keys: known.staff_keys.iter().cloned().collect(),
                    machines_keys: known.machines_keys.iter().cloned().collect(),
                    open: known.open,
                }))
            }
            Body::System(system) => self.system_before(system),
            Body::Mode(mode) => Some(PriorState::Mode(self.mode_before(&mode.application))),
            Body::Agent(agent) => self.agent(&agent.agent).map(|known| {
                PriorState::Agent(AgentBefore {
                    unit: known.unit.clone(),
                    application: known.application.clone(),
                    hosts: known.hosts.clone(),
                    units: known.units.clone(),
                    keys: known.keys.iter().cloned().collect(),
                    renewals: self.renewals_of_agent(&agent.agent),
                    open: known.open,
                })
            }),
        })
    }

    /// A unit as it is in force, and what ends with one that closes.
    fn unit_before(&self, body: &UnitBody) -> Result<PriorState, Code> {
        let known = self.unit(&body.unit).ok_or(Code::UnitUnknown)?;
        let closes = body.action == UnitAction::Close;
        let mut systems = if closes { self.ending_with(&body.unit) } else { Vec::new() };
        let more = systems.len().saturating_sub(ENDING_MAX);
        systems.truncate(ENDING_MAX);
        Ok(PriorState::Unit(UnitBefore {
            county: known.county,
            parent: known.parent.clone().unwrap_or_default(),
            open: known.open,
            systems,
            more_systems: u32::try_from(more).unwrap_or(u32::MAX),
            moved: (body.action == UnitAction::Move).then(|| self.moved(&body.unit, &body.parent)),
        }))
    }

    /// Systems that are not closed and of which a person is in charge, and how many more.
    fn leads(&self, person: &str) -> (Vec<LedSystem>, u32) {
        let own = self.systems().filter(|(_, system)| system.open && system.leader == person);
        let named = |(id, system): (&str, &SystemState)| LedSystem {
            system: id.to_owned(),
            name: system.name.clone(),
        };
        let mut leads: Vec<LedSystem> = own.map(named).collect();
        let more = leads.len().saturating_sub(LEADS_MAX);
        leads.truncate(LEADS_MAX);
        (leads, u32::try_from(more).unwrap_or(u32::MAX))
    }

    /// What somebody holds before a role is granted to them or withdrawn.
    fn before_role(&self, role: &RoleBody) -> Result<PersonBefore, Code> {
        let withdrawn = role.action == RoleAction::Withdraw;
        let rests = |one: &Delegation| (one.role, &one.scope) == (role.role, &role.scope);
        let lends = self.lends(&role.person, |one| withdrawn && rests(one));
        let above = self.place_of((role.action, &role.scope));
        Ok(PersonBefore { lends, above, ..self.holdings(&role.person)? })
    }

    /// The units above the one over which a role is given; of one that is taken nobody has to know.
    fn place_of(&self, (action, scope): (RoleAction, &str)) -> Vec<String> {
        let above = match action {
            RoleAction::Grant => self.above(scope),
            RoleAction::Withdraw => Vec::new(),
        };
        above.into_iter().skip(1).take(ABOVE_MAX).map(str::to_owned).collect()
    }

    /// Roles of a person beside that of an official, for whom they act and who acts for them, and
    /// systems of which they are in charge, if there is any: whoever gives them a certificate reads
    /// to whom.
    fn offices(&self, person: &str) -> Option<PersonBefore> {
        let known = self.person(person)?;
        let roles = known.roles.iter().filter(|(role, _)| *role != Role::Official);
        let role = |(role, scope): &(_, String)| Holding { role: *role, scope: scope.clone() };
        let (leads, more_leads) = self.leads(person);
        let held = PersonBefore {
            mail: None,
            number: None,
            roles: roles.map(role).collect(),
            certificates: Vec::new(),
            lent: self.acts_for(person),
            lends: self.lends(person, |_| true),
            leads,
            more_leads,
            above: Vec::new(),
        };
        held.has_office().then_some(held)
    }

    /// Systems of a unit that end with it, by id.
    fn ending_with(&self, unit: &str) -> Vec<EndingSystem> {
        let own = self.systems().filter(|(_, system)| system.open && system.unit == unit);
        let named = own.map(|(id, system)| EndingSystem {
            system: id.to_owned(),
            name: system.name.clone(),
            certificates: self.revoked_with(id),
        });
        named.collect()
    }

    /// A system as it is in force; how far it is used changes under whoever reads that, and is told
    /// of one that closes alone.
    fn system_before(&self, body: &SystemBody) -> Option<PriorState> {
        let known = self.system(&body.system)?;
        let closes = body.action == "close";
        let certificates = if closes { self.revoked_with(&body.system) } else { 0 };
        Some(PriorState::System(Box::new(SystemBefore {
            name: known.name.clone(),
            unit: known.unit.clone(),
            leader: known.leader.clone(),
            operator: known.operator.clone(),
            contact: known.contact.clone(),
            names: known.names.clone(),
            wildcards: known.wildcards,
            addresses: known.addresses.clone(),
            profile: known.profile.clone(),
            per_week: known.per_week,
            live: known.live,
            accounts: known.accounts,
            challenges: known.challenges,
            until: records::time::seconds(known.until),
            open: known.open,
            certificates,
        })))
    }

    /// Roles of a person, their certificates that are not revoked, and what is lent to them.
    fn holdings(&self, person: &str) -> Result<PersonBefore, Code> {
        let known = self.person(person).ok_or(Code::PersonUnknown)?;
        let role = |(role, scope): &(_, String)| Holding { role: *role, scope: scope.clone() };
        let certificates = self.serials_of(person).into_iter().filter_map(|serial| {
            let serial = serial.to_string();
            let held = self.held(&serial)?;
            (held.sha256.is_some() && !self.is_ended(&serial)).then(|| CertificateBefore {
                profile: held.profile.to_string(),
                not_after: records::time::seconds(held.not_after),
                serial,
            })
        });
        Ok(PersonBefore {
            mail: None,
            number: None,
            roles: known.roles.iter().map(role).collect(),
            certificates: certificates.collect(),
            lent: self.acts_for(person),
            lends: Vec::new(),
            leads: Vec::new(),
            more_leads: 0,
            above: Vec::new(),
        })
    }
}

/// Those of them that are called something.
fn called(ids: &BTreeSet<String>, name: impl Fn(&str) -> DisplayName) -> Vec<DisplayName> {
    ids.iter().map(|id| name(id)).filter(DisplayName::is_readable).collect()
}

/// A delegation beside the other of the two.
fn lent(other: &PersonId, one: &Delegation) -> LentBefore {
    LentBefore {
        person: other.to_string(),
        role: one.role,
        scope: one.scope.clone(),
        from: records::time::seconds(one.from),
        until: records::time::seconds(one.until),
    }
}

/// A file, or files, of this version and digest.
fn files_before(version: u32, digest: &Bytes) -> PriorState {
    PriorState::Files(FilesBefore { version, digest: digest.clone() })
}
