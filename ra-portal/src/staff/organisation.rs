//! `GET /organisation`: the city's units as a tree, one at a time: what is below it, whose roles
//! count there, and its own people as far as they are the reader's business.

use super::certificate::{self, ReaderCertificate};
use super::role::role_at;
use crate::pages::{Frame, FromQuery, page, problem, show, words};
use crate::refusal::passed_on;
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ca_api::AsOfficer;
use ca_api::organisation::{HolderLine, UnitBelow, UnitFacts, UnitQuery};
use records::Code;
use serde::Deserialize;
use service::problem::Refused;
use std::sync::Arc;

words! {
    OrganisationWords {
        title "组织机构" "Organisation";
        path "上级单位" "Units above";
        closed "已撤销，不再接收人员" "Closed: takes no more people";
        below "下级单位" "Units below";
        nothing_below "没有下级单位。" "No unit below.";
        unit "单位" "Unit";
        people "在职人员" "People";
        people_count "在职人数" "People in office";
        holders "对本单位有管理职权的人员" "Whose roles count here";
        no_holders "尚无人担任与本单位有关的角色。" "Nobody has a role here.";
        person "人员" "Person";
        role "角色和范围" "Role and scope";
        certificates "有效证书" "Certificates";
        nobody "您的管辖范围内没有本单位的在职人员。" "Nobody of this unit is within your scope.";
        nobody_yet "到此为止，还没有您管辖范围内的人员，请看下一页。" "Nobody within your scope so far; look at the next page.";
        next "下一页" "More";
    }
}

struct Below {
    page: String,
    name: String,
    open: bool,
    people: u32,
}

struct Holder {
    person: String,
    name: String,
    role: String,
    readable: bool,
}

#[derive(Template)]
#[template(path = "staff/organisation.html")]
struct OrganisationPage {
    f: Frame,
    w: &'static OrganisationWords,
    name: String,
    /// Units above: name and page.
    above: Vec<(String, String)>,
    open: bool,
    below: Vec<Below>,
    holders: Vec<Holder>,
    /// Name, person id and certificates in force.
    people: Vec<(String, String, u32)>,
    first: bool,
    next: Option<String>,
}

/// What stands in the address.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct PageQuery {
    unit: String,
    after: String,
}

/// `GET /organisation`
pub(super) async fn show(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
    FromQuery(PageQuery { unit, after }): FromQuery<PageQuery>,
) -> Response {
    let first = after.is_empty();
    let message = AsOfficer { certificate: shown.certificate, message: UnitQuery { unit, after } };
    let answer = passed_on(portal.issuer.unit(&message).await);
    match portal.recorded("unit", &shown.person, answer).await {
        Ok(facts) => page(StatusCode::OK, &filled(f, facts, first)),
        Err(Refused(told)) => match told.known() {
            Some(Code::UnitUnknown | Code::Malformed) => problem::page(&f, &told, "/organisation"),
            _ => certificate::not_seen(&f, &portal, &told),
        },
    }
}

fn page_of(unit: &str) -> String {
    format!("/organisation?unit={}", show::escaped(unit))
}

fn filled(f: Frame, facts: UnitFacts, first: bool) -> OrganisationPage {
    let language = f.language;
    let mut path = facts.path;
    let own = path.pop();
    let unit = own.as_ref().map(|own| own.unit.clone()).unwrap_or_default();
    let below = |one: UnitBelow| Below {
        page: page_of(&one.line.unit),
        name: show::harmless(&one.line.name),
        open: one.open,
        people: one.people,
    };
    let holder = |one: HolderLine| Holder {
        name: show::harmless(&one.name),
        role: role_at(language, &one.role),
        person: one.person,
        readable: one.readable,
    };
    let more = &facts.more;
    let next =
        (!more.is_empty()).then(|| format!("{}&after={}", page_of(&unit), show::escaped(more)));
    let people = facts.people.into_iter();
    OrganisationPage {
        w: OrganisationWords::of(language),
        f,
        name: own.map(|own| show::harmless(&own.name)).unwrap_or_default(),
        above: path.iter().map(|one| (show::harmless(&one.name), page_of(&one.unit))).collect(),
        open: facts.open,
        below: facts.below.into_iter().map(below).collect(),
        holders: facts.holders.into_iter().map(holder).collect(),
        people: people
            .map(|one| (show::harmless(&one.name), one.person, one.certificates))
            .collect(),
        first,
        next,
    }
}

#[cfg(test)]
pub(super) fn sample_unit() -> UnitFacts {
    use ca_api::handler::UnitLine;
    let unit = |unit: &str, name: &str| UnitLine { unit: unit.into(), name: name.into() };
    let role = super::role::sample();
    let holder = |name: &str, readable| HolderLine {
        person: "0123456789ABCDEF".into(),
        name: name.into(),
        role: role.clone(),
        readable,
    };
    UnitFacts {
        path: vec![unit("shangluo", "商洛市"), unit("shangzhou", "商州区")],
        open: true,
        below: vec![
            UnitBelow { line: unit("sz-office", "政府办公室"), open: true, people: 12 },
            UnitBelow { line: unit("sz-old", "<b>\u{202e}"), open: false, people: 0 },
        ],
        holders: vec![holder("陈经办", true), holder("李安全", false)],
        people: vec![super::people::sample_line("王<b>\u{202e}", true)],
        more: "0123456789ABCDEF".into(),
    }
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    let whole = sample_unit();
    let nothing = UnitFacts {
        path: whole.path.iter().take(1).cloned().collect(),
        open: false,
        below: Vec::new(),
        holders: Vec::new(),
        people: Vec::new(),
        more: String::new(),
    };
    let later = UnitFacts { more: "0123456789ABCDEF".into(), ..nothing.clone() };
    let render = |facts, first| {
        filled(Frame::sample(language, "/organisation"), facts, first).render().unwrap()
    };
    vec![
        ("organisation", render(whole.clone(), true)),
        ("organisation-more", render(whole, false)),
        ("organisation-nobody-yet", render(later, true)),
        ("organisation-empty", render(nothing, true)),
    ]
}
