//! The files of a rule bundle as they lie in a folder: founding and `ca-server bundle` read them.

use anyhow::Context;
use records::record::File;
use std::path::Path;

/// The files of a bundle, by name. Hidden ones are none of it; a link or a folder is refused, so
/// that what is read is what lies there.
pub(crate) fn read(folder: &Path) -> anyhow::Result<Vec<File>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().context("name")?.to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let shown = || path.display().to_string();
        let is_plain = std::fs::symlink_metadata(&path).with_context(shown)?.is_file();
        anyhow::ensure!(
            is_plain,
            "{}: 规则包文件夹中只能有普通文件 / a rule bundle holds plain files only",
            shown()
        );
        let content = std::fs::read_to_string(&path).with_context(shown)?;
        files.push(File { name: format!("access/{name}"), content });
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_rules_holds_plain_files() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("exchange.toml"), "x").unwrap();
        std::fs::write(at(".exchange.toml.new"), "half").unwrap();
        let names = |files: Vec<File>| files.into_iter().map(|file| file.name).collect::<Vec<_>>();
        assert_eq!(names(read(folder.path()).unwrap()), ["access/exchange.toml"]);
        std::os::unix::fs::symlink(at("exchange.toml"), at("link.toml")).unwrap();
        assert!(read(folder.path()).unwrap_err().to_string().contains("plain files"));
        std::fs::remove_file(at("link.toml")).unwrap();
        std::fs::create_dir(at("more")).unwrap();
        assert!(read(folder.path()).is_err());
    }
}
