//! What commands print: Chinese first, English beside it, JSON on request, and the next command.

use super::host::Refused;
use ca_host::operator::{NobodyTookIt, OperatorAnswer};
use records::Code;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use system::layout::Span;
use system::speech;

pub(super) fn founded(state: &Path, json: bool) -> anyhow::Result<ExitCode> {
    let config = ca_host::CaConfig::read(&state.join("ca.toml"))?;
    let trust = ca_host::trust(&config)?;
    let root = trust.root_sha256.0.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>();
    if json {
        system::terminal::json(&serde_json::to_string(&trust)?);
        return Ok(ExitCode::SUCCESS);
    }
    speech::fact("", ("已建立", "founded"), &trust.city);
    let fingerprint = ("根证书指纹 (SHA-256)", "root fingerprint (SHA-256)");
    speech::fact("", fingerprint, root.join(":"));
    let offline = state.join("offline");
    speech::fact("", ("请移至离线介质", "move this offline"), offline.display());
    speech::next("", &again(state).then("serve issuer", &[]));
    Ok(ExitCode::SUCCESS)
}

/// This program as its next command begins: with the state directory, unless that is found without
/// being named.
pub(super) fn again(state: &Path) -> speech::Command {
    let found = std::env::var_os("YINXIN_CA").map_or_else(|| "ca".into(), PathBuf::from);
    match state == found {
        true => speech::Command::new("ca-server", &[]),
        false => speech::Command::new("ca-server --state {}", &[&state.display().to_string()]),
    }
}

pub(super) fn order(state: &Path, result: &OperatorAnswer, json: bool) -> anyhow::Result<ExitCode> {
    if json {
        system::terminal::json(&serde_json::to_string(result)?);
        return Ok(ExitCode::SUCCESS);
    }
    let (approvals, needed) = result.approvals;
    speech::fact("", ("办件", "order"), &result.order);
    if !result.person.is_empty() {
        speech::fact("", ("人员", "person"), &result.person);
    }
    speech::fact("", ("审批", "approvals"), format!("{approvals} / {needed}"));
    let next = speech::Command::new("yinxin approve {}", &[&result.order]);
    speech::next("", &next);
    let words = [&*result.order, &format!("{}.order.json", result.order)];
    let export = again(state).then("order export {} --out {}", &words);
    speech::fact("  ", ("离线", "offline"), export.as_str());
    Ok(ExitCode::SUCCESS)
}

/// Tells that a list has more than it shows, and up to which id it goes: nobody takes a part for
/// the whole.
pub(super) fn cut(json: bool, last: &str) {
    match json {
        true => system::terminal::json(&serde_json::json!({ "more_after": last }).to_string()),
        false => speech::fact("", ("未列完，继续列出请加 --after", "more with --after"), last),
    }
}

/// An error with its exit code; people read a sentence, machines a code.
pub(super) fn failure(state: &Path, error: &anyhow::Error, json: bool) -> ExitCode {
    let refused = error.downcast_ref::<Refused>();
    let code = match refused {
        Some(refused) => refused.exit(),
        None if error.downcast_ref::<crate::founding::AlreadyFounded>().is_some() => 5,
        None if error.downcast_ref::<crate::founding::FoundingInProgress>().is_some() => 5,
        None if error.downcast_ref::<NobodyTookIt>().is_some() => 6,
        None => 1,
    };
    match refused {
        Some(refused) if json => {
            system::terminal::json_complaint(
                &serde_json::to_string(&refused.0).unwrap_or_default(),
            );
        }
        _ if json => {
            let (zh, en) = speech::caused(error.chain());
            system::terminal::json_complaint(
                &serde_json::json!({ "code": "failed", "zh": zh, "en": en }).to_string(),
            );
        }
        Some(Refused(problem)) => {
            let told = |text: &str| format!("{text} [{}] ({})", problem.code, problem.reference);
            let whole = |text: &str| [Span::Foreign(told(text))];
            speech::failed("ca-server: ", &whole(&problem.zh), &whole(&problem.en));
            let then = match problem.known() {
                Some(Code::CodeUsed) => "revoke --help",
                Some(Code::LetterVoided) => "letter --help",
                Some(Code::OrderUnknown) => "order list",
                Some(Code::PersonUnknown | Code::PersonLeft) => "person list",
                Some(Code::UnitUnknown) => "unit list",
                _ => "doctor",
            };
            speech::next_after_failure("", again(state).then(then, &[]).as_str());
        }
        None => {
            let next = again(state).then("doctor", &[]);
            speech::broke_off_before("ca-server: ", error.chain(), next.as_str());
        }
    }
    ExitCode::from(code)
}
