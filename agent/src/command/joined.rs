//! The state directory of an agent that joined: what it joined as.

use anyhow::Context;
use records::join::JoinFile;
use std::path::Path;

/// What a state directory joined as.
pub(super) fn joined(folder: &Path) -> anyhow::Result<JoinFile> {
    let path = folder.join("joined.json");
    let text = std::fs::read(&path).with_context(|| {
        let path = path.display();
        format!(
            "{path}：尚未加入；下一步：agent join --help / {path}: not joined yet; \
                 next: agent join --help"
        )
    })?;
    serde_json::from_slice(&text).with_context(|| {
        let path = path.display();
        format!("{path}：内容不正确 / {path}: not what this program wrote")
    })
}
