//! `ca-server letter`

use super::host::Host;
use ca_host::operator::OperatorRequest;
use clap::Args;
use std::process::ExitCode;

#[derive(Args)]
pub(super) struct Arguments {
    /// Person id.
    person: String,
    /// Profile of the certificate: `official`, or `staff` for people with a staff role.
    #[arg(long, default_value = "official")]
    profile: String,
}

pub(super) async fn run(host: &Host, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { person, profile } = arguments;
    let mut result = host.draft(&OperatorRequest::Letter { person, profile }).await?;
    result.letter = host.config.path(&result.letter).display().to_string();
    if host.json {
        system::terminal::json(&serde_json::to_string(&result)?);
    } else {
        let sheet = std::path::Path::new(&result.letter).with_extension("html");
        system::say!("信函 / letter: {}", result.letter);
        system::say!("打印、折叠、密封 / print it, fold it, seal it: {}", sheet.display());
        system::say!(
            "当面交付或密封寄送，7 日内有效 / hand it over or send it sealed; good for 7 days"
        );
        system::say!("下一步 / next: yinxin enroll --letter {}", result.letter);
    }
    Ok(ExitCode::SUCCESS)
}
