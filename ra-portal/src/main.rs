//! `ra-portal`: see `ra-portal --help` and the library's first lines.

use clap::Parser;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    ra_portal::command::run(ra_portal::command::Arguments::parse()).await
}
