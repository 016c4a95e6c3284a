//! `ca-server`: see `ca-server --help` and the library's first lines.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let code = ca_server::command::run(system::language::typed()).await;
    system::speech::ended(code, ExitCode::FAILURE)
}
