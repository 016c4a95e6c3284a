//! `GET /audit`: an auditor asks the log with their own key, past the portal.

use super::bench::Bench;
use super::frame::{self, Frame};
use super::guard::Key;
use super::order::marked;
use super::session::Admitted;
use crate::audit::found::{self, Finding};
use crate::floors::Standing;
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use page::{Language, Marked, words};
use portal_api::sentence;
use records::Problem;
use records::evidence::Search;
use records::found::{CheckedSearch, FoundRecord, UnprovenRecord};
use records::time::{in_a_form, typed_from, typed_until};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

words! {
    SearchWords {
        title "审计检索" "Audit search";
        lead "直接向日志服务查询，用您的密钥签名；每次查询都记入日志。查到的记录在本机按您的信任文件核对；给他人的证据请导出。" "Asks the log itself, signed with your key; every search is recorded. What is found is checked on this computer against your trust file. Take proof for others away as evidence.";
        who "人员编号" "Person id";
        certificate "证书序列号" "Serial number of a certificate";
        application "应用" "Application";
        resource "访问对象" "Record";
        outcome "结果" "Outcome";
        reference "查询号" "Reference";
        from "开始时间" "From";
        until "结束时间" "Until";
        time_hint "北京时间" "Beijing time";
        log "日志" "Log";
        access "访问" "Access";
        control "审批和证书" "Approvals and certificates";
        search "检索" "Search";
        found "检索结果" "Found";
        proven "✓ 已证明在日志中" "✓ proven to stand in the log";
        refused "✗ 已拒绝" "✗ refused";
        nothing_here "日志服务称这一段没有符合全部条件的记录，更早的还未查看。" "The log says that nothing in this part fits; older records have not been looked at yet.";
        nothing "日志服务称没有符合全部条件的记录。" "The log says that no record fits everything that was asked.";
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
    /// As HTML calls it.
    pub(super) kind: &'static str,
    pub(super) value: String,
}

pub(super) struct FoundItem {
    pub(super) index: u64,
    /// Whether it stands in the log; nothing is shown of what does not.
    pub(super) is_proven: bool,
    pub(super) sentence: Marked,
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
    pub(super) lines: Vec<FoundItem>,
    /// What of the page is proven, and what is the log's word.
    pub(super) told: Vec<Marked>,
    pub(super) before: Option<u64>,
}

/// What stands in the address; everything given must fit.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct SearchQuery {
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

impl SearchQuery {
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
            from: typed_from(&self.from),
            until: typed_until(&self.until),
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
        ];
        let field = |(name, label, hint, value): (_, _, _, &String)| Field {
            name,
            label,
            hint,
            kind: "text",
            value: value.clone(),
        };
        let search = self.search();
        let times = [("from", w.from, search.from), ("until", w.until, search.until)];
        let time = |(name, label, sought): (_, _, String)| Field {
            name,
            label,
            hint: w.time_hint,
            kind: "datetime-local",
            value: in_a_form(&sought),
        };
        fields.into_iter().map(field).chain(times.map(time)).collect()
    }
}

/// Answers `GET /audit`.
pub(super) async fn show(
    State(bench): State<Arc<Bench>>,
    admitted: Admitted,
    Key(opened): Key,
    asked: Result<Query<SearchQuery>, QueryRejection>,
) -> Response {
    let f = Frame::inside(&bench, &admitted, "/audit");
    let asked = asked.map(|Query(asked)| asked).unwrap_or_default();
    // The page without a question asks nothing: each question is a record.
    if asked.log.is_empty() {
        return frame::page(StatusCode::OK, &filled(f, &asked, None));
    }
    let answer = found::find(&bench.trust, &opened, asked.search()).await;
    frame::page(StatusCode::OK, &filled(f, &asked, Some(answer.map_err(|e| e.problem()))))
}

pub(super) fn filled(
    f: Frame,
    asked: &SearchQuery,
    answer: Option<Result<Finding, Problem>>,
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
        lines: answer.as_ref().map(|one| lines(&one.checked, f.language)).unwrap_or_default(),
        told: answer
            .as_ref()
            .map(|one| told(&one.checked, &one.standings, f.language))
            .unwrap_or_default(),
        before: answer.and_then(|answer| answer.checked.before),
        f,
    }
}

fn lines(answer: &CheckedSearch, language: Language) -> Vec<FoundItem> {
    let line = |found: &Result<FoundRecord, UnprovenRecord>| match found {
        // People are named by their ids: no record holds a name.
        Ok(found) => FoundItem {
            index: found.index(),
            is_proven: true,
            sentence: marked(language, &sentence::of(found.record(), &BTreeMap::new())),
            request: sentence::request_of(found.record()),
        },
        Err(unproven) => FoundItem {
            index: unproven.index,
            is_proven: false,
            sentence: marked(language, &found::unproven(unproven.why)),
            request: None,
        },
    };
    answer.records.iter().map(line).collect()
}

pub(super) fn told(
    answer: &CheckedSearch,
    standings: &[Standing],
    language: Language,
) -> Vec<Marked> {
    found::page(answer, standings).iter().map(|sentence| marked(language, sentence)).collect()
}
