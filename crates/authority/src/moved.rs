//! What goes with a unit that moves, and whose roles reach it from then on or no longer: signed
//! with the order, so that whoever approves it reads over whom somebody gets a say.

use crate::authority::Authority;
use crate::id::Serial;
use records::order::{MovedUnit, REACH_MAX, ReachingRole};
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

impl Authority {
    /// What an order moves that puts a unit below `parent`, in the state that is in force.
    pub(crate) fn moved(&self, unit: &str, parent: &str) -> MovedUnit {
        let after = self.with_moved(unit, parent);
        let inside: HashSet<&str> =
            self.units().map(|(id, _)| id).filter(|id| self.above(id).contains(&unit)).collect();
        let says_others: HashSet<&str> = inside
            .iter()
            .filter(|id| self.organizational_units(id) != after.organizational_units(id))
            .copied()
            .collect();
        let people =
            self.people().filter(|(_, one)| !one.left && inside.contains(one.unit.as_str()));
        let (mut count, mut certificates) = (0, 0);
        for (_, person) in people {
            count += 1;
            if says_others.contains(person.unit.as_str()) {
                let in_force = |serial: &&Serial| self.is_in_force(serial, self.signed_time);
                certificates += person.serials.iter().filter(in_force).count();
            }
        }
        let of = |one: &str| inside.contains(one);
        let systems = self.systems().filter(|(_, system)| system.open && of(&system.unit));
        let (mut gains, mut loses) = self.reach_of_move(unit, parent);
        let (more_gains, more_loses) = (cut(&mut gains), cut(&mut loses));
        let (was, is) = (self.known_at(unit), after.known_at(unit));
        MovedUnit {
            units: small(inside.len().saturating_sub(1)),
            people: small(count),
            certificates: small(certificates),
            systems: small(systems.count()),
            gains,
            more_gains,
            loses,
            more_loses,
            enters: is.difference(&was).cloned().collect(),
            leaves: was.difference(&is).cloned().collect(),
        }
    }

    /// Roles that reach a unit once it is below `parent` and do not now, and those that do now and
    /// will not; each by person.
    pub fn reach_of_move(
        &self,
        unit: &str,
        parent: &str,
    ) -> (Vec<ReachingRole>, Vec<ReachingRole>) {
        let after = self.with_moved(unit, parent);
        let (was, is) = (self.above(unit), after.above(unit));
        let over = |chain: &[&str], other: &[&str]| {
            let mut roles = Vec::new();
            for id in self.appointed.iter() {
                let Some(person) = self.people.get(id).filter(|person| !person.left) else {
                    continue;
                };
                for (role, scope) in &person.roles {
                    let reaches = |all: &[&str]| all.contains(&scope.as_str());
                    if reaches(chain) && !reaches(other) {
                        let (person, scope) = (id.to_string(), scope.clone());
                        roles.push(ReachingRole { person, role: *role, scope });
                    }
                }
            }
            roles.sort();
            roles
        };
        (over(&is, &was), over(&was, &is))
    }

    /// The same city with a unit below another one.
    fn with_moved(&self, unit: &str, parent: &str) -> Self {
        let mut after = self.clone();
        if let Some(moved) = after.units.get_mut(unit) {
            Arc::make_mut(moved).parent = Some(parent.to_owned());
        }
        after
    }

    /// Applications whose gates know people of a unit, as orders that are in the tree have it.
    fn known_at(&self, unit: &str) -> BTreeSet<String> {
        let above = self.above(unit);
        let knows = |own: &String| above.contains(&own.as_str());
        let agents = self.agents().filter(|(_, agent)| agent.open && agent.units.iter().any(knows));
        agents.map(|(_, agent)| agent.application.clone()).collect()
    }
}

/// Leaves as many of a list as an order names; gives how many more there were.
fn cut(roles: &mut Vec<ReachingRole>) -> u32 {
    let more = small(roles.len().saturating_sub(REACH_MAX));
    roles.truncate(REACH_MAX);
    more
}

fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
