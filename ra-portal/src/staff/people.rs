//! `GET /people`: people who are a handler's or an officer's business, also those without any
//! certificate.

use super::certificate::{self, ReaderCertificate};
use crate::pages::{Frame, FromQuery, is_own_step, page, show, words};
use crate::refusal::passed_on;
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use ca_api::handler::{PersonLine, UnitPeople};
use ca_api::{AsOfficer, OfficerSearch};
use records::{Code, Problem};
use serde::Deserialize;
use service::problem::{Refused, status};
use std::sync::Arc;

words! {
    PeopleWords {
        title "人员" "People";
        lead "您经办或管辖的单位及其下级单位的在职人员，没有证书的也在内。" "People in office of the units that you handle or decide about, and of those below, also those without a certificate.";
        organisation "按单位查看" "By unit";
        create "新增人员" "New person";
        roster "批量新增（名册）" "Many, from a roster";
        changes "批量调动、离任、吊销" "Transfers, leavers, revocations";
        find "查找" "Find";
        hint "姓名（或开头几个字）、人员编号或单位编号；留空列出全部" "A name or its beginning, a person id or a unit id; leave it empty for everybody";
        go "查找" "Find";
        nothing "没有符合的人员。" "Nobody fits.";
        nothing_yet "到此为止，还没有符合的人员。请输入更多内容，或看下一页。" "Nobody so far. Type more, or look at the next page.";
        person "人员" "Person";
        unit "单位" "Unit";
        certificates "有效证书" "Certificates";
        letter "密码信封" "Letter";
        open "可用" "can be used";
        none "无" "none";
        next "下一页" "More";
    }
}

struct PersonItem {
    person: String,
    name: String,
    unit: String,
    certificates: u32,
    letter: bool,
}

#[derive(Template)]
#[template(path = "staff/people.html")]
struct PeoplePage {
    f: Frame,
    w: &'static PeopleWords,
    find: String,
    problem: Option<Problem>,
    /// Whether the reader may register somebody.
    drafts: bool,
    /// Those who were found, if anybody was looked for.
    lines: Option<Vec<PersonItem>>,
    /// Address of the next page.
    next: Option<String>,
}

/// What stands in the address.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct PageQuery {
    find: String,
    after: String,
}

/// `GET /people`
pub(super) async fn show(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
    FromQuery(asked): FromQuery<PageQuery>,
    headers: HeaderMap,
) -> Response {
    let PageQuery { find, after } = asked;
    // A link on somebody else's page fills the form and no more: that somebody was looked for is
    // kept in the reader's name.
    let begun = find.trim().is_empty() || is_own_step(&headers);
    // Nobody has this name: then it is only asked whether they may look.
    let (text, after) = if begun { (find.clone(), after) } else { ("-".into(), String::new()) };
    let sought = OfficerSearch { text, after };
    let message = AsOfficer { certificate: shown.certificate, message: sought };
    let answer = passed_on(portal.issuer.people(&message).await);
    match portal.recorded("people", &shown.person, answer).await {
        Ok(found) => {
            let shown = filled(f, find, found, None);
            let lines = shown.lines.filter(|_| begun);
            page(StatusCode::OK, &PeoplePage { lines, ..shown })
        }
        Err(Refused(told)) => match told.known() {
            Some(code @ Code::Malformed) => {
                let nobody =
                    UnitPeople { units: Vec::new(), lines: Vec::new(), more: String::new() };
                page(status(code), &filled(f, find, nobody, Some(told)))
            }
            _ => certificate::not_seen(&f, &portal, &told),
        },
    }
}

fn filled(f: Frame, find: String, found: UnitPeople, problem: Option<Problem>) -> PeoplePage {
    let more = &found.more;
    let next = (!more.is_empty())
        .then(|| format!("/people?find={}&after={}", show::escaped(&find), show::escaped(more)));
    let line = |line: PersonLine| PersonItem {
        name: show::harmless(&line.name),
        unit: show::harmless(&line.unit_name),
        person: line.person,
        certificates: line.certificates,
        letter: line.letter,
    };
    PeoplePage {
        w: PeopleWords::of(f.language),
        drafts: !found.units.is_empty(),
        lines: Some(found.lines.into_iter().map(line).collect()),
        f,
        find,
        problem,
        next,
    }
}

#[cfg(test)]
pub(super) fn sample_line(name: &str, letter: bool) -> PersonLine {
    PersonLine {
        person: "0123456789ABCDEF".into(),
        name: name.into(),
        unit: "sz-office".into(),
        unit_name: "商州区 › 政府办公室".into(),
        certificates: letter.into(),
        letter,
    }
}

#[cfg(test)]
pub(super) fn sample_people() -> UnitPeople {
    use ca_api::handler::UnitLine;
    UnitPeople {
        units: vec![UnitLine { unit: "sz-office".into(), name: "商州区政府办公室".into() }],
        lines: vec![sample_line("王小明", true), sample_line("王<b>\u{202e}", false)],
        more: "0123456789ABCDEF".into(),
    }
}

/// The same of what somebody drafted; of a letter nothing is told but whom it is for.
#[cfg(test)]
pub(super) fn sample_about_of(kind: &str, name: &str) -> records::order::OrderSubject {
    match kind {
        "letter" => records::order::OrderSubject::person("0123456789ABCDEF", Some(name.into())),
        _ => sample_about(name),
    }
}

/// Whom an order concerns, as the CA tells it: name and unit apart.
#[cfg(test)]
pub(super) fn sample_about(name: &str) -> records::order::OrderSubject {
    use records::order::{OrderSubject, SubjectPerson, SubjectUnit};
    let unit =
        SubjectUnit { id: "sz-office".into(), name: Some("商州区政府办公室".into()) };
    let person =
        SubjectPerson { id: "0123456789ABCDEF".into(), name: Some(name.into()), unit: Some(unit) };
    OrderSubject::Person { person, within: None }
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    let full = sample_people();
    let units = full.units.clone();
    let found = |lines, more: &str| UnitPeople { units: units.clone(), lines, more: more.into() };
    let f = || Frame::sample(language, "/people");
    let wrong = Problem::new(Code::Malformed, "5GPJWBSG64S36D1N".into());
    let render = |page: PeoplePage| page.render().unwrap();
    vec![
        ("people", render(filled(f(), "王".into(), full, None))),
        ("people-none", render(filled(f(), String::new(), found(Vec::new(), ""), None))),
        ("people-none-yet", render(filled(f(), "王".into(), found(Vec::new(), "0123"), None))),
        ("people-wrong", render(filled(f(), "x\u{7}".into(), found(Vec::new(), ""), Some(wrong)))),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::Language;

    /// Who handles no unit registers nobody, and asks for many certificates to be revoked.
    #[test]
    fn officers_reach_changes_of_many_and_no_roster() {
        let nobody = UnitPeople { units: Vec::new(), lines: Vec::new(), more: String::new() };
        let f = Frame::sample(Language::Chinese, "/people");
        let text = filled(f, String::new(), nobody, None).render().unwrap();
        assert!(text.contains("href=\"/people/changes\""));
        assert!(!text.contains("/people/roster") && !text.contains("/people/new"));
    }
}
