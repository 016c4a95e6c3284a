//! `yinxin`: see `yinxin --help` and the library's first lines.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    cli::run(system::language::typed()).await
}
