//! Authority at a head, kept in parts. A save writes the parts that changed behind those that are
//! kept, then the manifest that says where each one stands; a save that is killed leaves the
//! manifest before it, and what it wrote behind is written over by the next. When more than half of
//! the file is old, the next save writes a new one.

use crate::replay::{Floor, Followed};
use anyhow::Context;
use authority::{Authority, PartName, Parts};
use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tlog::Edge;

/// Old parts up to this size, in bytes, are never worth a new file.
const OLD_BYTES: u64 = 16 << 20;

/// Keeps authority; clones share one file.
#[derive(Clone)]
pub struct Snapshot(Arc<Mutex<Files>>);

struct Files {
    folder: PathBuf,
    key: hmac::Key,
    manifest: Option<Manifest>,
    /// What the manifest keeps, once it was loaded or saved here.
    saved: Option<Authority>,
}

/// Where each part stands; itself under the MAC.
#[derive(Clone, Serialize, Deserialize)]
struct Manifest {
    size: u64,
    root: [u8; 32],
    levels: Vec<Vec<[u8; 32]>>,
    last_time: u64,
    /// Number of the file of parts.
    file: u64,
    /// What stands behind this, in bytes, belongs to nobody.
    end: u64,
    parts: BTreeMap<String, Place>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Place {
    offset: u64,
    length: u64,
    mac: [u8; 32],
}

impl Snapshot {
    pub(super) fn open(folder: &Path, key: &hmac::Key) -> Self {
        let mut files =
            Files { folder: folder.to_owned(), key: key.clone(), manifest: None, saved: None };
        files.manifest = files.read_manifest();
        if files.manifest.is_none() && files.manifest_path().exists() {
            tracing::warn!(folder = %folder.display(), "kept authority is damaged");
        }
        Self(Arc::new(Mutex::new(files)))
    }

    fn files(&self) -> std::sync::MutexGuard<'_, Files> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The head at which authority is kept.
    pub fn floor(&self) -> Option<Floor> {
        let files = self.files();
        files.manifest.as_ref().map(|kept| Floor { size: kept.size, root: kept.root })
    }

    /// Takes up authority as it was kept.
    pub fn load(&self, founding: &[u8; 32]) -> Option<Followed> {
        let mut files = self.files();
        let followed = files.load(founding)?;
        files.saved = Some(followed.authority.clone());
        Some(followed)
    }

    /// Keeps authority at its head.
    pub fn save(&self, followed: &Followed) -> anyhow::Result<()> {
        self.files().save(followed)
    }
}

impl Files {
    fn manifest_path(&self) -> PathBuf {
        self.folder.join("manifest")
    }

    fn parts_path(&self, file: u64) -> PathBuf {
        self.folder.join(format!("parts.{file}"))
    }

    fn read_manifest(&self) -> Option<Manifest> {
        let bytes = std::fs::read(self.manifest_path()).ok()?;
        let (mac, body) = bytes.split_at_checked(32)?;
        hmac::verify(&self.key, body, mac).ok()?;
        postcard::from_bytes(body).ok()
    }

    fn load(&self, founding: &[u8; 32]) -> Option<Followed> {
        let kept = self.manifest.as_ref()?;
        let bytes = std::fs::read(self.parts_path(kept.file)).ok()?;
        let mut parts = Parts::new();
        for (name, place) in &kept.parts {
            let from = usize::try_from(place.offset).ok()?;
            let until = from.checked_add(usize::try_from(place.length).ok()?)?;
            let part = bytes.get(from..until)?;
            hmac::verify(&self.key, &named(name, part), &place.mac).ok()?;
            parts.insert(name.parse().ok()?, part.to_vec());
        }
        let authority = Authority::from_parts(founding, &parts).ok()?;
        let edge = Edge::from_levels(kept.size, kept.levels.clone()).ok()?;
        let same = edge.root() == kept.root;
        same.then_some(Followed { authority, edge, last_time: kept.last_time })
    }

    fn save(&mut self, followed: &Followed) -> anyhow::Result<()> {
        let mut kept = self.behind(followed);
        let whole = kept.parts.is_empty();
        let changed = match (&self.saved, whole) {
            (Some(saved), false) => followed.authority.changed_parts(saved),
            _ => all(followed.authority.parts()),
        };
        let begin = kept.end;
        let mut bytes = Vec::new();
        for (name, part) in changed {
            let name = name.to_string();
            let Some(part) = part else {
                kept.parts.remove(&name);
                continue;
            };
            let mut mac = [0; 32];
            mac.copy_from_slice(hmac::sign(&self.key, &named(&name, &part)).as_ref());
            let (offset, length) = (kept.end, part.len() as u64);
            kept.end += length;
            kept.parts.insert(name, Place { offset, length, mac });
            bytes.extend(part);
        }
        self.write_parts(kept.file, begin, &bytes)?;
        let body = postcard::to_stdvec(&kept)?;
        let mac = hmac::sign(&self.key, &body);
        system::file::replace_private(&self.manifest_path(), &[mac.as_ref(), &body].concat())?;
        if whole {
            self.remove_all_but(kept.file);
        }
        self.manifest = Some(kept);
        self.saved = Some(followed.authority.clone());
        Ok(())
    }

    /// The manifest at the new head, with the parts that stay; without any if all are written anew.
    fn behind(&self, followed: &Followed) -> Manifest {
        let mut levels = vec![Vec::new(); tlog::edge::level_count(followed.edge.size())];
        for (id, hashes) in followed.edge.partial() {
            if let Some(level) = levels.get_mut(usize::from(id.level)) {
                *level = hashes.to_vec();
            }
        }
        let known = self.manifest.as_ref().filter(|_| self.saved.is_some());
        let stays = known.filter(|kept| {
            let live: u64 = kept.parts.values().map(|place| place.length).sum();
            kept.end - live <= live + OLD_BYTES
        });
        let next = self.manifest.as_ref().map_or(1, |kept| kept.file + 1);
        Manifest {
            size: followed.edge.size(),
            root: followed.edge.root(),
            levels,
            last_time: followed.last_time,
            file: stays.map_or(next, |kept| kept.file),
            end: stays.map_or(0, |kept| kept.end),
            parts: stays.map(|kept| kept.parts.clone()).unwrap_or_default(),
        }
    }

    fn write_parts(&self, file: u64, begin: u64, bytes: &[u8]) -> anyhow::Result<()> {
        let path = self.parts_path(file);
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).truncate(false).mode(0o600);
        let opened = options.open(&path).with_context(|| path.display().to_string())?;
        opened.set_len(begin)?;
        opened.write_all_at(bytes, begin)?;
        opened.sync_data()?;
        if begin == 0 {
            system::file::sync_folder(&self.folder)?;
        }
        Ok(())
    }

    /// Files of parts that no manifest names any more.
    fn remove_all_but(&self, file: u64) {
        let current = self.parts_path(file);
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return };
        for path in entries.flatten().map(|entry| entry.path()) {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            if path != current && name.is_some_and(|name| name.starts_with("parts.")) {
                let _ = std::fs::remove_file(path);
            }
        }
    }
}

/// A part under its name: none stands in the place of another.
fn named(name: &str, part: &[u8]) -> Vec<u8> {
    [name.as_bytes(), &[0], part].concat()
}

fn all(parts: Parts) -> BTreeMap<PartName, Option<Vec<u8>>> {
    parts.into_iter().map(|(name, part)| (name, Some(part))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Keep;
    use super::*;
    use sample_city::SampleCity;
    use tlog::merkle::leaf_hash;

    fn followed(city: &SampleCity) -> Followed {
        let mut edge = Edge::default();
        for record in &city.log {
            let bytes = record.write().unwrap();
            edge.append(leaf_hash(&records::record::entry(&[7; 32], &bytes)));
        }
        Followed { authority: city.authority.clone(), edge, last_time: city.now }
    }

    /// Later saves write what changed; everything comes back; a save that was killed before its
    /// manifest leaves the one before it.
    #[test]
    fn authority_is_kept_by_what_changed() {
        let folder = tempfile::tempdir().unwrap();
        let mut city = SampleCity::found();
        for _ in 0..200 {
            let person = city.register("sz-office");
            city.letter(&person, "official");
        }
        Keep::found(folder.path(), b"secret").unwrap();
        let mut keep = Keep::open(folder.path(), b"secret").unwrap();
        assert!(keep.load(&city.founding).is_none());
        keep.save(&followed(&city)).unwrap();
        let parts = folder.path().join("parts.1");
        let first = std::fs::metadata(&parts).unwrap().len();
        let manifest = std::fs::read(folder.path().join("manifest")).unwrap();
        let before = followed(&city);

        let mut keep = Keep::open(folder.path(), b"secret").unwrap();
        let loaded = keep.load(&city.founding).unwrap();
        assert_eq!(loaded.authority.parts(), city.authority.parts());
        assert_eq!(keep.floor(), before.floor());
        city.register("sz-office");
        keep.save(&followed(&city)).unwrap();
        let second = std::fs::metadata(&parts).unwrap().len();
        assert!(second - first < first / 3, "{first} {second}");
        let again = Keep::open(folder.path(), b"secret").unwrap().load(&city.founding).unwrap();
        assert_eq!(again.authority.parts(), city.authority.parts());
        assert_eq!(again.floor(), followed(&city).floor());

        std::fs::write(folder.path().join("manifest"), manifest).unwrap();
        let keep = Keep::open(folder.path(), b"secret").unwrap();
        let old = keep.load(&city.founding).unwrap();
        assert_eq!(old.floor(), before.floor());
        assert_eq!(keep.floor(), followed(&city).floor(), "the floor does not go back with it");
    }

    /// An altered part, manifest or city is none; a floor that is missing beside them is an error.
    #[test]
    fn what_was_altered_is_not_taken_up() {
        let folder = tempfile::tempdir().unwrap();
        let city = SampleCity::found();
        Keep::found(folder.path(), b"secret").unwrap();
        Keep::open(folder.path(), b"secret").unwrap().save(&followed(&city)).unwrap();
        let load = |founding: &[u8; 32]| {
            Keep::open(folder.path(), b"secret").unwrap().load(founding).is_some()
        };
        assert!(load(&city.founding) && !load(&[1; 32]));
        for name in ["parts.1", "manifest"] {
            let path = folder.path().join(name);
            let whole = std::fs::read(&path).unwrap();
            let mut altered = whole.clone();
            altered[whole.len() / 2] ^= 1;
            std::fs::write(&path, altered).unwrap();
            assert!(!load(&city.founding), "{name}");
            std::fs::write(&path, whole).unwrap();
        }
        std::fs::remove_file(folder.path().join("floor")).unwrap();
        assert!(Keep::open(folder.path(), b"secret").is_err());
    }
}
