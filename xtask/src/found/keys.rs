//! The keys of a sample city's first people and of its portal.

use super::sample::FIRST_PEOPLE;
use crate::tool;
use std::path::Path;

pub(super) fn people_keys(folder: &Path) -> anyhow::Result<()> {
    for (_, _, file) in FIRST_PEOPLE {
        let path = |end: &str| folder.join(format!("{file}.{end}"));
        tool::write_passphrase(&path("passphrase"))?;
        tool::run(
            tool::yinxin()?
                .args(["request", "--key"])
                .arg(path("key"))
                .arg("--out")
                .arg(path("csr"))
                .arg("--passphrase-file")
                .arg(path("passphrase")),
        )?;
    }
    Ok(())
}

/// Keys that several cities share, made by whoever comes first.
pub(super) fn shared_keys(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    let lock = std::fs::File::create(folder.with_extension("lock"))?;
    lock.lock()?;
    if !folder.join("auditor.csr").exists() {
        people_keys(folder)?;
    }
    Ok(())
}

pub(super) fn portal_keys(folder: &Path) -> anyhow::Result<()> {
    for process in ["public", "staff", "machines"] {
        let path = |end: &str| folder.join(format!("portal/{process}.{end}"));
        tool::run(
            tool::yinxin()?
                .args(["request", "--service", "--key"])
                .arg(path("key"))
                .arg("--out")
                .arg(path("csr")),
        )?;
    }
    Ok(())
}
