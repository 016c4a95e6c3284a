//! What goes with a unit that moves, and whose roles reach it from then on or no longer; and what
//! somebody is in charge of who leaves or is transferred.

use crate::order::system::is_zero;
use crate::rules::Role;
use serde::{Deserialize, Serialize};

/// Most roles that are named of those that a move brings, and of those that it ends.
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
        self.gains.len() <= REACH_MAX && self.loses.len() <= REACH_MAX
    }

    /// Roles that reach the unit from then on, and those that do no longer.
    pub(super) fn reaching(&self) -> impl Iterator<Item = &ReachingRole> {
        self.gains.iter().chain(&self.loses)
    }
}
