//! Tells how many files this process may still open, before it can take nobody any more: each
//! connection is one, and so is what goes on from it.

use crate::{Metrics, Stop};
use rustix::io::{Errno, fcntl_dupfd_cloexec};
use rustix::process::{Resource, getrlimit};
use std::os::fd::AsRawFd;
use std::time::Duration;

/// How often it is looked.
const LOOK: Duration = Duration::from_secs(5);

/// Looks at how many are open, until the stop.
pub async fn watch(metrics: Metrics, stop: Stop) {
    loop {
        let (full, nearly) = told(next(), getrlimit(Resource::Nofile).current);
        metrics.condition("files", full);
        metrics.notice("files", nearly);
        if !stop.pause(LOOK).await {
            return;
        }
    }
}

/// Whether something failed because this process, or its machine, has nothing left to open it with:
/// whoever was to be reached has no part in that.
pub fn is_for_want_of_own(error: &std::io::Error) -> bool {
    let wants = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM, Errno::ADDRNOTAVAIL];
    Errno::from_io_error(error).is_some_and(|error| wants.contains(&error))
}

/// The number that a file would have which is opened now, the lowest that is free: at least as many
/// are open.
fn next() -> Result<u64, Errno> {
    let one_more = fcntl_dupfd_cloexec(std::io::stdin(), 0)?;
    Ok(u64::try_from(one_more.as_raw_fd()).unwrap_or(0))
}

/// What is a condition, and what a notice, where so many may be open.
fn told(next: Result<u64, Errno>, most: Option<u64>) -> (&'static str, &'static str) {
    match next {
        Err(Errno::MFILE | Errno::NFILE) => {
            ("full: no file can be opened, and nobody can connect (LimitNOFILE)", "")
        }
        Ok(next) if most.is_some_and(|most| next >= most / 8 * 7) => {
            ("", "nearly full: an eighth of the files that may be open is left (LimitNOFILE)")
        }
        _ => ("", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Error;

    /// Who has few files left says so before there is none; what cannot be looked at says nothing.
    #[test]
    fn open_files_are_nearly_full_before_they_are_full() {
        let most = Some(1024);
        assert_eq!((told(Ok(895), most), told(Ok(1024), None)), (("", ""), ("", "")));
        let nearly = told(Ok(896), most);
        assert!(nearly.0.is_empty() && nearly.1.starts_with("nearly full"), "{nearly:?}");
        for error in [Errno::MFILE, Errno::NFILE] {
            let full = told(Err(error), most);
            assert!(full.0.starts_with("full") && full.1.is_empty(), "{full:?}");
        }
        assert_eq!(told(Err(Errno::BADF), most), ("", ""));
        assert!(next().is_ok_and(|next| next > 0));
    }

    /// What this machine has not enough of is told apart from what another one refuses.
    #[test]
    fn want_of_ones_own_is_told_apart() {
        let own = |error: Errno| is_for_want_of_own(&Error::from(error));
        assert!(own(Errno::MFILE) && own(Errno::NFILE) && own(Errno::ADDRNOTAVAIL));
        assert!(!own(Errno::CONNREFUSED) && !own(Errno::TIMEDOUT) && !own(Errno::CONNRESET));
        assert!(!is_for_want_of_own(&Error::from(std::io::ErrorKind::TimedOut)));
    }
}
