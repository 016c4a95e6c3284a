//! The spool folder: a private file for each notice, named by its time and id. Files of a look
//! become durable together. What takes notices from there removes the files; when it does not, the
//! oldest leave, and `/readyz` says so.

use crate::notice::spelled;
use crate::outgoing::{HandoverResult, OutgoingNotice};
use ca_host::CaConfig;
use serde_json::json;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use system::file::NewFiles;

/// The channel that writes each notice into a folder as a file.
pub(crate) struct Spool {
    folder: PathBuf,
    files_max: usize,
    /// Names that are there, as far as this process knows; none until it looked.
    known: Mutex<Option<BTreeSet<String>>>,
    removed: Mutex<u64>,
    /// What was handed over and is not durable yet.
    handed: Mutex<NewFiles>,
}

impl Spool {
    pub(super) fn open(config: &CaConfig) -> anyhow::Result<Self> {
        let files_max = usize::try_from(config.notices.spool_files_max)?;
        anyhow::ensure!(files_max > 0, "ca.toml: notices.spool_files_max: at least 1");
        let folder = config.path("notices/spool");
        let (known, removed) = (Mutex::default(), Mutex::default());
        let handed = Mutex::new(NewFiles::of(folder.clone()));
        Ok(Self { folder, files_max, known, removed, handed })
    }

    pub(super) fn hand(&self, parcel: &OutgoingNotice<'_>) -> HandoverResult {
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
        // What was handed over before a crash stands there already, and stays.
        match lock(&self.handed).add(name, file.to_string().as_bytes()) {
            Ok(()) => HandoverResult::Taken,
            Err(error) => HandoverResult::Away(format!("{}: {error}", self.folder.display())),
        }
    }

    /// Makes durable what was handed over, and room for it.
    pub(super) fn keep(&self) -> Result<(), String> {
        let next = NewFiles::of(self.folder.clone());
        let handed = std::mem::replace(&mut *lock(&self.handed), next);
        let kept = handed.keep().and_then(|new| self.make_room(new));
        kept.map_err(|error| format!("{}: {error}", self.folder.display()))
    }

    /// From so many files on it is told that there are many.
    fn many(&self) -> usize {
        self.files_max - self.files_max / 8
    }

    /// Removes the oldest files while there are too many. Names begin with a time.
    fn make_room(&self, new: Vec<String>) -> std::io::Result<()> {
        let mut known = lock(&self.known);
        let (is_first, mut names) = (known.is_none(), known.take().unwrap_or_default());
        names.extend(new);
        if is_first || names.len() >= self.many() {
            // What others took is gone, what earlier processes left is there.
            names = files(&self.folder)?;
        }
        let mut removed = lock(&self.removed);
        if names.len() < self.many() {
            *removed = 0;
        }
        while names.len() > self.files_max {
            let Some(oldest) = names.pop_first() else { break };
            match std::fs::remove_file(self.folder.join(&oldest)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => *removed += 1,
            }
        }
        *known = Some(names);
        Ok(())
    }

    /// How many notices wait for whoever takes them, once they are many; or how many left that
    /// nobody took.
    pub(super) fn looked_after(&self) -> Option<String> {
        let waiting = lock(&self.known).as_ref().map_or(0, BTreeSet::len);
        match *lock(&self.removed) {
            0 if waiting < self.many() => None,
            0 => Some(format!("nearly full: {waiting} notices wait, and nobody takes them")),
            removed => Some(format!("full: {removed} notices that nobody took were removed")),
        }
    }
}

fn lock<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notices in the folder.
fn files(folder: &Path) -> std::io::Result<BTreeSet<String>> {
    let names = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name()));
    let names: std::io::Result<Vec<_>> = names.collect();
    let text = names?.into_iter().filter_map(|name| name.into_string().ok());
    Ok(text.filter(|name| name.ends_with(".json") && !name.starts_with('.')).collect())
}
