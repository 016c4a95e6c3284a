//! `GET /batches/ORDER`: what became of each row of a batch, to be printed; and from there the
//! letters of those who were registered, under one signature.

use super::certificate::{self, ReaderCertificate};
use super::issued::approver;
use super::touch::{ToTouch, Touch};
use crate::pages::facts::{FactItem as FactLine, lines, marked};
use crate::pages::{Frame, FromPath, Marked, Posted, page, problem, show, words};
use crate::refusal::{passed_on, refused};
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use ca_api::handler::{BatchReceipt, ReceiptLine};
use ca_api::{AsOfficer, OrderQuery};
use portal_api::plain;
use portal_api::roster::{LETTERS_A_MESSAGE, PASSKEY_ROWS_MAX, RosterDraft};
use records::draft::{Draft, DraftStatement, ManyRow};
use records::drafted::{DraftContent, LetterBody};
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
        digest "批次摘要（审批人签署）" "Digest, which the approvers signed";
        as_of "截至" "As of";
        kind "类别" "Kind";
        state "办理结果" "What became of it";
        approvals "审批" "Approvals";
        approved_by "审批人" "Approved by";
        serials "证书序列号" "Serial numbers";
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
        differs "有变化" "differs";
        signed "以下内容由您签署" "What you sign";
        for_whom "密码信封持有人（姓名按登记，不签署）" "For whom (names are the register's and not signed)";
        by_passkey "用通行密钥签署" "Sign with a passkey";
        outside "您还没有可用的通行密钥；也可以在您的电脑上用命令行工具 yinxin 和自己的证书密钥签署。" "You have no passkey that counts yet. The yinxin command line signs the same with your certificate key, on your own computer.";
    }
}

struct ReceiptItem {
    order: String,
    about: Marked,
    state: String,
    problem: String,
    letter: bool,
    serials: Vec<String>,
}

#[derive(Template)]
#[template(path = "staff/receipt.html")]
struct ReceiptPage {
    f: Frame,
    w: &'static ReceiptWords,
    order: String,
    digest: String,
    kind: String,
    state: String,
    /// When this was asked for.
    as_of: String,
    approvals: Option<(u32, u32)>,
    approvers: Vec<Marked>,
    count: usize,
    done: usize,
    lines: Vec<ReceiptItem>,
    /// How many letters can be made.
    letters: usize,
}

#[derive(Template)]
#[template(path = "staff/letters.html")]
struct LettersPage {
    f: Frame,
    w: &'static ReceiptWords,
    order: String,
    /// For whom, as the city knows them, which is not signed; and what is.
    rows: Vec<(Marked, Vec<FactLine>)>,
    /// What is signed of all of it.
    t: ToTouch,
    people: String,
}

/// `GET /batches/{order}`
pub(super) async fn show(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
    FromPath(order): FromPath<String>,
) -> Response {
    match receipt(&portal, &shown, &order).await {
        Ok(receipt) => page(StatusCode::OK, &filled(f, receipt, Clock::system().seconds())),
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
    let message = AsOfficer { certificate, message: OrderQuery { order } };
    let answer = passed_on(portal.issuer.receipt(&message).await);
    portal.recorded("receipt", &shown.person, answer).await
}

/// Whom a letter can be made for.
fn unlettered(receipt: &BatchReceipt) -> impl Iterator<Item = &ReceiptLine> {
    let registers = receipt.own && receipt.of == "person" && receipt.action == "create";
    receipt.lines.iter().filter(move |line| registers && line.wants_letter)
}

fn filled(f: Frame, receipt: BatchReceipt, now: u64) -> ReceiptPage {
    let language = f.language;
    let both = |said: plain::BilingualText| language.of_both(said.zh, said.en);
    let letters = unlettered(&receipt).count();
    let open = receipt.state == "open";
    let line = |line: ReceiptLine| ReceiptItem {
        about: marked(language, &plain::told_about(&line.about)),
        state: both(plain::draft_state(&line.state)),
        problem: line
            .problem
            .map(|code| language.of_both(code.zh().into(), code.en().into()))
            .unwrap_or_default(),
        order: line.order,
        letter: line.letter,
        serials: line.serials,
    };
    ReceiptPage {
        w: ReceiptWords::of(language),
        kind: both(plain::kind_of(&receipt.of, &receipt.action)),
        state: both(plain::draft_state(&receipt.state)),
        digest: receipt.digest.digest().map(|it| plain::fingerprint(&it)).unwrap_or_default(),
        as_of: show::time(language, &records::time::seconds(now)),
        approvals: open.then_some(receipt.approvals),
        approvers: receipt.approvers.iter().map(|one| approver(language, one)).collect(),
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
    ReaderCertificate(shown): ReaderCertificate,
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
    // As many as a passkey signs for; the receipt asks about the others behind them.
    let asked = unlettered(&receipt).take(PASSKEY_ROWS_MAX);
    let people: Vec<String> = asked.map(|line| line.person.clone()).collect();
    let draft = letters(&people).ok_or_else(|| refused(Code::Malformed))?;
    let nonce = random::bytes().map_err(|_| refused(Code::Unavailable))?;
    let certificate = Sha256::digest(&shown.certificate.0).into();
    let of = (&portal.trust.founding, certificate);
    let said = draft.many.statement("letters", of, nonce, Clock::system().seconds());
    let said = said.map_err(|_| refused(Code::Malformed))?;
    let credentials = super::passkeys::usable(portal, shown.certificate.clone()).await?;
    let filled = signed(f, (&said, &draft), &receipt, credentials);
    filled.ok_or_else(|| refused(Code::Malformed))
}

/// Everything that is signed, letter by letter, made from just that.
fn signed(
    f: &Frame,
    (said, draft): (&DraftStatement, &RosterDraft),
    receipt: &BatchReceipt,
    credentials: String,
) -> Option<LettersPage> {
    let lines = |facts| lines(f.language, facts);
    let row = |(line, row): (&ReceiptLine, &ManyRow)| {
        let about = marked(f.language, &plain::told_about(&line.about));
        (about, lines(plain::about_row(said, row, &[])))
    };
    let asked = unlettered(receipt).take(draft.rows.len());
    let people: Vec<&str> = asked.map(|line| line.person.as_str()).collect();
    Some(LettersPage {
        w: ReceiptWords::of(f.language),
        f: f.clone(),
        order: receipt.order.clone(),
        rows: unlettered(receipt).zip(&draft.rows).map(row).collect(),
        t: ToTouch::many(f.language, (said, &draft.rows), credentials)?,
        people: people.join(" "),
    })
}

/// Letters for these people, in this order.
fn letters(people: &[String]) -> Option<RosterDraft> {
    let body = |person: &String| {
        let body = LetterBody { person: person.clone(), profile: PROFILE.into() };
        Some((DraftContent::Letter(body).parts().ok()?.1, Vec::new()))
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
    ReaderCertificate(shown): ReaderCertificate,
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
        about: super::people::sample_about(about),
        person: "0123456789ABCDEF".into(),
        state: state.into(),
        problem,
        letter,
        wants_letter: state == "done" && !letter,
        serials: Vec::new(),
    };
    let approved = |name: &str, person: &str, acting_for| ca_api::ApprovedBy {
        name: name.into(),
        person: person.into(),
        acting_for,
        batch: None,
    };
    let absent = ("<b>\u{202e}王芳</b>".to_owned(), "ABCDEFGHJKMNPQRS".to_owned());
    let receipt = |state: &str| BatchReceipt {
        order: "5GPJWBSG64S36D1P".into(),
        digest: [7; 32].into(),
        of: "person".into(),
        action: "create".into(),
        state: state.into(),
        approvals: (1, 2),
        own: true,
        approvers: match state {
            "done" => vec![
                approved("周红", "0123456789ABCDEG", None),
                approved("<i>赵军</i>", "0123456789ABCDEH", Some(absent.clone())),
            ],
            _ => Vec::new(),
        },
        lines: vec![
            line("陈一", "done", None, true),
            line("<b>\u{202e}陈二</b>", "done", None, false),
            line("陈三", "open", Some(Code::UnitUnknown), false),
        ],
    };
    let f = || Frame::sample(language, "/batches/5GPJWBSG64S36D1P");
    let draft = letters(&["0123456789ABCDEF".into()]).unwrap();
    let of = (&Bytes::from([1; 32]), [2; 32]);
    let said = draft.many.statement("letters", of, [3; 16], 1_795_507_200).unwrap();
    let letters = |credentials: &str| {
        signed(&f(), (&said, &draft), &receipt("done"), credentials.into()).unwrap()
    };
    vec![
        ("receipt-batch", filled(f(), receipt("done"), 1_795_507_200).render().unwrap()),
        ("receipt-batch-open", filled(f(), receipt("open"), 1_795_507_200).render().unwrap()),
        ("letters", letters("AAAA").render().unwrap()),
        ("letters-outside", letters("").render().unwrap()),
    ]
}
