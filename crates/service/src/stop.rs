//! A graceful stop: SIGTERM and Ctrl-C end every loop; a second signal ends at once.

use tokio::sync::watch;

/// Tells every part of a process that it is time to end.
#[derive(Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Listens for SIGTERM and SIGINT from now on.
    pub fn on_signal() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let (sender, receiver) = watch::channel(false);
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
                let _ = sender.send(true);
            }
        });
        Ok(Self(receiver))
    }

    /// Ends when it is time.
    pub async fn wait(&self) {
        let mut receiver = self.0.clone();
        let _ = receiver.wait_for(|stop| *stop).await;
    }

    /// Whether it is time.
    pub fn now(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits for `duration` or the stop; says whether to go on.
    pub async fn pause(&self, duration: std::time::Duration) -> bool {
        tokio::select! {
            () = self.wait() => false,
            () = tokio::time::sleep(duration) => !self.now(),
        }
    }
}
