//! `ca-server renew`: a new key and certificate for one of the CA's own services, asked for by the
//! old key under the founding's standing authorization.

use super::host::{Host, Refused};
use ca_host::service_keys::{KeyPlace, renew};
use clap::{Args, ValueEnum};
use std::process::ExitCode;
use system::speech;

#[derive(Args)]
pub(super) struct Arguments {
    /// Which certificate; the status process renews the one of OCSP by itself. 哪一张证书
    #[arg(value_enum)]
    what: What,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    Issuer,
    Status,
    Log,
    Ocsp,
}

pub(super) async fn run(host: &Host, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let place = match arguments.what {
        What::Issuer => KeyPlace::tls(&host.config, "issuer"),
        What::Status => KeyPlace::tls(&host.config, "status"),
        What::Log => KeyPlace::tls(&host.config, "log"),
        What::Ocsp => KeyPlace::ocsp(&host.config),
    };
    let result = renew(&host.config, &place).await?;
    if let Some(problem) = result.refused {
        return Err(Refused(problem).into());
    }
    if host.json {
        system::terminal::json(&serde_json::to_string(&result)?);
        return Ok(ExitCode::SUCCESS);
    }
    let renewed = format!("{} ({})", place.certificate.display(), result.serial);
    speech::fact("", ("已更新", "renewed"), renewed);
    if arguments.what != What::Ocsp {
        let own = super::print::again(&host.state());
        let restarted = own.then("serve {}", &[place.service]);
        speech::fact("", ("请重启", "now restart"), restarted.as_str());
    }
    Ok(ExitCode::SUCCESS)
}
