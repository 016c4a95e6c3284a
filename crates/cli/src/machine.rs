//! `yinxin system`: certificates of systems for scripts, by EST (RFC 7030). The first one is asked
//! for by the password of the system's file, each that follows by the one before it, and every one
//! has a new key.

mod enroll;
mod est;
mod pair;
mod place;
mod renew;

use crate::exit::Failure;
use crate::output::Output;
use clap::Subcommand;

/// A verb of `yinxin system`.
#[derive(Subcommand)]
pub enum MachineCommand {
    /// The first certificate, by the system file; or another one once the old one ended.
    /// 首次领证，或过期后重新领证
    Enroll(enroll::Arguments),
    /// A new key and certificate, by the certificate that is there. 续期
    Renew(renew::Arguments),
}

pub(crate) async fn run(output: Output, command: &MachineCommand) -> Result<(), Failure> {
    match command {
        MachineCommand::Enroll(arguments) => enroll::run(output, arguments).await,
        MachineCommand::Renew(arguments) => renew::run(output, arguments).await,
    }
}
