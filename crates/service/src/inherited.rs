//! Listening sockets that whoever started this process holds and hands to it, as systemd does
//! (`sd_listen_fds(3)`): they outlive the process, so that whoever connects while one version ends
//! and the next begins waits, and is not refused.

use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// The first descriptor that is handed over (`SD_LISTEN_FDS_START`).
const FIRST: i32 = 3;
/// Most of them that are looked at.
const SOCKETS_MAX: i32 = 64;

/// Takes the socket that listens on an address, if one was handed to this process for it.
pub(crate) fn take(address: SocketAddr) -> Option<std::io::Result<tokio::net::TcpListener>> {
    let mut handed = handed();
    let place = place(&handed, address)?;
    let listener = handed.swap_remove(place);
    Some(listener.set_nonblocking(true).and_then(|()| tokio::net::TcpListener::from_std(listener)))
}

/// Whether one was, that nobody took yet.
pub(crate) fn is_handed(address: SocketAddr) -> bool {
    place(&handed(), address).is_some()
}

fn place(handed: &[TcpListener], address: SocketAddr) -> Option<usize> {
    handed.iter().position(|one| one.local_addr().is_ok_and(|at| at == address))
}

/// Those that nobody took yet.
fn handed() -> MutexGuard<'static, Vec<TcpListener>> {
    static HANDED: OnceLock<Mutex<Vec<TcpListener>>> = OnceLock::new();
    let handed = HANDED.get_or_init(|| {
        let said = |name| std::env::var(name).ok();
        let own = getpid().as_raw_nonzero().get();
        let count = count(said("LISTEN_PID").as_deref(), said("LISTEN_FDS").as_deref(), own);
        Mutex::new(listeners(count))
    });
    handed.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many were handed over: none, where they are meant for another process.
fn count(pid: Option<&str>, count: Option<&str>, own: i32) -> i32 {
    let is_ours = pid.and_then(|pid| pid.parse::<i32>().ok()) == Some(own);
    let count = count.and_then(|count| count.parse::<i32>().ok()).filter(|_| is_ours);
    count.unwrap_or(0).clamp(0, SOCKETS_MAX)
}

/// The sockets of TCP among them. Each is taken from the process by its number, which makes another
/// descriptor of the same socket: nobody here owns the numbers themselves.
fn listeners(count: i32) -> Vec<TcpListener> {
    if count == 0 {
        return Vec::new();
    }
    let own = match pidfd_open(getpid(), PidfdFlags::empty()) {
        Ok(own) => own,
        Err(error) => {
            tracing::warn!(%error, "sockets that were handed over are not taken");
            return Vec::new();
        }
    };
    let taken = (FIRST..FIRST + count).filter_map(|number| {
        let taken = pidfd_getfd(&own, number, PidfdGetfdFlags::empty());
        taken.map_err(|error| tracing::warn!(%error, number, "a socket is not taken")).ok()
    });
    let sockets = taken.map(TcpListener::from);
    sockets.filter(|one| one.local_addr().is_ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was meant for another process, or is no number, is not taken.
    #[test]
    fn sockets_are_those_that_were_handed_to_this_process() {
        assert_eq!(count(Some("7"), Some("2"), 7), 2);
        assert_eq!(count(Some("7"), Some("2"), 8), 0);
        assert_eq!(count(None, Some("2"), 7), 0);
        assert_eq!(count(Some("7"), None, 7), 0);
        for said in ["", "-1", "x", "99999999999999999999"] {
            assert_eq!(count(Some("7"), Some(said), 7), 0, "{said}");
        }
        assert_eq!(count(Some("7"), Some("1000"), 7), SOCKETS_MAX);
        assert!(listeners(0).is_empty());
    }
}
