//! Requests of earlier runs that have no end: nobody knows how they ended, and that is recorded.
//! They are read beside what the gate does by then, however much lies in its spool: nobody waits
//! for them but the log, since what it has is freed.

use crate::sessions::PresentSessions;
use crate::ship::Shipper;
use crate::spool::{Spool, UnreadRuns};
use records::access::Completion;
use records::record::Event;
use service::{Metrics, Stop};
use tokio::sync::oneshot;

/// Reads earlier runs in a thread of its own, and records what is unknown; says when that is done.
pub(super) fn tell(
    spool: Spool,
    unread: UnreadRuns,
    metrics: Metrics,
) -> std::io::Result<oneshot::Receiver<()>> {
    let (done, is_done) = oneshot::channel();
    let read = move || {
        match unread.read() {
            Ok(open) => {
                let unknown = |request| Completion::without_answer(request, Completion::UNKNOWN);
                let unknown = open.into_iter().map(unknown).map(Event::Completion);
                spool.begin_with(&unknown.collect::<Vec<Event>>());
            }
            // Those of them that the log has stand beside what it acknowledged, for the next start.
            Err(error) => {
                metrics.condition("segments", &format!("cannot be read: {error:#}"));
            }
        }
        // Nobody listens any more where the gate ends meanwhile.
        let _ = done.send(());
    };
    std::thread::Builder::new().name("earlier".into()).spawn(read)?;
    Ok(is_done)
}

/// Ships from then on.
pub(super) async fn ship(
    shipper: Shipper,
    are_told: oneshot::Receiver<()>,
    sessions: PresentSessions,
    stop: Stop,
) {
    tokio::select! {
        _ = are_told => {}
        () = stop.wait() => {}
    }
    shipper.run(sessions, stop).await;
}
