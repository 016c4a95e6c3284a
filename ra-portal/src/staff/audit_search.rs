//! `GET /audit`: an auditor asks who did what, where and when. What comes back is the log's answer
//! to this portal, and no proof: that the auditor takes with their own key.

use super::certificate::{self, ReaderCertificate};
use crate::pages::facts::marked;
use crate::pages::{Frame, FromQuery, Marked, is_own_step, page, show, words};
use crate::refusal::{passed_on, refused};
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use ca_api::AsOfficer;
use portal_api::sentence;
use records::evidence::{Search, SearchAnswer};
use records::record::Record;
use records::time::{in_a_form, typed_from, typed_until};
use records::{Code, DisplayName, Problem};
use serde::Deserialize;
use service::problem::{Refused, status};
use std::sync::Arc;

words! {
    AuditWords {
        title "审计检索" "Audit search";
        not_proof "检索结果不是证据。" "What is found here is not proof.";
        not_proof_why "本页由门户代为查询，每次查询都记入日志。证据请用自己的密钥导出。" "The portal asks on your behalf, and every search is recorded. Take proof away with your own key.";
        who "人员" "Who";
        who_hint "人员编号" "Person id";
        application "在哪个应用" "In which application";
        application_hint "例如 exchange" "Such as exchange";
        resource "访问对象" "To what";
        resource_hint "例如 sz-office/2026-001" "Such as sz-office/2026-001";
        outcome "结果" "Outcome";
        outcome_hint "permitted，或拒绝的代码" "permitted, or the code of a refusal";
        kind "记录种类" "Kind of record";
        kind_hint "例如 read、letter、refusal" "Such as read, letter or refusal";
        from "开始时间" "From";
        until "结束时间" "Until";
        time_hint "北京时间" "Beijing time";
        reference "查询号" "Reference";
        reference_hint "有人被告知的查询号" "A reference that somebody was told";
        log "日志" "Log";
        log_hint "访问，或审批和证书" "Access, or approvals and certificates";
        access "访问" "Access";
        control "审批和证书" "Approvals and certificates";
        search "检索" "Search";
        found "检索结果" "Found";
        complete "日志服务称已检索至记录" "The log says that it looked up to record";
        nothing_here "这一段没有符合全部条件的记录，更早的还未查看。" "Nothing in this part fits; older records have not been looked at yet.";
        nothing "没有符合全部条件的记录。" "No record fits everything that was asked.";
        index "序号" "Index";
        what "事件说明" "What happened";
        proof "证据" "Proof";
        more "更早的记录" "Older records";
    }
}

/// One field of the sentence.
struct Field {
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    /// As HTML calls it.
    kind: &'static str,
    value: String,
}

struct FoundItem {
    index: u64,
    sentence: Marked,
    request: Option<String>,
}

#[derive(Template)]
#[template(path = "staff/audit.html")]
struct AuditPage {
    /// Applications that can be chosen, by id and name.
    applications: Vec<(String, String)>,
    f: Frame,
    w: &'static AuditWords,
    fields: Vec<Field>,
    log: String,
    asked: bool,
    problem: Option<Problem>,
    lines: Vec<FoundItem>,
    complete_to: u64,
    next: Option<String>,
}

/// What stands in the address; everything given must fit.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct SearchQuery {
    log: String,
    who: String,
    application: String,
    resource: String,
    outcome: String,
    kind: String,
    from: String,
    until: String,
    reference: String,
    before: Option<u64>,
}

impl SearchQuery {
    fn search(&self) -> Search {
        let trimmed = |text: &String| text.trim().to_owned();
        Search {
            log: if self.log == "control" { "control".into() } else { "access".into() },
            person: trimmed(&self.who),
            application: trimmed(&self.application),
            resource: trimmed(&self.resource),
            outcome: trimmed(&self.outcome),
            kind: trimmed(&self.kind),
            from: typed_from(&self.from),
            until: typed_until(&self.until),
            reference: trimmed(&self.reference),
            before: self.before,
            ..Search::default()
        }
    }

    /// Address of the page that follows.
    fn next(&self, before: u64) -> String {
        let pairs = [
            ("log", &self.log),
            ("who", &self.who),
            ("application", &self.application),
            ("resource", &self.resource),
            ("outcome", &self.outcome),
            ("kind", &self.kind),
            ("from", &self.from),
            ("until", &self.until),
            ("reference", &self.reference),
        ];
        let mut address = format!("/audit?before={before}");
        for (name, value) in pairs {
            address.push_str(&format!("&{name}={}", show::escaped(value)));
        }
        address
    }
}

/// `GET /audit`
pub(super) async fn show(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
    FromQuery(asked): FromQuery<SearchQuery>,
    headers: HeaderMap,
) -> Response {
    // A search is recorded in the auditor's name: a link on somebody else's page fills the form and
    // no more.
    if asked.log.is_empty() || !is_own_step(&headers) {
        return empty(&portal, f, &asked, shown).await;
    }
    let message = AsOfficer { certificate: shown.certificate, message: asked.search() };
    let answer = passed_on(portal.log.search(&message).await);
    match portal.recorded("search", &shown.person, answer).await {
        Ok(answer) => page(StatusCode::OK, &filled(f, &asked, Some(Ok(&answer)))),
        Err(Refused(told)) => match told.known() {
            Some(code @ Code::Malformed) => page(status(code), &filled(f, &asked, Some(Err(told)))),
            _ => certificate::not_seen(&f, &portal, &told),
        },
    }
}

/// Whoever may not search is told so before they type.
async fn empty(
    portal: &PortalState,
    f: Frame,
    asked: &SearchQuery,
    shown: StaffCertificate,
) -> Response {
    let message = AsOfficer { certificate: shown.certificate, message: () };
    let told = match passed_on(portal.issuer.who(&message).await) {
        Ok(who) if who.roles.iter().any(|held| held.role == "auditor") => {
            return page(StatusCode::OK, &filled(f, asked, None));
        }
        Ok(_) => Err(refused(Code::NotYourRoute)),
        Err(refusal) => Err(refusal),
    };
    match portal.recorded("search", &shown.person, told).await {
        Ok(()) => page(StatusCode::OK, &filled(f, asked, None)),
        Err(Refused(told)) => certificate::not_seen(&f, portal, &told),
    }
}

fn filled(
    f: Frame,
    asked: &SearchQuery,
    answer: Option<Result<&SearchAnswer, Problem>>,
) -> AuditPage {
    let begun = answer.is_some();
    let (answer, problem) = match answer {
        Some(Ok(answer)) => (Some(answer), None),
        Some(Err(problem)) => (None, Some(problem)),
        None => (None, None),
    };
    let w = AuditWords::of(f.language);
    let field = |name, label, hint, value: &String| Field {
        name,
        label,
        hint,
        kind: "text",
        value: value.clone(),
    };
    let time = |name, label, sought: String| {
        let value = in_a_form(&sought);
        Field { name, label, hint: w.time_hint, kind: "datetime-local", value }
    };
    let search = asked.search();
    let fields = vec![
        field("who", w.who, w.who_hint, &asked.who),
        field("application", w.application, w.application_hint, &asked.application),
        field("resource", w.resource, w.resource_hint, &asked.resource),
        field("outcome", w.outcome, w.outcome_hint, &asked.outcome),
        field("kind", w.kind, w.kind_hint, &asked.kind),
        time("from", w.from, search.from),
        time("until", w.until, search.until),
        field("reference", w.reference, w.reference_hint, &asked.reference),
    ];
    let mut lines = Vec::new();
    let mut names = answer.map(|answer| answer.names.clone()).unwrap_or_default();
    let called =
        |one: &DisplayName| (one.id.clone(), f.language.of_both(one.zh.clone(), one.en.clone()));
    names.extend(f.names.profiles.iter().map(called));
    for found in answer.iter().flat_map(|answer| &answer.found) {
        let Ok(record) = Record::read(&found.record.0) else { continue };
        lines.push(FoundItem {
            index: found.index,
            sentence: marked(f.language, &sentence::of(&record, &names)),
            request: sentence::request_of(&record),
        });
    }
    let known = f.names.applications.iter();
    let applications = known.map(|one| (one.id.clone(), f.called(one))).collect();
    AuditPage {
        applications,
        w,
        fields,
        log: asked.log.clone(),
        asked: begun,
        complete_to: answer.map(|answer| answer.complete_to).unwrap_or_default(),
        next: answer.and_then(|answer| answer.before).map(|before| asked.next(before)),
        problem,
        lines,
        f,
    }
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    use records::record::Event;
    let record = |event: Event| Record {
        v: 1,
        id: records::Bytes(vec![7; 16]),
        log: "access".into(),
        maker: if event.is_of_run() { "gate-1/agent" } else { "portal/portal-staff" }.into(),
        time: "2026-11-24T08:00:00.000000Z".into(),
        link: event.is_of_run().then(|| records::access::Link {
            epoch: records::Bytes(vec![1; 16]),
            aseq: 5,
            prev: records::Bytes(vec![2; 32]),
        }),
        event,
    };
    let ended = Event::Completion(records::access::Completion::without_answer(
        "gate-1/AAAA/5".into(),
        "client-gone",
    ));
    let claimed = Event::Portal {
        process: "staff".into(),
        act: "<b>\u{202e}".into(),
        outcome: "done".into(),
        person: String::new(),
        count: 1,
    };
    let found = [ended, claimed].into_iter().enumerate().map(|(index, event)| {
        let bytes = serde_json::to_vec(&record(event)).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        records::evidence::FoundEntry {
            index: index as u64,
            record: records::Bytes(records::json::write(&value).unwrap()),
        }
    });
    let answer = SearchAnswer {
        found: found.collect(),
        names: Default::default(),
        before: Some(3),
        complete_to: 12,
        checkpoint: String::new(),
    };
    let asked = SearchQuery {
        log: "access".into(),
        who: "0123456789ABCDEF".into(),
        ..SearchQuery::default()
    };
    let render = |asked: &SearchQuery, answer| {
        filled(Frame::sample(language, "/audit"), asked, answer).render().unwrap()
    };
    let wrong = Problem::new(Code::Malformed, "5GPJWBSG64S36D1N".into());
    vec![
        ("audit", render(&SearchQuery::default(), None)),
        ("audit-found", render(&asked, Some(Ok(&answer)))),
        ("audit-wrong", render(&asked, Some(Err(wrong)))),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::Language;

    /// A day, the field of a form and the time of a document are one instant, and the page shows
    /// the clock of Beijing.
    #[test]
    fn an_auditor_types_days_of_beijing() {
        let asked = |from: &str, until: &str| SearchQuery {
            log: "access".into(),
            from: from.into(),
            until: until.into(),
            ..SearchQuery::default()
        };
        for from in ["2026-03-01", "2026-03-01T00:00", "2026-02-28T16:00:00Z"] {
            let asked = asked(from, "2026-03-31");
            let search = asked.search();
            assert_eq!(search.from, "2026-02-28T16:00:00Z", "{from}");
            assert_eq!(search.until, "2026-03-31T15:59:59Z", "the day that was typed is in it");
            let page = filled(Frame::sample(Language::English, "/audit"), &asked, None);
            let page = page.render().unwrap();
            let field = "name=\"from\" value=\"2026-03-01T00:00\"";
            assert!(page.contains(field), "{page}");
        }
        assert_eq!(asked("yesterday", "").search().from, "yesterday", "for the log to refuse");
    }
}
