//! Files of the CA's state directory, by [`system::file`]: folders are made on the way, and an
//! error names the file. The rename is durable as well when this returns: what must not go back,
//! goes forward only.

use anyhow::Context;
use std::path::Path;
use system::file;

pub use system::file::{Blanked, blank, sync_folder};

/// Writes a file that everybody may read, in place of the one that may be there.
pub fn write_file(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let folder = path.parent().context("no folder")?;
    std::fs::create_dir_all(folder)?;
    file::replace(path, bytes).with_context(|| path.display().to_string())
}

/// Writes a file that only its owner reads, in place of the one that may be there.
pub fn replace_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    file::replace_private(path, bytes).with_context(|| path.display().to_string())
}

/// Writes a new file that only its owner reads; one that is there is left as it is, and an error.
pub fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    file::create_private(path, bytes).with_context(|| path.display().to_string())
}

/// Writes a file that everybody may read and that is made again if a crash takes it.
pub fn write_again(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let folder = path.parent().context("no folder")?;
    std::fs::create_dir_all(folder)?;
    file::replace_again(path, bytes).with_context(|| path.display().to_string())
}

/// Reads a secret; one that others can open is refused.
pub fn read_private(path: &Path) -> anyhow::Result<Vec<u8>> {
    file::read_private(path).with_context(|| path.display().to_string())
}

/// Refuses a file that others can open.
pub fn check_private(path: &Path) -> anyhow::Result<()> {
    file::check_private(path).with_context(|| path.display().to_string())
}
