//! The files of a rule bundle as they lie in a folder: founding and `ca-server bundle` read them.

use records::record::File;
use std::path::Path;

/// The files of a bundle, by name. Hidden ones are none of it; a link or a folder is refused, so
/// that what is read is what lies there.
pub(crate) fn read(folder: &Path) -> anyhow::Result<Vec<File>> {
    let file = |(name, content)| File { name: format!("access/{name}"), content };
    Ok(system::folder::plain_texts(folder)?.into_iter().map(file).collect())
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
