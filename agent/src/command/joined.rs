//! The state directory of an agent that joined: what it joined as.

use anyhow::Context;
use records::join::JoinFile;
use std::path::Path;

/// What a state directory joined as.
pub(super) fn joined(folder: &Path) -> anyhow::Result<JoinFile> {
    let path = folder.join("joined.json");
    let text = std::fs::read(&path)
        .with_context(|| format!("{}: not joined yet; next: agent join --help", path.display()))?;
    serde_json::from_slice(&text).with_context(|| path.display().to_string())
}
