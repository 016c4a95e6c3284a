//! What goes with a unit that moves, and whose roles reach it from then on or no longer; and what
//! somebody is in charge of who leaves or is transferred.

use crate::order::system::is_zero;
use crate::rules::Role;
use serde::{Deserialize, Serialize};

/// Most roles, rules and so on that are named of those that a move brings, and of those that it
/// ends.
pub const REACH_MAX: usize = 100;
/// Most systems that are named of those that somebody is in charge of.
pub const LEADS_MAX: usize = 100;

/// What a unit takes along that moves, in the state in which its order was made. How many people,
/// certificates and systems there are may become others meanwhile; all else may not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MovedUnit {
    /// How many units are below it.
    pub units: u32,
    /// How many people in office are of it or of a unit below it.
    pub people: u32,
    /// How many of their certificates in time say other units than they would from then on.
    pub certificates: u32,
    /// How many systems that are not closed are of it or of a unit below it.
    pub systems: u32,
    /// Roles that reach it from then on, by person; [`REACH_MAX`] of them.
    pub gains: Vec<ReachingRole>,
    /// How many more of them there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_gains: u32,
    /// Roles that reach it no longer, by person; [`REACH_MAX`] of them.
    pub loses: Vec<ReachingRole>,
    /// How many more of them there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_loses: u32,
    /// Applications whose gates know its people from then on, by id.
    pub enters: Vec<String>,
    /// Applications whose gates know them no longer, by id.
    pub leaves: Vec<String>,
    /// Who acts for those whose roles reach it from then on, unless that is over; [`REACH_MAX`] of
    /// them, as of everything below.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gains_lent: Vec<ReachingDeputy>,
    /// How many more of them there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_gains_lent: u32,
    /// Who acts for those whose roles reach it no longer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub loses_lent: Vec<ReachingDeputy>,
    /// How many more of them there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_loses_lent: u32,
    /// Access rules in force that name a unit which is above it from then on; or a role over it or
    /// below it, which who holds it over such a unit holds there from then on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub begins: Vec<NamingRule>,
    /// How many more of them there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_begins: u32,
    /// Those that name a unit which is above it no longer, or a role over it or below it likewise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ends: Vec<NamingRule>,
    /// How many more of them there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_ends: u32,
    /// Those that name no unit and ask who is below whom: they follow it to its new place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub follows: Vec<FollowingRule>,
    /// How many more of them there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_follows: u32,
}

/// Who acts for somebody whose role reaches a unit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReachingDeputy {
    /// Person id of whoever acts.
    pub person: String,
    /// Person id of whoever is on leave.
    pub absent: String,
    /// The role.
    pub role: Role,
    /// Unit over which it is held.
    pub scope: String,
    /// First second.
    pub from: String,
    /// Last second.
    pub until: String,
}

/// An access rule, or a route, that names a unit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamingRule {
    /// Application id.
    pub application: String,
    /// The rule's id; of a route its method and path.
    pub rule: String,
    /// Unit id.
    pub unit: String,
}

/// An access rule that asks who is below whom.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FollowingRule {
    /// Application id.
    pub application: String,
    /// The rule's id.
    pub rule: String,
}

/// A role of somebody that reaches a unit, since it is held over one above.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReachingRole {
    /// Person id.
    pub person: String,
    /// The role.
    pub role: Role,
    /// Unit over which it is held.
    pub scope: String,
}

/// A system that somebody is in charge of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedSystem {
    /// System id.
    pub system: String,
    /// What people call it.
    pub name: String,
}

impl MovedUnit {
    /// Whether its lists are as short as they are made.
    pub(super) fn is_bounded(&self) -> bool {
        let lengths = [
            self.gains.len(),
            self.loses.len(),
            self.gains_lent.len(),
            self.loses_lent.len(),
            self.begins.len(),
            self.ends.len(),
            self.follows.len(),
        ];
        lengths.iter().all(|length| *length <= REACH_MAX)
    }

    /// Leaves out what may become another while the order waits: numbers, and who acted for
    /// somebody until a second that is over.
    pub(super) fn settle(&mut self, is_over: impl Fn(&str) -> bool) {
        (self.people, self.certificates, self.systems) = (0, 0, 0);
        for lent in [&mut self.gains_lent, &mut self.loses_lent] {
            lent.retain(|one| !is_over(&one.until));
        }
    }

    /// Whoever holds or is lent a role that reaches the unit from then on or no longer, and whoever
    /// lends it.
    pub(super) fn named_people(&self) -> impl Iterator<Item = &str> {
        let roles = self.gains.iter().chain(&self.loses).map(|one| one.person.as_str());
        roles.chain(self.lent().flat_map(|one| [one.person.as_str(), one.absent.as_str()]))
    }

    /// Units over which those roles are held, and those that rules name.
    pub(super) fn named_units(&self) -> impl Iterator<Item = &str> {
        let roles = self.gains.iter().chain(&self.loses).map(|one| one.scope.as_str());
        let rules = self.begins.iter().chain(&self.ends).map(|one| one.unit.as_str());
        roles.chain(self.lent().map(|one| one.scope.as_str())).chain(rules)
    }

    /// Applications whose gates know its people from then on or no longer, and those whose rules
    /// are named.
    pub(super) fn named_applications(&self) -> impl Iterator<Item = &String> {
        let naming = self.begins.iter().chain(&self.ends).map(|one| &one.application);
        let following = self.follows.iter().map(|one| &one.application);
        self.enters.iter().chain(&self.leaves).chain(naming).chain(following)
    }

    fn lent(&self) -> impl Iterator<Item = &ReachingDeputy> {
        self.gains_lent.iter().chain(&self.loses_lent)
    }
}
