//! What every command works with, and how it asks the issuer.

use super::print;
use anyhow::Context;
use authority::Authority;
use ca_host::CaConfig;
use ca_host::operator::{OperatorAnswer, OperatorRequest, ask};
use ca_store::follower;
use ca_store::replay::Replay;
use service::Clock;
use std::path::PathBuf;
use std::process::ExitCode;
use store::{Store, Tx};

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

    /// Authority as the log says it, and the database as of then: what is listed of it is never
    /// what a row says.
    pub(super) async fn authority(&self) -> anyhow::Result<(Authority, Tx)> {
        let trust = ca_host::trust(&self.config)?;
        let replay = Replay::new(&trust).context("trust file")?.published_in(&self.config);
        let (kept, floor) = follower::kept(&self.config.path("log"), replay.founding())?;
        let kept = (kept, replay.above(floor));
        let mut tx = self.store.read().await?;
        let followed = replay.at_head(&mut tx, kept).await?;
        Ok((followed.authority, tx))
    }

    /// The state directory, as it was named.
    pub(super) fn state(&self) -> PathBuf {
        self.config.path("").components().collect()
    }

    /// Drafts an order and says what comes next.
    pub(super) async fn order(&self, request: &OperatorRequest) -> anyhow::Result<ExitCode> {
        let result = self.draft(request).await?;
        print::order(&self.state(), &result, self.json)
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
