//! SIGHUP: the configuration is read again. One that is wrong changes nothing and is said; one that
//! is right ends the process in order, so that whoever keeps it running starts it with the new one,
//! while the sockets wait.

use crate::AgentConfig;
use service::{Metrics, Stop};
use std::path::PathBuf;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signal, which ends a process that does not hear it: heard before anything else is done.
pub(super) fn heard() -> std::io::Result<Signal> {
    signal(SignalKind::hangup())
}

/// Waits for the signal until the stop.
pub(super) async fn watch(mut asked: Signal, folder: PathBuf, metrics: Metrics, stop: Stop) {
    loop {
        tokio::select! {
            _ = asked.recv() => {}
            () = stop.wait() => return,
        }
        match AgentConfig::read(&folder) {
            Ok(_) => {
                tracing::info!("the configuration is sound: ending, to be started with it");
                stop.begin();
                return;
            }
            Err(error) => {
                // What is in force goes on; the line stands in the text.
                tracing::error!(%error, "the new configuration is refused, and the old one kept");
                metrics.notice("configuration", &format!("refused, the old one is kept: {error}"));
            }
        }
    }
}
