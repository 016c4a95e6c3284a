//! A role as people call it, and where it counts.

use crate::pages::{Language, show};
use ca_api::organisation::RoleLine;
use portal_api::plain;

/// The role with the names of its unit and those above it.
pub(super) fn role_at(language: Language, role: &RoleLine) -> String {
    let said = plain::role(&role.role);
    show::harmless(&format!("{} · {}", language.of_both(said.zh, said.en), role.place))
}

#[cfg(test)]
pub(super) fn sample() -> RoleLine {
    RoleLine {
        role: "unit-handler".into(),
        scope: "sz-office".into(),
        place: "商州区 › 政府办公室".into(),
    }
}
