//! Files below a folder that strangers name: no link leads out of it, and nothing there has to be
//! waited for.

use rustix::fs::{CWD, Mode, OFlags, openat};
use std::fs::File;
use std::io::{ErrorKind, Result};
use std::path::{Component, Path};

/// Opens a plain file below a folder to read it. The folder may be a link; below it none is
/// followed, and what is no plain file is not found. A pipe without a writer keeps nobody waiting.
pub fn open_below(folder: &Path, path: &Path) -> Result<File> {
    let on_the_way = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut at = openat(CWD, folder, on_the_way, Mode::empty())?;
    let mut segments = path.components().peekable();
    while let Some(Component::Normal(segment)) = segments.next() {
        if segments.peek().is_some() {
            at = openat(&at, segment, on_the_way | OFlags::NOFOLLOW, Mode::empty())?;
            continue;
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(openat(&at, segment, flags, Mode::empty())?);
        if file.metadata()?.is_file() {
            return Ok(file);
        }
    }
    Err(ErrorKind::NotFound.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn no_link_below_a_folder_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("public/crl")).unwrap();
        std::fs::write(at("public/crl/0.crl"), "list").unwrap();
        symlink(at("public"), at("published")).unwrap();
        for below in ["public", "published"] {
            assert!(open_below(&at(below), Path::new("crl/0.crl")).is_ok(), "{below}");
        }
        std::fs::write(at("public/crl/1.crl"), "list").unwrap();
        symlink("1.crl", at("public/crl/link.crl")).unwrap();
        symlink("crl", at("public/link")).unwrap();
        for name in
            ["crl/link.crl", "link/0.crl", "crl", "crl/2.crl", "../public/crl/0.crl", "/", ""]
        {
            assert!(open_below(&at("public"), Path::new(name)).is_err(), "{name}");
        }
    }
}
