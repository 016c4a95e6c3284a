//! What a person's leaving or transfer would take away, before anybody approves it. It is told and
//! decides nothing: what really ends follows from the order once it is in the tree.

use crate::authority::Authority;
use crate::id::{OrderDigest, PersonId, Reference, Serial};
use records::code::Code;
use records::order::{Body, NamingRule, PersonAction};
use records::rules::Role;
use std::collections::{BTreeSet, HashSet};

/// What a change of a person takes away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consequence {
    /// Certificates that applications refuse from then on, suspended ones with them.
    pub certificates: Vec<Serial>,
    /// These roles end, each with the unit over which it was held.
    pub roles: Vec<(Role, String)>,
    /// Letters that open nothing any more.
    pub letters: Vec<Reference>,
    /// Orders about them that can only be declined from then on.
    pub orders: Vec<OrderDigest>,
    /// Applications whose gates know them no longer.
    pub applications: BTreeSet<String>,
    /// Those whose gates know them from then on, and did not.
    pub enters: BTreeSet<String>,
    /// Access rules in force that name a unit above them from then on.
    pub begins: Vec<NamingRule>,
    /// Those that name a unit which is above them no longer.
    pub ends: Vec<NamingRule>,
}

impl Authority {
    /// What a person's transfer to a unit takes away, or their leaving if there is none.
    pub fn consequence(
        &self,
        person: &str,
        to: Option<&str>,
        now: u64,
    ) -> Result<Consequence, Code> {
        let id = PersonId::read(person).ok_or(Code::PersonUnknown)?;
        let state = self.people.get(&id).ok_or(Code::PersonUnknown)?;
        if to.is_some_and(|to| self.unit(to).is_none()) {
            return Err(Code::UnitUnknown);
        }
        let leaves = to.is_none();
        let stays = to.is_some_and(|to| {
            self.organizational_units(to) == self.organizational_units(&state.unit)
        });
        // Who leaves has a suspended one revoked as well, and no release brings it back.
        let counts = state.serials.iter().filter(|serial| self.may_count(serial, now));
        let roles = state.roles.iter().filter(|(role, scope)| self.holds(person, *role, scope));
        let letters = self.open_letters_of(&id, now);
        let is_corrected = to == Some(state.unit.as_str());
        let rests = |body: &Body| match body {
            // Who is to leave leaves, whatever of their record is corrected meanwhile.
            Body::Person(one) => one.action != PersonAction::Leave || !is_corrected,
            Body::Issue(_) => true,
            Body::Role(_) | Body::Credential(_) => leaves,
            _ => false,
        };
        let orders = self.open_orders().filter(|(_, open)| {
            rests(&open.body) && open.body.person() == Some(person) && now <= open.expires
        });
        let was = self.above(&state.unit);
        let is = to.map(|to| self.above(to)).unwrap_or_default();
        let rules = self.rules_of_move((&was, &is), &HashSet::new());
        Ok(Consequence {
            begins: rules.begins,
            ends: rules.ends.into_iter().filter(|_| !leaves).collect(),
            certificates: counts.filter(|_| !stays).copied().collect(),
            roles: roles.filter(|_| leaves).cloned().collect(),
            letters: letters.filter(|_| leaves).copied().collect(),
            orders: orders.map(|(digest, _)| digest).collect(),
            applications: self.applications_lost(&state.unit, to),
            enters: to.map(|to| self.applications_lost(to, Some(&state.unit))).unwrap_or_default(),
        })
    }

    /// Whether a person's certificate was issued, is in time and neither revoked nor suspended.
    pub fn is_in_force(&self, serial: &Serial, now: u64) -> bool {
        self.is_issued_in_time(serial, now) && self.revoked_entry(serial).is_none()
    }

    /// Whether a person's certificate counts, or may count again: one that is suspended does.
    pub fn may_count(&self, serial: &Serial, now: u64) -> bool {
        self.is_issued_in_time(serial, now) && !self.is_ended_entry(serial)
    }

    fn is_issued_in_time(&self, serial: &Serial, now: u64) -> bool {
        let held = self.held.get(serial);
        held.is_some_and(|held| held.sha256.is_some() && held.not_after >= now)
    }

    /// Applications whose gates know people of a unit.
    pub fn applications_of(&self, unit: &str) -> BTreeSet<String> {
        let above = self.above(unit);
        let agents = self.agents().filter(|(id, agent)| {
            self.serves(id) && agent.units.iter().any(|own| above.contains(&own.as_str()))
        });
        agents.map(|(_, agent)| agent.application.clone()).collect()
    }

    /// Applications whose gates know people of one unit and none of the other.
    fn applications_lost(&self, from: &str, to: Option<&str>) -> BTreeSet<String> {
        let kept = to.map(|to| self.applications_of(to)).unwrap_or_default();
        self.applications_of(from).difference(&kept).cloned().collect()
    }
}
