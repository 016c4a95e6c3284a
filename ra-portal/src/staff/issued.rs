//! `GET /certificates/SERIAL`: one certificate, its person first, who approved it, and the form
//! that drafts its revocation.

use super::certificate::{self, ReaderCertificate};
use crate::pages::facts::marked;
use crate::pages::problem::KeptForm;
use crate::pages::{Frame, FromPath, Language, Marked, page, problem, show, words};
use crate::refusal::passed_on;
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ca_api::{ApprovedBatch, ApprovedBy, AsOfficer, CertificateFacts, CertificateQuery};
use pki::Certificate;
use portal_api::plain::{self, FactValue, NameAndId, phrase};
use records::suspension::HOLD;
use records::{Code, Problem};
use service::Clock;
use service::problem::{Refused, status};
use std::sync::Arc;

words! {
    IssuedWords {
        back "← 返回查找" "← Back to the search";
        back_person "← 返回人员" "← Back to the person";
        back_system "← 返回系统" "← Back to the system";
        system "系统" "System";
        leader "主管人" "In charge";
        approved_system "系统登记的批准人" "Who approved the system";
        facts "证书" "Certificate";
        state "状态" "State";
        revoked "已吊销" "Revoked";
        suspended "已冻结" "Suspended";
        in_force "有效" "In force";
        expired "已过期" "Expired";
        person "人员编号" "Person";
        unit "单位" "Unit";
        profile "证书模板" "Profile";
        until "有效期至" "Valid until";
        agents "已在网关生效" "In force at gates";
        waiting "尚未生效" "Not yet";
        opened "最近打开的应用" "Opened lately";
        nothing_opened "还没有使用记录" "Nothing yet";
        approved_by "批准人" "Approved by";
        founding "建立声明" "The founding statement";
        none_told "此处没有可核实的批准人：续期可能无须批准，或请查日志" "Nobody that can be told here: a renewal may need none, or see the log";
        serial "序列号" "Serial number";
        fingerprint "SHA-256 指纹" "SHA-256 fingerprint";
        pem "证书文本" "The certificate as text";
        history "在日志中查看（审计员）" "What the log says (auditors)";
        suspend "冻结" "Suspend";
        suspend_what "先暂停使用，立即生效：各应用系统几秒钟内即拒绝这张证书。另外两名审批人员可以解除；15 天内无人解除即吊销。下一步核对并签署。" "Takes it away for a while, at once: applications refuse it within seconds. Two others can release it; if nobody does within 15 days it is revoked. You check and sign in the next step.";
        suspend_go "下一步：核对" "Next: check it";
        release "解除冻结" "Release";
        release_what "您签署起草，另外两名审批人员批准后恢复使用。持证人和冻结者不能起草，起草人不批准。" "You sign the draft; two others approve it, and the certificate counts again. Neither the holder nor whoever suspended drafts it, and whoever drafts it does not approve it.";
        revoke "吊销" "Revoke";
        revoke_what "提交后生成一份吊销办件，须由两人批准；批准后各应用系统几秒钟内即拒绝这张证书，不能恢复。" "This drafts an order that two persons approve; applications then refuse the certificate within seconds, and nothing brings it back.";
        reason "原因" "Reason";
        evidence "依据" "Evidence";
        evidence_hint "看过什么文件、谁来报告的" "What you looked at, who told you";
        revoke_go "提出吊销" "Draft the revocation";
    }
}

#[derive(Template)]
#[template(path = "staff/issued.html")]
struct IssuedPage {
    f: Frame,
    w: &'static IssuedWords,
    problem: Option<Problem>,
    name: String,
    person: String,
    /// The system that has it, if one does.
    system: Option<String>,
    unit: String,
    profile: String,
    until: String,
    revoked: Option<(String, String)>,
    suspended: bool,
    /// Whether it is over by the clock of the portal.
    expired: bool,
    /// Whether the reader could approve its revocation.
    revokes: bool,
    approvers: Vec<Marked>,
    /// Whether it is one of the founding.
    of_founding: bool,
    /// Applications and when.
    opened: Vec<(String, String)>,
    /// How many gates refuse it, of how many, and which do not yet.
    agents: (usize, usize, String),
    serial: String,
    fingerprint: String,
    pem: String,
    reasons: Vec<(&'static str, String)>,
    /// What was typed to revoke it, and to suspend it: reason and evidence.
    revoking: (String, String),
    holding: (String, String),
}

/// What was typed and is shown again.
#[derive(Default)]
pub(super) struct Typed {
    /// Whether it was typed to suspend, not to revoke.
    pub(super) holds: bool,
    pub(super) reason: String,
    pub(super) evidence: String,
    pub(super) problem: Option<Problem>,
}

/// `GET /certificates/{serial}`
pub(super) async fn show(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
    FromPath(serial): FromPath<String>,
) -> Response {
    shown_with(&portal, f, (shown.certificate, &shown.person), serial, Typed::default()).await
}

/// What was typed to revoke a certificate, or to suspend it: it goes to where it is checked.
pub(super) fn kept(
    f: &Frame,
    (serial, holds): (&str, bool),
    (reason, evidence): (String, String),
) -> KeptForm {
    let act = if holds { "suspend" } else { "revoke" };
    KeptForm {
        action: format!("/certificates/{}/{act}", show::escaped(serial)),
        chosen: "reason",
        choice: reason,
        field: "evidence",
        label: IssuedWords::of(f.language).evidence,
        typed: show::harmless(&evidence),
    }
}

/// The page as the CA says it is now.
pub(super) async fn shown_with(
    portal: &PortalState,
    f: Frame,
    (officer, person): (records::Bytes, &str),
    serial: String,
    typed: Typed,
) -> Response {
    let query = CertificateQuery { serial: serial.clone() };
    let message = AsOfficer { certificate: officer, message: query };
    let answer = passed_on(portal.issuer.certificate(&message).await);
    match portal.recorded_brake("certificate", person, answer).await {
        Ok(facts) => {
            let known = typed.problem.as_ref().and_then(Problem::known);
            let code = known.map_or(StatusCode::OK, status);
            page(code, &filled(f, facts, (typed, Clock::system().seconds())))
        }
        Err(Refused(told)) => match told.known() {
            Some(Code::NotFound | Code::ApproverScope | Code::Malformed) => {
                problem::page(&f, &told, "/certificates")
            }
            _ if typed.evidence.is_empty() => certificate::not_seen(&f, portal, &told),
            // It is not lost where the certificate cannot be looked at now.
            _ => {
                let back = format!("/certificates/{}", show::escaped(&serial));
                let kept = kept(&f, (&serial, typed.holds), (typed.reason, typed.evidence));
                certificate::refused_keeping(&f, portal, &told, (&back, Some(kept)))
            }
        },
    }
}

/// What can be chosen, with its words.
fn reasons(language: Language) -> Vec<(&'static str, String)> {
    plain::REASONS.map(|name| (name, said(language, plain::reason(name)))).to_vec()
}

fn said(language: Language, said: plain::BilingualText) -> String {
    language.of_both(said.zh, said.en)
}

fn filled(f: Frame, facts: CertificateFacts, (typed, now): (Typed, u64)) -> IssuedPage {
    let w = IssuedWords::of(f.language);
    let language = f.language;
    let read = Certificate::read(&facts.certificate.0).ok();
    let why = |name: &str| said(language, plain::reason(name));
    let waiting: Vec<&str> =
        facts.agents.iter().filter(|(_, holds)| !holds).map(|(agent, _)| agent.as_str()).collect();
    let all = facts.agents.len();
    let agents = (all - waiting.len(), all, waiting.join(", "));
    let line = facts.line;
    let said = (typed.reason, typed.evidence);
    let (revoking, holding) = match typed.holds {
        true => (Default::default(), said),
        false => (said, Default::default()),
    };
    let profile = f.profile(&line.profile);
    let opened =
        facts.opened.iter().map(|(id, at)| (f.application(id), show::time(language, at))).collect();
    IssuedPage {
        f,
        w,
        name: show::harmless(&line.name),
        person: line.person,
        system: line.system,
        unit: show::harmless(&line.place),
        profile,
        until: show::time(language, &line.not_after),
        expired: records::time::read(&line.not_after).is_some_and(|until| until < now),
        suspended: line.revoked.as_ref().is_some_and(|(_, reason)| reason == HOLD),
        revokes: facts.revokes,
        revoked: line.revoked.map(|(at, reason)| (show::time(language, &at), why(&reason))),
        approvers: facts.approvers.iter().map(|one| approver(language, one)).collect(),
        of_founding: facts.founding,
        agents,
        opened,
        serial: line.serial,
        fingerprint: read.as_ref().map(|c| plain::fingerprint(&c.sha256())).unwrap_or_default(),
        pem: read.as_ref().map(Certificate::pem).unwrap_or_default(),
        reasons: reasons(language),
        revoking,
        holding,
        problem: typed.problem,
    }
}

/// Who approved, for whom, and whether it was as one of many.
pub(super) fn approver(language: Language, one: &ApprovedBy) -> Marked {
    let person = |name: &str, id: &str| -> FactValue {
        NameAndId { name: Some(name.to_owned()), id: id.to_owned(), unit: None }.into()
    };
    let mut told = vec![person(&one.name, &one.person)];
    if let Some((absent, id)) = &one.acting_for {
        told.push(phrase("，代 {0}", ", acting for {0}", vec![person(absent, id)]));
    }
    if let Some(ApprovedBatch { order, rows, opened }) = &one.batch {
        let values = vec![order.into(), rows.to_string().into()];
        told.push(phrase("，作为批次 {0} 共 {1} 件之一", ", as one of {1} in batch {0}", values));
        told.push(match opened {
            true => phrase(
                "；其签名写明已查看本件",
                "; their signature says that they opened it",
                Vec::new(),
            ),
            false => phrase(
                "；其签名未写明已查看本件",
                "; their signature does not say that they opened it",
                Vec::new(),
            ),
        });
    }
    marked(language, &FactValue::Row(told))
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    let pem = include_str!("../../../tests/golden/officer.pem");
    let der = pki::pem::read_one(pem.as_bytes(), pki::pem::Kind::Certificate).unwrap();
    let serial = Certificate::read(&der).unwrap().serial().to_string();
    let path = format!("/certificates/{serial}");
    let by = |name: &str, person: &str, acting_for: Option<(String, String)>| ApprovedBy {
        name: name.into(),
        person: person.into(),
        batch: acting_for.is_some().then(|| ApprovedBatch {
            order: "3J9K2M4N5P6Q7R8S".into(),
            rows: 120,
            opened: false,
        }),
        acting_for,
    };
    let facts = |revoked: Option<(String, String)>, gates: bool| CertificateFacts {
        line: ca_api::CertificateLine {
            serial: serial.clone(),
            person: "JPDDFECX8JGMH4Y7".into(),
            name: "陈登记".into(),
            system: None,
            unit: "sz-office".into(),
            place: "商州区 › 政府办公室".into(),
            profile: "staff".into(),
            not_after: "2027-11-25T12:12:45Z".into(),
            revoked,
        },
        certificate: der.clone().into(),
        approvers: vec![
            by("李安全", "7NR8FZZVSVPW56NP", None),
            by(
                "<b>\u{202e}",
                "7NR8FZZVSVPW56NQ",
                Some(("赵审核".into(), "DFMM46M5V7T4ANT0".into())),
            ),
        ],
        founding: false,
        agents: match gates {
            true => vec![("gate-1".into(), true), ("gate-2".into(), false)],
            false => Vec::new(),
        },
        opened: vec![("exchange".into(), "2026-11-25T07:30:00Z".into())],
        revokes: !gates,
    };
    let render = |facts, typed| {
        let f = Frame::sample(language, &path);
        filled(f, facts, (typed, 1_795_507_200)).render().unwrap()
    };
    let wrong = Typed {
        reason: "superseded".into(),
        problem: Some(Problem::new(Code::Malformed, "5GPJWBSG64S36D1N".into())),
        ..Typed::default()
    };
    let suspended = Some(("2026-11-25T08:00:00Z".into(), HOLD.into()));
    let revoked = Some(("2026-11-25T08:00:00Z".into(), "keyCompromise".into()));
    let mut own = facts(None, false);
    (own.line.system, own.line.name) = (Some("site".into()), "门户网站".into());
    vec![
        ("issued-system", render(own, Typed::default())),
        ("issued", render(facts(None, false), Typed::default())),
        ("issued-wrong", render(facts(None, false), wrong)),
        ("issued-revoked", render(facts(revoked, true), Typed::default())),
        ("issued-suspended", render(facts(suspended, false), Typed::default())),
        ("issued-handled", render(facts(None, true), Typed::default())),
    ]
}
