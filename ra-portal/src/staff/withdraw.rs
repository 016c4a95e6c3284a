//! `POST /drafts/withdraw` shows what is to be taken back, to be signed with a passkey or by
//! `yinxin`; `POST /drafts/withdrawn` carries what the passkey signed. The CA checks all of it.

use super::certificate::ReaderCertificate;
use super::touch::{ToTouch, Touch};
use crate::pages::facts::{FactItem, lines};
use crate::pages::{Frame, Posted, page, problem, words};
use crate::refusal::{passed_on, refused};
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use ca_api::AsOfficer;
use portal_api::plain;
use records::draft::PASSKEY_ROWS_MAX;
use records::export::OpenedOrder;
use records::letter::read_reference;
use records::withdrawal::{Withdrawal, WithdrawalStatement, WithdrawalTarget};
use records::{Bytes, Code};
use serde::Deserialize;
use service::Clock;
use service::problem::Refused;
use std::sync::Arc;

words! {
    WithdrawWords {
        back "← 返回我的办件" "← Back to my drafts";
        title "撤回" "Take back";
        what "撤回后此事项立即终止，不能再审批；需要时请重新起草。" "It ends at once and cannot be approved any more. Draft it again if you need it.";
        what_letter "撤回后此密码信封立即作废，不能再用。" "The letter is void at once and cannot be used any more.";
        taken "将要撤回的内容" "What is taken back";
        signed "以下内容由您签署" "What you sign";
        differs "有变化" "differs";
        order "办件编号" "Order";
        letter "密码信封编号" "Letter";
        by_passkey "用通行密钥签署撤回" "Sign with a passkey";
        or_outside "或者在您的电脑上：" "Or on your own computer:";
        outside "请在您的电脑上：" "On your own computer:";
    }
}

/// What the list sends.
#[derive(Deserialize)]
pub(super) struct WithdrawForm {
    name: String,
    /// `order` or `letter`.
    what: String,
}

/// What the page's script sends.
#[derive(Deserialize)]
pub(super) struct Form {
    statement: String,
    #[serde(flatten)]
    touch: Touch,
}

#[derive(Template)]
#[template(path = "staff/withdraw.html")]
pub(super) struct WithdrawPage {
    f: Frame,
    w: &'static WithdrawWords,
    name: String,
    letter: bool,
    /// Everything of the order, and of a batch of each order in it; and what ends with it.
    facts: Vec<FactItem>,
    t: ToTouch,
}

/// `POST /drafts/withdraw`
pub(super) async fn check(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
    Posted(wanted): Posted<WithdrawForm>,
) -> Response {
    match checked(&portal, &f, &shown, &wanted).await {
        Ok(filled) => page(StatusCode::OK, &filled),
        Err(Refused(told)) => problem::page(&f, &told, "/drafts"),
    }
}

async fn checked(
    portal: &PortalState,
    f: &Frame,
    shown: &StaffCertificate,
    wanted: &WithdrawForm,
) -> Result<WithdrawPage, Refused> {
    let malformed = || refused(Code::Malformed);
    let name = read_reference(&wanted.name).ok_or_else(malformed)?;
    let order = match wanted.what.as_str() {
        "letter" => None,
        "order" => Some(fetched(portal, shown, &name).await?),
        _ => return Err(malformed()),
    };
    // A passkey takes back no more than one signs for.
    let is_large = order.as_ref().is_some_and(|order| order.rows().len() > PASSKEY_ROWS_MAX);
    let credentials = match is_large {
        true => String::new(),
        false => super::passkeys::usable(portal, shown.certificate.clone()).await?,
    };
    filled(f.clone(), &portal.trust.founding, (name, order.as_ref()), credentials)
        .ok_or_else(malformed)
}

/// The order of this name, as the CA signed it.
async fn fetched(
    portal: &PortalState,
    shown: &StaffCertificate,
    name: &str,
) -> Result<OpenedOrder, Refused> {
    let wanted = ca_api::OrderQuery { order: name.to_owned() };
    let message = AsOfficer { certificate: shown.certificate.clone(), message: wanted };
    let answer = passed_on(portal.issuer.fetch(&message).await);
    let export = portal.recorded_fetch(&shown.person, answer).await?;
    let opened = export.open(&portal.trust, Clock::system().seconds());
    let opened = opened.ok().filter(|opened| opened.order().order == name);
    opened.ok_or_else(|| refused(Code::OrderAltered))
}

/// `POST /drafts/withdrawn`
pub(super) async fn withdrawn(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
    Posted(form): Posted<Form>,
) -> Response {
    let told = match withdrawal(&shown.certificate, form) {
        Some(message) => {
            let message = AsOfficer { certificate: shown.certificate, message };
            let answer = passed_on(portal.issuer.withdraw(&message).await);
            portal.recorded_brake("withdraw", &shown.person, answer).await
        }
        None => Err(refused(Code::Malformed)),
    };
    match told {
        Ok(_) => Redirect::to("/drafts").into_response(),
        Err(Refused(told)) => problem::page(&f, &told, "/drafts"),
    }
}

fn withdrawal(certificate: &Bytes, form: Form) -> Option<Withdrawal> {
    let statement = Bytes::read(&form.statement)?;
    Some(Withdrawal::by_passkey(statement, certificate.clone(), form.touch.read()?))
}

pub(super) fn filled(
    f: Frame,
    founding: &Bytes,
    (name, order): (String, Option<&OpenedOrder>),
    credentials: String,
) -> Option<WithdrawPage> {
    let what = match order {
        None => WithdrawalTarget::Letter { reference: name.clone() },
        Some(order) => WithdrawalTarget::Order { order: order.digest().into() },
    };
    let mut facts = order.map(|order| plain::facts_of_decision(order, &[])).unwrap_or_default();
    facts.extend(order.map(|order| plain::about_ending(order, None)).unwrap_or_default());
    let statement = WithdrawalStatement { v: 1, founding: founding.clone(), what };
    Some(WithdrawPage {
        w: WithdrawWords::of(f.language),
        facts: lines(f.language, facts),
        t: ToTouch::withdrawal(f.language, &statement, credentials)?,
        f,
        name,
        letter: order.is_none(),
    })
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    let (name, founding) = ("5GPJWBSG64S36D1N", Bytes::from([1; 32]));
    let (reference, order) = (name.to_owned(), Bytes::from([5; 32]));
    let (letter, order) =
        (WithdrawalTarget::Letter { reference }, WithdrawalTarget::Order { order });
    let term = language.of_both("姓名".into(), "name".into());
    let value = crate::pages::Marked::new().foreign("<b>\u{202e}李丹</b>");
    let facts = vec![FactItem { term, value, differs: false, lines: Vec::new() }];
    let render = |what: WithdrawalTarget, facts: Vec<FactItem>, credentials: &str| {
        let is_letter = matches!(what, WithdrawalTarget::Letter { .. });
        let said = WithdrawalStatement { v: 1, founding: founding.clone(), what };
        let page = WithdrawPage {
            f: Frame::sample(language, "/drafts"),
            w: WithdrawWords::of(language),
            name: name.into(),
            letter: is_letter,
            facts,
            t: ToTouch::withdrawal(language, &said, credentials.into()).unwrap(),
        };
        page.render().unwrap()
    };
    vec![
        ("withdraw", render(order, facts, "AAAA")),
        ("withdraw-letter", render(letter, Vec::new(), "")),
    ]
}
