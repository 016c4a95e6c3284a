//! `ra-portal`: see `ra-portal --help` and the library's first lines.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    ra_portal::command::run(system::language::typed()).await
}
