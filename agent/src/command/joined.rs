//! The state directory of an agent that joined: what it joined as, and whether its keys are its
//! own.

use anyhow::Context;
use records::join::JoinFile;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// What a state directory joined as.
pub(super) fn joined(folder: &Path) -> anyhow::Result<JoinFile> {
    let path = folder.join("joined.json");
    let text = std::fs::read(&path)
        .with_context(|| format!("{}: not joined yet; next: agent join --help", path.display()))?;
    serde_json::from_slice(&text).with_context(|| path.display().to_string())
}

/// Keys are read only from files that nobody else can read.
pub(super) fn check_private(path: &Path) -> anyhow::Result<()> {
    let found = std::fs::metadata(path)?;
    let own = rustix::process::geteuid().as_raw();
    let safe = found.permissions().mode() & 0o077 == 0 && found.uid() == own;
    anyhow::ensure!(
        safe,
        "{0} can be read by others; next: chown {own} {0} && chmod 600 {0}",
        path.display()
    );
    Ok(())
}
