//! The lists of keys that nobody has certified, as `ca.toml` names them.

use crate::config::CaConfig;
use anyhow::Context;
use pki::weak_key::{KEY_LIST_BYTES_MAX, KeyList, KeyListError};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The list of this build with those of `[issuer] weak_keys`. One that cannot be read whole is an
/// error: whoever named it relies on it.
pub fn weak_keys(config: &CaConfig) -> anyhow::Result<KeyList> {
    let mut all = KeyList::of_this_build().clone();
    for path in &config.issuer.weak_keys {
        let path = config.path_of(path);
        all = all.with(read(&path).with_context(|| path.display().to_string())?);
    }
    Ok(all)
}

fn read(path: &Path) -> anyhow::Result<KeyList> {
    let mut text = String::new();
    let read = File::open(path)?.take(KEY_LIST_BYTES_MAX + 1).read_to_string(&mut text)?;
    if u64::try_from(read)? > KEY_LIST_BYTES_MAX {
        return Err(KeyListError::TooLarge.into());
    }
    Ok(KeyList::read(&text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(folder: &Path, lists: &[&str]) -> CaConfig {
        let mut config = CaConfig::nowhere().in_folder(folder);
        config.issuer.weak_keys = lists.iter().map(Into::into).collect();
        config
    }

    #[test]
    fn a_list_that_is_named_counts_whole_or_nothing_begins() {
        let folder = tempfile::tempdir().unwrap();
        let own = KeyList::of_this_build().count();
        assert_eq!(weak_keys(&config(folder.path(), &[])).unwrap().count(), own);
        let line = "00".repeat(32);
        std::fs::write(folder.path().join("more.txt"), format!("# more\n{line}\n")).unwrap();
        assert_eq!(weak_keys(&config(folder.path(), &["more.txt"])).unwrap().count(), own + 1);
        let gone = weak_keys(&config(folder.path(), &["more.txt", "gone.txt"])).unwrap_err();
        assert!(format!("{gone:#}").contains("gone.txt"));
        std::fs::write(folder.path().join("more.txt"), format!("{line}\n{line}0\n")).unwrap();
        let wrong = weak_keys(&config(folder.path(), &["more.txt"])).unwrap_err();
        assert!(format!("{wrong:#}").contains("line 2"), "{wrong:#}");
    }
}
