//! Units and roles as people read them: by names, from the city down.

use authority::Authority;
use ca_api::organisation::{RoleLine, RuleLine};
use records::order::NamingRule;
use records::rules::Role;

/// The names of a unit and of those above it, without the city's own where there is more to say.
pub(super) fn place(authority: &Authority, unit: &str) -> String {
    let name = |id: &&str| match authority.unit(id) {
        Some(unit) => unit.name.clone(),
        None => (*id).to_owned(),
    };
    let mut names: Vec<String> = authority.above(unit).iter().map(name).collect();
    if names.len() > 1 {
        names.pop();
    }
    names.reverse();
    names.join(" › ")
}

/// A role with where it counts.
pub(super) fn role_line(authority: &Authority, role: Role, scope: &str) -> RoleLine {
    RoleLine {
        role: role.name().to_owned(),
        scope: scope.to_owned(),
        place: place(authority, scope),
    }
}

/// An access rule with the unit that it names.
pub(super) fn rule_line(authority: &Authority, rule: NamingRule) -> RuleLine {
    RuleLine {
        application: authority.application_called(&rule.application),
        rule: rule.rule,
        place: place(authority, &rule.unit),
        unit: rule.unit,
    }
}
