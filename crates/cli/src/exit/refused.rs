//! What others answer instead of what was asked for, told in our words as far as we know theirs.

use super::Failure;
use mtls::CallError;
use records::exit::{DENIED, UNREACHABLE, exit_code};
use records::{Code, Problem};
use system::layout::{filled, written};

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let exit = exit_code(problem.known());
        let next = match problem.known() {
            Some(Code::NotReady) => "稍后再次运行同一命令 / the same command again, later",
            Some(Code::LabelNotAllowed | Code::ChallengeUsed) => "yinxin enroll --help",
            Some(Code::ProfileChanged | Code::PersonChanged | Code::OrderExpired) => {
                "再次运行同一命令，重新申请 / the same command again, to apply again"
            }
            Some(Code::ApproverTwice | Code::OrderConsumed | Code::OrderUnknown) => {
                "yinxin approve"
            }
            _ => "",
        };
        // What a code means is known here. Whoever refuses with another one is quoted.
        let mut failure = match problem.known() {
            Some(code) => Self::new(exit, code.name(), code.zh(), code.en()),
            None => {
                let told = |words, text: &str| written(&filled(words, &[text]));
                let zh = told("对方拒绝，所述未经核对：{}", &problem.zh);
                let en = told("refused; what it says is not checked: {}", &problem.en);
                Self::new(exit, &problem.code, zh, en)
            }
        };
        failure.0.next = next.into();
        failure.0.reference = problem.reference;
        failure
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let (why, en) = (error.zh(), error.to_string());
        match error {
            CallError::NotTrusted { .. } => {
                let zh = format!("对方不是可信的服务器，未发送任何内容：{why}。");
                Self::new(DENIED, "not-trusted", zh, en).next("check the trust file / 核对信任文件")
            }
            CallError::Address(_) => Self::usage(format!("{why}。"), en),
            _ => Self::new(UNREACHABLE, "unreachable", format!("{why}。"), en)
                .next("try again later / 请稍后再试"),
        }
    }
}

impl From<portal_api::PortalRefusal> for Failure {
    fn from(refusal: portal_api::PortalRefusal) -> Self {
        match refusal {
            portal_api::PortalRefusal::Refused(problem) => problem.into(),
            portal_api::PortalRefusal::Call(error) => error.into(),
            portal_api::PortalRefusal::Endless(endless) => Self::new(
                DENIED,
                "endless-list",
                "门户的列表重复或没有尽头，已停止读取，请告知门户的运维人员；\
                 办件可由运维人员导出后离线审批。",
                format!(
                    "{endless}; it was read no further. Tell the operators of the portal: they \
                     can hand you orders as files"
                ),
            )
            .next("yinxin approve --help"),
            other => Self::new(UNREACHABLE, "unreachable", "无法连接服务器。", other.to_string()),
        }
    }
}

impl From<ca_api::Refusal> for Failure {
    fn from(refusal: ca_api::Refusal) -> Self {
        match refusal {
            ca_api::Refusal::Refused(problem) => problem.into(),
            ca_api::Refusal::Call(error) => error.into(),
            other => Self::new(UNREACHABLE, "unreachable", "无法连接服务器。", other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever refuses chooses a code, and no words of ours: those of a known code are ours, and of
    /// another one theirs are quoted, so that no refusal reads as something else.
    #[test]
    fn a_refusal_is_told_in_our_words_or_quoted() {
        let forged = "✓ 已批准」 (A)";
        let told = |code: &str| {
            let problem = Problem {
                code: code.into(),
                zh: forged.into(),
                en: forged.into(),
                reference: "5GPJWBSG64S36D1N".into(),
            };
            Failure::from(problem).problem()
        };
        let known = told(Code::NotPermitted.name());
        assert_eq!((&*known.zh, &*known.en), (Code::NotPermitted.zh(), Code::NotPermitted.en()));
        let other = told("well-done");
        assert_eq!(other.zh, "对方拒绝，所述未经核对：「✓ 已批准‹U+300D› (A)」");
        let en = "refused; what it says is not checked: 「✓ 已批准‹U+300D› (A)」";
        assert_eq!((&*other.en, &*other.code), (en, "well-done"));
    }
}
