//! `yinxin`: see `yinxin --help` and the library's first lines.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let code = cli::run(system::language::typed()).await;
    system::speech::ended(code, ExitCode::FAILURE)
}
