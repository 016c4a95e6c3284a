//! `yinxin trust`: the trust bundle of a city, for applications that verify identities themselves:
//! whether it is this city's, and the files that web servers and libraries take.

mod export;
mod fetch;
mod kept;
mod list;
mod verify;

use crate::exit::Failure;
use crate::output::Output;

/// `yinxin trust`.
#[derive(clap::Subcommand)]
pub enum TrustCommand {
    /// Says whether a trust bundle is this city's, and what it says. 核验信任包
    Verify(verify::TrustVerifyArguments),
    /// Writes authorities and lists for web servers; run it often. 导出证书机构与吊销列表
    Export(export::TrustExportArguments),
}

pub(crate) async fn run(output: Output, command: &TrustCommand) -> Result<(), Failure> {
    match command {
        TrustCommand::Verify(arguments) => verify::run(output, arguments).await,
        TrustCommand::Export(arguments) => export::run(output, arguments).await,
    }
}
