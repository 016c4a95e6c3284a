//! `ra-portal`: see `ra-portal --help` and the library's first lines.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let code = ra_portal::command::run(system::language::typed()).await;
    system::speech::ended(code, ExitCode::FAILURE)
}
