//! `agent policy check`: whether a folder of rules would be accepted.

use super::folder::{Arguments, digest, files, tell};
use policy::Bundle;
use records::exit;
use std::process::ExitCode;
use system::speech;

pub(super) fn run(json: bool, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let files = files(&arguments.folder)?;
    let bundle = match Bundle::read(0, files.clone()) {
        Ok(bundle) => bundle,
        Err(error) => {
            tell(&error, json);
            return Ok(ExitCode::from(exit::DENIED));
        }
    };
    let digest = digest(&files).to_string();
    if json {
        let value = serde_json::json!({
            "fine": true, "digest": digest, "examples": bundle.examples(),
        });
        system::terminal::json(&value.to_string());
        return Ok(ExitCode::SUCCESS);
    }
    speech::said("✓ ", "规则可以采用", "the rules can be put in force");
    speech::fact("  ", ("例子", "examples"), bundle.examples());
    speech::fact("  ", ("摘要", "digest"), digest);
    Ok(ExitCode::SUCCESS)
}
