//! A graceful stop: SIGTERM and Ctrl-C end every loop; a second signal ends at once.

use tokio_util::sync::CancellationToken;

/// Tells every part of a process that it is time to end.
#[derive(Clone)]
pub struct Stop(CancellationToken);

impl Stop {
    /// Listens for SIGTERM and SIGINT from now on.
    pub fn on_signal() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let token = CancellationToken::new();
        let told = token.clone();
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::spawn(async move {
            for asked in 0..2 {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                if asked == 1 {
                    std::process::exit(130);
                }
                tracing::info!("stopping");
                told.cancel();
            }
        });
        Ok(Self(token))
    }

    /// Says that it is time, as a signal does.
    pub fn begin(&self) {
        self.0.cancel();
    }

    /// Ends when it is time.
    pub async fn wait(&self) {
        self.0.cancelled().await;
    }

    /// It says whether it is time to end.
    pub fn now(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits for `duration` or the stop; says whether to go on.
    pub async fn pause(&self, duration: std::time::Duration) -> bool {
        tokio::select! {
            () = self.wait() => false,
            () = tokio::time::sleep(duration) => !self.now(),
        }
    }
}
