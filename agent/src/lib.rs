//! `agent`: stands in front of an application: authenticates by mTLS, authorizes by rule, records,
//! then forwards.
//!
//! It can never let a request through that it could not record, nor trust a list, snapshot or rule
//! that it has not verified itself, or that is too old. In reading order: [`config`], [`world`]
//! (what is in force), [`spool`] (what is durable), [`ship`] (what the log has), [`gate`] (what a
//! request goes through), [`token`] (what the application learns), [`command`].

pub mod command;
pub mod config;
pub mod gate;
pub mod ship;
pub mod spool;
pub mod token;
pub mod world;

pub use config::AgentConfig;

/// Random bytes of the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map(|()| bytes).map_err(|_| NoRandomness)
}

/// The operating system gives no randomness: nothing is done then.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("no randomness")]
pub struct NoRandomness;

/// Writes a file whole: beside its place, durable, then renamed.
pub(crate) fn write_file(path: &std::path::Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let beside = path.with_extension("new");
    let mut file = std::fs::File::options()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    let folder = path.parent().unwrap_or(std::path::Path::new("."));
    std::fs::File::open(folder)?.sync_all()
}
