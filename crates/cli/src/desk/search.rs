//! `GET /audit`: an auditor asks the log with their own key, past the portal.

use super::bench::Bench;
use super::frame::{self, Frame};
use super::guard::Key;
use super::session::Admitted;
use crate::audit;
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use page::{Language, show, words};
use portal_api::sentence;
use records::Problem;
use records::evidence::{Search, SearchAnswer};
use records::record::Record;
use serde::Deserialize;
use std::sync::Arc;

words! {
    SearchWords {
        title "审计检索" "Audit search";
        lead "直接向日志服务查询，用您的密钥签名；每次查询都记入日志。证据请导出。" "Asks the log itself, signed with your key; every search is recorded. Take proof away as evidence.";
        who "人员编号" "Person id";
        certificate "证书序列号" "Serial number of a certificate";
        application "应用" "Application";
        resource "访问对象" "Record";
        outcome "结果" "Outcome";
        reference "查询号" "Reference";
        from "开始时间" "From";
        until "结束时间" "Until";
        time_hint "例如 2026-03-01T00:00:00Z" "Such as 2026-03-01T00:00:00Z";
        log "日志" "Log";
        access "访问" "Access";
        control "审批和证书" "Approvals and certificates";
        search "检索" "Search";
        found "检索结果" "Found";
        complete "结果完整，截至记录" "Complete up to record";
        nothing_here "这一段没有符合全部条件的记录，更早的还未查看。" "Nothing in this part fits; older records have not been looked at yet.";
        nothing "没有符合全部条件的记录。" "No record fits everything that was asked.";
        index "序号" "Index";
        what "事件说明" "What happened";
        proof "证据" "Proof";
        export "导出" "Export";
        more "更早的记录" "Older records";
        by_serial "导出一张证书的证据" "Evidence of one certificate";
    }
}

/// One field of the question.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) hint: &'static str,
    pub(super) value: String,
}

pub(super) struct Line {
    pub(super) index: u64,
    pub(super) sentence: String,
    pub(super) request: Option<String>,
}

#[derive(Template)]
#[template(path = "desk/search.html")]
pub(super) struct SearchPage {
    pub(super) f: Frame,
    pub(super) w: &'static SearchWords,
    pub(super) fields: Vec<Field>,
    pub(super) is_control: bool,
    pub(super) asked: bool,
    pub(super) problem: Option<Problem>,
    pub(super) lines: Vec<Line>,
    pub(super) complete_to: u64,
    pub(super) before: Option<u64>,
}

/// What stands in the address; everything given must fit.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    log: String,
    who: String,
    certificate: String,
    application: String,
    resource: String,
    outcome: String,
    reference: String,
    from: String,
    until: String,
    before: String,
}

impl Asked {
    fn search(&self) -> Search {
        let trimmed = |text: &String| text.trim().to_owned();
        Search {
            log: if self.log == "control" { "control".into() } else { "access".into() },
            person: trimmed(&self.who),
            serial: trimmed(&self.certificate).to_lowercase(),
            application: trimmed(&self.application),
            resource: trimmed(&self.resource),
            outcome: trimmed(&self.outcome),
            reference: trimmed(&self.reference),
            from: trimmed(&self.from),
            until: trimmed(&self.until),
            before: self.before.trim().parse().ok(),
            ..Search::default()
        }
    }

    fn fields(&self, w: &'static SearchWords) -> Vec<Field> {
        let fields = [
            ("who", w.who, "", &self.who),
            ("certificate", w.certificate, "", &self.certificate),
            ("application", w.application, "exchange", &self.application),
            ("resource", w.resource, "sz-office/2026-001", &self.resource),
            ("outcome", w.outcome, "permitted", &self.outcome),
            ("reference", w.reference, "", &self.reference),
            ("from", w.from, w.time_hint, &self.from),
            ("until", w.until, w.time_hint, &self.until),
        ];
        let field = |(name, label, hint, value): (_, _, _, &String)| Field {
            name,
            label,
            hint,
            value: value.clone(),
        };
        fields.map(field).into()
    }
}

/// `GET /audit`
pub(super) async fn show(
    State(bench): State<Arc<Bench>>,
    admitted: Admitted,
    Key(opened): Key,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let f = Frame::inside(&bench, &admitted, "/audit");
    let asked = asked.map(|Query(asked)| asked).unwrap_or_default();
    // The page without a question asks nothing: each question is a record.
    if asked.log.is_empty() {
        return frame::page(StatusCode::OK, &filled(f, &asked, None));
    }
    let answer = audit::found(&bench.trust, &opened, asked.search()).await;
    frame::page(StatusCode::OK, &filled(f, &asked, Some(answer.map_err(|e| e.problem()))))
}

pub(super) fn filled(
    f: Frame,
    asked: &Asked,
    answer: Option<Result<SearchAnswer, Problem>>,
) -> SearchPage {
    let w = SearchWords::of(f.language);
    let is_asked = answer.is_some();
    let (answer, problem) = match answer {
        Some(Ok(answer)) => (Some(answer), None),
        Some(Err(problem)) => (None, Some(problem)),
        None => (None, None),
    };
    SearchPage {
        w,
        fields: asked.fields(w),
        is_control: asked.log == "control",
        asked: is_asked,
        problem,
        lines: answer.as_ref().map(|answer| lines(answer, f.language)).unwrap_or_default(),
        complete_to: answer.as_ref().map_or(0, |answer| answer.complete_to),
        before: answer.and_then(|answer| answer.before),
        f,
    }
}

fn lines(answer: &SearchAnswer, language: Language) -> Vec<Line> {
    let line = |found: &records::evidence::Found| {
        let record = Record::read(&found.record.0).ok()?;
        let (zh, en) = sentence::of(&record, &answer.names);
        let sentence = show::harmless(&language.of_both(zh, en));
        Some(Line { index: found.index, sentence, request: sentence::request_of(&record) })
    };
    answer.found.iter().filter_map(line).collect()
}
