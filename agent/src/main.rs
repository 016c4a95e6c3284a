//! `agent`: see the library.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let code = agent::command::run(system::language::typed()).await;
    system::speech::ended(code, ExitCode::FAILURE)
}
