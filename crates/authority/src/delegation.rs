//! Delegations while somebody is on leave: an order lends one role of theirs to somebody else, from
//! one day to another. It gives nothing that the absent do not hold themselves, and ends with what
//! it rests on.

use crate::authority::Authority;
use crate::id::PersonId;
use crate::state::Delegation;
use records::code::Code;
use records::order::{DELEGATION_SECONDS, DelegateBody, LENDS_MAX, LENT_MAX, RoleAction};
use records::people::{SNAPSHOT_SECONDS, SnapshotDelegation};
use records::rules::Role;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Authority {
    /// The delegations to a person, as the tree holds them; some may be over.
    pub fn delegations_to(&self, person: &str) -> impl Iterator<Item = &Delegation> {
        let found = PersonId::read(person).and_then(|id| self.delegations.get(&id));
        found.into_iter().flat_map(|list| list.iter())
    }

    /// Every delegation with the person who acts; some may be over.
    pub fn delegations(&self) -> impl Iterator<Item = (&PersonId, &Delegation)> {
        self.delegations.iter().flat_map(|(id, list)| list.iter().map(move |one| (id, one)))
    }

    /// Whether a delegation counts at `now`: within its time, not ended, and the absent hold the
    /// role themselves.
    pub fn is_acting(&self, person: &str, delegation: &Delegation, now: u64) -> bool {
        let Delegation { from, until, .. } = delegation;
        let in_time = (*from..=*until).contains(&now);
        in_time && self.still_lent(person, delegation)
    }

    /// Whether a delegation counts within its time: it was not ended, and the absent hold the role
    /// themselves.
    fn still_lent(&self, person: &str, delegation: &Delegation) -> bool {
        let Delegation { absent, role, scope, .. } = delegation;
        let ended = self.pending.is_undelegated(person, delegation);
        !ended && !self.has_left(person) && self.holds(absent, *role, scope)
    }

    /// What gates are told at `now` that is lent to a person: what counts, or will before such a
    /// snapshot is over. It is made anew when half of that is.
    pub(crate) fn lent_at_gates(&self, person: &str, now: u64) -> Vec<SnapshotDelegation> {
        let soon = now + SNAPSHOT_SECONDS;
        let told = self
            .delegations_to(person)
            .filter(|one| one.from <= soon && one.until >= now && self.still_lent(person, one));
        let told = told.map(|one| SnapshotDelegation {
            role: one.role,
            scope: one.scope.clone(),
            absent: one.absent.to_string(),
            from: records::time::seconds(one.from),
            until: records::time::seconds(one.until),
        });
        told.take(LENT_MAX).collect()
    }

    /// Roles that were lent to a person and may still count: they exclude others as own ones do.
    pub(crate) fn lent_to(&self, person: &str) -> impl Iterator<Item = Role> {
        let now = self.signed_time;
        self.delegations_to(person).filter(move |one| one.until >= now).map(|one| one.role)
    }

    /// What a person lends to others and is not over, with who acts.
    pub(crate) fn lent_by(&self, absent: &str) -> impl Iterator<Item = (&PersonId, &Delegation)> {
        let now = self.signed_time;
        self.delegations().filter(move |(_, one)| *one.absent == *absent && one.until >= now)
    }

    /// Whether a delegation may be made, or ended.
    pub(crate) fn delegate_fits(&self, body: &DelegateBody) -> Result<(), Code> {
        let wanted = read(body).ok_or(Code::Malformed)?;
        let known = self.delegations_to(&body.person).any(|one| *one == wanted);
        if body.action == RoleAction::Withdraw {
            return if known { Ok(()) } else { Err(Code::StateConflict) };
        }
        let person = self.person(&body.person).ok_or(Code::PersonUnknown)?;
        if self.has_left(&body.person) || self.has_left(&body.absent) {
            return Err(Code::PersonLeft);
        }
        let long = wanted.until - wanted.from > DELEGATION_SECONDS;
        if body.person == body.absent || long || !self.decides(body.role) {
            return Err(Code::Malformed);
        }
        if wanted.until < self.signed_time {
            return Err(Code::DelegationExpired);
        }
        let mut held = person.roles.iter().map(|(role, _)| *role).chain(self.lent_to(&body.person));
        if held.any(|held| self.excludes(held, body.role)) {
            return Err(Code::RoleConflict);
        }
        // An order about either of the two has room for so many.
        let has_room = self.lent_to(&body.person).count() < LENT_MAX
            && self.lent_by(&body.absent).count() < LENDS_MAX;
        let is_held = person.holds(body.role, &body.scope);
        match self.holds(&body.absent, body.role, &body.scope) {
            true if !known && !is_held && has_room => Ok(()),
            _ => Err(Code::StateConflict),
        }
    }

    /// Whether one person cannot hold both roles (三员分立).
    pub(crate) fn excludes(&self, one: Role, other: Role) -> bool {
        let never = |role: &Role, other: &Role| {
            let rule = self.rules.roles.role.get(role);
            rule.is_some_and(|rule| rule.never_with.contains(other))
        };
        never(&one, &other) || never(&other, &one)
    }

    /// Whether a role lets anybody approve anything.
    pub fn decides(&self, role: Role) -> bool {
        self.rules.approvals.kind.values().any(|rule| rule.roles.contains(&role))
    }

    /// Makes a delegation, or ends it; those that are over are forgotten meanwhile.
    pub(crate) fn enact_delegate(&mut self, body: &DelegateBody) -> Result<(), Code> {
        let mut wanted = read(body).ok_or(Code::Malformed)?;
        let person = PersonId::read(&body.person).ok_or(Code::Malformed)?;
        if body.action == RoleAction::Grant {
            self.grants += 1;
            wanted.grant = self.grants;
        }
        let now = self.signed_time;
        let list = Arc::make_mut(self.delegations.entry(person).or_default());
        list.retain(|one| one.until >= now && *one != wanted);
        if body.action == RoleAction::Grant {
            list.push(wanted);
        }
        if list.is_empty() {
            self.delegations.remove(&person);
        }
        Ok(())
    }

    /// What somebody lends ends with what it rests on, for good: whoever grants them the role again
    /// later reads of no deputy, and there is none.
    pub(crate) fn end_lent_by(&mut self, absent: &str, ends: impl Fn(&Delegation) -> bool) {
        let is_over = |one: &Delegation| *one.absent == *absent && ends(one);
        let deputies: BTreeSet<PersonId> =
            self.delegations().filter(|(_, one)| is_over(one)).map(|(id, _)| *id).collect();
        for deputy in deputies {
            let Some(list) = self.delegations.get_mut(&deputy) else { continue };
            let list = Arc::make_mut(list);
            list.retain(|one| !is_over(one));
            if list.is_empty() {
                self.delegations.remove(&deputy);
            }
        }
    }
}

/// A delegation as its order says it, before any grant.
pub(crate) fn read(body: &DelegateBody) -> Option<Delegation> {
    let from = records::time::read(&body.from)?;
    let until = records::time::read(&body.until).filter(|until| *until > from)?;
    let (role, scope) = (body.role, body.scope.clone());
    let absent = PersonId::read(&body.absent)?;
    Some(Delegation { absent, role, scope, from, until, grant: 0 })
}
