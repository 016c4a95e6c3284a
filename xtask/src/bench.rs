//! `cargo xtask bench`: what it costs, as ratios in one run.

use clap::Subcommand;

/// What to measure.
#[derive(Clone, Copy, Subcommand)]
pub(crate) enum What {
    /// Issuance end to end against raw P-256 signing and against the disk's commits.
    Issue {
        /// How many certificates.
        #[arg(long, default_value_t = 200)]
        count: usize,
    },
}

/// Runs a bench.
pub(crate) async fn run(what: What) -> anyhow::Result<()> {
    match what {
        What::Issue { count } => anyhow::bail!("{count} not measured"),
    }
}
