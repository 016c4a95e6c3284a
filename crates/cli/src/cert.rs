//! `yinxin cert`: shows certificates, brings a key and certificate into a browser.

mod export;
mod show;

use crate::exit::Failure;
use crate::output::Output;
use clap::Subcommand;

/// Arguments of `yinxin cert`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Shows a certificate in plain words. 查看证书
    Show(show::Arguments),
    /// Writes key and chain as PKCS#12 for a browser. 导出到浏览器
    Export(export::Arguments),
}

pub(crate) fn run(output: Output, arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.what {
        What::Show(arguments) => show::run(output, arguments),
        What::Export(arguments) => export::run(output, arguments),
    }
}
