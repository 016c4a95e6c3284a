//! The files of a rule bundle as they lie in a folder: founding and `ca-server bundle` read them.

use anyhow::Context;
use records::record::File;
use std::path::Path;

/// The files of a bundle, by name.
pub(crate) fn read(folder: &Path) -> anyhow::Result<Vec<File>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().context("name")?.to_string_lossy().into_owned();
        if path.is_file() && !name.starts_with('.') {
            let content =
                std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            files.push(File { name: format!("access/{name}"), content });
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}
