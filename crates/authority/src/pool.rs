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
    /// The scope of the pool by which alone these roles of somebody count for an order; `None`
    /// where they count without a pool.
    pub(crate) fn pool_of(
        &self,
        (person, held): (&str, &[(Role, &str)]),
        rules: &[ApprovalRule],
        body: &Body,
    ) -> Result<Option<String>, Code> {
        let satisfied = |held: &[(Role, &str)]| {
            rules.iter().try_for_each(|rule| self.satisfies_rule(person, held, rule, body))
        };
        let own = |(role, _): &&(Role, &str)| *role != Role::PoolOfficer;
        let without: Vec<_> = held.iter().filter(own).copied().collect();
        let Err(refused) = satisfied(&without) else { return Ok(None) };
        let pool = held.iter().find(|(role, _)| *role == Role::PoolOfficer);
        let (_, scope) = pool.ok_or(refused)?;
        satisfied(held).map(|()| Some((*scope).to_owned()))
    }

    /// Whether somebody is an officer of the unit itself, below the pool's scope.
    pub(crate) fn is_local(&self, person: &str, body: &Body, pool: &str) -> bool {
        let held = self.held_roles(person).into_iter();
        let held: Vec<_> = held.filter(|(role, scope)| self.is_below(pool, *role, scope)).collect();
        let Ok(rules) = self.rules_for(body) else { return false };
        !self.is_about(body, person)
            && rules.iter().all(|rule| self.satisfies_rule(person, &held, rule, body).is_ok())
    }

    /// Whether those who decided need an officer of the unit itself among them: the pool was asked,
    /// and there is one who neither drafted the order nor is concerned by it. A brake waits for
    /// nobody.
    pub(crate) fn lacks_local<'a>(
        &'a self,
        decided: &[Capacity],
        (order, body): (&Order, &Body),
        locals: &mut Locals<'a>,
    ) -> bool {
        let pool = decided.iter().find_map(|one| one.pool.as_deref());
        let Some(pool) = pool.filter(|_| !body.takes_away() && !matches!(body, Body::Batch(_)))
        else {
            return false;
        };
        let local = |person: &str| self.is_local(person, body, pool);
        let could = |id: &&PersonId| local(id) && !self.has_drafted(id, order, body);
        if decided.iter().any(|one| local(&one.voice())) {
            return false;
        }
        let officers = locals.0.entry(pool.to_owned()).or_insert_with(|| self.below(pool));
        let places = self.places(body);
        let Some(place) = places.first() else {
            return officers.values().flatten().any(|id| could(&id));
        };
        // Whoever counts for the order holds a role over each of its places.
        let above = self.above(place);
        above.iter().filter_map(|scope| officers.get(*scope)).flatten().any(|id| could(&id))
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
