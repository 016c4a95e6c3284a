//! How the gates of an application take what their rules say, beside how they do now.

use super::change::changed;
use ::plain::bilingual::{BilingualText, Fact, fact, said};
use ::plain::value::{FactValue, words};
use records::export::ShownOrder;
use records::order::{AccessMode, ModeBefore, ModeBody};

pub(super) fn about_mode(
    opened: &ShownOrder,
    body: &ModeBody,
    was: Option<&ModeBefore>,
) -> Vec<Fact> {
    let called = opened.order().basis.application(&body.application);
    let until = |text: &str| match text {
        "" => words("—"),
        text => FactValue::time(text),
    };
    vec![
        fact(("应用系统", "application"), FactValue::Row(vec![called.into()])),
        changed(
            ("网关如何对待规则的拒绝", "what gates make of a denial"),
            was.map(|was| means(was.mode)),
            means(body.mode),
        ),
        changed(
            ("观察截止，之后执行规则", "observed until; enforced from then on"),
            was.map(|was| until(&was.until)),
            until(&body.until),
        ),
    ]
}

/// What a mode means for whoever asks at a gate.
fn means(mode: AccessMode) -> BilingualText {
    match mode {
        AccessMode::Observe => said(
            "观察：放行并记录“本应拒绝”；证书、吊销、冻结照常检查",
            "observe: it passes, recorded as what would be denied; certificates, revocations and \
             suspensions are checked as ever",
        ),
        AccessMode::Enforce => said("执行：拒绝", "enforce: it is refused"),
        AccessMode::Suspended => {
            said("暂停：任何请求都拒绝", "suspended: every request is refused")
        }
    }
}
