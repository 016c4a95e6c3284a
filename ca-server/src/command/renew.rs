//! `ca-server renew`: a new key and certificate for one of the CA's own services, asked for by the
//! old key under the founding's standing authorization; and the way back for a portal whose
//! certificate is over, by the message that it signed.

use super::host::{Host, Refused};
use anyhow::Context;
use ca_host::operator::OperatorAnswer;
use ca_host::service_keys::{KeyPlace, renew, renew_by_file};
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use system::speech;

#[derive(Args)]
#[command(after_help = "例 / example: ca-server renew issuer")]
pub(super) struct Arguments {
    /// Which certificate; the status process renews the one of OCSP by itself. 哪一张证书
    #[arg(value_enum, required_unless_present = "message", conflicts_with = "message")]
    what: Option<What>,
    /// What a portal signed that cannot connect: its certificate is over. 门户签名的申请
    #[arg(long, requires = "out")]
    message: Option<PathBuf>,
    /// Where the portal's new chain goes. 新证书链写到何处
    #[arg(long, requires = "message")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    Issuer,
    Status,
    Log,
    Ocsp,
}

pub(super) async fn run(host: &Host, arguments: Arguments) -> anyhow::Result<ExitCode> {
    if let (Some(message), Some(out)) = (&arguments.message, &arguments.out) {
        return carried(host, message, out).await;
    }
    // Without a message it is asked for by clap.
    let what = arguments.what.context("which certificate")?;
    let place = match what {
        What::Issuer => KeyPlace::tls(&host.config, "issuer"),
        What::Status => KeyPlace::tls(&host.config, "status"),
        What::Log => KeyPlace::tls(&host.config, "log"),
        What::Ocsp => KeyPlace::ocsp(&host.config),
    };
    let result = renew(&host.config, &place).await?;
    let result = allowed(result)?;
    if host.json {
        system::terminal::json(&serde_json::to_string(&result)?);
        return Ok(ExitCode::SUCCESS);
    }
    let renewed = format!("{} ({})", place.certificate.display(), result.serial);
    speech::fact("", ("已更新", "renewed"), renewed);
    if what != What::Ocsp {
        let own = super::print::again(&host.state());
        let restarted = own.then("serve {}", &[place.service]);
        speech::fact("", ("请重启", "now restart"), restarted.as_str());
    }
    Ok(ExitCode::SUCCESS)
}

fn allowed(mut result: OperatorAnswer) -> Result<OperatorAnswer, Refused> {
    match result.refused.take() {
        Some(problem) => Err(Refused(problem)),
        None => Ok(result),
    }
}

/// Has the issuer renew what a portal signed elsewhere. Asked for again, the same message brings
/// the same certificate, so that a chain which could not be written is not lost.
async fn carried(host: &Host, message: &Path, out: &Path) -> anyhow::Result<ExitCode> {
    let named = || out.display().to_string();
    system::file::check_vacant(out).with_context(named)?;
    let file = system::file::read_given(message).with_context(|| message.display().to_string())?;
    let signed = serde_json::from_slice(&file).with_context(|| {
        let path = message.display();
        format!("{path}：不是门户签名的申请 / {path}: nothing that a portal signed")
    })?;
    let (result, chain) = renew_by_file(&host.config, signed).await?;
    let result = allowed(result)?;
    system::file::create(out, chain.as_bytes()).with_context(named)?;
    if host.json {
        system::terminal::json(&serde_json::to_string(&result)?);
        return Ok(ExitCode::SUCCESS);
    }
    let renewed = format!("{} ({})", out.display(), result.serial);
    speech::fact("", ("已更新", "renewed"), renewed);
    speech::said("", "请交给门户，替换证书与密钥后重启", "hand it to the portal, and restart that");
    Ok(ExitCode::SUCCESS)
}
