//! What is about to be taken away by a letter, before it is: the first post of `/lost` and
//! `/suspend` is answered with this page and does nothing; the second, from here, does it.

use super::letter::OpenLetter;
use crate::pages::{Frame, words};
use askama::Template;
use records::Problem;

words! {
    ConfirmWords {
        loss_title "确认挂失" "Confirm the loss";
        hold_title "确认冻结" "Confirm the suspension";
        loss "将吊销：用这封密码信封领取的全部证书，密码信封同时作废。立即生效，不能恢复。" "Revoked will be: every certificate that came from this letter; the letter is closed as well. It takes effect at once and cannot be undone.";
        hold "将冻结：用这封密码信封领取的全部证书。立即生效，您自己不能解除；15 天内无人解除即吊销，不能恢复。" "Suspended will be: every certificate that came from this letter. It takes effect at once, and you cannot release them; if nobody does within 15 days they are revoked for good.";
        letter "密码信封编号" "Letter";
        report "确认挂失，立即吊销" "Yes, report it lost and revoke";
        suspend "确认冻结" "Yes, suspend";
        nothing_yet "现在还没有作任何更改。" "Nothing has been changed yet.";
        not_known "可能还没有办理，请再确认一次；已经办理的，再次确认不会有别的影响。" "It may not have been done: confirm it once more. If it was done, that changes nothing else.";
        back "返回，不作更改" "Back, and change nothing";
    }
}

/// What a letter is used to take away.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// Everything under it, for ever.
    ByLoss,
    /// Everything under it, for a while.
    BySuspension,
}

#[derive(Template)]
#[template(path = "public/confirm.html")]
pub(super) struct ConfirmPage {
    f: Frame,
    w: &'static ConfirmWords,
    taken: Taken,
    action: &'static str,
    reference: String,
    key: String,
    problem: Option<Problem>,
}

impl ConfirmPage {
    /// The page again where it was confirmed and could not be done now: nobody types the letter's
    /// code a second time.
    pub(super) fn again(self, problem: Problem) -> Self {
        Self { problem: Some(problem), ..self }
    }

    pub(super) fn new(f: Frame, taken: Taken, letter: &OpenLetter) -> Self {
        let action = match taken {
            Taken::ByLoss => "/lost",
            Taken::BySuspension => "/suspend",
        };
        Self {
            w: ConfirmWords::of(f.language),
            f,
            taken,
            action,
            reference: letter.reference.clone(),
            key: letter.key.to_string(),
            problem: None,
        }
    }
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    let key = records::Bytes(vec![7; 32]);
    let letter = OpenLetter { reference: "5GPJWBSG64S36D1N".into(), key };
    let page = |taken, path| ConfirmPage::new(Frame::sample(language, path), taken, &letter);
    let render = |taken, path| page(taken, path).render().unwrap();
    let away = Problem::new(records::Code::Unavailable, "5GPJWBSG64S36D1N".into());
    let again = page(Taken::ByLoss, "/lost").again(away).render().unwrap();
    vec![
        ("lost-confirm-again", again),
        ("lost-confirm", render(Taken::ByLoss, "/lost")),
        ("suspend-confirm", render(Taken::BySuspension, "/suspend")),
    ]
}
