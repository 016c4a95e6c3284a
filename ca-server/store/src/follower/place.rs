//! The directory in which a follower keeps what it followed, with the key that authenticates it.

use crate::keep::{Keep, mac_key};
use anyhow::{Context, ensure};
use aws_lc_rs::hmac;
use std::path::{Path, PathBuf};

/// What a role keeps, and under which secret.
pub(super) struct Place {
    pub(super) folder: PathBuf,
    secret: Vec<u8>,
}

impl Place {
    /// The key of something else that the role keeps there.
    pub(super) fn key(&self, name: &str) -> hmac::Key {
        mac_key(&[self.secret.as_slice(), name.as_bytes()].concat())
    }
}

/// Opens `kept` in the folder of a role, or makes it: first the floor, then the key, so that a key
/// without its floor is never what a crash left.
pub(super) fn open(role: &Path) -> anyhow::Result<(Place, Keep)> {
    let (folder, key) = (role.join("kept"), role.join("kept/key"));
    if key.exists() {
        let secret = std::fs::read(&key).with_context(|| key.display().to_string())?;
        ensure!(secret.len() == 32, "{} is damaged; restore it", key.display());
        let floor = folder.join("floor");
        ensure!(floor.exists(), "{} is missing; restore it", floor.display());
        let keep = Keep::open(&folder, &secret)?;
        return Ok((Place { folder, secret }, keep));
    }
    if folder.exists() {
        // A crash before the key was there leaves a floor of nothing, which nobody can read.
        for entry in std::fs::read_dir(&folder)?.flatten() {
            let name = entry.file_name();
            let unfinished = name == "floor" || name.to_string_lossy().ends_with(".new");
            ensure!(unfinished, "{} is missing; restore it", key.display());
        }
        std::fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    let secret = ca_host::random::bytes::<32>()?.to_vec();
    let keep = Keep::open(&folder, &secret)?;
    system::file::create_private(&key, &secret).with_context(|| key.display().to_string())?;
    Ok((Place { folder, secret }, keep))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::Floor;

    /// A floor that was deleted, or whose key was, is an error beside what is left.
    #[test]
    fn a_floor_that_is_gone_is_no_floor_of_nothing() {
        let role = tempfile::tempdir().unwrap();
        let floor = Floor { size: 5, root: [5; 32] };
        open(role.path()).unwrap().1.raise(floor).unwrap();
        assert_eq!(open(role.path()).unwrap().1.floor(), floor);
        let path = role.path().join("kept/floor");
        let bytes = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(open(role.path()).is_err());
        std::fs::write(&path, b"").unwrap();
        assert!(open(role.path()).is_err());
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(open(role.path()).unwrap().1.floor(), floor);
    }
}
