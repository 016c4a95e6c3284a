//! `agent policy`: what rules say, asked on the gate's own machine, without anybody else.

mod check;
mod explain;
mod folder;
mod replay;
mod test;

use clap::Subcommand;
use std::path::Path;
use std::process::ExitCode;

#[derive(Subcommand)]
pub(super) enum Policy {
    /// Reads a folder of rules as the CA would; says what is wrong with them. 检查规则
    Check(folder::Arguments),
    /// Runs the examples beside the rules of a folder, all of them. 运行规则的例子
    Test(folder::Arguments),
    /// Says whether a person may do something now, and by which rule. 说明
    Explain(explain::Arguments),
    /// Asks the rules of a folder about what this gate decided lately. 用过去的请求试算新规则
    Replay(replay::Arguments),
}

/// Runs one of them.
pub(super) fn run(state: &Path, json: bool, what: &Policy) -> anyhow::Result<ExitCode> {
    match what {
        Policy::Check(arguments) => check::run(json, arguments),
        Policy::Test(arguments) => test::run(json, arguments),
        Policy::Explain(arguments) => explain::run(state, json, arguments),
        Policy::Replay(arguments) => replay::run(state, json, arguments),
    }
}
