//! `yinxin context use`

use crate::contexts::Contexts;
use crate::exit::Failure;
use crate::output::Output;

/// Arguments of `yinxin context use`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Which one. 名称
    name: String,
}

pub(super) fn run(output: Output, arguments: &Arguments) -> Result<(), Failure> {
    let mut contexts = Contexts::read()?;
    contexts.choose(&arguments.name)?;
    contexts.write()?;
    output.fact(("当前身份", "context in use"), &arguments.name);
    output.json(&serde_json::json!({ "context": arguments.name, "in_use": true }));
    Ok(())
}
