//! What waits for the writer, by who brought it. Brakes and all else have rounds of their own, one
//! after the other; within each everybody has places of their own and their turn, portals beside
//! each other, and people beside each other within a portal. So whoever brings much waits for
//! themselves.

mod turns;

use crate::command::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use turns::Lane;
pub(crate) use turns::{Bringer, Source};

/// What one round takes on.
pub(crate) enum Batch {
    /// Brakes and nothing else: whatever it is that takes long, they do not wait for it.
    Brakes(Vec<Command>),
    /// All else.
    Others(Vec<Command>),
}

impl Batch {
    /// The commands.
    pub(crate) fn commands(&self) -> &[Command] {
        let (Self::Brakes(commands) | Self::Others(commands)) = self;
        commands
    }
}

/// Where commands are brought; the writer ends when it is gone.
pub(crate) struct Bringing(Arc<Queue>);

/// Where the writer takes them; nobody brings anything more when it is gone.
pub(crate) struct Waiting(Arc<Queue>);

/// Both ends of a queue.
pub(crate) fn queue() -> (Bringing, Waiting) {
    let queue = Arc::new(Queue::default());
    (Bringing(queue.clone()), Waiting(queue))
}

#[derive(Default)]
struct Queue {
    lanes: Mutex<Lanes>,
    came: Notify,
    taken: Notify,
}

#[derive(Default)]
struct Lanes {
    brakes: Lane<Command>,
    others: Lane<Command>,
    /// Whether the last batch was one of brakes.
    braked: bool,
    is_closed: bool,
}

impl Queue {
    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bringing {
    /// Brings a command; whoever has no place left waits, and keeps nobody else waiting. False if
    /// there is no writer any more.
    pub(crate) async fn bring(&self, mut command: Command, is_brake: bool) -> bool {
        let source = command.source();
        loop {
            let taken = self.0.taken.notified();
            tokio::pin!(taken);
            taken.as_mut().enable();
            {
                let mut lanes = self.0.lanes();
                if lanes.is_closed {
                    return false;
                }
                let lane = if is_brake { &mut lanes.brakes } else { &mut lanes.others };
                match lane.bring(&source, command) {
                    Ok(()) => break,
                    Err(back) => command = back,
                }
            }
            taken.await;
        }
        self.0.came.notify_one();
        true
    }
}

impl Drop for Bringing {
    fn drop(&mut self) {
        self.0.lanes().is_closed = true;
        self.0.came.notify_one();
    }
}

impl Waiting {
    /// What the next round takes on, so many brakes or so many others at most: brakes, unless the
    /// last were brakes, so that all else goes on meanwhile. None where nothing waits.
    pub(crate) fn take(&self, (brakes_max, others_max): (usize, usize)) -> Option<Batch> {
        let mut lanes = self.0.lanes();
        let brakes = !lanes.brakes.is_empty() && !lanes.braked;
        let nothing = lanes.brakes.is_empty() && lanes.others.is_empty();
        lanes.braked = brakes;
        if nothing {
            return None;
        }
        let batch = match brakes {
            true => Batch::Brakes(lanes.brakes.take(brakes_max)),
            false => Batch::Others(lanes.others.take(others_max)),
        };
        drop(lanes);
        self.0.taken.notify_waiters();
        Some(batch)
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        let lanes = self.0.lanes();
        lanes.brakes.is_empty() && lanes.others.is_empty()
    }

    /// Whether nothing waits and nobody can bring anything any more.
    pub(crate) fn is_over(&self) -> bool {
        self.is_empty() && self.0.lanes().is_closed
    }

    /// Waits until something waits, or nobody can bring anything any more.
    pub(crate) async fn come(&self) {
        while self.is_empty() && !self.0.lanes().is_closed {
            self.0.came.notified().await;
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // Whoever waits for an answer hears that there is none.
        let mut lanes = self.0.lanes();
        *lanes = Lanes { is_closed: true, ..Lanes::default() };
        drop(lanes);
        self.0.taken.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Answered, Caller, Reply};
    use tokio::sync::oneshot::Receiver;

    type Told = Receiver<Answered<()>>;

    /// Somebody shows a wrong key, which stands for any command here.
    fn command(portal: u8, letter: &str) -> (Command, Told) {
        let caller = Caller { key_sha256: [portal; 32], process: "portal-public" };
        let (reply, told) = Reply::open();
        (Command::WrongKey(caller, letter.into(), reply), told)
    }

    fn kind(batch: Option<Batch>) -> Option<(bool, usize)> {
        batch.map(|batch| (matches!(batch, Batch::Brakes(_)), batch.commands().len()))
    }

    /// However many brakes come, each second round is for the others: nobody shuts the city out by
    /// repeating a brake that costs nothing.
    #[tokio::test]
    async fn brakes_have_rounds_of_their_own_and_leave_every_second_to_others() {
        let (bringing, waiting) = queue();
        for brake in [true, true, true, true, false, false] {
            assert!(bringing.bring(command(1, "A").0, brake).await);
        }
        let mut kinds = Vec::new();
        while let Some(batch) = waiting.take((2, 1)) {
            kinds.push(kind(Some(batch)).unwrap());
        }
        assert_eq!(kinds, [(true, 2), (false, 1), (true, 2), (false, 1)]);
        assert!(waiting.is_empty() && !waiting.is_over());
        // What the writer does of itself has its rounds, too.
        for _ in 0..4 {
            assert!(bringing.bring(command(1, "A").0, true).await);
        }
        let kinds: Vec<_> = (0..3).map(|_| kind(waiting.take((2, 1))).unwrap()).collect();
        assert_eq!(kinds, [(true, 2), (false, 0), (true, 2)]);
    }

    /// A portal that leaves everything that it asked for behind fills its own places.
    #[tokio::test]
    async fn whoever_has_no_place_left_waits_and_nobody_else() {
        let (bringing, waiting) = queue();
        let mut brought = 0;
        for one in 0..10_000 {
            let bring = bringing.bring(command(1, &format!("{one}")).0, true);
            if tokio::time::timeout(std::time::Duration::ZERO, bring).await.is_err() {
                break;
            }
            brought += 1;
        }
        assert!((100..10_000).contains(&brought), "{brought}");
        assert!(bringing.bring(command(2, "A").0, true).await, "another portal");
        let Some(Batch::Brakes(first)) = waiting.take((2, 2)) else { panic!("brakes") };
        assert!(first.iter().any(|command| command.source() == command_source(2)));
        assert!(bringing.bring(command(1, "later").0, true).await, "a place came free");
    }

    fn command_source(portal: u8) -> Source {
        command(portal, "A").0.source()
    }

    #[tokio::test]
    async fn either_end_may_go() {
        let (bringing, waiting) = queue();
        let (one, told) = command(1, "A");
        bringing.bring(one, false).await;
        drop(waiting);
        assert!(told.await.is_err(), "nobody waits for ever");
        assert!(!bringing.bring(command(1, "A").0, false).await);
        let (bringing, waiting) = queue();
        bringing.bring(command(1, "A").0, false).await;
        drop(bringing);
        assert!(!waiting.is_over(), "what waits is done");
        waiting.come().await;
        assert_eq!(kind(waiting.take((1, 1))), Some((false, 1)));
        waiting.come().await;
        assert!(waiting.is_over() && waiting.take((1, 1)).is_none());
    }
}
