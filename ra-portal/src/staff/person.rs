//! `GET /people/ID`, `GET /people/new`: a person whole for their officers and handlers, and what a
//! handler can draft about them, or about who is new. Each form leads to a page that shows what
//! would be signed.

use super::certificate::{self, ReaderCertificate};
use super::dossier::DossierView;
use super::role::role_at;
use crate::pages::{Frame, FromPath, FromQuery, Language, page, problem, show, words};
use crate::refusal::passed_on;
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ca_api::handler::{PersonFacts, PersonQuery, UnitLine};
use ca_api::organisation::{DelegationLine, Dossier, DossierQuery, RoleLine};
use ca_api::{AsOfficer, OfficerSearch};
use records::Code;
use serde::Deserialize;
use service::Clock;
use service::problem::Refused;
use std::sync::Arc;

words! {
    PersonWords {
        back "← 返回人员" "← Back to people";
        new "新增人员" "New person";
        name "姓名" "Name";
        unit "单位" "Unit";
        mail "邮箱" "Mail";
        evidence "核验依据" "Evidence";
        evidence_hint "您核对了什么材料，审批人员会看到" "What you looked at; approvers will read it";
        name_hint "与身份证件一致" "As on their identity card";
        mail_hint "可不填" "May be left empty";
        number "证件号" "Identity number";
        number_hint "18 位，核对是否重复登记；只保存密钥摘要，不保存号码。没有居民身份证的可不填" "18 characters, to see that nobody is registered twice. Only a keyed digest is kept, not the number. May be left empty for who has no resident identity card";
        number_kept "已登记；填写则更换" "Registered; typing one exchanges it";
        correct "更正姓名、邮箱或证件号" "Correct name, mail or identity number";
        transfer "调动" "Transfer";
        to "调往单位" "To the unit";
        leave "离任" "Leaves office";
        leave_what "离任后角色全部撤回，证书全部吊销，不能恢复。" "Every role ends and every certificate is revoked. It cannot be undone.";
        letter "制作密码信封" "Letter of enrolment";
        letter_what "密码信封由登记处打印，密封交给本人；凭密码信封申请的证书仍须两人批准。" "The registration office prints the letter and hands it over sealed; the certificate that it leads to is approved by two persons all the same.";
        letter_open "此人已有一封可用的密码信封。丢失或损坏的，请由制作人在“我的办件”中撤回后重新制作，或由登记处补制。" "There is a letter already that can be used. If it is lost or damaged, whoever made it takes it back under “My drafts” and makes another, or the registration office replaces it.";
        profile "证书模板" "Profile";
        lend "代理审批" "Somebody acts for them";
        lend_what "此人离岗期间，由他人代行审批，最长 30 天。您签署起草，两人批准；代理人和被代理人不能起草，也不批准。" "While they are on leave somebody else decides in their place, for 30 days at most. You sign the draft and two persons approve it; neither of the two drafts it or approves it.";
        deputy "代理人（姓名或人员编号）" "Who acts for them: name or person id";
        lent "代理的角色" "The role that is lent";
        from "起始日" "First day";
        until "截止日" "Last day";
        unlend "提前终止代理" "End a delegation before its time";
        check "核对" "Check";
    }
}

#[derive(Template)]
#[template(path = "staff/person.html")]
struct PersonPage {
    f: Frame,
    w: &'static PersonWords,
    /// The name, and everything that is known; none for who is new.
    shown: Option<(String, DossierView)>,
    /// What takes a draft; none for whoever may not draft.
    known: Option<Known>,
    units: Vec<(String, String)>,
    /// What takes the draft of a delegation; none for whoever may not draft one.
    lending: Option<Lending>,
}

struct Lending {
    absent: String,
    /// Roles with their scopes, and how they are called.
    roles: Vec<(String, String)>,
    /// Delegations that are not over.
    ends: Vec<Ending>,
}

/// A delegation that can be ended.
struct Ending {
    deputy: String,
    role: String,
    from: String,
    until: String,
    said: String,
}

impl Lending {
    fn of(language: Language, dossier: &Dossier, now: &str) -> Option<Self> {
        let value = |role: &RoleLine| format!("{}@{}", role.role, role.scope);
        let named = |role: &RoleLine| (value(role), role_at(language, role));
        let absent = &dossier.line.person;
        let lent = dossier.delegations.iter().filter(|one| one.absent.0 == *absent);
        let ending = |one: &DelegationLine| Ending {
            deputy: one.deputy.0.clone(),
            role: value(&one.role),
            from: one.from.clone(),
            until: one.until.clone(),
            said: show::harmless(&format!(
                "{} · {} · {} – {}",
                one.deputy.1,
                role_at(language, &one.role),
                show::time(language, &one.from),
                show::time(language, &one.until)
            )),
        };
        let open = lent.filter(|one| one.until.as_str() >= now);
        (!dossier.lends.is_empty()).then(|| Self {
            absent: absent.clone(),
            roles: dossier.lends.iter().map(named).collect(),
            ends: open.map(ending).collect(),
        })
    }
}

struct Known {
    person: String,
    name: String,
    mail: String,
    numbered: bool,
    letter: bool,
    /// Ids, and what people call them.
    profiles: Vec<(String, String)>,
}

/// What stands in the address.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct PageQuery {
    after: String,
}

/// `GET /people/{person}`
pub(super) async fn show(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
    FromPath(person): FromPath<String>,
    FromQuery(PageQuery { after }): FromQuery<PageQuery>,
) -> Response {
    match read(&portal, shown, (person, after.clone())).await {
        Ok((dossier, facts)) => {
            let now = records::time::seconds(Clock::system().seconds());
            page(StatusCode::OK, &filled(f, (dossier, &after, &now), facts))
        }
        Err(Refused(told)) => match told.known() {
            Some(
                Code::PersonUnknown | Code::HandlerScope | Code::ApproverScope | Code::Malformed,
            ) => problem::page(&f, &told, "/people"),
            _ => certificate::not_seen(&f, &portal, &told),
        },
    }
}

/// The person, and for their handler what takes a draft.
async fn read(
    portal: &PortalState,
    shown: StaffCertificate,
    (person, after): (String, String),
) -> Result<(Dossier, Option<PersonFacts>), Refused> {
    let wanted = DossierQuery { person: person.clone(), after };
    let message = AsOfficer { certificate: shown.certificate.clone(), message: wanted };
    let answer = passed_on(portal.issuer.dossier(&message).await);
    // A leave begins here, and the CA has recorded who read.
    let dossier = portal.recorded_brake("person", &shown.person, answer).await?;
    if !dossier.drafts {
        return Ok((dossier, None));
    }
    let message = AsOfficer { certificate: shown.certificate, message: PersonQuery { person } };
    let answer = passed_on(portal.issuer.person(&message).await);
    Ok((dossier, Some(portal.recorded_brake("person", &shown.person, answer).await?)))
}

/// `GET /people/new`
pub(super) async fn create(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
) -> Response {
    // Nobody has this name: only the units are wanted.
    let sought = OfficerSearch { text: "-".into(), after: String::new() };
    let message = AsOfficer { certificate: shown.certificate, message: sought };
    let answer = passed_on(portal.issuer.people(&message).await);
    match portal.recorded("people", &shown.person, answer).await {
        Ok(found) => page(StatusCode::OK, &empty(f, found.units)),
        Err(Refused(told)) => certificate::not_seen(&f, &portal, &told),
    }
}

fn named(units: Vec<UnitLine>) -> Vec<(String, String)> {
    let one = |one: UnitLine| {
        let name = show::harmless(&format!("{} ({})", one.name, one.unit));
        (one.unit, name)
    };
    units.into_iter().map(one).collect()
}

fn empty(f: Frame, units: Vec<UnitLine>) -> PersonPage {
    let units = named(units);
    let w = PersonWords::of(f.language);
    PersonPage { w, f, shown: None, known: None, units, lending: None }
}

fn filled(
    f: Frame,
    (dossier, after, now): (Dossier, &str, &str),
    facts: Option<PersonFacts>,
) -> PersonPage {
    let name = show::harmless(&dossier.line.name);
    let lending = Lending::of(f.language, &dossier, now).filter(|_| after.is_empty());
    let shown = Some((name, DossierView::of(&f, dossier, after, now)));
    let w = PersonWords::of(f.language);
    // Forms stand on the first page only.
    let Some(facts) = facts.filter(|_| after.is_empty()) else {
        return PersonPage { w, f, shown, known: None, units: Vec::new(), lending };
    };
    let PersonFacts { line, mail, number, units, profiles, .. } = facts;
    let units = units.into_iter().filter(|one| one.unit != line.unit).collect();
    let known = Known {
        name: show::harmless(&line.name),
        person: line.person,
        mail: show::harmless(&mail),
        numbered: number.is_some(),
        letter: line.letter,
        profiles: profiles.into_iter().map(|one| (one.id.clone(), f.called(&one))).collect(),
    };
    PersonPage { w, f, shown, known: Some(known), units: named(units), lending }
}

#[cfg(test)]
pub(super) fn sample_facts(name: &str, letter: bool) -> PersonFacts {
    let unit = |unit: &str, name: &str| UnitLine { unit: unit.into(), name: name.into() };
    PersonFacts {
        line: super::people::sample_line(name, letter),
        version: 2,
        mail: if letter { "wang@shangluo.example".into() } else { String::new() },
        number: letter.then(|| [8; 32].into()),
        units: vec![
            unit("sz-finance", "商州区财政局"),
            unit("sz-office", "商州区政府办公室"),
            unit("ln-office", "<b>\u{202e}"),
        ],
        profiles: crate::pages::sample_names().profiles,
    }
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    let f = |path| Frame::sample(language, path);
    let known = "/people/0123456789ABCDEF";
    let now = "2026-11-25T08:00:00Z";
    let shown = |name, letter, after, facts| {
        let dossier = super::dossier::sample(name, letter);
        filled(f(known), (dossier, after, now), facts).render().unwrap()
    };
    let units = sample_facts("", false).units;
    vec![
        ("person", shown("王小明", true, "", Some(sample_facts("王小明", true)))),
        ("person-read", shown("王小明", true, "", None)),
        ("person-earlier", shown("王小明", true, "1.5GPJWBSG64S36D1N", None)),
        ("person-left", shown("王<b>\u{202e}", false, "", None)),
        (
            "person-without",
            shown("王<b>\u{202e}", false, "", Some(sample_facts("王<b>\u{202e}", false))),
        ),
        ("person-new", empty(f("/people/new"), units).render().unwrap()),
    ]
}
