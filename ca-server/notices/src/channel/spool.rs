//! The spool folder: a private file for each notice, named by its time and id. What takes notices
//! from there removes the files; when it does not, the oldest leave, and `/readyz` says so.

use crate::notice::spelled;
use crate::parcel::{Handed, Parcel};
use ca_host::CaConfig;
use serde_json::json;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The folder.
pub(crate) struct Spool {
    folder: PathBuf,
    files_max: usize,
    /// Names that are there, as far as this process knows; none until it looked.
    known: Mutex<Option<BTreeSet<String>>>,
    removed: Mutex<u64>,
}

impl Spool {
    pub(super) fn open(config: &CaConfig) -> anyhow::Result<Self> {
        let files_max = usize::try_from(config.notices.spool_files_max)?;
        anyhow::ensure!(files_max > 0, "ca.toml: notices.spool_files_max: at least 1");
        let folder = config.path("notices/spool");
        let (known, removed) = (Mutex::default(), Mutex::default());
        Ok(Self { folder, files_max, known, removed })
    }

    pub(super) fn hand(&self, parcel: &Parcel<'_>) -> Handed {
        let name = format!("{}-{}.json", parcel.notice.time.replace(':', ""), spelled(&parcel.id));
        let file = json!({
            "v": 1,
            "id": spelled(&parcel.id),
            "kind": parcel.notice.kind.name(),
            "person": parcel.recipient.person,
            "name": parcel.recipient.name,
            "mail": parcel.recipient.mail,
            "time": parcel.notice.time,
            "subject": parcel.written.subject,
            "text": parcel.written.text,
        });
        match system::file::create_private(&self.folder.join(&name), file.to_string().as_bytes()) {
            Ok(()) => {}
            // It was handed over before a crash.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Handed::Taken,
            Err(error) => return Handed::Away(format!("{}: {error}", self.folder.display())),
        }
        match self.make_room(name) {
            Ok(()) => Handed::Taken,
            Err(error) => Handed::Away(format!("{}: {error}", self.folder.display())),
        }
    }

    /// Removes the oldest files while there are too many. Names begin with a time.
    fn make_room(&self, name: String) -> std::io::Result<()> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let names = known.get_or_insert_default();
        names.insert(name);
        if names.len() == 1 || names.len() > self.files_max {
            // What others took is gone, what earlier processes left is there.
            *names = files(&self.folder)?;
        }
        while names.len() > self.files_max {
            let Some(oldest) = names.pop_first() else { break };
            match std::fs::remove_file(self.folder.join(&oldest)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => *self.removed.lock().unwrap_or_else(PoisonError::into_inner) += 1,
            }
        }
        Ok(())
    }

    /// How many notices left that nobody took.
    pub(super) fn looked_after(&self) -> Option<String> {
        let removed = *self.removed.lock().unwrap_or_else(PoisonError::into_inner);
        (removed > 0).then(|| format!("full: {removed} notices that nobody took were removed"))
    }
}

/// Notices in the folder.
fn files(folder: &Path) -> std::io::Result<BTreeSet<String>> {
    let names = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name()));
    let names: std::io::Result<Vec<_>> = names.collect();
    let text = names?.into_iter().filter_map(|name| name.into_string().ok());
    Ok(text.filter(|name| name.ends_with(".json") && !name.starts_with('.')).collect())
}
