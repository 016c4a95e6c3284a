//! The directory in which a follower keeps what it followed, with the key that authenticates it.

use crate::keep::{self, FloorFile, Keep, KeptText, mac_key};
use crate::replay::{Floor, Followed};
use anyhow::{Context, ensure};
use aws_lc_rs::hmac;
use ca_host::CaConfig;
use ca_host::clock_guard::ClockGuard;
use service::Clock;
use std::path::{Path, PathBuf};

/// The file of the time that the role believed.
const TIME: &str = "time";

/// What a role keeps, and under which secret.
pub struct KeptPlace {
    pub(super) folder: PathBuf,
    secret: Vec<u8>,
}

impl KeptPlace {
    /// The key of something else that the role keeps.
    pub fn key(&self, name: &str) -> hmac::Key {
        mac_key(&[self.secret.as_slice(), name.as_bytes()].concat())
    }

    /// The guard of the role's clock, which goes on from what the role believed.
    pub fn clock_guard(&self, config: &CaConfig, clock: Clock) -> anyhow::Result<ClockGuard> {
        keep::clock_guard(config, clock, (&self.folder.join(TIME), &self.key(TIME)))
    }

    /// Where the floor of it lies.
    pub(super) fn floor(&self, name: &str) -> PathBuf {
        self.folder.join(name).with_extension("floor")
    }
}

/// Makes `kept` in the folder of a role, at the founding: the key, a floor of what will be
/// followed, and a floor of nothing for everything else that the role keeps. What is missing of it
/// later was taken away.
pub fn found(role: &Path, names: &[&str]) -> anyhow::Result<()> {
    let (folder, key) = (role.join("kept"), role.join("kept/key"));
    let secret = ca_host::random::bytes::<32>()?.to_vec();
    Keep::found(&folder, &secret)?;
    system::file::create_private(&key, &secret).with_context(|| key.display().to_string())?;
    let place = KeptPlace { folder, secret };
    KeptText::found(&place.folder.join(TIME), &place.key(TIME))?;
    for name in names {
        FloorFile::found(&place.floor(name), &place.key(name))?;
    }
    Ok(())
}

/// Opens `kept` in the folder of a role.
pub fn open(role: &Path) -> anyhow::Result<(KeptPlace, Keep)> {
    let (folder, secret) = (role.join("kept"), secret(role)?);
    let keep = Keep::open(&folder, &secret)?;
    Ok((KeptPlace { folder, secret }, keep))
}

/// Authority as a role kept it last, with its floor, for a command that looks once.
pub fn kept(role: &Path, founding: &[u8; 32]) -> anyhow::Result<(Option<Followed>, Floor)> {
    Keep::read(&role.join("kept"), &secret(role)?, founding)
}

/// The floor of a role, for a command that looks once.
pub fn floor(role: &Path) -> anyhow::Result<Floor> {
    Keep::look(&role.join("kept"), &secret(role)?)
}

fn secret(role: &Path) -> anyhow::Result<Vec<u8>> {
    let key = role.join("kept/key");
    let missing = || format!("{} is missing or damaged; restore it", key.display());
    let secret = system::file::read_private(&key).with_context(missing)?;
    ensure!(secret.len() == 32, missing());
    Ok(secret.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::Floor;
    use std::os::unix::fs::PermissionsExt;

    /// Whatever is taken away or emptied of it, down to the whole folder: an error, and never a
    /// floor of nothing.
    #[test]
    fn a_floor_that_is_gone_is_no_floor_of_nothing() {
        let role = tempfile::tempdir().unwrap();
        assert!(open(role.path()).is_err(), "nothing was founded");
        found(role.path(), &["list"]).unwrap();
        assert!(found(role.path(), &["list"]).is_err(), "it was founded already");
        let floor = Floor { size: 5, root: [5; 32] };
        let (place, mut keep) = open(role.path()).unwrap();
        keep.raise(floor).unwrap();
        FloorFile::open(&place.floor("list"), &place.key("list")).unwrap().raise(floor).unwrap();
        for name in ["floor", "key"] {
            let path = role.path().join("kept").join(name);
            let bytes = std::fs::read(&path).unwrap();
            std::fs::remove_file(&path).unwrap();
            assert!(open(role.path()).is_err(), "{name}");
            for damage in [Vec::new(), vec![0; bytes.len()], bytes[..bytes.len() / 2].to_vec()] {
                std::fs::remove_file(&path).ok();
                system::file::create_private(&path, &damage).unwrap();
                assert!(open(role.path()).is_err(), "{name}");
            }
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(open(role.path()).unwrap().1.floor(), floor);
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
            assert!(open(role.path()).is_err(), "{name}");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        std::fs::remove_file(place.floor("list")).unwrap();
        assert!(FloorFile::open(&place.floor("list"), &place.key("list")).is_err());
        std::fs::remove_dir_all(role.path().join("kept")).unwrap();
        assert!(open(role.path()).is_err());
    }
}
