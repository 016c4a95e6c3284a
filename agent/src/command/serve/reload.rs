//! SIGHUP: configuration, key and certificate are read again. Where one is wrong nothing changes
//! and that is said; where all are right the process ends in order, so that whoever keeps it
//! running starts it with what is new, while the sockets wait.

use super::own_pair::OwnPair;
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
        if let Err(error) = AgentConfig::read(&folder) {
            // What is in force goes on; the line stands in the text.
            tracing::error!(%error, "the new configuration is refused, and the old one kept");
            metrics.notice("configuration", &format!("refused, the old one is kept: {error}"));
            continue;
        }
        if let Err(error) = OwnPair::lying(&folder) {
            // The next process could not begin with it.
            let why = format!("{error:#}");
            tracing::error!(why, "the pair that lies there is refused, and the old one kept");
            metrics.notice("certificate", &OwnPair::refused(&error));
            continue;
        }
        tracing::info!("the configuration is sound: ending, to be started with it");
        stop.begin();
        return;
    }
}
