//! `ca-server`: see `ca-server --help` and the library's first lines.

use clap::Parser;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    ca_server::command::run(ca_server::command::Arguments::parse()).await
}
