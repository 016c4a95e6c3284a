//! `POST /evidence`: a bundle is exported, verified here, and what it proves is shown; then it can
//! be saved.

use super::bench::Bench;
use super::frame::{self, Frame};
use super::guard::{Key, Posted};
use super::order::marked;
use super::session::Admitted;
use crate::audit::export::{self, Evidence};
use crate::exit::Failure;
use crate::files::SigningIdentity;
use crate::floors::Standing;
use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use page::{Marked, show, words};
use records::evidence::Question;
use serde::Deserialize;
use std::sync::Arc;
use verify::Report;
use verify::report::Section;

words! {
    EvidenceWords {
        title "证据" "Evidence";
        back "← 返回检索" "← Back to the search";
        verified "已在本机按您的信任文件验证。" "Verified on this computer against your trust file.";
        about "关于" "About";
        save "保存证据包" "Save the bundle";
        anybody "任何人都可以离线核验：" "Anybody verifies it offline:";
    }
}

#[derive(Template)]
#[template(path = "desk/evidence.html")]
pub(super) struct EvidencePage {
    pub(super) f: Frame,
    pub(super) w: &'static EvidenceWords,
    pub(super) about: String,
    pub(super) sections: Vec<ReportSection>,
}

/// A section of the report, in the language of whoever reads it.
pub(super) struct ReportSection {
    pub(super) title: String,
    pub(super) holds: bool,
    pub(super) lines: Vec<Marked>,
}

/// Tells the whole report, section by section.
pub(super) fn told(f: &Frame, report: &Report) -> Vec<ReportSection> {
    let told = |section: Section| ReportSection {
        title: f.language.of_both(section.title.0.into(), section.title.1.into()),
        holds: section.holds,
        lines: section.lines.iter().map(|line| marked(f.language, line)).collect(),
    };
    report.sections().into_iter().map(told).collect()
}

/// How the logs go on from what was seen of them, where there is something to say.
fn continued(f: &Frame, standings: &[Standing]) -> Option<ReportSection> {
    let (zh, en) = ("与此前所见相比：", "beside what was seen before:");
    let title = f.language.of_both(zh.into(), en.into());
    let told = standings.iter().filter_map(Standing::told);
    let lines: Vec<Marked> = told.map(|line| marked(f.language, &line)).collect();
    (!lines.is_empty()).then_some(ReportSection { title, holds: false, lines })
}

/// What the search sends: a request's name, or a certificate's serial number.
#[derive(Deserialize)]
pub(super) struct ExportForm {
    #[serde(default)]
    request: String,
    #[serde(default)]
    certificate: String,
}

/// Answers `POST /evidence`.
pub(super) async fn export(
    State(bench): State<Arc<Bench>>,
    Key(opened): Key,
    posted: Posted<ExportForm>,
) -> Response {
    let f = Frame::inside(&bench, &posted.admitted, "/audit");
    let (request, certificate) = (posted.form.request.trim(), posted.form.certificate.trim());
    let question = match (request.is_empty(), certificate.is_empty()) {
        (false, true) => Question::Request(request.to_owned()),
        (true, false) => Question::Certificate(certificate.to_lowercase()),
        _ => {
            let failure = Failure::usage("要导出什么？", "say which request or certificate");
            return f.failed(&failure);
        }
    };
    match proven(&bench, &opened, question).await {
        Ok((report, standings)) => {
            let mut sections = told(&f, &report);
            sections.extend(continued(&f, &standings));
            let page = EvidencePage {
                w: EvidenceWords::of(f.language),
                about: show::harmless(if request.is_empty() { certificate } else { request }),
                sections,
                f,
            };
            frame::page(StatusCode::OK, &page)
        }
        Err(failure) => f.failed(&failure),
    }
}

async fn proven(
    bench: &Bench,
    opened: &SigningIdentity,
    question: Question,
) -> Result<(Report, Vec<Standing>), Failure> {
    let evidence = export::proven(&bench.trust, opened, question).await?;
    let Evidence { report, files, standings } = evidence;
    let bundle =
        export::bundled(&files).map_err(|error| Failure::because("无法写出证据包", &error))?;
    bench.evidence.keep(bundle);
    Ok((report, standings))
}

/// Answers `GET /evidence/evidence.tar`.
pub(super) async fn fetch(State(bench): State<Arc<Bench>>, admitted: Admitted) -> Response {
    match bench.evidence.get() {
        Some(bundle) => {
            let headers = [
                (header::CONTENT_TYPE, "application/x-tar"),
                (header::CONTENT_DISPOSITION, "attachment; filename=\"evidence.tar\""),
            ];
            (headers, bundle).into_response()
        }
        None => Frame::inside(&bench, &admitted, "/").told(StatusCode::NOT_FOUND, |w| w.not_found),
    }
}
