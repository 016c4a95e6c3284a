//! `GET /orders/ORDER`: one order, every fact of it, and the decision.

#[cfg(test)]
mod tests;

use super::bench::Bench;
use super::frame::{self, Frame};
use super::guard::Key;
use super::order::{Checked, FactItem, marked};
use super::session::Admitted;
use crate::approving::Approving;
use crate::consent::Consentable;
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use page::{Language, Marked, show, words};
use portal_api::plain;
use records::decline::Outcome;
use records::export::{OpenedOrder, OrderProgress, Voice};
use serde::Deserialize;
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
        follows "办结后的影响" "What follows once it is carried out";
        follows_now "以下为门户所述，未经核对，不在签名范围内。" "The portal's word of this moment: not checked, and not part of what is signed.";
        checks "本机核对" "Checked on this computer";
        signed "签发机构的签名已由 yinxin 核对。" "yinxin has checked the CA's signature.";
        signed_by "依据：您的信任文件" "By: your trust file";
        opened "敏感内容与承诺一致，逐项核对。" "What is sensitive is what was committed to, each checked.";
        opened_by "依据：办件中的承诺值" "By: the commitments in the order";
        approvals "审批（门户所说）" "Approvals, as the portal says";
        given "门户称您已批准，还需其他人审批。" "The portal says that you have approved it, and that others have to as well.";
        look "请留意" "Take a look";
        look_says "（门户所说）" "(the portal's word)";
        rows "批量中的事项" "What the batch is about";
        sample "须查看" "to be opened";
        sample_lead "标有“须查看”的事项须逐项查看后才能批准。" "Those that are marked have to be opened, each, before the batch can be approved.";
        seen "我已查看：" "I have opened it:";
        choose "请选择代谁审批" "Choose for whom you approve";
        choose_lead "您可以按自己的角色审批，或代休假人员审批；签名写明您选的是谁。姓名为门户所说。" "You may approve by your own roles or for somebody on leave; your signature says which. Names are the portal's word.";
        own "本人" "yourself";
        absent "您代其审批（姓名为门户所说）" "You approve for (the name is the portal's word)";
        again "改选代谁审批" "Choose somebody else";
        signs "签署的摘要（含已查看的事项）" "Digest that you sign, with what you opened";
        ends "退回或驳回的后果" "What declining it ends";
        approve "批准" "Approve";
        approve_how "用您的证书密钥签署上面的摘要。" "Signs the digest above with your certificate key.";
        decline "退回或驳回" "Send it back or reject it";
        returned "退回，修改后可重新申请" "Send it back; they may apply again";
        rejected "驳回，到此结束" "Reject it; it ends here";
        reason "理由" "Reason";
        reason_hint "申请人会看到" "Whoever applied reads it";
        sign_decline "签署" "Sign";
        moved "门户称依据已变化，或没有附上现行文件：不能批准，只能退回或驳回。" "The portal says that what it rests on changed, or left out what is in force: it cannot be approved, only declined.";
        brake "只收回权限的办件（吊销、离任、撤回角色、关闭）不能退回或驳回；不同意就不要批准，到期自动失效。" "What only takes away (a revocation, somebody who leaves, a role withdrawn, something closed) cannot be declined. If you disagree do not approve it; it ends by itself.";
    }
}

/// An order of a batch, whole.
pub(super) struct ReviewItem {
    /// Its number in the batch, where that is not the one behind the number above it.
    pub(super) number: Option<usize>,
    pub(super) order: String,
    pub(super) about: Marked,
    /// Whether it has to be opened.
    pub(super) sample: bool,
    pub(super) look: Option<String>,
    pub(super) facts: Vec<FactItem>,
    /// What the portal says that it takes away.
    pub(super) consequence: Vec<FactItem>,
}

#[derive(Template)]
#[template(path = "desk/review.html")]
pub(super) struct ReviewPage {
    pub(super) f: Frame,
    pub(super) w: &'static ReviewWords,
    pub(super) kind: String,
    pub(super) order: String,
    pub(super) expires: String,
    pub(super) digest: String,
    /// What is signed who approves it: of a batch it covers what was opened.
    pub(super) signs: String,
    pub(super) facts: Vec<FactItem>,
    /// What the portal says that it takes away.
    pub(super) consequence: Vec<FactItem>,
    /// What ends with it where it is rejected.
    pub(super) ends: Vec<FactItem>,
    /// Orders of a batch.
    pub(super) rows: Vec<ReviewItem>,
    pub(super) standing: Option<OrderProgress>,
    /// What needs a look in it, as the portal says.
    pub(super) look: Option<String>,
    /// For whom it may be approved, by id, where that is to be chosen first.
    pub(super) choices: Vec<(String, Marked)>,
    /// Whom it is for, where that is somebody on leave, by the name that the portal says.
    pub(super) absent: Option<Marked>,
    /// Whether another choice can be made.
    pub(super) others: bool,
    /// For whom, by id.
    pub(super) acting_for: String,
    /// Whether this officer approved it already.
    pub(super) given: bool,
    /// Whether what it rests on became another: it can only be declined.
    pub(super) moved: bool,
    /// Whether one officer may send it back or end it.
    pub(super) can_be_declined: bool,
}

/// For whom an officer wants to approve.
#[derive(Default, Deserialize)]
pub(super) struct ForWhom {
    #[serde(rename = "for")]
    acting_for: Option<String>,
}

/// Answers `GET /orders/{order}`.
pub(super) async fn show(
    State(bench): State<Arc<Bench>>,
    admitted: Admitted,
    Key(opened): Key,
    Path(order): Path<String>,
    chosen: Result<Query<ForWhom>, QueryRejection>,
) -> Response {
    let f = Frame::inside(&bench, &admitted, &format!("/orders/{}", show::escaped(&order)));
    let ForWhom { acting_for } = chosen.map(|Query(chosen)| chosen).unwrap_or_default();
    match Checked::fetch(&bench, &opened, &order).await {
        Ok(checked) => frame::page(StatusCode::OK, &filled(f, &checked, acting_for.as_deref())),
        Err(failure) => f.failed(&failure),
    }
}

fn filled(f: Frame, checked: &Checked, named: Option<&str>) -> ReviewPage {
    let (language, opened) = (f.language, &checked.opened);
    let w = ReviewWords::of(language);
    let chosen = checked.chosen(named);
    let choices = if chosen.is_none() { choices(language, checked) } else { Vec::new() };
    let approving = checked.approving(chosen.flatten());
    let digest = plain::fingerprint(&opened.digest());
    let mut facts = Vec::new();
    if choices.is_empty() {
        facts = plain::about_voice(opened, (approving.acting_for(), approving.opened()));
    }
    facts.extend(plain::facts_above_rows(opened));
    if !opened.rows().is_empty() {
        facts.extend(plain::about_opened(opened, approving.opened()));
    }
    let chosen = |voice: &&Voice| voice.acting_for.as_deref() == approving.acting_for();
    let absent: Vec<Voice> = checked.beside.voices.iter().filter(chosen).cloned().collect();
    let absent = plain::about_absent(&absent).into_iter().next();
    let consequence = plain::about_consequence(opened.body(), approving.consequence());
    let rejected = plain::about_ending(opened, Some(Outcome::Rejected));
    ReviewPage {
        w,
        choices,
        absent: absent.map(|fact| marked(language, &fact.value)),
        others: checked.standing.as_ref().is_some_and(|one| one.voices.len() > 1),
        acting_for: approving.acting_for().unwrap_or(&checked.person).to_owned(),
        kind: checked.kind(language),
        order: opened.order().order.clone(),
        expires: show::exact_time(language, &opened.order().expires),
        signs: approving.digest().map_or(digest.clone(), |digest| plain::fingerprint(&digest)),
        digest,
        facts: FactItem::all(facts, language),
        consequence: FactItem::all(consequence, language),
        ends: FactItem::all(rejected, language),
        rows: rows(language, &approving),
        given: checked.standing().is_some_and(|standing| standing.given),
        standing: checked.standing(),
        look: checked
            .standing
            .as_ref()
            .and_then(|standing| standing.look)
            .map(plain::look)
            .map(|said| language.of_both(said.zh, said.en)),
        moved: checked.has_moved(),
        can_be_declined: opened.can_be_declined(),
        f,
    }
}

/// For whom the officer may approve, by id, as the portal says.
fn choices(language: Language, checked: &Checked) -> Vec<(String, Marked)> {
    let voices = checked.standing.iter().flat_map(|standing| &standing.voices);
    let own = || Marked::new().own(ReviewWords::of(language).own);
    let one = |voice: &Voice| {
        let told = plain::about_absent(std::slice::from_ref(voice)).into_iter().next();
        let label = told.map_or_else(own, |fact| marked(language, &fact.value));
        (voice.acting_for.clone().unwrap_or_else(|| checked.person.clone()), label)
    };
    voices.map(one).collect()
}

/// The orders of a batch under the numbers that its sheet names them by; those that have to be
/// opened come first.
fn rows(language: Language, approving: &Approving) -> Vec<ReviewItem> {
    let row = |(place, row): (usize, &OpenedOrder)| {
        let look = approving.look(place).map(plain::look);
        let told = plain::about_consequence(row.body(), approving.consequence_of(place));
        ReviewItem {
            number: Some(place + 1),
            order: row.order().order.clone(),
            about: marked(language, &plain::about(row)),
            sample: approving.is_to_open(row),
            look: look.map(|said| language.of_both(said.zh, said.en)),
            facts: FactItem::all(plain::facts(row), language),
            consequence: FactItem::all(told, language),
        }
    };
    let mut rows: Vec<ReviewItem> = approving.order().rows().iter().enumerate().map(row).collect();
    rows.sort_by_key(|row| !row.sample);
    show::list_numbers(rows.iter_mut().map(|row| &mut row.number));
    rows
}
