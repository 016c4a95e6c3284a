//! Approvers: whose signature counts, for which orders, and never for themselves. Somebody decides
//! by their own roles, or for somebody on leave whose role was lent to them; and for the units of a
//! pool only beside an officer of the unit itself, where it has one.

use crate::authority::Authority;
use crate::id::PersonId;
use crate::state::{Delegation, GivenApproval, OpenOrder};
use records::code::Code;
use records::order::{Body, Order, RevokeBody, UnitAction};
use records::rules::{ApprovalRule, Role, Scope};

/// As what somebody decides about an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Whoever decides is the person of this id.
    pub person: PersonId,
    /// For whom, if for somebody on leave.
    pub acting_for: Option<PersonId>,
    /// The scopes of the pools by which alone they may; none where they may without a pool.
    pub pools: Vec<String>,
}

impl Capacity {
    /// Whether a record that names these two says as what it was.
    pub(crate) fn is_as(&self, person: &str, acting_for: Option<&str>) -> bool {
        *self.person == *person && self.acting_for.as_deref() == acting_for
    }

    /// Whose voice it is: nobody's counts twice, however many speak for them.
    pub fn voice(&self) -> PersonId {
        self.acting_for.unwrap_or(self.person)
    }
}

impl Authority {
    /// Whether a person may decide about an order: their roles count, or that of somebody for whom
    /// they act, and it is about none of them; nor did they suspend what it releases.
    pub fn may_approve(&self, person: &str, body: &Body, now: u64) -> Result<(), Code> {
        self.capacities_by(person, body, now, |_| Ok(())).map(|_| ())
    }

    /// The same, if they did not draft it either, nor whoever they act for.
    pub fn may_decide(
        &self,
        person: &str,
        order: &Order,
        body: &Body,
        now: u64,
    ) -> Result<(), Code> {
        self.capacities(person, (order, body), now).map(|_| ())
    }

    /// As what a person decides about an order who says for whom: their signature is nobody else's
    /// voice, whatever they may do besides.
    pub(crate) fn capacity(
        &self,
        (person, acting_for): (&str, Option<&str>),
        of: (&Order, &Body),
        now: u64,
    ) -> Result<Capacity, Code> {
        let all = self.capacities(person, of, now)?.into_iter();
        let mut same = all.filter(|one| one.acting_for.as_deref() == acting_for);
        same.next().ok_or(Code::ApproverRevoked)
    }

    /// Everything as which a person may decide about an order: by their own roles first, then for
    /// each whose role was lent to them. There is one at least.
    pub fn capacities(
        &self,
        person: &str,
        (order, body): (&Order, &Body),
        now: u64,
    ) -> Result<Vec<Capacity>, Code> {
        self.capacities_by(person, body, now, |one| match self.has_drafted(one, order, body) {
            true => Err(Code::ApproverDrafted),
            false => Ok(()),
        })
    }

    /// Everything as which a person may decide about an order, whoever drafted it; nothing where
    /// they may not.
    pub(crate) fn capacities_about(&self, person: &str, body: &Body, now: u64) -> Vec<Capacity> {
        self.capacities_by(person, body, now, |_| Ok(())).unwrap_or_default()
    }

    fn capacities_by(
        &self,
        person: &str,
        body: &Body,
        now: u64,
        check: impl Fn(&str) -> Result<(), Code>,
    ) -> Result<Vec<Capacity>, Code> {
        if self.is_about(body, person) {
            return Err(Code::ApproverSelf);
        }
        if let Body::Batch(batch) = body {
            return self.capacities_of_all(person, batch, now);
        }
        let id = PersonId::read(person).ok_or(Code::ApproverRole)?;
        let rules = self.rules_for(body)?;
        let own = self.pools_of((person, &self.held_roles(person)), &rules, body);
        let acting = self.acting_by(person, &rules, (body, now));
        if let (Err(refused), true) = (&own, acting.is_empty()) {
            let mut lent =
                self.delegations_to(person).filter(|one| !self.is_about(body, &one.absent));
            let over = lent.any(|one| !(one.from..=one.until).contains(&now));
            let expired = over && *refused == Code::ApproverRole;
            return Err(if expired { Code::DelegationExpired } else { *refused });
        }
        check(person)?;
        let own = own.ok().map(|pools| Capacity { person: id, acting_for: None, pools });
        let mut all: Vec<Capacity> = own.into_iter().collect();
        let mut refused = Code::ApproverRole;
        for (one, pools) in acting {
            match check(&one.absent) {
                Ok(()) if all.iter().all(|known| known.acting_for != Some(one.absent)) => {
                    all.push(Capacity { person: id, acting_for: Some(one.absent), pools });
                }
                Ok(()) => {}
                Err(code) => refused = code,
            }
        }
        if all.is_empty() { Err(refused) } else { Ok(all) }
    }

    /// The delegations by which a person may decide about an order at `now`, each with the pools by
    /// which alone they may; those that need no pool come first. What is lent counts by itself:
    /// with a role of their own nobody speaks for somebody who could not have decided.
    fn acting_by<'a>(
        &'a self,
        person: &str,
        rules: &[ApprovalRule],
        (body, now): (&Body, u64),
    ) -> Vec<(&'a Delegation, Vec<String>)> {
        let lent = self.delegations_to(person).filter(|one| !self.is_about(body, &one.absent));
        let lent = lent.filter(|one| self.is_acting(person, one, now));
        let counts = lent.filter_map(|one| {
            let more = (one.role, one.scope.as_str());
            let bears = self.bears_on(more, rules, body);
            Some((one, self.pools_of((person, &[more]), rules, body).ok().filter(|_| bears)?))
        });
        let mut all: Vec<_> = counts.collect();
        all.sort_by_key(|(_, pools)| !pools.is_empty());
        all
    }

    /// Whether a role is one that a rule asks for over something that the order concerns: nobody
    /// speaks for an absent one who has no say in it.
    fn bears_on(&self, (role, scope): (Role, &str), rules: &[ApprovalRule], body: &Body) -> bool {
        let over = |rule: &ApprovalRule| {
            self.concerned(rule, body).iter().any(|place| self.above(place).contains(&scope))
        };
        rules.iter().any(|rule| rule.roles.contains(&role) && over(rule))
    }

    /// The delegation by which somebody decides about an order for somebody on leave.
    pub(crate) fn lent_for(&self, one: &Capacity, body: &Body, now: u64) -> Option<&Delegation> {
        let absent = one.acting_for?;
        let rules = self.rules_for(body).ok()?;
        let lent = self.acting_by(&one.person, &rules, (body, now)).into_iter();
        lent.map(|(lent, _)| lent).find(|lent| lent.absent == absent)
    }

    /// Roles that a person holds now, with their scopes.
    pub(crate) fn held_roles(&self, person: &str) -> Vec<(Role, &str)> {
        let known = self.person(person).into_iter().flat_map(|state| state.roles.iter());
        let held = known.filter(|(role, scope)| self.holds(person, *role, scope));
        held.map(|(role, scope)| (*role, scope.as_str())).collect()
    }

    /// Whether a person holds a role beside that of an official, or one is lent to them.
    pub fn has_office(&self, person: &str) -> bool {
        let holds = self.held_roles(person).iter().any(|(role, _)| *role != Role::Official);
        holds || self.lent_to(person).next().is_some()
    }

    /// Whether a person holds any role that some rule lets approve, or one was lent to them.
    pub fn is_approver(&self, person: &str) -> bool {
        let counts =
            |role: &Role| self.rules.approvals.kind.values().any(|r| r.roles.contains(role));
        self.held_roles(person).iter().any(|(role, _)| counts(role))
            || self.lent_to(person).any(|role| counts(&role))
    }

    /// Who gave an approval that was taken, if it counts for the order now: for whom it was given,
    /// and for nobody else.
    pub(crate) fn still_counts(
        &self,
        open: &OpenOrder,
        given: &GivenApproval,
        now: u64,
    ) -> Result<Capacity, Code> {
        let certificate = &given.certificate;
        let (person, serial) = self.named_credential(certificate, &given.key_sha256)?;
        self.credential_holds(certificate, person, serial, now)?;
        self.passkey_stands(&given.approval.signed_statement())?;
        let acting_for = given.approval.acting_for.as_deref();
        let capacity = self.capacity((&person, acting_for), (&open.read, &open.body), now)?;
        self.rests_on_older(&capacity, given.grants, (&open.body, now))?;
        Ok(capacity)
    }

    /// Whether an approval that was given after so many grants rests on roles that were held or
    /// lent then: what lapsed with one does not come back, since nobody who grants it anew reads of
    /// that.
    fn rests_on_older(
        &self,
        one: &Capacity,
        grants: u64,
        (body, now): (&Body, u64),
    ) -> Result<(), Code> {
        let person = self.people.get(&one.voice()).ok_or(Code::ApproverRevoked)?;
        let is_acting = one.acting_for.is_some();
        if !is_acting && person.granted.values().all(|grant| *grant <= grants) {
            return Ok(());
        }
        if let Body::Batch(batch) = body {
            let rests = |row: &OpenOrder| self.rests_on_older(one, grants, (&row.body, now));
            return self.open_rows(batch, 0).try_for_each(|(_, row)| rests(row));
        }
        let is_older = |role: Role, scope: &str| person.grant_of(role, scope) <= grants;
        let rules = self.rules_for(body)?;
        let rests = match one.acting_for {
            None => {
                let held = self.held_roles(&one.person).into_iter();
                let held: Vec<_> = held.filter(|&(role, scope)| is_older(role, scope)).collect();
                self.pools_of((&one.person, &held), &rules, body).is_ok()
            }
            Some(absent) => {
                let mut acting = self.acting_by(&one.person, &rules, (body, now)).into_iter();
                acting.any(|(lent, _)| {
                    let is_theirs = lent.absent == absent && lent.grant <= grants;
                    is_theirs && is_older(lent.role, &lent.scope)
                })
            }
        };
        if rests { Ok(()) } else { Err(Code::ApproverRevoked) }
    }

    /// Whether one of the rule's roles is among those that count for the person, over everything
    /// the order concerns.
    pub(crate) fn satisfies_rule(
        &self,
        person: &str,
        held: &[(Role, &str)],
        rule: &ApprovalRule,
        body: &Body,
    ) -> Result<(), Code> {
        let held: Vec<&str> = held
            .iter()
            .filter(|(role, _)| rule.roles.contains(role))
            .map(|(_, scope)| *scope)
            .collect();
        if held.is_empty() {
            let had = self.pending.withdrawn.iter().any(|(who, _, _)| **who == *person);
            return Err(if had { Code::ApproverRevoked } else { Code::ApproverRole });
        }
        let places = self.concerned(rule, body);
        let covered = |place: &&str| {
            let above = self.above(place);
            held.iter().any(|scope| above.contains(scope))
        };
        if places.iter().all(covered) { Ok(()) } else { Err(Code::ApproverScope) }
    }

    /// Every unit over which a rule asks for a role.
    pub(crate) fn concerned<'a>(&'a self, rule: &ApprovalRule, body: &'a Body) -> Vec<&'a str> {
        match rule.scope {
            Scope::City => vec![self.city_unit()],
            Scope::Unit => self.places(body),
        }
    }

    /// Every unit that the order concerns.
    pub(crate) fn places<'a>(&'a self, body: &'a Body) -> Vec<&'a str> {
        let mut places: Vec<&str> = match body {
            Body::Issue(issue) => issue.subject.ou.last().map(String::as_str).into_iter().collect(),
            Body::Unit(unit) => match unit.action {
                UnitAction::Create => vec![&unit.parent],
                UnitAction::Move => vec![&unit.parent, &unit.unit],
                // Wherever it is by now: a brake follows what it takes away.
                UnitAction::Close => {
                    let known = self.unit(&unit.unit).and_then(|known| known.parent.as_deref());
                    vec![known.unwrap_or(unit.parent.as_str()), unit.unit.as_str()]
                }
            },
            Body::Person(person) => vec![&person.unit],
            Body::Role(role) => vec![&role.scope],
            Body::Delegate(one) => vec![&one.scope],
            // Wherever its leader is: the unit owns it, and so does the one that is to lose it.
            Body::System(system) => {
                let was = self.system(&system.system).map(|known| known.unit.as_str());
                if let Some(was) = was.filter(|_| system.action == "close") {
                    return vec![was];
                }
                let lost = was.filter(|was| *was != system.unit);
                return [system.unit.as_str()].into_iter().chain(lost).collect();
            }
            Body::Revoke(RevokeBody { system: Some(of), .. }) => {
                let known = self.system(&of.system).map(|known| known.unit.as_str());
                return vec![known.unwrap_or(&of.unit)];
            }
            Body::EmergencyReview(review) => return self.places_of_review(review),
            Body::Revoke(_) | Body::Release(_) | Body::Batch(_) => Vec::new(),
            Body::Profile(_)
            | Body::ApprovalRules(_)
            | Body::Portal(_)
            | Body::Agent(_)
            | Body::Credential(_)
            | Body::Mode(_)
            | Body::Emergency(_)
            | Body::Bundle(_) => vec![self.city_unit()],
        };
        let own = body.person().and_then(|person| self.person(person));
        places.extend(own.map(|person| person.unit.as_str()));
        places
    }

    /// Whether an order is about somebody, so that they do not decide about it: it names them, or
    /// they are in charge of the system that it changes, or of which it revokes a certificate.
    pub(crate) fn is_about(&self, body: &Body, person: &str) -> bool {
        let system = match body {
            Body::System(body) => Some(body.system.as_str()),
            Body::Revoke(body) => body.system.as_ref().map(|of| of.system.as_str()),
            _ => None,
        };
        let known = || system.and_then(|id| self.system(id));
        let leads = || known().is_some_and(|known| known.leader == person);
        let is_excepted = body.excepts().iter().any(|one| one == person);
        body.person() == Some(person) || body.also_about() == Some(person) || is_excepted || leads()
    }

    /// The rule of the kind, and the profile's own if it asks for more.
    pub(crate) fn rules_for(&self, body: &Body) -> Result<Vec<ApprovalRule>, Code> {
        if let Body::Batch(batch) = body {
            return self.rules_for_all(batch);
        }
        let mut rule = self.rules.approvals.rule(body.kind()).ok_or(Code::UnknownKind)?.clone();
        if matches!(body, Body::Emergency(_)) {
            // Whatever a file says, nobody opens an emergency alone.
            rule.count = rule.count.max(2);
        }
        let Body::Issue(issue) = body else { return Ok(vec![rule]) };
        let asked = self.profile_of(&issue.profile.id)?.profile.approvals();
        let more = asked.map(|asked| ApprovalRule {
            roles: asked.roles.iter().filter_map(|name| Role::from_name(name)).collect(),
            scope: rule.scope,
            count: asked.count,
            outside_browser: asked.outside_browser,
            sample: 0,
            sample_percent: 0,
        });
        // A profile may ask for more: the rule of the kind holds beside its own.
        Ok([rule].into_iter().chain(more).collect())
    }
}
