//! What goes with a unit that moves, whose roles reach it from then on or no longer, and which
//! access rules: signed with the order, so that whoever approves it reads over whom somebody gets a
//! say, and where somebody may pass.

use crate::authority::Authority;
use crate::id::Serial;
use records::order::{
    FollowingRule, MovedUnit, NamingRule, REACH_MAX, ReachingDeputy, ReachingRole,
};
use records::rule_units::RuleUnits;
use records::rules::Role;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

/// So many characters of a rule's id, or of a route, are told.
const RULE_CHARS_MAX: usize = 64;

/// Access rules that speak of a unit that moves, or of those where somebody comes to.
pub(crate) struct MovedRules {
    pub(crate) begins: Vec<NamingRule>,
    pub(crate) ends: Vec<NamingRule>,
    follows: Vec<FollowingRule>,
}

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
        let chains = (self.above(unit), after.above(unit));
        let mut rules = self.rules_of_move((&chains.0, &chains.1), &inside);
        let [mut gains_lent, mut loses_lent] = [&gains, &loses].map(|all| self.deputies_of(all));
        let (more_gains, more_loses) = (cut(&mut gains), cut(&mut loses));
        let (was, is) = (self.known_at(unit), after.known_at(unit));
        MovedUnit {
            more_gains_lent: cut(&mut gains_lent),
            more_loses_lent: cut(&mut loses_lent),
            more_begins: cut(&mut rules.begins),
            more_ends: cut(&mut rules.ends),
            more_follows: cut(&mut rules.follows),
            gains_lent,
            loses_lent,
            begins: rules.begins,
            ends: rules.ends,
            follows: rules.follows,
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

    /// Who acts for those who hold these roles, unless that is over.
    fn deputies_of(&self, roles: &[ReachingRole]) -> Vec<ReachingDeputy> {
        let held: HashSet<(&str, Role, &str)> =
            roles.iter().map(|one| (one.person.as_str(), one.role, one.scope.as_str())).collect();
        let lent = self.delegations().filter(|(_, one)| {
            let key = (one.absent.as_str(), one.role, one.scope.as_str());
            one.until >= self.signed_time && held.contains(&key)
        });
        let named = lent.map(|(deputy, one)| ReachingDeputy {
            person: deputy.to_string(),
            absent: one.absent.to_string(),
            role: one.role,
            scope: one.scope.clone(),
            from: records::time::seconds(one.from),
            until: records::time::seconds(one.until),
        });
        let mut named: Vec<ReachingDeputy> = named.collect();
        named.sort();
        named
    }

    /// Access rules in force that name a unit which is above one from then on (`is`) or no longer
    /// (`was`), or a role over something `inside` it, which who holds it above holds there; and
    /// those that name none and ask who is below whom.
    pub(crate) fn rules_of_move(
        &self,
        (was, is): (&[&str], &[&str]),
        inside: &HashSet<&str>,
    ) -> MovedRules {
        let mut all = MovedRules { begins: Vec::new(), ends: Vec::new(), follows: Vec::new() };
        let gained: Vec<&str> = is.iter().filter(|unit| !was.contains(unit)).copied().collect();
        let lost: Vec<&str> = was.iter().filter(|unit| !is.contains(unit)).copied().collect();
        for said in RuleUnits::of(&self.bundle().files) {
            let rule: String = said.rule.chars().take(RULE_CHARS_MAX).collect();
            let application = said.application;
            let naming = |unit: &str| NamingRule {
                application: application.clone(),
                rule: rule.clone(),
                unit: unit.to_owned(),
            };
            for (list, above) in [(&mut all.begins, &gained), (&mut all.ends, &lost)] {
                for unit in &said.units {
                    if above.contains(&unit.as_str()) {
                        list.push(naming(unit));
                    }
                }
                for unit in &said.scopes {
                    if !above.is_empty() && inside.contains(unit.as_str()) {
                        list.push(naming(unit));
                    }
                }
            }
            if said.follows {
                all.follows.push(FollowingRule { application, rule });
            }
        }
        in_order(&mut all.begins);
        in_order(&mut all.ends);
        in_order(&mut all.follows);
        all
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
fn cut<T>(list: &mut Vec<T>) -> u32 {
    let more = small(list.len().saturating_sub(REACH_MAX));
    list.truncate(REACH_MAX);
    more
}

/// Each once.
fn in_order<T: Ord>(list: &mut Vec<T>) {
    list.sort();
    list.dedup();
}

fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
