//! Runs one role as its own process until it is told to stop.

use ca_host::CaConfig;
use service::{Clock, Stop};
use std::process::ExitCode;
use store::Store;

/// A role of the CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::Subcommand, clap::ValueEnum)]
pub enum ServedRole {
    /// Makes orders, issues, revokes. 制作办件、签发、吊销
    Issuer,
    /// Publishes lists and certificates, takes loss reports. 发布列表与证书、受理挂失
    Status,
    /// Sequences and publishes the logs. 日志排序与发布
    Log,
    /// Tells people what happened in their names. 通知本人
    Notices,
}

impl ServedRole {
    /// Its name, and that of its folder.
    pub fn name(self) -> &'static str {
        match self {
            Self::Issuer => "issuer",
            Self::Status => "status",
            Self::Log => "log",
            Self::Notices => "notices",
        }
    }

    /// The address of the database as this role's own user, where it has one.
    pub fn database(self, config: &CaConfig) -> Option<&String> {
        match self {
            Self::Issuer => config.issuer.database.as_ref(),
            Self::Status => config.status.database.as_ref(),
            Self::Log => config.log.database.as_ref(),
            Self::Notices => config.notices.database.as_ref(),
        }
    }
}

/// Runs the role until the stop.
pub async fn serve(
    config: CaConfig,
    store: Store,
    clock: Clock,
    role: ServedRole,
) -> anyhow::Result<ExitCode> {
    service::raise_open_files();
    let stop = Stop::on_signal()?;
    let closing = store.clone();
    match role {
        ServedRole::Issuer => ca_issuer::serve(config, store, clock, stop).await?,
        ServedRole::Status => ca_status::serve(config, store, clock, stop).await?,
        ServedRole::Log => ca_log::serve(config, store, clock, stop).await?,
        ServedRole::Notices => ca_notices::serve(config, store, clock, stop).await?,
    }
    closing.close().await;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}
