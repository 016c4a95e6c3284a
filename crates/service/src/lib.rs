//! What every process has: a configuration that refuses unknown keys, one true clock, diagnostic
//! logs (which are not the accountability log), an admin address, and a graceful stop.
//!
//! Never knows what its process does. In reading order: [`config`], [`clock`], [`admin`], [`stop`],
//! [`listen()`], `inherited`, `log_lines`, [`fault`], [`gathering`], [`problem`], [`tally`],
//! [`disk`], [`open_files`], [`neighbours`].

pub mod admin;
pub mod clock;
pub mod config;
pub mod disk;
pub mod fault;
pub mod gathering;
mod inherited;
mod listen;
mod log_lines;
pub mod neighbours;
pub mod open_files;
pub mod problem;
pub mod shown_certificate;
pub mod stop;
pub mod tally;

pub use admin::{Admin, CountedAct, Metrics};
pub use clock::Clock;
pub use gathering::Gathering;
pub use listen::{can_listen, listen};
pub use neighbours::{Neighbour, Neighbours, Readiness};
pub use stop::Stop;
pub use tally::Tally;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Every program of ours allocates with this one.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Starts diagnostic logs: one JSON object a line on standard error, so many a minute of each place
/// that writes one; `YINXIN_LOG` sets the level.
pub fn start_logs() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("YINXIN_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(|| system::terminal::LogLines)
        .finish()
        .with(log_lines::LogLimit::default())
        .init();
}

/// Lets this process open as many files as the system allows it: every connection takes one, and
/// one that runs out of them cannot write either.
pub fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let now = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: now.maximum, maximum: now.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "the number of open files stays as it is");
    }
}
