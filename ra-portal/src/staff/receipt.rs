//! `GET /batches/ORDER`: what became of each row of a batch, to be printed; and from there the
//! letters of those who were registered, under one signature.

use super::certificate::{self, Shown};
use super::touch::Touch;
use crate::pages::{Frame, FromPath, Posted, page, problem, show, words};
use crate::refusal::{passed_on, refused};
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use ca_api::handler::{BatchReceipt, ReceiptLine};
use ca_api::{AsOfficer, Wanted};
use portal_api::plain;
use portal_api::roster::{LETTERS_A_MESSAGE, RosterDraft, statement_bytes};
use records::draft::Draft;
use records::drafted::{Drafted, LetterBody};
use records::letter::read_reference;
use records::{Bytes, Code};
use serde::Deserialize;
use service::Clock;
use service::problem::Refused;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use system::random;

/// The profile under which letters of a batch are made.
const PROFILE: &str = "official";

words! {
    ReceiptWords {
        back "← 返回我的办件" "← Back to my drafts";
        title "批量办理回执" "Receipt of a batch";
        order "批次编号" "Batch";
        kind "类别" "Kind";
        state "办理结果" "What became of it";
        approvals "审批" "Approvals";
        count "共" "How many";
        done "已办结" "done";
        about "对象" "About";
        letter "密码信封" "Letter";
        open_letter "可用" "can be used";
        rows "逐项结果" "Row by row";
        print "可用浏览器的打印功能打印本页存档。" "Print this page with your browser to keep it.";
        letters "为已登记且尚无密码信封的人员制作密码信封" "Make letters for everybody who is registered and has none";
        letters_lead "签署一次，密码信封由登记处打印并密封交付。" "You sign once; the registration office prints them and hands them over sealed.";
        go "下一步：核对后签署" "Next: check, then sign";
        check_title "为多人制作密码信封" "Letters for many";
        profile "证书模板" "Profile";
        by_passkey "用通行密钥签署" "Sign with a passkey";
        outside "您还没有可用的通行密钥；也可以在您的电脑上用命令行工具 yinxin 和自己的证书密钥签署。" "You have no passkey that counts yet. The yinxin command line signs the same with your certificate key, on your own computer.";
        refused "没有签署：浏览器或安全密钥拒绝了，或者操作超时。请重试。" "It was not signed: the browser or the security key refused, or it took too long. Try again.";
    }
}

struct Line {
    order: String,
    about: String,
    state: String,
    problem: String,
    letter: bool,
}

#[derive(Template)]
#[template(path = "staff/receipt.html")]
struct ReceiptPage {
    f: Frame,
    w: &'static ReceiptWords,
    order: String,
    kind: String,
    state: String,
    approvals: Option<(u32, u32)>,
    count: usize,
    done: usize,
    lines: Vec<Line>,
    /// How many letters can be made.
    letters: usize,
}

#[derive(Template)]
#[template(path = "staff/letters.html")]
struct LettersPage {
    f: Frame,
    w: &'static ReceiptWords,
    order: String,
    names: Vec<String>,
    people: String,
    statement: String,
    challenge: String,
    credentials: String,
}

/// `GET /batches/{order}`
pub(super) async fn show(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    Shown(shown): Shown,
    FromPath(order): FromPath<String>,
) -> Response {
    match receipt(&portal, &shown, &order).await {
        Ok(receipt) => page(StatusCode::OK, &filled(f, receipt)),
        Err(Refused(told)) => certificate::not_seen(&f, &portal, &told),
    }
}

async fn receipt(
    portal: &PortalState,
    shown: &StaffCertificate,
    order: &str,
) -> Result<BatchReceipt, Refused> {
    let order = read_reference(order).ok_or_else(|| refused(Code::OrderUnknown))?;
    let certificate = shown.certificate.clone();
    let message = AsOfficer { certificate, message: Wanted { order } };
    let answer = passed_on(portal.issuer.receipt(&message).await);
    portal.recorded("receipt", &shown.person, answer).await
}

/// Whom a letter can be made for.
fn unlettered(receipt: &BatchReceipt) -> impl Iterator<Item = &ReceiptLine> {
    let registers = receipt.own && receipt.of == "person" && receipt.action == "create";
    receipt.lines.iter().filter(move |line| registers && line.state == "done" && !line.letter)
}

fn filled(f: Frame, receipt: BatchReceipt) -> ReceiptPage {
    let language = f.language;
    let both = |said: plain::Said| language.of_both(said.zh, said.en);
    let letters = unlettered(&receipt).count();
    let open = receipt.state == "open";
    let line = |line: ReceiptLine| Line {
        about: show::harmless(&line.about),
        state: both(plain::draft_state(&line.state)),
        problem: line
            .problem
            .map(|code| language.of_both(code.zh().into(), code.en().into()))
            .unwrap_or_default(),
        order: line.order,
        letter: line.letter,
    };
    ReceiptPage {
        w: ReceiptWords::of(language),
        kind: both(plain::kind_of(&receipt.of, &receipt.action)),
        state: both(plain::draft_state(&receipt.state)),
        approvals: open.then_some(receipt.approvals),
        count: receipt.lines.len(),
        done: receipt.lines.iter().filter(|line| line.state == "done").count(),
        lines: receipt.lines.into_iter().map(line).collect(),
        order: receipt.order,
        letters,
        f,
    }
}

/// `POST /batches/{order}/letters`: what is to be signed.
pub(super) async fn check(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    Shown(shown): Shown,
    FromPath(order): FromPath<String>,
    Posted(_): Posted<Vec<(String, String)>>,
) -> Response {
    let back = format!("/batches/{}", show::escaped(&order));
    match checked(&portal, &f, &shown, &order).await {
        Ok(filled) => page(StatusCode::OK, &filled),
        Err(Refused(told)) => problem::page(&f, &told, &back),
    }
}

async fn checked(
    portal: &PortalState,
    f: &Frame,
    shown: &StaffCertificate,
    order: &str,
) -> Result<LettersPage, Refused> {
    let receipt = receipt(portal, shown, order).await?;
    let people: Vec<String> = unlettered(&receipt).map(|line| line.person.clone()).collect();
    let draft = letters(&people).ok_or_else(|| refused(Code::Malformed))?;
    let nonce = random::bytes().map_err(|_| refused(Code::Unavailable))?;
    let certificate = Sha256::digest(&shown.certificate.0).into();
    let of = (&portal.trust.founding, certificate);
    let said = draft.many.statement("letters", of, nonce, Clock::system().seconds());
    let statement = said.and_then(|said| statement_bytes(&said));
    let statement = statement.map_err(|_| refused(Code::Malformed))?;
    Ok(LettersPage {
        w: ReceiptWords::of(f.language),
        f: f.clone(),
        names: unlettered(&receipt).map(|line| show::harmless(&line.about)).collect(),
        order: receipt.order.clone(),
        people: people.join(" "),
        challenge: Bytes::from(Draft::challenge(&statement.0)).to_string(),
        statement: statement.to_string(),
        credentials: super::review::usable(portal, shown.certificate.clone()).await,
    })
}

/// Letters for these people, in this order.
fn letters(people: &[String]) -> Option<RosterDraft> {
    let body = |person: &String| {
        let body = LetterBody { person: person.clone(), profile: PROFILE.into() };
        Some((Drafted::Letter(body).parts().ok()?.1, Vec::new()))
    };
    let bodies: Option<Vec<_>> = people.iter().map(body).collect();
    RosterDraft::over(bodies.filter(|bodies| !bodies.is_empty())?).ok()
}

/// What the page's script sends.
#[derive(Deserialize)]
pub(super) struct Form {
    people: String,
    statement: String,
    #[serde(flatten)]
    touch: Touch,
}

/// `POST /batches/{order}/lettered`
pub(super) async fn lettered(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    Shown(shown): Shown,
    FromPath(order): FromPath<String>,
    Posted(form): Posted<Form>,
) -> Response {
    let back = format!("/batches/{}", show::escaped(&order));
    match made(&portal, &shown, form).await {
        Ok(()) => Redirect::to(&back).into_response(),
        Err(Refused(told)) => problem::page(&f, &told, &back),
    }
}

async fn made(portal: &PortalState, shown: &StaffCertificate, form: Form) -> Result<(), Refused> {
    let malformed = || refused(Code::Malformed);
    let people: Vec<String> = form.people.split(' ').map(str::to_owned).collect();
    let rows = letters(&people).ok_or_else(malformed)?;
    let statement = Bytes::read(&form.statement).ok_or_else(malformed)?;
    let touch = form.touch.read().ok_or_else(malformed)?;
    let draft = Draft::by_passkey(statement, shown.certificate.clone(), touch);
    for message in rows.messages(&draft, LETTERS_A_MESSAGE) {
        let message = AsOfficer { certificate: shown.certificate.clone(), message };
        let answer = passed_on(portal.issuer.draft_many(&message).await);
        portal.recorded("draft-many", &shown.person, answer).await?;
    }
    Ok(())
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    let line = |about: &str, state: &str, problem, letter| ReceiptLine {
        order: "5GPJWBSG64S36D1N".into(),
        about: about.into(),
        person: "0123456789ABCDEF".into(),
        state: state.into(),
        problem,
        letter,
    };
    let receipt = |state: &str| BatchReceipt {
        order: "5GPJWBSG64S36D1P".into(),
        of: "person".into(),
        action: "create".into(),
        state: state.into(),
        approvals: (1, 2),
        own: true,
        lines: vec![
            line("陈一 · 商州区政府办公室", "done", None, true),
            line("<b>\u{202e}陈二</b> · 商州区政府办公室", "done", None, false),
            line("陈三 · 商州区政府办公室", "open", Some(Code::UnitUnknown), false),
        ],
    };
    let f = || Frame::sample(language, "/batches/5GPJWBSG64S36D1P");
    let letters = |credentials: &str| LettersPage {
        f: f(),
        w: ReceiptWords::of(language),
        order: "5GPJWBSG64S36D1P".into(),
        names: vec!["陈二 · 商州区政府办公室".into()],
        people: "0123456789ABCDEF".into(),
        statement: "AAAA".into(),
        challenge: "AAAA".into(),
        credentials: credentials.into(),
    };
    vec![
        ("receipt-batch", filled(f(), receipt("done")).render().unwrap()),
        ("receipt-batch-open", filled(f(), receipt("open")).render().unwrap()),
        ("letters", letters("AAAA").render().unwrap()),
        ("letters-outside", letters("").render().unwrap()),
    ]
}
