//! Files that are written whole: beside their place, durable, then renamed; a crash leaves the old one or the
//! new one.

use anyhow::Context;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Writes a file that everybody may read. The rename is durable as well when this returns: what must not
/// go back, goes forward only.
pub fn write_file(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    write(path, bytes, 0o644)
}

/// Writes a file that only its owner reads, in place of the one that may be there.
pub fn replace_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    write(path, bytes, 0o600)
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> anyhow::Result<()> {
    let folder = path.parent().context("no folder")?;
    std::fs::create_dir_all(folder)?;
    let name = path.file_name().context("no name")?.to_string_lossy().into_owned();
    let beside = folder.join(format!(".{name}.new"));
    let _ = std::fs::remove_file(&beside);
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&beside)
        .with_context(|| beside.display().to_string())?;
    file.write_all(bytes)?;
    file.sync_data()?;
    std::fs::rename(&beside, path)?;
    Ok(File::open(folder)?.sync_all()?)
}

/// Writes a new file that only its owner reads; one that is there is left as it is, and an error.
pub fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| path.display().to_string())?;
    file.write_all(bytes)?;
    Ok(file.sync_all()?)
}
