//! Examples beside the rules: a person, a request, and what must come of it. They run whenever a
//! bundle is read, so that a bundle that does not do what it says never comes into force.

use crate::application::Application;
use crate::conditions::{Circumstances, day_of};
use crate::decide::{AccessRequest, Answer, Denial};
use crate::delegation::{LENT_MAX, LentRole};
use crate::fault::{BundleError, Cure, line_with};
use crate::path::CanonicalPath;
use crate::people::People;
use crate::period::ZONE_SECONDS;
use serde::Deserialize;
use std::net::IpAddr;

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
    /// These are lent to the person at that time.
    #[serde(default)]
    acting: Vec<ExampleLent>,
    method: String,
    path: String,
    /// RFC 3339 hour of the day in China, 0–23; ten in the morning if not said.
    #[serde(default = "ten")]
    hour: u64,
    /// The day in China, `YYYY-MM-DD`; a Monday if not said.
    #[serde(default)]
    date: Option<String>,
    /// The client's address; unknown if not said.
    #[serde(default)]
    from: Option<IpAddr>,
    /// The profile of the certificate.
    #[serde(default)]
    certificate: ExampleCertificate,
    /// Version of TLS: 12 or 13.
    #[serde(default = "newest")]
    tls: u8,
    /// Minutes since the client's key proved who it is.
    #[serde(default)]
    authenticated_minutes: u64,
}

/// A role that is lent in an example.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExampleLent {
    /// Spelled `ROLE@UNIT`.
    role: String,
    /// Whose it is; somebody's whom no rule names, if not said.
    #[serde(default = "somebody")]
    absent: String,
}

/// The certificate of an example.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ExampleCertificate {
    #[default]
    Official,
    Staff,
}

impl Example {
    fn under(&self, now: u64) -> Circumstances {
        let certificate = match self.certificate {
            ExampleCertificate::Official => "official",
            ExampleCertificate::Staff => "staff",
        };
        Circumstances {
            source: self.from,
            certificate: Some(certificate),
            tls: self.tls,
            authenticated: now.saturating_sub(self.authenticated_minutes.saturating_mul(60)),
        }
    }
}

fn somebody() -> String {
    "ABSENT".into()
}

fn newest() -> u8 {
    13
}

fn ten() -> u64 {
    10
}

const SOMEONE: &str = "EXAMPLE";
/// Midnight in China at the beginning of Monday, 2026-11-23.
const MIDNIGHT: u64 = 1_795_363_200;

/// An example that was run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestedExample {
    /// It is about the application of this id.
    pub application: String,
    /// It stands in this file of the bundle.
    pub file: String,
    /// It stands at this line, from 1.
    pub line: usize,
    /// What it shows, in the words of whoever wrote it.
    pub shows: String,
    /// What came of it instead, if it fails.
    pub failed: Option<String>,
}

impl TestedExample {
    /// Why a bundle with it is not accepted, if it fails.
    pub(crate) fn failed(self) -> Option<BundleError> {
        let what = format!("{}: {}", self.shows, self.failed?);
        Some(BundleError::at(&self.file, self.line, what, Cure::Example))
    }
}

/// Runs the examples. Each side must be shown at least once.
pub(crate) fn run(
    application: &Application,
    units: &[Unit],
    (file, text): (&str, &str),
    examples: &[Example],
) -> Result<Vec<TestedExample>, String> {
    for wanted in [ExpectedOutcome::Allow, ExpectedOutcome::Deny] {
        if examples.iter().all(|example| example.wants != wanted) {
            return Err(format!("no example of {wanted:?}"));
        }
    }
    let run = |example: &Example| TestedExample {
        application: application.id.clone(),
        file: file.to_owned(),
        line: line_with(text, &example.shows),
        shows: example.shows.clone(),
        failed: one(application, units, example).err(),
    };
    Ok(examples.iter().map(run).collect())
}

fn one(application: &Application, units: &[Unit], example: &Example) -> Result<(), String> {
    let roles: Vec<(String, String)> =
        example.roles.iter().map(|text| read_role(text)).collect::<Result<_, _>>()?;
    let lent = example.acting.iter().map(|one| {
        let (role, scope) = read_role(&one.role)?;
        let (absent, from, until) = (one.absent.clone(), 0, u64::MAX);
        Ok::<_, String>(LentRole { role, scope, absent, from, until })
    });
    let lent = lent.collect::<Result<Vec<_>, String>>()?;
    if lent.len() > LENT_MAX {
        return Err(format!("more than {LENT_MAX} roles are lent"));
    }
    let people = People::new(
        units.iter().map(|unit| (unit.unit.clone(), unit.parent.clone())),
        [(SOMEONE.to_owned(), example.unit.clone(), roles)],
    )
    .with_lent([(SOMEONE.to_owned(), lent)]);
    let path = CanonicalPath::read(&example.path).map_err(|error| error.to_string())?;
    let midnight = match &example.date {
        Some(date) => {
            let day = day_of(date).ok_or_else(|| format!("`{date}` is no day"))?;
            (day * 86_400).saturating_sub(ZONE_SECONDS)
        }
        None => MIDNIGHT,
    };
    let now = midnight + example.hour.min(23) * 3_600;
    let asked = AccessRequest {
        person: SOMEONE,
        method: &example.method,
        path: &path,
        now,
        under: example.under(now),
    };
    let Answer { outcome, rule, .. } = application.decide(&people, &asked);
    let fits = match outcome {
        Ok(()) => example.wants == ExpectedOutcome::Allow,
        Err(Denial::Error) => false,
        Err(_) => example.wants == ExpectedOutcome::Deny,
    };
    let named = example.rule.as_ref().is_none_or(|wanted| *wanted == rule);
    if fits && named { Ok(()) } else { Err(format!("gives {outcome:?} by rule `{rule}`")) }
}

/// A role over a unit.
fn read_role(text: &str) -> Result<(String, String), String> {
    let read = text.split_once('@').map(|(role, unit)| (role.to_owned(), unit.to_owned()));
    read.ok_or_else(|| "roles are ROLE@UNIT".to_owned())
}
