//! Whether an order still fits the state that it was made for.

use crate::authority::Authority;
use crate::city::UNITS_DEEP_MAX;
use crate::id::{PersonId, Serial, Sha256Value};
use crate::state::{Contents, Person, Portal, PortalKeys, Unit};
use pki::PublicKey;
use pki::crl::RevocationReason;
use pki::profile::Holder;
use records::code::Code;
use records::order::{
    Body, IssueBody, PersonAction, PersonBody, PortalBody, RevokeBody, RoleAction, RoleBody,
    UnitAction, UnitBody, is_host,
};

impl Authority {
    /// Whether the order still fits the state that it was made for.
    pub fn fits(&self, body: &Body) -> Result<(), Code> {
        self.fits_with(body, &self.contents(body))
    }

    /// The same of an order whose contents were read when it was applied.
    pub(crate) fn fits_with(&self, body: &Body, contents: &Contents) -> Result<(), Code> {
        match body {
            Body::Issue(issue) => self.issue_fits(issue, contents),
            Body::Unit(unit) => self.unit_fits(unit),
            Body::Person(person) => self.person_fits(person),
            Body::Role(role) => self.role_fits(role),
            Body::Delegate(body) => self.delegate_fits(body),
            Body::Profile(profile) => {
                let in_force = self.profile(&profile.profile.id).map_or(0, |p| p.version);
                later(profile.profile.version, in_force)
            }
            Body::ApprovalRules(rules) => later(rules.version, self.rules.approvals.version),
            Body::Portal(portal) => self.portal_fits(portal, contents),
            Body::Agent(agent) => self.agent_fits(agent),
            Body::System(system) => self.system_fits(system),
            Body::Mode(mode) => self.mode_fits(mode),
            Body::Emergency(emergency) => self.emergency_fits(emergency),
            Body::EmergencyReview(review) => self.review_fits(review),
            Body::Bundle(bundle) => later(bundle.version, self.bundle.version),
            Body::Revoke(revoke) => self.revoke_fits(revoke),
            Body::Release(release) => self.release_fits(release),
            Body::Batch(batch) => self.batch_fits(batch),
            Body::Credential(body) => match contents {
                Contents::Passkey(read) => {
                    let read = read.as_ref().map_err(|code| *code)?;
                    self.credential_fits(body, read)
                }
                _ => Err(Code::Malformed),
            },
        }
    }

    fn issue_fits(&self, issue: &IssueBody, contents: &Contents) -> Result<(), Code> {
        let person = self.person(&issue.person).ok_or(Code::PersonUnknown)?;
        if self.has_left(&issue.person) {
            return Err(Code::PersonLeft);
        }
        match (&issue.reference, &issue.renewal) {
            (Some(reference), None) => self.letter_fits(issue, reference)?,
            (None, Some(renewal)) => self.renewal_fits(issue, renewal)?,
            _ => return Err(Code::Malformed),
        }
        let same_units = issue.subject.ou == self.organizational_units(&person.unit);
        if person.version != issue.person_version || !same_units || issue.subject.sn != issue.person
        {
            return Err(Code::PersonChanged);
        }
        let profile = self.profile_of(&issue.profile.id)?;
        if profile.version != issue.profile.version || profile.digest != issue.profile.digest {
            return Err(Code::ProfileChanged);
        }
        match contents {
            Contents::Key(Some(key)) => self.profile_fits(issue, key),
            _ => Err(Code::KeyUnknown),
        }
    }

    /// The letter is this person's, and nothing came of it yet.
    fn letter_fits(&self, issue: &IssueBody, reference: &str) -> Result<(), Code> {
        let letter = self.letter(reference).ok_or(Code::UnsignedAuthority)?;
        self.check_letter(reference)?;
        if self.is_rejected(reference) {
            return Err(Code::OrderRejected);
        }
        if letter.person != issue.person || *letter.profile != *issue.profile.id {
            return Err(Code::UnsignedAuthority);
        }
        if letter.serials.is_empty() { Ok(()) } else { Err(Code::CodeUsed) }
    }

    /// The order asks for nothing that its profile does not give.
    fn profile_fits(&self, issue: &IssueBody, key: &PublicKey) -> Result<(), Code> {
        let profile = &self.profile_of(&issue.profile.id)?.profile;
        let label = match profile.holder() {
            Holder::Person => issue.label == "cli" || issue.label == "page",
            Holder::Staff => issue.label == "cli",
            Holder::Service | Holder::System | Holder::Authority | Holder::Signer => {
                return Err(Code::UnknownProfile);
            }
        };
        let other = self.credential(&key.sha256()).is_some_and(|c| c.person != issue.person);
        let mail = issue.names.iter().all(|name| name.kind == "mail" && profile.mail());
        match () {
            () if !label => Err(Code::LabelNotAllowed),
            () if !profile.allows(key) => Err(Code::KeyNotAllowed),
            () if other => Err(Code::KeyForeign),
            () if !mail || issue.validity_days != profile.validity_days() => {
                Err(Code::ProfileChanged)
            }
            () => Ok(()),
        }
    }

    /// The serial numbers are this person's own, or the system's. What that is called, and who is
    /// in charge of it, may be otherwise by now: nobody holds a brake up by registering it anew.
    fn revoke_fits(&self, revoke: &RevokeBody) -> Result<(), Code> {
        let person = PersonId::read(&revoke.person).ok_or(Code::PersonUnknown)?;
        self.people.get(&person).ok_or(Code::PersonUnknown)?;
        if revoke.system.as_ref().is_some_and(|of| self.system(&of.system).is_none()) {
            return Err(Code::StateConflict);
        }
        let own = |serial: &String| match (&revoke.system, Serial::read(serial)) {
            (_, None) => false,
            (Some(of), Some(serial)) => {
                let known = self.system_certificates.get(&serial);
                known.is_some_and(|known| *known.system == *of.system)
            }
            (None, Some(serial)) => {
                self.held.get(&serial).is_some_and(|held| held.person == person)
            }
        };
        let reason = RevocationReason::from_name(&revoke.reason).is_some();
        if !reason || revoke.serials.is_empty() || !revoke.serials.iter().all(own) {
            return Err(Code::StateConflict);
        }
        Ok(())
    }

    fn unit_fits(&self, body: &UnitBody) -> Result<(), Code> {
        let parent = self.unit(&body.parent).is_some_and(|unit| unit.open);
        let above = self.above(&body.parent);
        let below = above.contains(&body.unit.as_str());
        let deep = match body.action {
            UnitAction::Move => self.units_deep(&body.unit),
            UnitAction::Create | UnitAction::Close => 1,
        };
        let too_deep = above.len() + deep > UNITS_DEEP_MAX;
        match (body.action, self.unit(&body.unit)) {
            (UnitAction::Create, Some(_)) => Err(Code::StateConflict),
            (UnitAction::Create | UnitAction::Move, _) if !parent => Err(Code::UnitUnknown),
            (UnitAction::Create | UnitAction::Move, _) if too_deep => Err(Code::StateConflict),
            (UnitAction::Create, None) => Ok(()),
            (_, None) => Err(Code::UnitUnknown),
            (UnitAction::Move, _) if below => Err(Code::StateConflict),
            (UnitAction::Close, _) if body.unit == self.city_unit() => Err(Code::StateConflict),
            // What would be signed as a change and is none is no part of an order.
            (_, Some(unit)) if unit_stays(unit, body) => Ok(()),
            (_, Some(_)) => Err(Code::StateConflict),
        }
    }

    /// How many units stand below each other from this one on, itself among them: it takes them
    /// along.
    fn units_deep(&self, unit: &str) -> usize {
        let places = self.units().filter_map(|(id, _)| {
            let above = self.above(id);
            above.iter().position(|above| *above == unit)
        });
        places.max().map_or(1, |most| most + 1)
    }

    fn person_fits(&self, body: &PersonBody) -> Result<(), Code> {
        let open = self.unit(&body.unit).is_some_and(|unit| unit.open)
            && !self.pending.units.contains(body.unit.as_str());
        let known = self.person(&body.person);
        match (body.action, known) {
            (PersonAction::Create, Some(_)) => Err(Code::StateConflict),
            (PersonAction::Create | PersonAction::Move, _) if !open => Err(Code::UnitUnknown),
            (PersonAction::Create, None) if self.is_being_created(&body.person) => {
                Err(Code::StateConflict)
            }
            (PersonAction::Create, None) => Ok(()),
            (_, None) => Err(Code::PersonUnknown),
            (_, Some(_)) if self.has_left(&body.person) => Err(Code::PersonLeft),
            (PersonAction::Leave, Some(person)) => return leave_fits(body, person),
            (_, Some(person)) if body.version == person.version + 1 => Ok(()),
            (_, Some(_)) => Err(Code::PersonChanged),
        }?;
        self.number_fits(body, known.and_then(|known| known.number))
    }

    /// Nobody is registered twice, and no order takes a number away.
    fn number_fits(&self, body: &PersonBody, held: Option<Sha256Value>) -> Result<(), Code> {
        let number = number_of(body)?;
        let Some(number) = number.filter(|_| number != held) else {
            return if number == held { Ok(()) } else { Err(Code::PersonChanged) };
        };
        let is_taken = self.numbered(&number).is_some() || self.pending.numbers.contains(&number);
        if is_taken { Err(Code::NumberRegistered) } else { Ok(()) }
    }

    /// Who in office has a national number, by its keyed digest.
    pub fn numbered(&self, digest: &Sha256Value) -> Option<&PersonId> {
        self.numbers.get(digest)
    }

    fn is_being_created(&self, person: &str) -> bool {
        PersonId::read(person).is_some_and(|person| self.pending.created.contains(&person))
    }

    fn role_fits(&self, body: &RoleBody) -> Result<(), Code> {
        let person = self.person(&body.person).ok_or(Code::PersonUnknown)?;
        if self.has_left(&body.person) {
            return Err(Code::PersonLeft);
        }
        self.unit(&body.scope).ok_or(Code::UnitUnknown)?;
        let holds = person.holds(body.role, &body.scope);
        self.rules.roles.role.get(&body.role).ok_or(Code::Malformed)?;
        let mut held = person.roles.iter().map(|(held, _)| *held).chain(self.lent_to(&body.person));
        let clash = held.any(|held| self.excludes(held, body.role));
        match body.action {
            RoleAction::Grant if holds => Err(Code::StateConflict),
            RoleAction::Grant if clash => Err(Code::RoleConflict),
            RoleAction::Withdraw if !holds => Err(Code::StateConflict),
            _ => Ok(()),
        }
    }

    fn portal_fits(&self, body: &PortalBody, contents: &Contents) -> Result<(), Code> {
        let known = self.portal(&body.portal);
        let machines = !body.serves_machines() || is_host(&body.machines_host);
        match (body.action.as_str(), contents) {
            ("register", Contents::Keys(Some(_)))
                if !is_host(&body.public_host) || !is_host(&body.staff_host) || !machines =>
            {
                Err(Code::Malformed)
            }
            ("register", Contents::Keys(Some(keys))) if known.is_none() => {
                self.unit(&body.unit).ok_or(Code::StateConflict)?;
                self.keys_fit(&body.portal, keys)
            }
            ("register", Contents::Keys(Some(_))) => Err(Code::StateConflict),
            ("register", _) => Err(Code::KeyUnknown),
            ("close", _) if known.is_some_and(|portal| portal_stays(portal, body)) => Ok(()),
            _ => Err(Code::StateConflict),
        }
    }

    /// A portal speaks with keys of its own, one for each process, which nobody's certificate has.
    fn keys_fit(&self, portal: &str, keys: &PortalKeys) -> Result<(), Code> {
        let PortalKeys { public, staff, machines } = *keys;
        self.may_own(public, &format!("{portal}/portal-public"))?;
        self.may_own(staff, &format!("{portal}/portal-staff"))?;
        if let Some(machines) = machines {
            self.may_own(machines, &format!("{portal}/portal-machines"))?;
        }
        match public == staff || machines.is_some_and(|own| [public, staff].contains(&own)) {
            true => Err(Code::KeyForeign),
            false => Ok(()),
        }
    }
}

/// Whether somebody leaves from where they are, by an order of their record as it is or as it was:
/// what was corrected since stands, and nobody stays in office by it. Whoever consented read that
/// this person leaves this unit, and under which name and address they were held then: that is
/// still true. Who is elsewhere by now leaves by the word of those who answer for them there.
fn leave_fits(body: &PersonBody, person: &Person) -> Result<(), Code> {
    let is_there = body.unit == person.unit;
    let is_of_before = (1..=person.version).contains(&body.version);
    let is_as_held = body.version == person.version + 1 && number_of(body)? == person.number;
    if is_there && (is_of_before || is_as_held) { Ok(()) } else { Err(Code::PersonChanged) }
}

/// The number that a record says, by its keyed digest, if it says one.
fn number_of(body: &PersonBody) -> Result<Option<Sha256Value>, Code> {
    let digest = body.number.as_ref().map(|number| number.digest().ok_or(Code::Malformed));
    digest.transpose()
}

/// Whether an order that moves or closes a unit says of it what it keeps: nobody signs a change
/// that is none.
fn unit_stays(unit: &Unit, body: &UnitBody) -> bool {
    (&unit.name, unit.county) == (&body.name, body.county)
}

/// The same of an order that closes a portal.
fn portal_stays(portal: &Portal, body: &PortalBody) -> bool {
    let held = (&portal.unit, &portal.public_host, &portal.staff_host, &portal.machines_host);
    held == (&body.unit, &body.public_host, &body.staff_host, &body.machines_host)
}

/// A version that comes into force follows the one that is.
fn later(version: u32, in_force: u32) -> Result<(), Code> {
    if version > in_force { Ok(()) } else { Err(Code::StateConflict) }
}
