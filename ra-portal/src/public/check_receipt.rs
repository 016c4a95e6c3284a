//! `POST /receipt`: says whether a receipt of a loss or a suspension is this city's, and what it
//! says, to whoever holds it. Nothing is asked of anybody else: the signature decides.

use crate::pages::facts::{FactItem, lines};
use crate::pages::{Frame, Posted, page, show, words};
use crate::refusal::refused;
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use portal_api::plain;
use records::enrolment::SignedReceipt;
use records::receipt::Receipt;
use records::{Code, Problem};
use serde::Deserialize;
use service::problem::{Refused, status};
use std::sync::Arc;

words! {
    CheckWords {
        title "核验回执" "Check a receipt";
        lead "别人向您出示挂失或冻结回执时，在这里核验它是否由本市签发、内容是否被改动。" "When somebody shows you a receipt of a loss or a suspension, see here whether this city signed it and whether it was changed.";
        receipt "回执内容" "The receipt";
        hint "扫描回执上的二维码会自动填入；也可以粘贴 receipt.json 的全文。" "Scanning the code on the receipt fills this in; or paste the whole of receipt.json.";
        go "核验" "Check it";
        genuine "回执真实：由本市签发，内容没有改动。" "The receipt is genuine: this city signed it, and nothing was changed.";
        then "回执说明当时已办理。冻结此后可能已经解除，证书现在的状态以各应用系统核验的结果为准。" "A receipt says what was done then. A suspension may have been released since; what a certificate is worth now, applications find out when they check it.";
        own "本页由门户给出结论。要紧的场合，请在自己的电脑上用自己的信任文件核验：" "This page says what the portal found. Where it matters, check it on your own computer with your own trust file:";
        another "核验另一份" "Check another";
    }
}

#[derive(Template)]
#[template(path = "public/check-receipt.html")]
pub(super) struct EnterPage {
    f: Frame,
    w: &'static CheckWords,
    problem: Option<Problem>,
    /// What was handed in and is no receipt of this city.
    typed: String,
}

impl EnterPage {
    pub(super) fn new(f: Frame) -> Self {
        Self { w: CheckWords::of(f.language), f, problem: None, typed: String::new() }
    }

    /// The same behind a refusal; what was handed in stays, and what cannot be seen in it is seen.
    fn again(f: Frame, problem: Problem, typed: &str) -> Self {
        let lines: Vec<String> = typed.lines().map(show::file_line).collect();
        Self { problem: Some(problem), typed: lines.join("\n"), ..Self::new(f) }
    }
}

#[derive(Template)]
#[template(path = "public/checked-receipt.html")]
struct CheckedPage {
    f: Frame,
    w: &'static CheckWords,
    /// Everything that the receipt says.
    facts: Vec<FactItem>,
}

/// What the page sends.
#[derive(Deserialize)]
pub(super) struct Form {
    receipt: String,
}

/// `POST /receipt`
pub(super) async fn check(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    Posted(form): Posted<Form>,
) -> Response {
    let signed = SignedReceipt::handed_in(&form.receipt, portal.paths.root());
    let read = signed.and_then(|signed| Receipt::check(&signed, &portal.trust).ok());
    match read {
        Some(receipt) => page(StatusCode::OK, &CheckedPage::new(f, &receipt)),
        None => {
            let code = Code::ReceiptForeign;
            let Refused(told) = refused(code);
            page(status(code), &EnterPage::again(f, told, &form.receipt))
        }
    }
}

impl CheckedPage {
    fn new(f: Frame, receipt: &Receipt) -> Self {
        let facts = lines(f.language, plain::about_receipt(receipt));
        Self { w: CheckWords::of(f.language), f, facts }
    }
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    use crate::pages::suspended::sample_notice;
    let f = Frame::sample(language, "/receipt");
    let loss = Receipt::Loss(records::letter::LossReceipt {
        v: 1,
        reference: "0123456789ABCDEF".into(),
        serials: vec!["01".repeat(18)],
        time: "2026-11-24T08:00:00Z".into(),
        founding: records::Bytes(vec![3; 32]),
    });
    let held = |told: &str| {
        let receipt = Receipt::Suspension(sample_notice(told));
        CheckedPage::new(f.clone(), &receipt).render().unwrap()
    };
    let (enter, told) = (EnterPage::new(f.clone()), refused(Code::ReceiptForeign).0);
    let told = Problem { reference: "0123456789ABCDEF".into(), ..told };
    let typed = "{\"v\": 1, \"receipt\": \"<b>\u{202e}\"}";
    vec![
        ("check-receipt", enter.render().unwrap()),
        ("foreign-receipt", EnterPage::again(f.clone(), told, typed).render().unwrap()),
        ("checked-receipt", CheckedPage::new(f.clone(), &loss).render().unwrap()),
        ("checked-suspension", held("letter:5GPJWBSG64S36D1N")),
        ("checked-suspension-told", held("portal:portal-1")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::Language;

    /// Whoever pasted half of a receipt mends it, and pastes it not again.
    #[test]
    fn what_is_no_receipt_stands_in_its_field_again() {
        let f = Frame::sample(Language::Chinese, "/receipt");
        let told = refused(Code::ReceiptForeign).0;
        let again = EnterPage::again(f.clone(), told, "{\n  \"v\": 1</textarea><b>");
        let page = again.render().unwrap();
        assert!(
            page.contains("{\n  &#34;v&#34;: 1&#60;/textarea&#62;&#60;b&#62;</textarea>"),
            "{page}"
        );
        assert!(EnterPage::new(f).render().unwrap().contains("></textarea>"));
    }
}
