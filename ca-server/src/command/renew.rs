//! `ca-server renew`: a new key and certificate for one of the CA's own services, asked for by the
//! old key under the founding's standing authorization.

use super::host::{Host, Refused};
use ca_host::service_keys::{KeyPlace, renew};
use clap::{Args, ValueEnum};
use std::process::ExitCode;

#[derive(Args)]
pub(super) struct Arguments {
    /// Which certificate.
    #[arg(value_enum)]
    what: What,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    Issuer,
    Status,
    Log,
    /// The status service renews it by itself; this does it now.
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
    system::say!("已更新 / renewed: {} ({})", place.certificate.display(), result.serial);
    if arguments.what != What::Ocsp {
        let own = super::say::again(&host.state());
        system::say!("下一步：重启 / next, restart: {own} serve {}", place.service);
    }
    Ok(ExitCode::SUCCESS)
}
