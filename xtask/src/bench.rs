//! `cargo xtask bench`: what it costs, as ratios in one run, with release binaries.

mod floor;
mod issue;

use anyhow::ensure;
use clap::Subcommand;
use std::process::Command;

/// What to measure.
#[derive(Clone, Copy, Subcommand)]
pub(crate) enum What {
    /// Issuance end to end (two approvals verified, recorded, checkpointed) against raw P-256 signing
    /// and against the disk's commits.
    Issue {
        /// How many certificates.
        #[arg(long, default_value_t = 400)]
        count: usize,
        /// How many people at once.
        #[arg(long, default_value_t = 32)]
        at_once: usize,
    },
}

/// Builds release binaries if this is not one of them, and runs the bench there.
pub(crate) async fn run(what: What) -> anyhow::Result<()> {
    if cfg!(debug_assertions) {
        let built = Command::new("cargo").args(["build", "--release", "--workspace"]).status()?;
        ensure!(built.success(), "cargo build --release failed");
        let own = crate::found::workspace()?.join("target/release/xtask");
        let again = Command::new(own).args(std::env::args_os().skip(1)).status()?;
        ensure!(again.success(), "the bench failed");
        return Ok(());
    }
    match what {
        What::Issue { count, at_once } => issue::run(count, at_once).await,
    }
}
