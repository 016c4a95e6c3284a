//! `yinxin context list`

use crate::contexts::Contexts;
use crate::exit::Failure;
use crate::output::Output;
use system::layout;
use system::speech::Command;

pub(super) fn run(output: Output) -> Result<(), Failure> {
    let contexts = Contexts::read()?;
    let current = contexts.current().map(|(name, _)| name);
    for (name, context) in &contexts.contexts {
        let in_use = current == Some(name);
        let mark = if in_use { "*" } else { " " };
        let cert = layout::value(&context.cert.display().to_string());
        output.line(&format!("{mark} {}  {cert}", layout::value(name)));
        output.json(&serde_json::json!({
            "context": name, "in_use": in_use, "trust": context.trust, "cert": context.cert,
            "key": context.key, "passphrase_file": context.passphrase_file,
        }));
    }
    if contexts.contexts.is_empty() {
        output.said("还没有添加身份", "there is none yet");
        output.next(&Command::new("yinxin context add --help", &[]));
    }
    Ok(())
}
