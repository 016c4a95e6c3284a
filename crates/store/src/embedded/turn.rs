//! The file whose lock is the writers' turn. In it stands who has the turn, so that whoever waits
//! for a process that was stopped with it can say which one.

use std::fmt;
use std::fs::File;
use std::io::Result;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::SystemTime;

/// A process of this host that has the writers' turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TurnHolder {
    /// The process has this id on this host.
    pub process: u32,
    /// The process has the turn since this second, unix.
    pub since: u64,
}

impl fmt::Display for TurnHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let process = self.process;
        write!(f, "process {process} (ps -p {process} -o pid,stat,etime,args)")
    }
}

impl TurnHolder {
    /// Whoever had the turn last; while somebody waits for it, whoever has it.
    pub(super) fn read(path: &Path) -> Option<Self> {
        let process = std::fs::read_to_string(path).ok()?.trim().parse().ok()?;
        let written = std::fs::metadata(path).and_then(|found| found.modified()).ok()?;
        let since = written.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
        Some(Self { process, since })
    }
}

/// Opens the file of the lock.
pub(super) fn open(path: &Path) -> Result<File> {
    File::options().create(true).truncate(false).write(true).open(path)
}

/// Says in the file that this process has the turn from now on. A disk that does not take that
/// keeps nobody from it.
pub(super) fn sign(file: &File) {
    let own = format!("{:<10}\n", std::process::id());
    let _ = file.write_all_at(own.as_bytes(), 0);
}
