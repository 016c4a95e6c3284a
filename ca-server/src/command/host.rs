//! What every command works with, and how it asks the issuer.

use super::say;
use ca_host::CaConfig;
use ca_host::operator::{OperatorAnswer, OperatorRequest, ask};
use service::Clock;
use std::path::PathBuf;
use std::process::ExitCode;
use store::Store;

/// What commands work with.
pub(super) struct Host {
    pub(super) config: CaConfig,
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) json: bool,
}

impl Host {
    /// Hands a draft to the running issuer and says what became of it.
    pub(super) async fn draft(&self, request: &OperatorRequest) -> anyhow::Result<OperatorAnswer> {
        let result = ask(&self.config, request).await?;
        match result.refused {
            Some(problem) => Err(Refused(problem).into()),
            None => Ok(result),
        }
    }

    /// The state directory, as it was named.
    pub(super) fn state(&self) -> PathBuf {
        self.config.path("").components().collect()
    }

    /// Drafts an order and says what comes next.
    pub(super) async fn order(&self, request: &OperatorRequest) -> anyhow::Result<ExitCode> {
        let result = self.draft(request).await?;
        say::order(&self.state(), &result, self.json)
    }
}

/// The issuer said no.
#[derive(Debug, thiserror::Error)]
#[error("{} {} [{}] ({})", .0.zh, .0.en, .0.code, .0.reference)]
pub(super) struct Refused(pub(super) records::Problem);

impl Refused {
    pub(super) fn exit(&self) -> u8 {
        records::exit::exit_code(self.0.known())
    }
}
