//! `GET /systems`: systems that are in the reader's charge, or their business as staff: what each
//! has, until when, and when its client came last.

use super::certificate::{self, ReaderCertificate};
use super::owner::{OwnerWords, state};
use crate::notes::{READ_WAIT, of_system, seen_of, within};
use crate::pages::{Frame, FromQuery, page, show};
use crate::refusal::passed_on;
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ca_api::AsOfficer;
use ca_api::systems::{SystemLine, SystemLines, SystemsQuery};
use records::time::seconds;
use serde::Deserialize;
use service::problem::Refused;
use std::collections::BTreeMap;
use std::sync::Arc;

struct SystemItem {
    system: String,
    name: String,
    unit: String,
    leader: String,
    state: String,
    good: bool,
    until: String,
    certificates: u32,
    /// When the first of them ends.
    ends: String,
    /// When its client came last, as this portal knows.
    seen: String,
}

#[derive(Template)]
#[template(path = "staff/systems.html")]
struct SystemsPage {
    f: Frame,
    w: &'static OwnerWords,
    lines: Vec<SystemItem>,
    /// Address of the next page.
    next: Option<String>,
}

/// What stands in the address.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct PageQuery {
    after: String,
}

/// `GET /systems`
pub(super) async fn show(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
    FromQuery(PageQuery { after }): FromQuery<PageQuery>,
) -> Response {
    let message = AsOfficer { certificate: shown.certificate, message: SystemsQuery { after } };
    let answer = passed_on(portal.issuer.systems(&message).await);
    match portal.recorded_brake("system", &shown.person, answer).await {
        Ok(found) => {
            let subjects = found.lines.iter().map(|line| of_system(&line.system)).collect();
            // Whom this portal does not know of now, it says so.
            let seen = within(READ_WAIT, seen_of(&portal.store, subjects)).await;
            page(StatusCode::OK, &filled(f, found, &seen.unwrap_or_default()))
        }
        Err(Refused(told)) => certificate::not_seen(&f, &portal, &told),
    }
}

fn filled(f: Frame, found: SystemLines, seen: &BTreeMap<String, u64>) -> SystemsPage {
    let w = OwnerWords::of(f.language);
    let line = |line: SystemLine| {
        let came = seen.get(&of_system(&line.system));
        SystemItem {
            name: show::harmless(&line.name),
            unit: show::harmless(&line.unit.name),
            leader: show::harmless(&line.leader.1),
            state: state(f.language, &line.state),
            good: line.state == "in-force",
            until: show::time(f.language, &line.until),
            certificates: line.certificates,
            ends: if line.ends.is_empty() {
                String::new()
            } else {
                show::time(f.language, &line.ends)
            },
            seen: came.map(|at| show::time(f.language, &seconds(*at))).unwrap_or_default(),
            system: line.system,
        }
    };
    let more = &found.more;
    let next = (!more.is_empty()).then(|| format!("/systems?after={}", show::escaped(more)));
    let lines = found.lines.into_iter().map(line).collect();
    SystemsPage { w, lines, next, f }
}

#[cfg(test)]
pub(super) fn sample_systems() -> SystemLines {
    SystemLines {
        lines: vec![
            super::owner::sample_line("site", "门户网站"),
            SystemLine {
                state: "closed".into(),
                certificates: 0,
                ends: String::new(),
                ..super::owner::sample_line("old", "<b>\u{202e}")
            },
        ],
        more: "old".into(),
    }
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    let seen = BTreeMap::from([(of_system("site"), 1_795_507_200)]);
    let render =
        |found| filled(Frame::sample(language, "/systems"), found, &seen).render().unwrap();
    let none = SystemLines { lines: Vec::new(), more: String::new() };
    vec![("systems", render(sample_systems())), ("systems-none", render(none))]
}
