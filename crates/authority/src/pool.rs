//! Pools: officers of several counties who decide for a unit beside an officer of its own, where it
//! has one.

use crate::approver::Capacity;
use crate::authority::Authority;
use crate::id::PersonId;
use records::code::Code;
use records::order::{Body, Order};
use records::rules::{ApprovalRule, Role};
use std::collections::HashMap;

/// Officers of units below pools, by pool and unit: looked for once for all rows of a batch.
#[derive(Default)]
pub(crate) struct Locals<'a>(HashMap<String, HashMap<&'a str, Vec<PersonId>>>);

impl Authority {
    /// The scopes of the pools by which alone these roles of somebody count for an order, all that
    /// they hold; none where they count without a pool.
    pub(crate) fn pools_of(
        &self,
        (person, held): (&str, &[(Role, &str)]),
        rules: &[ApprovalRule],
        body: &Body,
    ) -> Result<Vec<String>, Code> {
        let satisfied = |held: &[(Role, &str)]| {
            rules.iter().try_for_each(|rule| self.satisfies_rule(person, held, rule, body))
        };
        let own = |(role, _): &&(Role, &str)| *role != Role::PoolOfficer;
        let without: Vec<_> = held.iter().filter(own).copied().collect();
        let Err(refused) = satisfied(&without) else { return Ok(Vec::new()) };
        let pools = held.iter().filter(|(role, _)| *role == Role::PoolOfficer);
        let pools: Vec<String> = pools.map(|(_, scope)| (*scope).to_owned()).collect();
        if pools.is_empty() {
            return Err(refused);
        }
        satisfied(held).map(|()| pools)
    }

    /// Whether somebody is an officer of the unit itself, below the scope of one of these pools.
    pub(crate) fn is_local(&self, person: &str, body: &Body, pools: &[String]) -> bool {
        let held = self.held_roles(person).into_iter();
        let below = |(role, scope): &(Role, &str)| {
            pools.iter().any(|pool| self.is_below(pool, *role, scope))
        };
        let held: Vec<_> = held.filter(below).collect();
        let Ok(rules) = self.rules_for(body) else { return false };
        !self.is_about(body, person)
            && rules.iter().all(|rule| self.satisfies_rule(person, &held, rule, body).is_ok())
    }

    /// Whether those who decided need an officer of the unit itself among them: a pool was asked,
    /// and there is one below it who neither drafted the order nor is concerned by it. Each pool
    /// asks for itself, whoever decided first. A brake waits for nobody.
    pub(crate) fn lacks_local<'a>(
        &'a self,
        decided: &[Capacity],
        (order, body): (&Order, &Body),
        locals: &mut Locals<'a>,
    ) -> bool {
        if body.takes_away() || matches!(body, Body::Batch(_)) {
            return false;
        }
        let asked = decided.iter().filter(|one| !one.pools.is_empty());
        asked.map(|one| &*one.pools).any(|pools| {
            let has_local = decided.iter().any(|one| self.is_local(&one.voice(), body, pools));
            !has_local && self.has_local(pools, (order, body), locals)
        })
    }

    /// Whether an officer of the unit itself could decide about an order beside these pools.
    fn has_local<'a>(
        &'a self,
        pools: &[String],
        (order, body): (&Order, &Body),
        locals: &mut Locals<'a>,
    ) -> bool {
        let could =
            |id: &&PersonId| self.is_local(id, body, pools) && !self.has_drafted(id, order, body);
        let places = self.places(body);
        pools.iter().any(|pool| {
            let officers = locals.0.entry(pool.clone()).or_insert_with(|| self.below(pool));
            let Some(place) = places.first() else {
                return officers.values().flatten().any(|id| could(&id));
            };
            // Whoever counts for the order holds a role over each of its places.
            let above = self.above(place);
            above.iter().filter_map(|scope| officers.get(*scope)).flatten().any(|id| could(&id))
        })
    }

    /// Who holds a role over a unit below a pool's scope, by that unit.
    fn below(&self, pool: &str) -> HashMap<&str, Vec<PersonId>> {
        let mut officers: HashMap<&str, Vec<PersonId>> = HashMap::new();
        for id in self.appointed.iter() {
            for (role, scope) in self.held_roles(id) {
                if self.is_below(pool, role, scope) {
                    officers.entry(scope).or_default().push(*id);
                }
            }
        }
        officers
    }

    /// Whether a role is one of a unit's own officers, for a pool.
    fn is_below(&self, pool: &str, role: Role, scope: &str) -> bool {
        role != Role::PoolOfficer && scope != pool && self.above(scope).contains(&pool)
    }
}
