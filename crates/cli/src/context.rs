//! `yinxin context`: who somebody is at this computer, so that `yinxin approve ORDER` is the whole
//! command. A context names files; it holds no key, no passphrase and no address: addresses stand
//! in the trust file, which is believed before anybody is asked.
//!
//! What is given on the command line or in the environment wins. Where contexts stand:
//! `contexts.rs`. In reading order: [`add`], [`choose`], [`list`].

mod add;
mod choose;
mod list;

use crate::exit::Failure;
use crate::output::Output;
use clap::Subcommand;

/// Arguments of `yinxin context`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Adds who you are here; the first one is used at once. 添加身份
    Add(add::Arguments),
    /// Uses another one from now on. 切换身份
    Use(choose::Arguments),
    /// Lists them. 列出身份
    #[command(after_help = "例 / example: yinxin context list")]
    List,
}

pub(crate) fn run(output: Output, arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.what {
        What::Add(arguments) => add::run(output, arguments),
        What::Use(arguments) => choose::run(output, arguments),
        What::List => list::run(output),
    }
}
