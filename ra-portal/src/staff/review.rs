//! `GET /orders/ORDER`: one order, evidence left, decision right. What is shown was checked against
//! the CA's signature here; an officer's own `yinxin` checks it again, which a captured portal
//! cannot.

#[cfg(test)]
mod samples;

#[cfg(test)]
pub(super) use samples::{sample_progress, samples};

use super::certificate::{self, ReaderCertificate};
use super::checks;
use super::consequence::ConsequenceView;
use super::passkeys;
use crate::pages::facts::{FactItem, lines, marked};
use crate::pages::problem::KeptForm;
use crate::pages::{Frame, FromPath, FromQuery, Language, Marked, page, problem, show, words};
use crate::refusal::{passed_on, refused};
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ca_api::{AsOfficer, OrderQuery};
use portal_api::plain;
use records::approval::approval_challenge;
use records::decline::Outcome;
use records::export::{Hearsay, OpenedOrder, OrderProgress, Voice};
use records::letter::read_reference;
use records::order::Body;
use records::{ApprovalClaim, Code, Problem};
use serde::Deserialize;
use service::Clock;
use service::problem::{Refused, status};
use std::sync::Arc;

words! {
    ReviewWords {
        back "← 返回待办" "← Back to the list";
        evidence "内容和依据" "Content and evidence";
        decision "决定" "Decision";
        order "办件编号" "Order";
        until "截止" "Until";
        digest "摘要" "Digest";
        differs "有变化" "differs";
        checks "自动核对" "Automatic checks";
        approvals "审批" "Approvals";
        look "请留意" "Take a look";
        rows "批量中的事项" "What the batch is about";
        sample "须查看" "to be opened";
        sample_lead "标有“须查看”的事项由本批次的摘要抽取，或因制作时须留意而列入，须逐项查看后才能批准。" "Those that are marked were drawn by the batch's digest or needed a look when it was made; each has to be opened before the batch can be approved.";
        seen "我已查看：" "I have opened it:";
        about "对象" "About";
        given "您已批准，还需其他人审批。" "You have approved it. Others have to as well.";
        full "浏览器中的审批已满，还需有人用证书密钥批准。" "No more approvals from a browser count here. Somebody has to approve by certificate key.";
        outside "请在您的电脑上用自己的密钥批准：运行 yinxin desk，或者" "Approve it with your own key on your own computer: run yinxin desk, or";
        by_passkey "用通行密钥批准" "Approve with a passkey";
        or_outside "或者在您的电脑上用自己的证书密钥批准：运行 yinxin desk，或者" "Or approve it with your certificate key on your own computer: run yinxin desk, or";
        refused "没有批准：浏览器或安全密钥拒绝了，或者操作超时。请重试。" "It was not approved: the browser or the security key refused, or it took too long. Try again.";
        decline "退回或驳回" "Send it back or reject it";
        returned "退回，修改后可重新申请" "Send it back; they may apply again";
        rejected "驳回，到此结束" "Reject it; it ends here";
        reason "理由" "Reason";
        reason_hint "申请人会看到" "Whoever applied reads it";
        go_on "下一步：确认" "Next: confirm";
        choose "请选择代谁审批" "Choose for whom you approve";
        choose_lead "您可以按自己的角色审批，或代休假人员审批；签名写明您选的是谁。" "You may approve by your own roles or for somebody on leave; your signature says which.";
        own "本人" "yourself";
        again "改选代谁审批" "Choose somebody else";
        moved "依据已变化，不能再批准，只能退回或驳回。" "What it rests on changed: it cannot be approved any more, only declined.";
        brake "只收回权限的办件（吊销、离任、撤回角色、关闭）不能退回或驳回；不同意就不要批准，到期自动失效。" "What only takes away (a revocation, somebody who leaves, a role withdrawn, something closed) cannot be declined. If you disagree do not approve it; it ends by itself.";
        compare "yinxin 会独立核对签名并显示全部内容，其显示的摘要应与上面一致。" "yinxin checks the signature by itself and shows everything; its digest must equal the one above.";
    }
}

/// An order of a batch.
struct ReviewItem {
    /// Its number in the batch, where that is not the one behind the number above it.
    number: Option<usize>,
    order: String,
    about: Marked,
    digest: String,
    /// Whether it has to be opened.
    sample: bool,
    look: Option<String>,
    facts: Vec<FactItem>,
    consequence: Option<ConsequenceView>,
}

#[derive(Template)]
#[template(path = "staff/review.html")]
pub(super) struct ReviewPage {
    f: Frame,
    w: &'static ReviewWords,
    kind: String,
    order: String,
    expires: String,
    digest: String,
    facts: Vec<FactItem>,
    consequence: Option<ConsequenceView>,
    /// What was checked without anybody, with its source.
    checks: Vec<(String, &'static str)>,
    digest_value: String,
    challenge: String,
    /// Credential ids of passkeys that may approve.
    credentials: String,
    standing: OrderProgress,
    /// What needs a look.
    look: Option<String>,
    /// Whether what it rests on became another: it can only be declined.
    moved: bool,
    /// Whether one officer may send it back or end it.
    can_be_declined: bool,
    /// For whom it may be approved, by id, where that is to be chosen first.
    choices: Vec<(String, Marked)>,
    /// For whom, by id, where it is for somebody on leave.
    acting_for: String,
    /// Orders of a batch.
    rows: Vec<ReviewItem>,
    typed: TypedDecline,
}

/// How an officer wants to decline an order, and why they read the page once more.
#[derive(Default)]
pub(super) struct TypedDecline {
    /// `returned` or `rejected`, if it was chosen.
    pub(super) outcome: String,
    pub(super) reason: String,
    pub(super) problem: Option<Problem>,
}

/// For whom an officer wants to approve.
#[derive(Deserialize)]
pub(super) struct ForWhom {
    #[serde(rename = "for")]
    acting_for: Option<String>,
}

/// `GET /orders/{order}`
pub(super) async fn show(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
    FromPath(order): FromPath<String>,
    FromQuery(ForWhom { acting_for }): FromQuery<ForWhom>,
) -> Response {
    let Some(order) = read_reference(&order) else {
        return problem::page(&f, &refused(Code::OrderUnknown).0, "/");
    };
    let typed = TypedDecline::default();
    shown_with(&portal, f, shown, order, (acting_for.as_deref(), typed)).await
}

/// What was typed to decline an order: it goes to where it is checked.
pub(super) fn kept(f: &Frame, (order, outcome): (&str, Outcome), reason: String) -> KeptForm {
    KeptForm {
        action: format!("/orders/{}/decline", show::escaped(order)),
        chosen: "outcome",
        choice: outcome.name().to_owned(),
        field: "reason",
        label: ReviewWords::of(f.language).reason,
        typed: show::harmless(&reason),
    }
}

/// The order as the CA says it is now, with what was typed to decline it.
pub(super) async fn shown_with(
    portal: &PortalState,
    f: Frame,
    shown: StaffCertificate,
    order: String,
    (acting_for, typed): (Option<&str>, TypedDecline),
) -> Response {
    let officer = shown.certificate.clone();
    let query = OrderQuery { order: order.clone() };
    let message = AsOfficer { certificate: officer.clone(), message: query };
    let answer = passed_on(portal.issuer.fetch(&message).await);
    let no = |told: &Problem| {
        let outcome = Outcome::from_name(&typed.outcome).filter(|_| !typed.reason.is_empty());
        let kept = outcome.map(|outcome| kept(&f, (&order, outcome), typed.reason.clone()));
        certificate::refused_keeping(&f, portal, told, ("/", kept))
    };
    let export = match portal.recorded_fetch(&shown.person, answer).await {
        Ok(export) => export,
        Err(Refused(told)) => return no(&told),
    };
    match (export.open(&portal.trust, Clock::system().seconds()), export.standing.clone()) {
        (Ok(opened), Some(standing)) => {
            let credentials = match passkeys::usable(portal, officer).await {
                Ok(credentials) => credentials,
                Err(Refused(told)) => return no(&told),
            };
            let known = typed.problem.as_ref().and_then(Problem::known);
            let asked = (&opened, shown.person.as_str(), acting_for);
            let shown = filled(f, asked, export.beside(), (standing, credentials));
            page(known.map_or(StatusCode::OK, status), &ReviewPage { typed, ..shown })
        }
        // A batch that is over, for whoever drafted it.
        (Ok(_), None) => problem::page(&f, &refused(Code::OrderConsumed).0, "/"),
        (opened, _) => {
            tracing::error!(error = ?opened.err(), "an order does not verify");
            problem::page(&f, &refused(Code::OrderAltered).0, "/")
        }
    }
}

pub(super) fn filled(
    f: Frame,
    (opened, person, named): (&OpenedOrder, &str, Option<&str>),
    beside: Hearsay,
    (standing, credentials): (OrderProgress, String),
) -> ReviewPage {
    let language = f.language;
    let both = |said: plain::BilingualText| show::harmless(&language.of_both(said.zh, said.en));
    let w = ReviewWords::of(language);
    let chosen = standing.chosen(person, named);
    let choices = if chosen.is_none() { choices(language, person, &standing) } else { Vec::new() };
    let acting_for = chosen.flatten();
    let rows = rows(language, opened, (&beside, person));
    let to_open = opened_of(&rows);
    let mut facts = Vec::new();
    if choices.is_empty() {
        let voice = plain::about_voice(opened, (acting_for.as_deref(), &to_open));
        facts.extend(lines(language, voice));
        facts.extend(lines(language, plain::about_absent(&beside.voices)));
    }
    facts.extend(lines(language, plain::facts_above_rows(opened)));
    if !rows.is_empty() {
        facts.extend(lines(language, plain::about_opened(opened, &to_open)));
    }
    let (order, body, digest) = (opened.order(), opened.body(), opened.digest());
    let to_open: Vec<u8> = to_open.into_iter().flat_map(|row| row.0).collect();
    let spoken = ApprovalClaim { acting_for: acting_for.as_deref(), opened: &to_open };
    let approvers = standing.approvers.iter().map(|name| show::harmless(name)).collect();
    let standing = OrderProgress { approvers, ..standing };
    ReviewPage {
        w,
        checks: checks::checks(language, opened),
        kind: both(plain::kind(body)),
        order: order.order.clone(),
        expires: show::exact_time(language, &order.expires),
        digest: plain::fingerprint(&digest),
        facts,
        consequence: ConsequenceView::of(language, body, beside.consequence.as_ref()),
        digest_value: records::Bytes::from(digest).to_string(),
        challenge: records::Bytes::from(approval_challenge(&digest, spoken)).to_string(),
        // Of a passkey that would count for nothing nobody is asked.
        credentials: if standing.browser && !standing.given { credentials } else { String::new() },
        look: standing.look.map(plain::look).map(|said| language.of_both(said.zh, said.en)),
        moved: opened.has_moved(Some(&standing)),
        standing,
        can_be_declined: opened.can_be_declined(),
        choices,
        acting_for: acting_for.unwrap_or_default(),
        rows,
        typed: TypedDecline::default(),
        f,
    }
}

/// For whom somebody may approve, by id.
fn choices(language: Language, person: &str, standing: &OrderProgress) -> Vec<(String, Marked)> {
    let own = || Marked::new().own(ReviewWords::of(language).own);
    let one = |voice: &Voice| {
        let told = plain::about_absent(std::slice::from_ref(voice)).into_iter().next();
        let label = told.map_or_else(own, |fact| marked(language, &fact.value));
        (voice.acting_for.clone().unwrap_or_else(|| person.to_owned()), label)
    };
    standing.voices.iter().map(one).collect()
}

/// The orders of a batch under the numbers that its sheet names them by; those that have to be
/// opened come first.
fn rows(
    language: Language,
    opened: &OpenedOrder,
    (beside, person): (&Hearsay, &str),
) -> Vec<ReviewItem> {
    let Body::Batch(batch) = opened.body() else { return Vec::new() };
    let sample: Vec<&records::Bytes> = batch.to_open(&opened.digest(), person);
    let row = |(place, row): (usize, &OpenedOrder)| {
        let look = beside.looks.get(place).copied().flatten().map(plain::look);
        let told = beside.consequences.get(place).and_then(Option::as_ref);
        let digest = records::Bytes::from(row.digest());
        let sample = sample.contains(&&digest);
        ReviewItem {
            number: Some(place + 1),
            order: row.order().order.clone(),
            about: marked(language, &plain::about(row)),
            digest: digest.to_string(),
            sample,
            look: look.map(|said| language.of_both(said.zh, said.en)),
            facts: lines(language, plain::facts(row)),
            consequence: ConsequenceView::of(language, row.body(), told),
        }
    };
    let mut rows: Vec<ReviewItem> = opened.rows().iter().enumerate().map(row).collect();
    rows.sort_by_key(|row| !row.sample);
    show::list_numbers(rows.iter_mut().map(|row| &mut row.number));
    rows
}

/// What an approval of the batch says that was opened: in the order of the batch.
fn opened_of(rows: &[ReviewItem]) -> Vec<records::Bytes> {
    let sample = rows.iter().filter(|row| row.sample);
    sample.filter_map(|row| records::Bytes::read(&row.digest)).collect()
}
