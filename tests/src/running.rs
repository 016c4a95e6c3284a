//! A process that ends with its test, however the test ends.

use crate::processes::ended_in_time;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{Read, Write};
use std::process::{Child, ExitStatus};

/// A child process; dropped, it is asked to end and waited for, or killed after a failure.
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
            self.signal(if std::thread::panicking() { Signal::KILL } else { Signal::INT });
            let ended = ended_in_time(&mut self.0);
            if !ended {
                let _ = writeln!(std::io::stderr(), "a process did not end, and is killed");
                let _ = self.0.kill();
                let _ = self.0.wait();
            }
            // Whoever hears no interrupt would hold the run up for ever, and say nothing.
            assert!(ended || std::thread::panicking(), "a process did not end when interrupted");
        }
    }
}
