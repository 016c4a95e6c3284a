//! What waits for the writer, by who brought it. Brakes and all else have rounds of their own, one
//! after the other; within each everybody has places of their own and their turn, portals beside
//! each other, and people beside each other within a portal. So whoever brings much waits for
//! themselves.

mod turns;

use crate::command::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
pub(crate) use turns::{Bringer, Source};
use turns::{Charge, Lane};

/// What one round takes on.
pub(crate) enum Commands {
    /// Brakes and nothing else: whatever it is that takes long, they do not wait for it.
    Brakes(Vec<Command>),
    /// All other commands, in their turns.
    Others(Vec<Command>),
}

impl Commands {
    /// All commands that were taken, in their order.
    pub(crate) fn all(&self) -> &[Command] {
        let (Self::Brakes(commands) | Self::Others(commands)) = self;
        commands
    }

    /// What is left of them behind so many.
    fn behind(self, count: usize) -> (bool, Vec<Command>) {
        let (is_brake, mut all) = match self {
            Self::Brakes(all) => (true, all),
            Self::Others(all) => (false, all),
        };
        (is_brake, all.split_off(count.min(all.len())))
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
    /// Whether those that were taken last were brakes.
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
    pub(crate) async fn bring(
        &self,
        mut command: Command,
        (is_brake, weight): (bool, usize),
    ) -> bool {
        let (source, bytes) = (command.source(), command.bytes());
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
                match lane.bring(&source, Charge { weight, bytes, one: command }) {
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
    /// What the next round takes on, brakes or others of so much weight at most: brakes, unless the
    /// last were brakes, so that all else goes on meanwhile. None where nothing waits.
    pub(crate) fn take(&self, (brakes_max, others_max): (usize, usize)) -> Option<Commands> {
        let mut lanes = self.0.lanes();
        let brakes = !lanes.brakes.is_empty() && !lanes.braked;
        let nothing = lanes.brakes.is_empty() && lanes.others.is_empty();
        lanes.braked = brakes;
        if nothing {
            return None;
        }
        let taken = match brakes {
            true => Commands::Brakes(lanes.brakes.take(brakes_max)),
            false => {
                let mut others = lanes.others.take(others_max);
                // Nobody is told what becomes of it: whoever asked and left asks anew.
                others.retain(|command| !command.is_left());
                Commands::Others(others)
            }
        };
        drop(lanes);
        self.0.taken.notify_waiters();
        Some(taken)
    }

    /// Takes back what a round did not come to behind so many, each with what it weighs.
    pub(crate) fn give_back(
        &self,
        commands: Commands,
        done: usize,
        weight: impl Fn(&Command) -> usize,
    ) {
        let (is_brake, left) = commands.behind(done);
        let mut lanes = self.0.lanes();
        let lane = if is_brake { &mut lanes.brakes } else { &mut lanes.others };
        for one in left.into_iter().rev() {
            let (weight, bytes) = (weight(&one), one.bytes());
            lane.give_back(one.source(), Charge { weight, bytes, one });
        }
    }

    /// It says whether no command waits.
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

impl Waiting {
    /// Waits until a brake waits, or nobody can bring anything any more.
    pub(crate) async fn braked(&self) {
        loop {
            {
                let lanes = self.0.lanes();
                if lanes.is_closed || !lanes.brakes.is_empty() {
                    return;
                }
            }
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
    use crate::verify::VerifiedMachine;
    use jose::FlatJws;
    use records::machine::Deactivate;
    use tokio::sync::oneshot::Receiver;

    type AnswerReceiver = Receiver<Answered<()>>;

    /// Somebody closes an account, which stands for any command here.
    fn command(portal: u8, account: &str) -> (Command, AnswerReceiver) {
        let caller = Caller { key_sha256: [portal; 32], process: "portal-machines" };
        let (reply, told) = Reply::open();
        let jws = FlatJws::of_parts(b"{}", b"", b"");
        let closing = Deactivate { jws, account: account.into() };
        let closing = Box::new(VerifiedMachine::unverified(closing, account));
        (Command::Deactivate(caller, closing, reply), told)
    }

    fn kind(taken: Option<Commands>) -> Option<(bool, usize)> {
        taken.map(|taken| (matches!(taken, Commands::Brakes(_)), taken.all().len()))
    }

    /// However many brakes come, each second round is for the others: nobody shuts the city out by
    /// repeating a brake that costs nothing.
    #[tokio::test]
    async fn brakes_have_rounds_of_their_own_and_leave_every_second_to_others() {
        let (bringing, waiting) = queue();
        for brake in [true, true, true, true, false, false] {
            assert!(bringing.bring(command(1, "A").0, (brake, 1)).await);
        }
        let mut kinds = Vec::new();
        while let Some(taken) = waiting.take((2, 1)) {
            kinds.push(kind(Some(taken)).unwrap());
        }
        assert_eq!(kinds, [(true, 2), (false, 1), (true, 2), (false, 1)]);
        assert!(waiting.is_empty() && !waiting.is_over());
        // What the writer does of itself has its rounds, too.
        for _ in 0..4 {
            assert!(bringing.bring(command(1, "A").0, (true, 1)).await);
        }
        let kinds: Vec<_> = (0..3).map(|_| kind(waiting.take((2, 1))).unwrap()).collect();
        assert_eq!(kinds, [(true, 2), (false, 0), (true, 2)]);
    }

    /// Beside 600 commands of one portal that wait, a brake that comes last is taken first, by
    /// itself; and the next one before the rest of them is done.
    #[tokio::test]
    async fn six_hundred_that_wait_hold_up_no_brake() {
        let (bringing, waiting) = queue();
        for one in 0..600 {
            assert!(bringing.bring(command(1, &format!("{one}")).0, (false, 1)).await);
        }
        for (portal, letter) in [(1, "loss"), (2, "revocation")] {
            assert!(bringing.bring(command(portal, letter).0, (true, 1)).await);
        }
        assert_eq!(kind(waiting.take((512, 512))), Some((true, 2)), "both, and nothing else");
        assert_eq!(kind(waiting.take((512, 100))), Some((false, 100)));
        assert!(bringing.bring(command(3, "another").0, (true, 1)).await);
        assert_eq!(kind(waiting.take((512, 512))), Some((true, 1)));
        assert_eq!(kind(waiting.take((512, 512))), Some((false, 500)));
    }

    /// A portal that leaves everything that it asked for behind fills its own places.
    #[tokio::test]
    async fn whoever_has_no_place_left_waits_and_nobody_else() {
        let (bringing, waiting) = queue();
        let mut brought = 0;
        for one in 0..10_000 {
            let bring = bringing.bring(command(1, &format!("{one}")).0, (true, 1));
            if tokio::time::timeout(std::time::Duration::ZERO, bring).await.is_err() {
                break;
            }
            brought += 1;
        }
        assert!((100..10_000).contains(&brought), "{brought}");
        assert!(bringing.bring(command(2, "A").0, (true, 1)).await, "another portal");
        let Some(Commands::Brakes(first)) = waiting.take((2, 2)) else { panic!("brakes") };
        assert!(first.iter().any(|command| command.source() == command_source(2)));
        assert!(bringing.bring(command(1, "later").0, (true, 1)).await, "a place came free");
    }

    /// What a round did not come to waits in front of what its bringer brought later, and for the
    /// next round of its kind.
    #[tokio::test]
    async fn what_a_round_did_not_come_to_is_taken_back() {
        let (bringing, waiting) = queue();
        for letter in ["A", "A", "A"] {
            assert!(bringing.bring(command(1, letter).0, (true, 1)).await);
        }
        let taken = waiting.take((3, 3)).unwrap();
        waiting.give_back(taken, 1, |_| 1);
        assert!(bringing.bring(command(1, "A").0, (false, 1)).await);
        assert_eq!(kind(waiting.take((3, 3))), Some((false, 1)));
        assert_eq!(kind(waiting.take((3, 3))), Some((true, 2)));
        assert!(waiting.is_empty());
    }

    /// What gathers in a busy time is let go by a brake and by nothing else.
    #[tokio::test]
    async fn only_a_brake_ends_the_wait_for_others() {
        use std::time::Duration;
        use tokio::time::timeout;
        let (bringing, waiting) = queue();
        assert!(bringing.bring(command(1, "A").0, (false, 1)).await);
        assert!(timeout(Duration::ZERO, waiting.braked()).await.is_err());
        assert!(bringing.bring(command(1, "A").0, (true, 1)).await);
        waiting.braked().await;
        assert!(waiting.take((1, 1)).is_some() && waiting.take((1, 1)).is_some());
        drop(bringing);
        waiting.braked().await;
    }

    /// What somebody asked for and does not wait for any more is not done; a brake is.
    #[tokio::test]
    async fn whoever_left_is_asked_for_nothing_but_brakes() {
        let (bringing, waiting) = queue();
        let join = || {
            let (reply, told) = Reply::open();
            let caller = Caller { key_sha256: [1; 32], process: "portal-public" };
            let none = records::Bytes::default;
            let (agent, challenge, request, value) = ("gate-1".into(), none(), none(), none());
            let message = records::join::Join { agent, challenge, request, value };
            let joining = Box::new(VerifiedMachine::joining(message));
            (Command::Join(caller, joining, reply), told)
        };
        let (stays, _told) = join();
        for one in [join().0, stays, command(1, "A").0] {
            assert!(bringing.bring(one, (false, 1)).await);
        }
        assert!(bringing.bring(join().0, (true, 1)).await);
        assert_eq!(kind(waiting.take((8, 8))), Some((true, 1)), "a brake");
        let Some(Commands::Others(left)) = waiting.take((8, 8)) else { panic!("others") };
        let acts: Vec<_> = left.iter().map(Command::act).collect();
        assert!(acts.len() == 2 && acts.contains(&"join") && acts.contains(&"deactivate"));
    }

    /// Whoever knows the names of others and has none of their secrets has one place in turn with
    /// all who do so, and takes none of theirs.
    #[tokio::test]
    async fn whoever_knows_names_alone_takes_no_turn_of_theirs() {
        let (bringing, waiting) = queue();
        let caller = Caller { key_sha256: [1; 32], process: "portal-public" };
        let mut brought = 0;
        for letter in 0..10_000 {
            let (reply, _) = Reply::open();
            let wrong = Command::WrongKey(caller, format!("{letter}"), reply);
            let bring = bringing.bring(wrong, (false, 1));
            if tokio::time::timeout(std::time::Duration::ZERO, bring).await.is_err() {
                break;
            }
            brought += 1;
        }
        assert!(brought < 100, "{brought}");
        assert!(bringing.bring(command(1, "0").0, (false, 1)).await, "it is another's place");
        let Some(Commands::Others(first)) = waiting.take((2, 2)) else { panic!("others") };
        assert!(first.iter().any(|command| command.act() == "deactivate"), "and its own turn");
    }

    fn command_source(portal: u8) -> Source {
        command(portal, "A").0.source()
    }

    #[tokio::test]
    async fn either_end_may_go() {
        let (bringing, waiting) = queue();
        let (one, told) = command(1, "A");
        bringing.bring(one, (false, 1)).await;
        drop(waiting);
        assert!(told.await.is_err(), "nobody waits for ever");
        assert!(!bringing.bring(command(1, "A").0, (false, 1)).await);
        let (bringing, waiting) = queue();
        bringing.bring(command(1, "A").0, (false, 1)).await;
        drop(bringing);
        assert!(!waiting.is_over(), "what waits is done");
        waiting.come().await;
        assert_eq!(kind(waiting.take((1, 1))), Some((false, 1)));
        waiting.come().await;
        assert!(waiting.is_over() && waiting.take((1, 1)).is_none());
    }
}
