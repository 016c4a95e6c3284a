//! Examples beside the rules: a person, a request, and what must come of it. They run whenever a
//! bundle is read, so that a bundle that does not do what it says never comes into force.

use crate::application::Application;
use crate::decide::{AccessRequest, Answer, Denial};
use crate::path::CanonicalPath;
use crate::people::People;
use serde::Deserialize;

/// A unit of the examples.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Unit {
    unit: String,
    #[serde(default)]
    parent: Option<String>,
}

/// What must come of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ExpectedOutcome {
    Allow,
    Deny,
}

/// An example of a rule file: a request, and what must come of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Example {
    /// The example shows this, in the words of whoever wrote it.
    shows: String,
    wants: ExpectedOutcome,
    /// The rule that must decide, if the example says so.
    #[serde(default)]
    rule: Option<String>,
    unit: String,
    /// The person has these roles, each spelled `ROLE@UNIT`.
    #[serde(default)]
    roles: Vec<String>,
    method: String,
    path: String,
    /// RFC 3339 hour of the day in China, 0–23; ten in the morning if not said.
    #[serde(default = "ten")]
    hour: u64,
}

fn ten() -> u64 {
    10
}

const SOMEONE: &str = "EXAMPLE";
/// Midnight in China at the beginning of Monday, 2026-11-23.
const MIDNIGHT: u64 = 1_795_363_200;

/// Runs the examples; gives the first that fails. Each side must be shown at least once.
pub(crate) fn run(
    application: &Application,
    units: &[Unit],
    examples: &[Example],
) -> Result<(), String> {
    for wanted in [ExpectedOutcome::Allow, ExpectedOutcome::Deny] {
        if examples.iter().all(|example| example.wants != wanted) {
            return Err(format!("no example of {wanted:?}"));
        }
    }
    examples.iter().try_for_each(|example| one(application, units, example))
}

fn one(application: &Application, units: &[Unit], example: &Example) -> Result<(), String> {
    let roles: Option<Vec<(String, String)>> = example
        .roles
        .iter()
        .map(|text| text.split_once('@').map(|(role, unit)| (role.into(), unit.into())))
        .collect();
    let roles = roles.ok_or_else(|| format!("{}: roles are ROLE@UNIT", example.shows))?;
    let people = People::new(
        units.iter().map(|unit| (unit.unit.clone(), unit.parent.clone())),
        [(SOMEONE.to_owned(), example.unit.clone(), roles)],
    );
    let path = CanonicalPath::read(&example.path).map_err(|e| format!("{}: {e}", example.shows))?;
    let asked = AccessRequest {
        person: SOMEONE,
        method: &example.method,
        path: &path,
        now: MIDNIGHT + example.hour * 3_600,
    };
    let Answer { outcome, rule, .. } = application.decide(&people, &asked);
    let fits = match outcome {
        Ok(()) => example.wants == ExpectedOutcome::Allow,
        Err(Denial::Error) => false,
        Err(_) => example.wants == ExpectedOutcome::Deny,
    };
    let named = example.rule.as_ref().is_none_or(|wanted| *wanted == rule);
    if fits && named {
        Ok(())
    } else {
        Err(format!("{}: gives {outcome:?} by rule `{rule}`", example.shows))
    }
}
