//! Units, people and roles as Cedar sees them, ready for slicing: everything about one person or
//! one unit is small, so a decision looks at a handful of entities however large the city is.

use crate::delegation::{LENT_MAX, LentRole};
use cedar_policy::{Entity, EntityId, EntityTypeName, EntityUid, RestrictedExpression};
use records::people::{PeopleSnapshot, SnapshotPerson};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::str::FromStr;

/// The entity types of every schema.
pub(crate) const PERSON: &str = "Person";
pub(crate) const UNIT: &str = "Unit";
pub(crate) const ROLE: &str = "Role";
pub(crate) const RECORD: &str = "Record";
pub(crate) const ACTION: &str = "Action";

/// The roles that a record knows the holders of, over its unit.
pub const ROLES: [&str; 7] = [
    "official",
    "unit-handler",
    "registration-officer",
    "system-administrator",
    "security-administrator",
    "auditor",
    "application-owner",
];

/// So many units stand above each other, twice as many as a city may have; of somebody deeper
/// nothing is decided. What a decision takes grows with the square of it.
const UNITS_DEEP_MAX: usize = 64;

/// An entity of a type by id.
pub(crate) fn uid(kind: &str, id: &str) -> Option<EntityUid> {
    let kind = EntityTypeName::from_str(kind).ok()?;
    Some(EntityUid::from_type_name_and_id(kind, EntityId::new(id)))
}

/// A person as the rules see them.
#[derive(Clone, Debug)]
struct Someone {
    unit: String,
    roles: Vec<(String, String)>,
}

/// Units, people and roles at one number of a snapshot.
#[derive(Clone, Debug, Default)]
pub struct People {
    parents: HashMap<String, Option<String>>,
    city: String,
    people: HashMap<String, Someone>,
    /// What is lent, by whom it is lent to; nobody stands here to whom nothing is.
    lent: HashMap<String, Box<[LentRole]>>,
}

impl People {
    /// Those of a snapshot: so a gate reads it, and whoever decides again what a gate decided.
    pub fn of(snapshot: &PeopleSnapshot) -> Self {
        let units = snapshot.units.iter().map(|unit| (unit.unit.clone(), unit.parent.clone()));
        let people = snapshot.people.iter().map(|person| {
            let roles =
                person.roles.iter().map(|held| (held.role.name().to_owned(), held.scope.clone()));
            (person.person.clone(), person.unit.clone(), roles)
        });
        let deputies = snapshot.people.iter().filter(|person| !person.lent.is_empty());
        let lent = deputies.map(|person| (person.person.clone(), lent_to(person)));
        Self::new(units, people).with_lent(lent)
    }

    /// Units as (id, parent); people as (id, unit, [(role, scope)]).
    pub fn new<U, P, R>(units: U, people: P) -> Self
    where
        U: IntoIterator<Item = (String, Option<String>)>,
        P: IntoIterator<Item = (String, String, R)>,
        R: IntoIterator<Item = (String, String)>,
    {
        let parents: HashMap<String, Option<String>> = units.into_iter().collect();
        let mut tops: Vec<&String> =
            parents.iter().filter(|(_, parent)| parent.is_none()).map(|(id, _)| id).collect();
        tops.sort_unstable();
        let city = tops.first().map(|id| (*id).clone()).unwrap_or_default();
        let people = people
            .into_iter()
            .map(|(id, unit, roles)| (id, Someone { unit, roles: roles.into_iter().collect() }));
        Self { city, people: people.collect(), parents, lent: HashMap::new() }
    }

    /// The same with what is lent to people while its holders are on leave, whatever the time.
    pub fn with_lent<P, L>(self, lent: P) -> Self
    where
        P: IntoIterator<Item = (String, L)>,
        L: IntoIterator<Item = LentRole>,
    {
        let lent = lent.into_iter().filter_map(|(person, lent)| {
            let lent: Box<[LentRole]> = lent.into_iter().take(LENT_MAX).collect();
            (!lent.is_empty()).then_some((person, lent))
        });
        Self { lent: lent.collect(), ..self }
    }

    /// What is lent to a person, now or at another time.
    pub fn lent(&self, person: &str) -> &[LentRole] {
        self.lent.get(person).map(|lent| &**lent).unwrap_or_default()
    }

    /// What is lent to a person at a time.
    pub(crate) fn acting(&self, person: &str, now: u64) -> Vec<&LentRole> {
        self.lent(person).iter().filter(|one| one.counts_at(now)).collect()
    }

    /// Which of what is lent to a person counts at a time, a bit each, in their order.
    pub(crate) fn acting_mask(&self, person: &str, now: u64) -> u8 {
        let all = self.lent(person).iter().enumerate();
        let counts = all.filter(|(_, one)| one.counts_at(now));
        counts.fold(0, |mask, (place, _)| mask | 1 << place)
    }

    /// The unit of a person, if they are known here.
    pub fn unit(&self, person: &str) -> Option<&str> {
        self.people.get(person).map(|someone| someone.unit.as_str())
    }

    /// The id of the city's own unit.
    pub fn city(&self) -> &str {
        &self.city
    }

    /// The unit and everything above it, lowest first; nothing for an unknown one, and one more
    /// than may stand above each other of what lies deeper.
    pub fn above<'a>(&'a self, unit: &'a str) -> Vec<&'a str> {
        let mut chain = Vec::new();
        let mut next = self.parents.get_key_value(unit);
        while let Some((id, parent)) = next {
            if chain.len() > UNITS_DEEP_MAX || chain.contains(&id.as_str()) {
                break;
            }
            chain.push(id.as_str());
            next = parent.as_ref().and_then(|parent| self.parents.get_key_value(parent));
        }
        chain
    }

    /// What a person is in: their units, upwards, and the roles that they hold, over `unit` as
    /// well.
    pub(crate) fn groups(&self, person: &str, unit: &str) -> Option<HashSet<EntityUid>> {
        let someone = self.people.get(person)?;
        let (own, above) = (self.above(&someone.unit), self.above(unit));
        if own.len().max(above.len()) > UNITS_DEEP_MAX {
            return None;
        }
        let units = own.into_iter().filter_map(|unit| uid(UNIT, unit));
        let held = someone.roles.iter().filter_map(|(role, scope)| uid(ROLE, &over(role, scope)));
        // Whoever holds a role over a unit holds it over everything below.
        let inherited = someone.roles.iter().filter(|(_, scope)| above.contains(&scope.as_str()));
        let here = inherited.filter_map(|(role, _)| uid(ROLE, &over(role, unit)));
        Some(units.chain(held).chain(here).collect())
    }

    /// What is lent as rules read it, over its own unit and over `unit`, where that is below it:
    /// the roles, and each with whose it is.
    pub(crate) fn read_as(
        &self,
        lent: &[&LentRole],
        unit: &str,
    ) -> Option<(RestrictedExpression, RestrictedExpression)> {
        let above = self.above(unit);
        let (mut roles, mut whose) = (Vec::new(), Vec::new());
        for one in lent {
            let is_here = above.contains(&one.scope.as_str());
            let scopes = [Some(one.scope.as_str()), is_here.then_some(unit)];
            for scope in scopes.into_iter().flatten() {
                let role =
                    RestrictedExpression::new_entity_uid(uid(ROLE, &over(&one.role, scope))?);
                let absent = RestrictedExpression::new_entity_uid(uid(PERSON, &one.absent)?);
                let pair = [("absent".to_owned(), absent), ("role".to_owned(), role.clone())];
                whose.push(RestrictedExpression::new_record(pair).ok()?);
                roles.push(role);
            }
        }
        Some((RestrictedExpression::new_set(roles), RestrictedExpression::new_set(whose)))
    }

    /// The entities of a decision: the person, the record, and what stands between them.
    pub(crate) fn slice(&self, person: &str, record: &str, unit: &str) -> Option<Vec<Entity>> {
        let someone = self.people.get(person)?;
        let unit = if unit.is_empty() { self.city.as_str() } else { unit };
        let mut units: BTreeMap<&str, HashSet<EntityUid>> = BTreeMap::new();
        for chain in [self.above(&someone.unit), self.above(unit)] {
            for (position, id) in chain.iter().enumerate() {
                let above = chain.iter().skip(position + 1).filter_map(|above| uid(UNIT, above));
                units.insert(id, above.collect());
            }
        }
        let mut entities = Vec::with_capacity(units.len() + ROLES.len() + 2);
        for (id, above) in units {
            entities.push(Entity::new(uid(UNIT, id)?, HashMap::new(), above).ok()?);
        }
        let mut record_attributes = HashMap::new();
        record_attributes
            .insert("unit".to_owned(), RestrictedExpression::new_entity_uid(uid(UNIT, unit)?));
        let groups = self.groups(person, unit)?;
        for role in ROLES {
            let here = uid(ROLE, &over(role, unit))?;
            record_attributes.insert(role.to_owned(), RestrictedExpression::new_entity_uid(here));
        }
        entities.push(Entity::new(uid(PERSON, person)?, HashMap::new(), groups).ok()?);
        let parents = self.above(unit).into_iter().filter_map(|above| uid(UNIT, above)).collect();
        entities.push(Entity::new(uid(RECORD, record)?, record_attributes, parents).ok()?);
        Some(entities)
    }
}

fn over(role: &str, scope: &str) -> String {
    format!("{role}@{scope}")
}

/// What is lent to a person of a snapshot; days that cannot be read never come.
fn lent_to(person: &SnapshotPerson) -> Vec<LentRole> {
    let read = person.lent.iter().filter_map(|one| {
        let ((from, until), role) = (one.span()?, one.role.name().to_owned());
        let (scope, absent) = (one.scope.clone(), one.absent.clone());
        Some(LentRole { role, scope, absent, from, until })
    });
    read.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Units below each other, as many as that, and somebody in the lowest.
    fn deep(units: usize) -> People {
        let name = |place: usize| format!("unit-{place}");
        let chain = (0..units).map(|place| (name(place), place.checked_sub(1).map(name)));
        let lowest = name(units - 1);
        let roles = vec![("official".to_owned(), lowest.clone())];
        People::new(chain, [("somebody".to_owned(), lowest, roles)])
    }

    #[test]
    fn of_a_tree_that_is_too_deep_nothing_is_decided() {
        for (units, is_decided) in
            [(1, true), (UNITS_DEEP_MAX, true), (UNITS_DEEP_MAX + 1, false), (20_000, false)]
        {
            let people = deep(units);
            let lowest = people.unit("somebody").unwrap();
            assert!(people.above(lowest).len() <= UNITS_DEEP_MAX + 1, "{units}");
            assert_eq!(people.groups("somebody", lowest).is_some(), is_decided, "{units}");
            let slice = people.slice("somebody", "record", lowest);
            assert_eq!(slice.is_some(), is_decided, "{units}");
            assert_eq!(people.groups("somebody", "unit-0").is_some(), is_decided, "{units}");
        }
    }
}
