//! Who may have a say about orders, found by roles and units: of all officers of a city few are
//! judged for each order.

use crate::authority::Authority;
use crate::id::PersonId;
use records::order::Body;
use records::rules::Role;
use std::collections::{BTreeSet, HashMap};

/// Everybody who holds a role, or to whom one was lent, by that role and where it holds.
pub struct Officers<'a>(HashMap<Role, HashMap<&'a str, Vec<PersonId>>>);

impl Authority {
    /// The officers of now; one look at them serves many orders.
    pub fn officers(&self) -> Officers<'_> {
        let mut all: HashMap<Role, HashMap<&str, Vec<PersonId>>> = HashMap::new();
        let own = self.appointed.iter().flat_map(|id| {
            let held = self.held_roles(id).into_iter();
            held.map(move |(role, scope)| (*id, role, scope))
        });
        let lent = self.delegations().map(|(id, one)| (*id, one.role, one.scope.as_str()));
        for (id, role, scope) in own.chain(lent) {
            all.entry(role).or_default().entry(scope).or_default().push(id);
        }
        Officers(all)
    }

    /// Those whose roles reach an order: nobody else may decide about it, and whether they do,
    /// [`Authority::may_decide`] says.
    pub fn reached_by(&self, officers: &Officers<'_>, body: &Body) -> BTreeSet<PersonId> {
        // Whoever decides about many orders as one may decide about each.
        let body = match body {
            Body::Batch(batch) => {
                let mut rows = self.open_rows(batch, 0).map(|(_, row)| row);
                // About what is elsewhere by now others decide than about the rest.
                let here = rows.find(|row| !self.is_elsewhere(row));
                match here.or_else(|| self.open_rows(batch, 0).next().map(|(_, row)| row)) {
                    Some(row) => &*row.body,
                    None => return BTreeSet::new(),
                }
            }
            body => body,
        };
        let rules = self.rules_for(body).unwrap_or_default();
        let Some(rule) = rules.first() else { return BTreeSet::new() };
        let places = self.concerned(rule, body);
        let above = places.first().map(|place| self.above(place));
        let held = rule.roles.iter().filter_map(|role| officers.0.get(role));
        let reaches = &|scope: &str| above.as_ref().is_none_or(|above| above.contains(&scope));
        let found = held.flat_map(|held| held.iter().filter(move |(scope, _)| reaches(scope)));
        found.flat_map(|(_, people)| people).copied().collect()
    }
}
