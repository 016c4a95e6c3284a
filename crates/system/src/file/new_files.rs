//! New files of one folder that become durable together: each is whole wherever it stands, and the
//! folder is synced once for all of them.

use super::staged::{PRIVATE, SYNCED_SINGLY, StagedFile, name_new, sync_folder, take_beside};
use rustix::fs::syncfs;
use std::io::{ErrorKind, Result};
use std::path::PathBuf;

/// New private files on their way into a folder. None of them has its name before
/// [`NewFiles::keep`]; whoever drops them leaves nothing that anybody reads.
pub struct NewFiles {
    folder: PathBuf,
    written: Vec<(String, StagedFile)>,
}

impl NewFiles {
    /// None yet, of this folder.
    pub fn of(folder: PathBuf) -> Self {
        Self { folder, written: Vec::new() }
    }

    /// Writes a file beside its place; a name that was added already is the same file.
    pub fn add(&mut self, name: String, bytes: &[u8]) -> Result<()> {
        if self.written.iter().any(|(added, _)| *added == name) {
            return Ok(());
        }
        let beside = take_beside(&self.folder.join(&name), PRIVATE)?;
        beside.fill(bytes)?;
        self.written.push((name, beside));
        Ok(())
    }

    /// Makes all of them durable, many by one sync, and gives them their names; what stands there
    /// already stays as it is. Gives the names that are new. After an error some may stand and some
    /// may not.
    pub fn keep(self) -> Result<Vec<String>> {
        let mut new = Vec::with_capacity(self.written.len());
        match self.written.as_slice() {
            // They lie in one folder, and so in one file system.
            [(_, first), ..] if self.written.len() > SYNCED_SINGLY => syncfs(&first.file)?,
            few => few.iter().try_for_each(|(_, beside)| beside.file.sync_all())?,
        }
        for (name, beside) in self.written {
            match name_new(&beside, &self.folder.join(&name)) {
                Ok(()) => new.push(name),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        sync_folder(&self.folder)?;
        Ok(new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn files_have_their_names_when_they_are_durable_and_replace_nothing() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("b"), "first").unwrap();
        let mut files = NewFiles::of(folder.path().into());
        for name in ["a", "b", "c", "a"] {
            files.add(name.into(), name.as_bytes()).unwrap();
        }
        let visible = || {
            let entries = std::fs::read_dir(folder.path()).unwrap();
            let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let mut names: Vec<_> = names.filter(|name| !name.starts_with('.')).collect();
            names.sort();
            names
        };
        assert_eq!(visible(), ["b"], "nothing has its name yet");
        assert_eq!(files.keep().unwrap(), ["a", "c"]);
        assert_eq!(visible(), ["a", "b", "c"]);
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!((read("a"), read("b")), ("a".into(), "first".into()));
        let mode = folder.path().join("a").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3, "nothing is beside");
    }

    /// Many that are synced at once are what few are.
    #[test]
    fn many_are_whole_and_replace_nothing() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("3"), "first").unwrap();
        let mut files = NewFiles::of(folder.path().into());
        let names: Vec<String> = (0..SYNCED_SINGLY * 3).map(|n| n.to_string()).collect();
        for name in &names {
            files.add(name.clone(), name.as_bytes()).unwrap();
        }
        let new: Vec<&String> = names.iter().filter(|name| *name != "3").collect();
        assert_eq!(files.keep().unwrap().iter().collect::<Vec<_>>(), new);
        for name in names {
            let text = std::fs::read_to_string(folder.path().join(&name)).unwrap();
            assert_eq!(text, if name == "3" { "first" } else { &name });
        }
        let count = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(count, SYNCED_SINGLY * 3, "nothing is beside");
    }
}
