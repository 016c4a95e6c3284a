//! Policy files in the state directory: each says what is in force, and no other lies beside them.

use authority::Authority;
use ca_host::CaConfig;

/// Folders in which every file is one in force.
const FOLDERS: [&str; 2] = ["profiles", "access"];

/// Files that say something else than the log, that are gone, and that nobody signed.
pub(super) fn differences(config: &CaConfig, authority: &Authority) -> Vec<String> {
    let files = authority.policy_files();
    let says = |name: &String, content: &str| {
        let path = config.path(&format!("policies/{name}"));
        let is_file = std::fs::symlink_metadata(&path).is_ok_and(|found| found.is_file());
        is_file && std::fs::read(path).is_ok_and(|bytes| bytes == content.as_bytes())
    };
    let changed = files.iter().filter(|(name, content)| !says(name, content));
    let mut found: Vec<String> = changed.map(|(name, _)| format!("file {name}")).collect();
    for folder in FOLDERS {
        let entries = std::fs::read_dir(config.path(&format!("policies/{folder}")));
        let names = entries.into_iter().flatten().flatten().map(|entry| entry.file_name());
        let names = names.map(|name| name.to_string_lossy().into_owned());
        // A hidden one is half written, or was set aside: nobody reads it.
        let shown = names.filter(|name| !name.starts_with('.'));
        let names = shown.map(|name| format!("{folder}/{name}"));
        let more = names.filter(|name| !files.contains_key(name));
        found.extend(more.map(|name| format!("file {name}, which is not in force")));
    }
    found
}
