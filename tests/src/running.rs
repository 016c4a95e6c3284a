//! A process that ends with its test, however the test ends.

use crate::processes::ended_in_time;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{Read, Write};
use std::process::{Child, ExitStatus};

/// A child process; dropped, it is asked to end and waited for, or killed after a failure with all
/// that it started.
pub struct Running(Child);

impl Running {
    /// Takes a child process over.
    pub fn new(child: Child) -> Self {
        Self(child)
    }

    /// The child process.
    pub fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    /// Interrupts it as Ctrl-C does; how it ended and what else it printed, where it was piped.
    pub fn interrupt(mut self) -> (ExitStatus, String) {
        self.signal(Signal::INT);
        let mut printed = String::new();
        if let Some(pipe) = &mut self.0.stdout {
            pipe.read_to_string(&mut printed).unwrap();
        }
        (self.0.wait().unwrap(), printed)
    }

    /// Kills it as `kill -9` does.
    pub fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    fn signal(&self, what: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.0.id()).unwrap()).unwrap();
        kill_process(pid, what).unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.0.try_wait() {
            // Whoever reads its output is gone; without the pipe it could wait for ever.
            drop(self.0.stdout.take());
            // A test that failed waits for nobody: who ends gently may wait for the test's own
            // connections, which nobody drives any more.
            if std::thread::panicking() {
                kill_with_children(self.0.id());
            } else {
                // A run in the background of a script has whatever it starts ignore Ctrl-C.
                let is_heard = !ignores_interrupt(self.0.id());
                self.signal(if is_heard { Signal::INT } else { Signal::TERM });
            }
            let ended = ended_in_time(&mut self.0);
            if !ended {
                let _ = writeln!(std::io::stderr(), "a process did not end, and is killed");
                kill_with_children(self.0.id());
                let _ = self.0.wait();
            }
            // Whoever hears no interrupt would hold the run up for ever, and say nothing.
            assert!(ended || std::thread::panicking(), "a process did not end when asked to");
        }
    }
}

/// Whether a process ignores the signal of Ctrl-C (`man 5 proc`: `SigIgn`, a bit for each signal).
fn ignores_interrupt(id: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let bits = ignored.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok());
    bits.is_some_and(|bits| bits & (1 << (Signal::INT.as_raw() - 1)) != 0)
}

/// Kills a process and, by their ids, those that it started: a city that runs on holds the ports of
/// the next one. While it is stopped it starts no more, and none of their ids becomes another's.
fn kill_with_children(id: u32) {
    let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) else { return };
    let _ = kill_process(pid, Signal::STOP);
    children(id).into_iter().for_each(kill_with_children);
    let _ = kill_process(pid, Signal::KILL);
}

/// Those that a process started and did not wait for yet.
fn children(parent: u32) -> Vec<u32> {
    let listed = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = listed.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id| parent_of(*id) == Some(parent)).collect()
}

/// Who started a process (`man 5 proc`): the second field behind its name, which is in parentheses
/// and may itself hold some.
fn parent_of(id: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(1)?.parse().ok()
}
