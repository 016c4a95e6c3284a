//! Rows that somebody works at: held for a few seconds, and longer by whoever is still at it, so
//! that what a process was killed at waits for no more than that, however long such work may take.

use crate::machines::state::MachinesState;
use crate::machines::table::{authorization, order};
use std::pin::pin;
use std::time::Duration;

/// How long whoever begins something has it, in seconds, unless it says that it is still at it.
pub(crate) const HELD_SECONDS: u64 = 6;
/// How often that is said.
const SAID: Duration = Duration::from_secs(2);
const _: () = assert!(2 * SAID.as_secs() < HELD_SECONDS);
/// Whatever waits for its turn longer than that is held for so many seconds: there may be thousands
/// of those, and nothing is written for each of them again and again.
const WAITING_SECONDS: u64 = 90;

/// A row that is worked at.
#[derive(Clone, Copy)]
pub(crate) enum Held<'a> {
    /// An order on its way to the CA.
    Order(&'a str),
    /// An authorization whose challenge is looked at.
    Authorization(&'a str),
}

impl Held<'_> {
    /// Does this work, and holds the row while it lasts.
    pub(crate) async fn during<T>(self, state: &MachinesState, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = tokio::time::sleep(SAID) => self.hold(state, HELD_SECONDS).await,
            }
        }
    }

    /// Waits for what it needs, and holds the row for as long as that may take; from then on it is
    /// held as anything is.
    pub(crate) async fn until_its_turn<T>(
        self,
        state: &MachinesState,
        turn: impl Future<Output = T>,
    ) -> T {
        let mut turn = pin!(turn);
        if let Ok(turn) = tokio::time::timeout(SAID, &mut turn).await {
            return turn;
        }
        self.hold(state, WAITING_SECONDS).await;
        let turn = turn.await;
        self.hold(state, HELD_SECONDS).await;
        turn
    }

    /// Whoever cannot keep this loses the row to another one, who comes to the same end.
    async fn hold(self, state: &MachinesState, seconds: u64) {
        let due = state.clock.seconds() + seconds;
        let held = match self {
            Self::Order(id) => order::set_due(&state.store, id, due).await,
            Self::Authorization(id) => authorization::set_due(&state.store, id, due).await,
        };
        if let Err(error) = held {
            tracing::error!(%error, "a row that is worked at");
        }
    }
}
