//! `agent`: see the library.

use clap::Parser;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    agent::command::run(agent::command::Arguments::parse()).await
}
