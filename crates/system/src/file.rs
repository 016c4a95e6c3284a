//! Files that are written whole: whoever reads one sees all of the old text or all of the new, also
//! after a crash at any point.
//!
//! The text is written beside its place, synced, moved there in one step, and the folder is synced:
//! when a function returns, the file survives a loss of power. What a crash can leave is the hidden
//! file beside, which nobody reads and the next writer takes away; two writers of one file wait for
//! each other at its lock. A link that stands at the place is replaced, never followed.

mod below;
mod given;
mod names;
mod new_files;
mod private;
mod reserve;
mod shred;
mod staged;

pub use below::open_below;
pub use given::{
    GIVEN_BYTES_MAX, TooLarge, read_at_most, read_given, read_given_text, read_text_at_most,
};
pub use new_files::NewFiles;
pub use private::{ExposedFile, check_private, make_private, read_private};
pub use reserve::reserve;
pub use shred::{Blanked, blank};
pub use staged::sync_folder;

use rustix::fs::OFlags;
use staged::{PRIVATE, move_new, move_over, take_beside, write_beside};
use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Result};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Read by everybody, written by its owner.
const SHARED: u32 = 0o644;

/// Writes a file that others may read; one that is there is replaced.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let beside = write_beside(path, bytes, SHARED)?;
    move_over(&beside, path)
}

/// Writes a file that only its owner reads; one that is there is replaced.
pub fn replace_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let beside = write_beside(path, bytes, PRIVATE)?;
    move_over(&beside, path)
}

/// Writes a new file that others may read; one that is there stays, and that is an error.
pub fn create(path: &Path, bytes: &[u8]) -> Result<()> {
    let beside = write_beside(path, bytes, SHARED)?;
    move_new(&beside, path)
}

/// Writes a new file that only its owner reads; one that is there stays, and that is an error.
pub fn create_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let beside = write_beside(path, bytes, PRIVATE)?;
    move_new(&beside, path)
}

/// Refuses a place where something lies already, be it a link to nowhere, and one where no file
/// can be made: before work is done whose result a new file there has to take. A file is made
/// beside it, and removed, since neither modes nor the length of a name say whether one can be.
pub fn check_vacant(path: &Path) -> Result<()> {
    match std::fs::symlink_metadata(path) {
        Ok(_) => Err(Error::new(ErrorKind::AlreadyExists, "File exists; nothing was written")),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let beside = take_beside(path, PRIVATE)?;
            std::fs::remove_file(&beside.path)
        }
        Err(error) => Err(error),
    }
}

/// Writes a file that others may read and that can be made again: whole for whoever reads it, and
/// gone after a loss of power unless something else syncs it.
pub fn replace_again(path: &Path, bytes: &[u8]) -> Result<()> {
    let beside = take_beside(path, SHARED)?;
    beside.fill(bytes)?;
    std::fs::rename(&beside.path, path)
}

/// Opens the file that stands for a lock, whatever is in it; the caller takes the lock.
pub fn open_lock(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).mode(PRIVATE).custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
    options.create(true).truncate(false).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use names::folder_of;
    use std::fs::Permissions;
    use std::io::Read;
    use std::os::unix::fs::PermissionsExt;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.crl");
        replace(&path, b"a long first text").unwrap();
        replace(&path, b"second").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"second");
        assert_eq!(names(folder.path()), ["list.crl"]);
    }

    #[test]
    fn a_new_file_replaces_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("my.key");
        create_private(&path, b"first").unwrap();
        let error = create_private(&path, b"second").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).unwrap(), b"first");
        assert_eq!(mode(&path), 0o600);
        assert_eq!(names(folder.path()), ["my.key"]);
    }

    #[test]
    fn a_private_file_is_private_whatever_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("seal");
        for there in [path.clone(), folder.path().join(".seal.new")] {
            std::fs::write(&there, "everybody reads this").unwrap();
            std::fs::set_permissions(&there, Permissions::from_mode(0o666)).unwrap();
        }
        replace_private(&path, b"secret").unwrap();
        assert_eq!(mode(&path), 0o600);
        assert_eq!(std::fs::read(&path).unwrap(), b"secret");
    }

    /// What lies beside may be open in somebody's hands: they read none of what is written.
    #[test]
    fn whoever_has_the_file_beside_open_reads_no_secret() {
        let folder = tempfile::tempdir().unwrap();
        let (path, beside) = (folder.path().join("seal"), folder.path().join(".seal.new"));
        for text in ["", "theirs"] {
            std::fs::write(&beside, text).unwrap();
            std::fs::set_permissions(&beside, Permissions::from_mode(0o666)).unwrap();
            let mut held = File::open(&beside).unwrap();
            replace_private(&path, b"secret").unwrap();
            let mut read = String::new();
            held.read_to_string(&mut read).unwrap();
            assert_eq!(read, text);
            assert_eq!((std::fs::read(&path).unwrap(), mode(&path)), (b"secret".into(), 0o600));
        }
        assert_eq!(names(folder.path()), ["seal"]);
    }

    /// What lies beside may be another file's second name: neither its text nor its mode becomes
    /// that of what is written.
    #[test]
    fn a_second_name_beside_changes_nothing_of_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let (path, beside) = (folder.path().join("x"), folder.path().join(".x.new"));
        let secret = folder.path().join("secret");
        for text in ["", "secret"] {
            std::fs::write(&secret, text).unwrap();
            std::fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
            for write in [replace, replace_private, replace_again] {
                std::fs::hard_link(&secret, &beside).unwrap();
                write(&path, b"everybody reads this").unwrap();
                assert_eq!(std::fs::read_to_string(&secret).unwrap(), text);
                assert_eq!(mode(&secret), 0o600);
            }
        }
        assert_eq!(names(folder.path()).len(), 2, "nothing is beside");
    }

    /// A pipe beside holds nobody up.
    #[test]
    fn what_is_no_file_beside_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, beside) = (folder.path().join("head"), folder.path().join(".head.new"));
        let mode = rustix::fs::Mode::from_raw_mode(0o666);
        let pipe = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &beside, pipe, mode, 0).unwrap();
        replace(&path, b"whole").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");
        assert_eq!(names(folder.path()), ["head"]);
    }

    #[test]
    fn a_place_is_vacant_if_a_file_can_be_made_there() {
        let folder = tempfile::tempdir().unwrap();
        check_vacant(&folder.path().join("new")).unwrap();
        assert_eq!(names(folder.path()), [""; 0]);
        std::fs::write(folder.path().join("file"), "").unwrap();
        for name in ["file", "file/new", "nowhere/new", &"n".repeat(252), ""] {
            assert!(check_vacant(&folder.path().join(name)).is_err(), "{name}");
        }
        assert_eq!(names(folder.path()), ["file"]);
    }

    #[test]
    fn no_link_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = folder.path().join("elsewhere");
        std::fs::write(&elsewhere, "untouched").unwrap();
        let path = folder.path().join("config");
        for link in [path.clone(), folder.path().join(".config.new")] {
            std::os::unix::fs::symlink(&elsewhere, link).unwrap();
        }
        assert_eq!(create(&path, b"new").unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(check_vacant(&path).unwrap_err().kind(), ErrorKind::AlreadyExists);
        check_vacant(&folder.path().join("new")).unwrap();
        replace(&path, b"new").unwrap();
        std::os::unix::fs::symlink(&elsewhere, folder.path().join(".config.new")).unwrap();
        replace_again(&path, b"new").unwrap();
        assert!(!path.is_symlink());
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::read(&elsewhere).unwrap(), b"untouched");
    }

    #[test]
    fn what_a_crash_left_beside_harms_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (path, beside) = (folder.path().join("head"), folder.path().join(".head.new"));
        std::fs::write(&beside, "half of a much longer te").unwrap();
        replace(&path, b"whole").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");
        // Between the two steps of a new file: both names are one file.
        std::fs::hard_link(&path, &beside).unwrap();
        create(&path, b"other").unwrap_err();
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");
        assert_eq!(names(folder.path()), ["head"]);
    }

    #[test]
    fn writers_of_one_file_wait_for_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        let texts: Vec<Vec<u8>> = (0..8u8).map(|letter| vec![letter; 10_000]).collect();
        std::thread::scope(|scope| {
            for text in &texts {
                scope.spawn(|| (0..20).for_each(|_| replace(&path, text).unwrap()));
            }
        });
        assert!(texts.contains(&std::fs::read(&path).unwrap()));
        assert_eq!(names(folder.path()), ["checkpoint"]);
    }

    #[test]
    fn a_bare_name_lies_in_the_present_folder() {
        assert_eq!(folder_of(Path::new("my.key")), Path::new("."));
        assert_eq!(folder_of(Path::new("/a/my.key")), Path::new("/a"));
    }
}
