//! `GET /orders/ORDER`: one order, every fact of it, and the decision.

use super::bench::Bench;
use super::frame::{self, Frame};
use super::guard::Key;
use super::order::{Checked, Line};
use super::session::Admitted;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use page::{show, words};
use records::export::OrderProgress;
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
        checks "本机核对" "Checked on this computer";
        signed "签发机构的签名已由 yinxin 核对。" "yinxin has checked the CA's signature.";
        signed_by "依据：您的信任文件" "By: your trust file";
        opened "敏感内容与承诺一致，逐项核对。" "What is sensitive is what was committed to, each checked.";
        opened_by "依据：办件中的承诺值" "By: the commitments in the order";
        approvals "审批（门户所说）" "Approvals, as the portal says";
        given "您已批准，还需其他人审批。" "You have approved it. Others have to as well.";
        approve "批准" "Approve";
        approve_how "用您的证书密钥签署上面的摘要。" "Signs the digest above with your certificate key.";
        decline "退回或驳回" "Send it back or reject it";
        returned "退回，修改后可重新申请" "Send it back; they may apply again";
        rejected "驳回，到此结束" "Reject it; it ends here";
        reason "理由" "Reason";
        reason_hint "申请人会看到" "Whoever applied reads it";
        sign_decline "签署" "Sign";
        moved "依据已变化，不能再批准，只能退回或驳回。" "What it rests on changed: it cannot be approved any more, only declined.";
        brake "吊销申请不能退回或驳回；不同意就不要批准，七天后自动失效。" "An order to revoke cannot be declined. If you disagree do not approve it; it ends by itself after seven days.";
    }
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
    pub(super) facts: Vec<Line>,
    pub(super) standing: Option<OrderProgress>,
    /// Whether this officer approved it already.
    pub(super) given: bool,
    /// Whether what it rests on became another: it can only be declined.
    pub(super) moved: bool,
    /// Whether it revokes: nobody declines that alone.
    pub(super) revokes: bool,
}

/// `GET /orders/{order}`
pub(super) async fn show(
    State(bench): State<Arc<Bench>>,
    admitted: Admitted,
    Key(opened): Key,
    Path(order): Path<String>,
) -> Response {
    let f = Frame::inside(&bench, &admitted, &format!("/orders/{}", show::escaped(&order)));
    match Checked::fetch(&bench, &opened, &order).await {
        Ok(checked) => frame::page(StatusCode::OK, &filled(f, &checked)),
        Err(failure) => f.failed(&failure),
    }
}

fn filled(f: Frame, checked: &Checked) -> ReviewPage {
    ReviewPage {
        w: ReviewWords::of(f.language),
        kind: checked.kind(f.language),
        order: checked.opened.order().order.clone(),
        expires: show::time(&checked.opened.order().expires),
        digest: checked.digest(),
        facts: checked.facts(f.language),
        given: checked.standing().is_some_and(|standing| standing.given),
        standing: checked.standing(),
        moved: checked.has_moved(),
        revokes: checked.opened.is_brake(),
        f,
    }
}
