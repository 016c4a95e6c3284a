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
    speech::next("", &format!("{} serve issuer", again(state)));
    Ok(ExitCode::SUCCESS)
}

/// This program as its next command begins: with the state directory, unless that is found without
/// being named.
pub(super) fn again(state: &Path) -> String {
    let found = std::env::var_os("YINXIN_CA").map_or_else(|| "ca".into(), PathBuf::from);
    match state == found {
        true => "ca-server".into(),
        false => format!("ca-server --state {}", speech::quoted(state)),
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
    speech::next("", next.as_str());
    let words = [&*result.order, &format!("{}.order.json", result.order)];
    let export = speech::Command::new("order export {} --out {}", &words);
    let export = format!("{} {}", again(state), export.as_str());
    speech::fact("  ", ("离线", "offline"), export);
    Ok(ExitCode::SUCCESS)
}

/// An error with its exit code; people read a sentence, machines a code.
pub(super) fn failure(state: &Path, error: &anyhow::Error, json: bool) -> ExitCode {
    let refused = error.downcast_ref::<Refused>();
    let code = match refused {
        Some(refused) => refused.exit(),
        None if error.downcast_ref::<crate::founding::AlreadyFounded>().is_some() => 5,
        None if error.downcast_ref::<crate::founding::UnderWay>().is_some() => 5,
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
            let message = format!("{error:#}");
            system::terminal::json_complaint(
                &serde_json::json!({ "code": "failed", "en": message }).to_string(),
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
                _ => "doctor",
            };
            speech::next_after_failure("", &format!("{} {then}", again(state)));
        }
        None => {
            let text = format!("{error:#}");
            system::complain!("ca-server: {text}");
            if !text.contains("next: ") {
                speech::next_after_failure("", &format!("{} doctor", again(state)));
            }
        }
    }
    ExitCode::from(code)
}
